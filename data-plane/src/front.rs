//! The front: bytes in, bytes out. Who may knock (`Host`, `Origin`), which path, how much body. Knows no tokens, no MCP.

mod entrance;
mod framing;
mod intake;
mod route;

pub use entrance::Entrance;
pub use framing::is_json;
pub use intake::Intake;
pub use route::Route;

use crate::refusal::Refusal;
use bytes::Bytes;
use http::Response;
use http::header::{CONTENT_TYPE, HeaderValue};
use http::request::Parts;
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt, Full};

pub type Body = UnsyncBoxBody<Bytes, std::io::Error>;

pub fn full(text: impl Into<Bytes>) -> Body {
    Full::new(text.into())
        .map_err(|never| match never {})
        .boxed_unsync()
}

/// A message of ours.
pub fn json(text: String) -> Response<Body> {
    let mut response = Response::new(full(text));
    let kind = HeaderValue::from_static("application/json");
    response.headers_mut().insert(CONTENT_TYPE, kind);
    response
}

/// Whether the request may come in at all, and whom it asks for.
pub fn admit(entrance: &Entrance, intake: &Intake, head: &Parts) -> Result<Route, Refusal> {
    intake.check(&head.headers)?;
    framing::check(head)?;
    entrance.check(head)?;
    Route::of(head.uri.path()).ok_or(Refusal::NoSuchPath)
}

/// `text/html; charset=x` → `text/html`.
pub fn media_type(value: &str) -> &str {
    value.split(';').next().unwrap_or("").trim()
}

#[cfg(test)]
mod tests;
