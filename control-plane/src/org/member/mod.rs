//! Members: the people of an organisation, each with a role. How one becomes a member is `invitation`'s business.

pub mod act;
pub mod api;
pub mod page;
pub mod store;

use crate::access::Role;
use ids::{MemberId, UserId};
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use utoipa::ToSchema;

/// How many an organisation may have.
pub const MOST: i64 = 1_000;

#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Member {
    #[schema(value_type = String)]
    pub id: MemberId,
    /// The account behind the membership.
    #[schema(value_type = String)]
    pub user: UserId,
    pub email: String,
    pub name: String,
    pub role: Role,
    #[serde(with = "time::serde::rfc3339")]
    pub created_at: OffsetDateTime,
}

#[derive(Debug, Clone, Copy, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct MemberChange {
    /// Not above the caller's own; only owners make owners.
    pub role: Role,
}
