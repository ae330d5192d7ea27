//! API keys: how programs act for an organisation. A key carries one role and ends with its maker's membership.

pub mod act;
pub mod api;
pub mod page;
pub mod store;

use crate::access::Role;
use ids::token::Token;
use ids::{KeyId, MemberId, OrgId, Slug};
use serde::{Deserialize, Serialize, Serializer};
use time::OffsetDateTime;
use utoipa::ToSchema;

/// How many an organisation may have.
pub const MOST: i64 = 200;

/// What a presented key stands for.
#[derive(Debug, Clone)]
pub struct Presented {
    pub id: KeyId,
    pub name: String,
    pub org: OrgId,
    pub org_slug: Slug,
    pub role: Role,
    pub made_by: MemberId,
}

/// A key as it is shown: its secret is not stored, so it cannot be shown again.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Key {
    #[schema(value_type = String)]
    pub id: KeyId,
    pub name: String,
    pub role: Role,
    /// How the secret begins.
    pub hint: String,
    /// The member whom the key acts for, and with whose membership it ends.
    #[schema(value_type = String)]
    pub made_by: MemberId,
    /// Null: never.
    #[serde(with = "time::serde::rfc3339::option")]
    pub expires_at: Option<OffsetDateTime>,
    /// To the minute; null while it was not used.
    #[serde(with = "time::serde::rfc3339::option")]
    pub last_used_at: Option<OffsetDateTime>,
    #[serde(with = "time::serde::rfc3339")]
    pub created_at: OffsetDateTime,
}

#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewKey {
    pub name: String,
    /// Not `owner`, and not above the caller's own.
    pub role: Role,
    #[serde(default, deserialize_with = "crate::http::read::time_or_null")]
    pub expires_at: Option<OffsetDateTime>,
}

/// A fresh key, this once with its secret.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct MadeKey {
    #[serde(flatten)]
    pub key: Key,
    #[schema(value_type = String)]
    #[serde(serialize_with = "in_full")]
    pub secret: Token,
}

fn in_full<S: Serializer>(token: &Token, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(token.expose())
}
