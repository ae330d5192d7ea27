//! Invitations: how people come to an organisation. For one address, once, for seven days.

pub mod act;
pub mod api;
pub mod page;
pub mod store;

pub use act::NotAccepted;

use crate::access::Role;
use ids::{InvitationId, MemberId, Slug};
use serde::{Deserialize, Serialize};
use time::{Duration, OffsetDateTime};
use utoipa::ToSchema;

/// How many may be open at once.
pub const MOST: i64 = 500;
pub const GOOD_FOR: Duration = Duration::days(7);

#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Invitation {
    #[schema(value_type = String)]
    pub id: InvitationId,
    pub email: String,
    pub role: Role,
    /// The member who invites, and with whose membership it ends.
    #[schema(value_type = String)]
    pub made_by: MemberId,
    #[serde(with = "time::serde::rfc3339")]
    pub expires_at: OffsetDateTime,
    #[serde(with = "time::serde::rfc3339")]
    pub created_at: OffsetDateTime,
}

#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewInvitation {
    pub email: String,
    /// Not above the caller's own; only owners make owners.
    pub role: Role,
}

/// What whoever holds the link is told before they accept.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Offer {
    /// The organisation.
    #[schema(value_type = String)]
    pub slug: Slug,
    pub name: String,
    pub role: Role,
    /// The address that it is for.
    pub email: String,
    /// Who invites.
    pub by: String,
    #[serde(with = "time::serde::rfc3339")]
    pub expires_at: OffsetDateTime,
}
