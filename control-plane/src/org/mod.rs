//! Organisations: the tenants. Who sits in one, and under which name it is reached.

pub mod act;
pub mod api;
pub mod export;
pub mod gone;
pub mod invitation;
pub mod kill;
pub mod member;
pub mod page;
pub mod settings;
pub mod store;

use crate::access::Role;
use ids::{MemberId, OrgId, Slug};
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use utoipa::ToSchema;

/// How many an account may own.
pub const MOST: i64 = 1_000;

#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Org {
    #[schema(value_type = String)]
    pub id: OrgId,
    #[schema(value_type = String)]
    pub slug: Slug,
    pub name: String,
    /// False while the kill switch of the organisation is thrown.
    pub is_open: bool,
    /// A replica that has not heard from here for so long refuses every call; null: never.
    pub max_stale_seconds: Option<u32>,
    /// What the caller is in it.
    pub role: Role,
    #[serde(with = "time::serde::rfc3339")]
    pub created_at: OffsetDateTime,
}

#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewOrg {
    pub name: String,
    #[schema(value_type = String)]
    #[serde(deserialize_with = "org_slug")]
    pub slug: Slug,
}

/// What may be changed of an organisation; what is absent stays.
#[derive(Debug, Clone, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct OrgChange {
    pub name: Option<String>,
    #[serde(default, deserialize_with = "crate::http::read::nullable")]
    #[schema(value_type = Option<u32>)]
    pub max_stale_seconds: Option<Option<u32>>,
}

/// Where someone sits.
#[derive(Debug, Clone)]
pub struct Seat {
    pub org: OrgId,
    pub slug: Slug,
    pub member: MemberId,
    pub role: Role,
}

fn org_slug<'de, D: serde::Deserializer<'de>>(from: D) -> Result<Slug, D::Error> {
    let text = String::deserialize(from)?;
    Slug::for_org(&text).map_err(serde::de::Error::custom)
}
