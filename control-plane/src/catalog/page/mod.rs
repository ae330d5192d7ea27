//! The catalogue's pages: for anybody, without scripts, each with a twin in Markdown under the same name and `.md`.

mod attack;
mod kind;
mod list;
mod say;
mod server;
mod site;
mod take;
mod tool;

pub use attack::{attack, attacks};
pub use kind::{category, severity};
pub use list::{list, list_markdown};
pub use server::server;
pub use site::{llms, sitemap, sitemap_part};
pub use take::{choose, recommended, take};
pub use tool::tool;

use crate::app::App;
use crate::page::Frame;
use crate::problem::Problem;
use askama::Template;
use axum::http::HeaderValue;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};

const FOR_ANYBODY: HeaderValue = HeaderValue::from_static("public, max-age=300");

/// A page that looks the same to everybody, and may be kept by whatever stands between.
fn html(page: &impl Template) -> Response {
    let mut response = crate::page::ok(page);
    if response.status().is_success() {
        response.headers_mut().insert(CACHE_CONTROL, FOR_ANYBODY);
    }
    response
}

fn text(kind: &'static str, page: &impl Template) -> Response {
    match page.render() {
        Ok(text) => {
            let headers = [
                (CONTENT_TYPE, HeaderValue::from_static(kind)),
                (CACHE_CONTROL, FOR_ANYBODY),
            ];
            (headers, text).into_response()
        }
        Err(error) => Problem::internal(&error).into_response(),
    }
}

fn markdown(page: &impl Template) -> Response {
    text("text/markdown; charset=utf-8", page)
}

/// What is asked for, and whether as its twin.
fn twin(name: &str) -> (&str, bool) {
    match name.strip_suffix(".md") {
        Some(name) => (name, true),
        None => (name, false),
    }
}

fn frame(app: &App, title: impl Into<String>) -> Frame {
    Frame::outside(app, title, None)
}

/// The site's own URL, for what must be absolute.
fn origin(app: &App) -> String {
    app.site().public_url.origin().ascii_serialization()
}
