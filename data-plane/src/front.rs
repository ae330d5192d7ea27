//! The front: bytes in, bytes out. Who may knock (`Host`, `Origin`), which path, how much body. Knows no tokens, no MCP.

mod entrance;
mod framing;
mod route;

pub use entrance::Entrance;
pub use framing::is_json;
pub use route::Route;

use crate::refusal::Refusal;
use bytes::Bytes;
use http::Response;
use http::header::{CONTENT_TYPE, HeaderValue};
use http::request::Parts;
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt, Full, LengthLimitError, Limited};
use hyper::body::Incoming;
use std::time::Duration;

pub type Body = UnsyncBoxBody<Bytes, std::io::Error>;

/// A message is no larger.
pub const MOST_BODY: usize = 1 << 20;
const BODY_TIME: Duration = Duration::from_mins(1);

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
pub fn admit(entrance: &Entrance, head: &Parts) -> Result<Route, Refusal> {
    let announced = head
        .headers
        .get(http::header::CONTENT_LENGTH)
        .and_then(|length| length.to_str().ok()?.parse::<u64>().ok());
    if announced.is_some_and(|length| length > MOST_BODY as u64) {
        return Err(Refusal::TooLarge { most: MOST_BODY });
    }
    framing::check(head)?;
    entrance.check(head)?;
    Route::of(head.uri.path()).ok_or(Refusal::NoSuchPath)
}

/// The body, whole: it is judged before any of it goes on.
pub async fn read(body: Incoming) -> Result<Bytes, Refusal> {
    match tokio::time::timeout(BODY_TIME, Limited::new(body, MOST_BODY).collect()).await {
        Ok(Ok(whole)) => Ok(whole.to_bytes()),
        Ok(Err(error)) if error.is::<LengthLimitError>() => {
            Err(Refusal::TooLarge { most: MOST_BODY })
        }
        // The client broke off, or took too long: whoever is still there learns the latter.
        Ok(Err(_)) | Err(_) => Err(Refusal::SlowBody),
    }
}

/// `text/html; charset=x` → `text/html`.
pub fn media_type(value: &str) -> &str {
    value.split(';').next().unwrap_or("").trim()
}

#[cfg(test)]
mod tests;
