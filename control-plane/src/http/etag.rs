//! Answers that carry an etag, in the body and in the header.

use axum::Json;
use axum::http::{HeaderName, StatusCode, header};
use axum::response::IntoResponse;
use serde::Serialize;
use uuid::Uuid;

/// What can be changed by `If-Match`.
pub trait HasEtag {
    fn etag(&self) -> Uuid;
}

pub fn tagged<T: HasEtag + Serialize>(status: StatusCode, body: T) -> impl IntoResponse + use<T> {
    let etag: [(HeaderName, String); 1] = [(header::ETAG, format!("\"{}\"", body.etag()))];
    (status, etag, Json(body))
}
