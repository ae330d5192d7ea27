//! HTTP: the URLs, and what all of them share.

pub mod api;
pub mod described;
pub mod etag;
mod idempotency;
pub mod layers;
pub mod list;
pub mod meter;
pub mod pace;
mod pages;
mod problems;
pub mod read;

use crate::app::App;
use crate::gateway;
use crate::publish::Newest;
use axum::Router;
use axum::http::header::CONTENT_TYPE;
use axum::middleware;
use axum::routing::get;

/// The whole service.
pub fn router(app: App, newest: Newest) -> Router {
    let (rest, _) = api::routes().split_for_parts();
    let openapi = api::document()
        .to_json()
        .expect("the document has no value that JSON lacks");
    let schema = policy::schema().to_string();
    let as_json = |text: String| get(async || ([(CONTENT_TYPE, "application/json")], text));
    let router = rest
        .layer(middleware::from_fn_with_state(
            app.clone(),
            idempotency::once,
        ))
        .route("/v1/openapi.json", as_json(openapi))
        .route("/v1/policy.schema.json", as_json(schema))
        .merge(gateway::door::routes(newest))
        .merge(problems::routes())
        .merge(pages::routes(&app))
        .merge(layers::health());
    layers::wrap(router, app)
}
