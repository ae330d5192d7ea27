//! Policies: a draft that may be faulty, and the versions that were published of it (`version`).
//!
//! Here: which documents there are. What a document means is the crate of the same name, `::policy`.

pub mod act;
pub mod api;
mod compile;
pub(crate) use compile::aside;
mod diff;
mod edit;
pub mod explain;
mod fields;
mod known;
pub mod line;
mod outline;
pub mod page;
mod sample;
mod shadow;
pub mod shape;
pub mod store;
pub mod version;

use crate::http::etag::HasEtag;
use ids::{PolicyId, Slug};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::value::RawValue;
use time::OffsetDateTime;
use utoipa::ToSchema;
use uuid::Uuid;

/// How many an organisation may have.
pub const MOST: i64 = 1_000;

/// The draft of a policy that was created without one: it denies everything.
pub const EMPTY: &str = r#"{"version":"1","default":"deny"}"#;

#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Policy {
    #[schema(value_type = String)]
    pub id: PolicyId,
    #[schema(value_type = String)]
    pub slug: Slug,
    pub name: String,
    pub draft: Draft,
    /// The number of the newest version; null while nothing was published.
    pub published: Option<u32>,
    /// Changes with everything above.
    pub etag: Uuid,
    #[serde(with = "time::serde::rfc3339")]
    pub created_at: OffsetDateTime,
}

impl HasEtag for Policy {
    fn etag(&self) -> Uuid {
        self.etag
    }
}

/// What is being written. It may be faulty: only publishing asks that it compiles.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Draft {
    /// Byte for byte as it was saved. Lists leave it out.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<serde_json::Value>)]
    pub document: Option<Box<RawValue>>,
    pub etag: Uuid,
    /// Lists leave them out.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Vec<shape::Finding>>)]
    pub findings: Option<Vec<::policy::Finding>>,
}

#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewPolicy {
    #[schema(value_type = String)]
    pub slug: Slug,
    pub name: String,
    /// The first draft: any JSON. Left out, it denies everything.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<serde_json::Value>)]
    pub document: Option<Box<RawValue>>,
}

/// What is absent stays.
#[derive(Debug, Clone, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PolicyChange {
    #[schema(value_type = Option<String>)]
    pub slug: Option<Slug>,
    pub name: Option<String>,
}

/// A saved draft.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Saved {
    /// Of the draft.
    pub etag: Uuid,
    #[schema(value_type = Vec<shape::Finding>)]
    pub findings: Vec<::policy::Finding>,
}

impl HasEtag for Saved {
    fn etag(&self) -> Uuid {
        self.etag
    }
}

/// Whether the policy is still as the caller saw it: by the etag of the draft, or by that of the whole policy, which
/// cannot stand while the draft moves.
pub fn is_current(seen: Option<Uuid>, draft: Uuid, whole: Uuid) -> bool {
    seen.is_none_or(|seen| seen == draft || seen == whole)
}

/// For a member that may hold any JSON: null is a value, only what is not there is none.
pub(crate) fn given<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Box<RawValue>>, D::Error> {
    Box::<RawValue>::deserialize(from).map(Some)
}
