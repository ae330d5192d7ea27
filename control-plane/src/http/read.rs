//! Reading requests: what cannot be read is a problem that says where and why.

use crate::problem::{Fault, Kind, Problem};
use axum::body::HttpBody;
use axum::extract::{FromRequest, FromRequestParts, RawPathParams, Request};
use axum::http::header::{CONTENT_TYPE, IF_MATCH};
use axum::http::request::Parts;
use bytes::Bytes;
use serde::Deserialize;
use serde::de::{DeserializeOwned, Error, IgnoredAny};
use time::{OffsetDateTime, UtcOffset};
use uuid::Uuid;

/// A JSON body. An unknown member, a wrong type or a missing one is a 422 with its pointer; no JSON at all is a 400.
#[derive(Debug)]
pub struct Body<T>(pub T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Body<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        let is_json = request
            .headers()
            .get(CONTENT_TYPE)
            .and_then(|value| value.to_str().ok())
            .is_some_and(|value| {
                value
                    .split(';')
                    .next()
                    .is_some_and(|kind| kind.trim().eq_ignore_ascii_case("application/json"))
            });
        if !is_json {
            return Err(Problem::new(
                Kind::BadRequest,
                "expected a body of `Content-Type: application/json`",
            ));
        }
        let bytes = Bytes::from_request(request, state)
            .await
            .map_err(|rejection| {
                let kind = if rejection.status() == axum::http::StatusCode::PAYLOAD_TOO_LARGE {
                    Kind::TooLarge
                } else {
                    Kind::BadRequest
                };
                Problem::new(kind, rejection.body_text())
            })?;
        parse(&bytes).map(Self)
    }
}

/// A JSON body that may be left out; then everything in it is.
#[derive(Debug)]
pub struct OptionalBody<T>(pub T);

impl<T: DeserializeOwned + Default, S: Send + Sync> FromRequest<S> for OptionalBody<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        if request.body().is_end_stream() {
            return Ok(Self(T::default()));
        }
        Body::from_request(request, state)
            .await
            .map(|body| Self(body.0))
    }
}

pub fn parse<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Problem> {
    let no_json = |cause: String| Problem::new(Kind::BadRequest, format!("not JSON: {cause}"));
    let text = std::str::from_utf8(bytes).map_err(|error| no_json(error.to_string()))?;
    // Asked apart: the reader below calls a list where a word is expected a fault of the grammar.
    serde_json::from_str::<IgnoredAny>(text).map_err(|error| no_json(error.to_string()))?;
    // And it takes a list for an object, its items for the members in their order.
    if !text.trim_start().starts_with('{') {
        return Err(Problem::invalid("", "expected an object"));
    }
    let mut reader = serde_json::Deserializer::from_str(text);
    serde_path_to_error::deserialize(&mut reader)
        .map_err(|error| Problem::invalid(pointer(error.path()), error.inner().to_string()))
}

fn pointer(path: &serde_path_to_error::Path) -> String {
    use serde_path_to_error::Segment;
    path.iter()
        .map(|segment| match segment {
            Segment::Seq { index } => format!("/{index}"),
            Segment::Map { key } => format!("/{}", json::pointer_escape(key)),
            Segment::Enum { variant } => format!("/{}", json::pointer_escape(variant)),
            Segment::Unknown => String::new(),
        })
        .collect()
}

/// The query string.
#[derive(Debug)]
pub struct Query<T>(pub T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequestParts<S> for Query<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        // No stored text holds NUL, and the database does not compare with one that does.
        if parts.uri.query().is_some_and(|query| query.contains("%00")) {
            return Err(Problem::new(
                Kind::BadRequest,
                "the query holds the character NUL",
            ));
        }
        axum::extract::Query::from_request_parts(parts, state)
            .await
            .map(|query| Self(query.0))
            .map_err(|rejection| Problem::new(Kind::BadRequest, rejection.body_text()))
    }
}

/// The path. What is no slug, id or number names nothing that exists.
#[derive(Debug)]
pub struct Path<T>(pub T);

impl<T: DeserializeOwned + Send, S: Send + Sync> FromRequestParts<S> for Path<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let raw = RawPathParams::from_request_parts(parts, state)
            .await
            .map_err(|_| Problem::not_found())?;
        if raw.iter().any(|(_, value)| value.contains('\0')) {
            return Err(Problem::not_found());
        }
        let path = axum::extract::Path::from_request_parts(parts, state).await;
        path.map(|path| Self(path.0))
            .map_err(|_| Problem::not_found())
    }
}

/// `If-Match`, where the caller sent one: the etag that must still hold.
#[derive(Debug, Clone, Copy)]
pub struct IfMatch(pub Option<Uuid>);

impl<S: Send + Sync> FromRequestParts<S> for IfMatch {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let Some(value) = parts.headers.get(IF_MATCH) else {
            return Ok(Self(None));
        };
        let text = value.to_str().unwrap_or_default().trim();
        if text == "*" {
            return Ok(Self(None));
        }
        // An etag that was never ours cannot hold.
        let etag = Uuid::parse_str(text.trim_matches('"')).unwrap_or(Uuid::nil());
        Ok(Self(Some(etag)))
    }
}

impl utoipa::IntoParams for IfMatch {
    fn into_params(
        _: impl Fn() -> Option<utoipa::openapi::path::ParameterIn>,
    ) -> Vec<utoipa::openapi::path::Parameter> {
        vec![super::described::if_match()]
    }
}

/// For a member of a PATCH body that may be null: absent is `None`, null is `Some(None)`.
pub fn nullable<'de, T: Deserialize<'de>, D: serde::Deserializer<'de>>(
    from: D,
) -> Result<Option<Option<T>>, D::Error> {
    Option::deserialize(from).map(Some)
}

/// A time, or null: in UTC, for one that falls out of its calendar (the last hours of 9999 in the west) is stored nowhere.
pub fn time_or_null<'de, D: serde::Deserializer<'de>>(
    from: D,
) -> Result<Option<OffsetDateTime>, D::Error> {
    let time = time::serde::rfc3339::option::deserialize(from)?;
    time.map(|time| {
        in_utc(time).ok_or_else(|| D::Error::custom("expected a time before the year 10000 in UTC"))
    })
    .transpose()
}

pub fn in_utc(time: OffsetDateTime) -> Option<OffsetDateTime> {
    time.checked_to_offset(UtcOffset::UTC)
}

/// Checks that gather every fault of a body before they refuse it.
#[derive(Debug, Default)]
pub struct Faults(Vec<Fault>);

impl Faults {
    pub fn add(&mut self, pointer: impl Into<String>, detail: impl Into<String>) {
        self.0.push(Fault {
            pointer: pointer.into(),
            detail: detail.into(),
        });
    }

    /// A name for people: 1 to 100 characters, none of them a control character.
    pub fn name(&mut self, pointer: &str, name: &str) {
        let count = name.chars().count();
        if !(1..=100).contains(&count) || name.chars().any(char::is_control) || name.trim() != name
        {
            self.add(
                pointer,
                "expected 1 to 100 characters, none a control character, no space at either end",
            );
        }
    }

    pub fn into_result(self) -> Result<(), Vec<Fault>> {
        if self.0.is_empty() {
            Ok(())
        } else {
            Err(self.0)
        }
    }
}
