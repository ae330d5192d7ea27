//! The sign-ins elsewhere that open an account: its owner sees them, and removes one as long as another way in remains.

pub mod act;
pub mod api;
pub mod page;
pub mod store;

use ids::IdentityId;
use serde::Serialize;
use time::OffsetDateTime;
use utoipa::ToSchema;

/// Somebody's account with a provider.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Identity {
    #[schema(value_type = String)]
    pub id: IdentityId,
    /// For people; the issuer, where this instance does not name that provider any more.
    pub title: String,
    pub issuer: String,
    /// Whether one can sign in with that provider here at present.
    pub is_offered: bool,
    #[serde(with = "time::serde::rfc3339")]
    pub created_at: OffsetDateTime,
}
