//! What every page passes: forms from elsewhere are turned away, and problems become pages that say what to do.

use super::{Frame, Next, answer};
use crate::app::App;
use crate::http::layers::RequestId;
use crate::problem::{Kind, Problem};
use crate::session::CSRF_HEADER;
use askama::Template;
use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::http::header::{CONTENT_SECURITY_POLICY, CONTENT_TYPE, REFERER};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, Uri};
use axum::middleware;
use axum::response::Response;
use url::Position;

/// A draft of a policy is the largest thing that a form carries.
const LARGEST_FORM: usize = 2 * 1024 * 1024;

/// Nothing inline, nothing from elsewhere, no frame around it.
const CONTENT_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; \
    connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'; \
    require-trusted-types-for 'script'; trusted-types 'none'";

#[derive(Debug, Template)]
#[template(path = "problem.html")]
struct ProblemPage<'a> {
    frame: Frame,
    problem: &'a Problem,
    id: Option<String>,
}

pub async fn pass(State(app): State<App>, request: Request, next: middleware::Next) -> Response {
    let from = came_from(request.method(), request.uri(), request.headers());
    let id = request
        .extensions()
        .get::<RequestId>()
        .map(|id| id.0.clone());
    let request = match with_token(request).await {
        Ok(request) => request,
        Err(problem) => return told(&app, &problem, id),
    };
    let mut response = next.run(request).await;
    if let Some(problem) = response.extensions_mut().remove::<Problem>() {
        response = match problem.kind {
            // What was typed has to be typed once more.
            Kind::StepUp => super::then(&from.on("/login/again")),
            Kind::Unauthorized => super::then(&from.on("/login")),
            _ => told(&app, &problem, id),
        };
    } else if response.status() == StatusCode::FORBIDDEN
        && !response.headers().contains_key(CONTENT_TYPE)
    {
        // The layer that compares origins says no more than that.
        let problem = Problem::new(
            Kind::Forbidden,
            "the form came from another site; open the page here and try again",
        );
        response = told(&app, &problem, id);
    }
    response.headers_mut().insert(
        CONTENT_SECURITY_POLICY,
        HeaderValue::from_static(CONTENT_POLICY),
    );
    response
}

/// The token that a form carries as its field `csrf`, where the session looks for it.
async fn with_token(request: Request) -> Result<Request, Problem> {
    let is_form = request.headers().get(CONTENT_TYPE).is_some_and(|kind| {
        kind.as_bytes()
            .starts_with(b"application/x-www-form-urlencoded")
    });
    if !is_form {
        return Ok(request);
    }
    let (mut head, body) = request.into_parts();
    let bytes = to_bytes(body, LARGEST_FORM)
        .await
        .map_err(|_| Problem::new(Kind::TooLarge, "the form is larger than 2 MiB"))?;
    let token = url::form_urlencoded::parse(&bytes)
        .find(|(name, _)| name == "csrf")
        .and_then(|(_, value)| HeaderValue::from_str(&value).ok());
    if let Some(token) = token {
        head.headers.insert(CSRF_HEADER, token);
    }
    Ok(Request::from_parts(head, Body::from(bytes)))
}

/// The page of ours that was asked for, or that holds the form that was sent; the start page where none is named.
pub(super) fn came_from(method: &Method, uri: &Uri, headers: &HeaderMap) -> Next {
    if matches!(*method, Method::GET | Method::HEAD) {
        let asked = uri.path_and_query();
        return asked.map_or_else(Next::default, |asked| Next::of(asked.as_str()));
    }
    let named = headers.get(REFERER);
    let url = named.and_then(|value| url::Url::parse(value.to_str().ok()?).ok());
    url.map_or_else(Next::default, |url| Next::of(&without_news(&url)))
}

/// A page without the word by which it says what the last act has done: it was said.
fn without_news(url: &url::Url) -> String {
    let kept: Vec<(String, String)> = url
        .query_pairs()
        .filter(|(name, _)| name != "done")
        .map(|(name, value)| (name.into_owned(), value.into_owned()))
        .collect();
    let mut url = url.clone();
    if kept.is_empty() {
        url.set_query(None);
    } else {
        url.query_pairs_mut().clear().extend_pairs(kept);
    }
    url[Position::BeforePath..Position::AfterQuery].to_owned()
}

fn told(app: &App, problem: &Problem, id: Option<String>) -> Response {
    let page = ProblemPage {
        frame: Frame::outside(app, problem.kind.title(), None),
        problem,
        id,
    };
    answer(problem.kind.status(), &page)
}

#[cfg(test)]
mod tests;
