//! What goes wrong, said in public: `application/problem+json` (RFC 9457). The private cause stays in the log.

use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use utoipa::ToSchema;

/// Every kind of problem there is: its slug, its title and its status, on one page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    BadRequest,
    Unauthorized,
    Forbidden,
    StepUp,
    NotFound,
    MethodNotAllowed,
    Conflict,
    StaleVersion,
    TooLarge,
    Invalid,
    TooManyRequests,
    Internal,
    Upstream,
    Unavailable,
}

impl Kind {
    pub const ALL: [Self; 14] = [
        Self::BadRequest,
        Self::Unauthorized,
        Self::Forbidden,
        Self::StepUp,
        Self::NotFound,
        Self::MethodNotAllowed,
        Self::Conflict,
        Self::StaleVersion,
        Self::TooLarge,
        Self::Invalid,
        Self::TooManyRequests,
        Self::Internal,
        Self::Upstream,
        Self::Unavailable,
    ];

    const fn row(self) -> (&'static str, &'static str, StatusCode) {
        match self {
            Self::BadRequest => (
                "bad-request",
                "The request cannot be read",
                StatusCode::BAD_REQUEST,
            ),
            Self::Unauthorized => (
                "unauthorized",
                "No good credentials",
                StatusCode::UNAUTHORIZED,
            ),
            Self::Forbidden => (
                "forbidden",
                "Your role may not do this",
                StatusCode::FORBIDDEN,
            ),
            Self::StepUp => (
                "step-up",
                "Prove once more who you are",
                StatusCode::FORBIDDEN,
            ),
            Self::NotFound => (
                "not-found",
                "There is no such thing here",
                StatusCode::NOT_FOUND,
            ),
            Self::MethodNotAllowed => (
                "method-not-allowed",
                "The method does not exist here",
                StatusCode::METHOD_NOT_ALLOWED,
            ),
            Self::Conflict => (
                "conflict",
                "The state of things forbids it",
                StatusCode::CONFLICT,
            ),
            Self::StaleVersion => (
                "stale-version",
                "It has changed since you read it",
                StatusCode::PRECONDITION_FAILED,
            ),
            Self::TooLarge => (
                "too-large",
                "The request is too large",
                StatusCode::PAYLOAD_TOO_LARGE,
            ),
            Self::Invalid => (
                "invalid",
                "The request is understood and wrong",
                StatusCode::UNPROCESSABLE_ENTITY,
            ),
            Self::TooManyRequests => (
                "too-many-requests",
                "Too many tries",
                StatusCode::TOO_MANY_REQUESTS,
            ),
            Self::Internal => (
                "internal",
                "Something failed on our side",
                StatusCode::INTERNAL_SERVER_ERROR,
            ),
            Self::Upstream => (
                "upstream",
                "The MCP server did not answer well",
                StatusCode::BAD_GATEWAY,
            ),
            Self::Unavailable => (
                "unavailable",
                "Not available just now",
                StatusCode::SERVICE_UNAVAILABLE,
            ),
        }
    }

    pub const fn slug(self) -> &'static str {
        self.row().0
    }

    pub const fn title(self) -> &'static str {
        self.row().1
    }

    pub const fn status(self) -> StatusCode {
        self.row().2
    }
}

/// One fault of the request, at its place in the body.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Fault {
    /// JSON Pointer into the request's body.
    pub pointer: String,
    pub detail: String,
}

#[derive(Debug, Clone)]
pub struct Problem {
    pub kind: Kind,
    pub detail: String,
    pub errors: Vec<Fault>,
    /// Findings of a policy document, as `check` lists them; empty for every other problem.
    pub findings: Vec<policy::Finding>,
    pub retry_after_s: Option<u64>,
}

/// The JSON of a problem.
#[derive(Debug, Serialize, ToSchema)]
pub struct ProblemBody {
    #[serde(rename = "type")]
    pub kind: String,
    pub title: String,
    pub status: u16,
    pub detail: String,
    /// The id of the request, as in the log.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub instance: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub errors: Vec<Fault>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(value_type = Vec<crate::policy::shape::Finding>)]
    pub findings: Vec<policy::Finding>,
}

impl Problem {
    pub fn new(kind: Kind, detail: impl Into<String>) -> Self {
        Self {
            kind,
            detail: detail.into(),
            errors: Vec::new(),
            findings: Vec::new(),
            retry_after_s: None,
        }
    }

    /// The one answer for what does not exist and for what the caller may not know to exist.
    pub fn not_found() -> Self {
        Self::new(Kind::NotFound, "it does not exist, or you may not see it")
    }

    pub fn unauthorized() -> Self {
        Self::new(
            Kind::Unauthorized,
            "sign in, or send an API key as `Authorization: Bearer pck_…`",
        )
    }

    /// A single fault at a single place.
    pub fn invalid(pointer: impl Into<String>, detail: impl Into<String>) -> Self {
        let fault = Fault {
            pointer: pointer.into(),
            detail: detail.into(),
        };
        Self {
            errors: vec![fault.clone()],
            ..Self::new(Kind::Invalid, fault.detail)
        }
    }

    /// Logs the cause, once, and keeps it from the answer.
    pub fn internal(cause: &dyn std::error::Error) -> Self {
        let chain: Vec<String> = std::iter::successors(Some(cause), |error| error.source())
            .map(ToString::to_string)
            .collect();
        tracing::error!(cause = chain.join(": "), "request failed");
        Self::new(
            Kind::Internal,
            "the log has the cause under the id of this request",
        )
    }

    #[must_use]
    pub fn with_retry_after(mut self, seconds: u64) -> Self {
        self.retry_after_s = Some(seconds);
        self
    }

    pub fn body(&self, instance: Option<String>) -> ProblemBody {
        ProblemBody {
            kind: format!("/problems/{}", self.kind.slug()),
            title: self.kind.title().to_owned(),
            status: self.kind.status().as_u16(),
            detail: self.detail.clone(),
            instance,
            errors: self.errors.clone(),
            findings: self.findings.clone(),
        }
    }

    pub(crate) fn into_response_for(self, instance: Option<String>) -> Response {
        let mut response = (self.kind.status(), Json(self.body(instance))).into_response();
        let headers = response.headers_mut();
        headers.insert(
            header::CONTENT_TYPE,
            HeaderValue::from_static("application/problem+json"),
        );
        if let Some(seconds) = self.retry_after_s {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        if self.kind == Kind::Unauthorized {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        response.extensions_mut().insert(self);
        response
    }
}

impl IntoResponse for Problem {
    /// `http::layers` names the request in the answer: it alone knows the id.
    fn into_response(self) -> Response {
        self.into_response_for(None)
    }
}

impl From<crate::db::DbError> for Problem {
    fn from(error: crate::db::DbError) -> Self {
        if error.is_unavailable() {
            tracing::error!(cause = %error, "database unavailable");
            return Self::new(Kind::Unavailable, "the database does not answer; try again")
                .with_retry_after(2);
        }
        if error.is_gone() {
            return Self::not_found();
        }
        if error.is_unstorable() {
            return Self::new(
                Kind::Invalid,
                "a text holds the character NUL, which cannot be stored",
            );
        }
        Self::internal(&error)
    }
}

impl From<crate::caller::Forbidden> for Problem {
    fn from(forbidden: crate::caller::Forbidden) -> Self {
        let kind = match forbidden {
            crate::caller::Forbidden::Unproven => Kind::StepUp,
            crate::caller::Forbidden::Role(_) | crate::caller::Forbidden::Above => Kind::Forbidden,
        };
        Self::new(kind, forbidden.to_string())
    }
}

#[cfg(test)]
mod tests;
