//! Versions of a policy: published once, never changed. A rollback publishes an old document as a new version.

pub mod act;
pub mod api;
pub mod store;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use time::OffsetDateTime;
use utoipa::ToSchema;
use uuid::Uuid;

#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Version {
    /// From 1, without gaps.
    pub number: u32,
    /// SHA-256 of the document's canonical form, in hexadecimal digits.
    pub digest: String,
    #[serde(with = "time::serde::rfc3339")]
    pub published_at: OffsetDateTime,
    /// The name of who published it.
    pub author: String,
    pub note: String,
    /// Byte for byte as it was published. Lists leave it out.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<serde_json::Value>)]
    pub document: Option<Box<RawValue>>,
}

/// A version at its publication.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Published {
    #[serde(flatten)]
    pub version: Version,
    /// Warnings: what the document means but may not have been meant.
    #[schema(value_type = Vec<crate::policy::shape::Finding>)]
    pub findings: Vec<::policy::Finding>,
}

#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Publication {
    /// For the history: why. At most 1,000 characters.
    pub note: String,
    /// Of the draft that is meant: publishes nothing if it has moved on.
    #[serde(default)]
    pub etag: Option<Uuid>,
}

#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Rollback {
    /// The version whose document is published again.
    pub version: u32,
    pub note: String,
}

pub const LONGEST_NOTE: usize = 1_000;
