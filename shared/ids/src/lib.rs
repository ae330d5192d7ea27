//! The names of things: ids that say what they name, slugs, and the tokens that agents and bots present.
//!
//! Pure: a fresh id needs its time and randomness handed in; nothing here looks anything up.
#![cfg_attr(
    not(test),
    deny(
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::panic,
        clippy::indexing_slicing
    )
)]

mod id;
mod slug;
pub mod token;

pub use id::{
    ApprovalId, CallId, DeliveryId, EventId, GrantId, IdentityId, InvitationId, KeyId, MailId,
    MemberId, OrgId, PolicyId, RouteId, ServerId, SessionId, ToolChangeId, UnknownId, UserId,
    WebhookId,
};
pub use slug::{BadSlug, RESERVED_EVERYWHERE, RESERVED_FOR_ORGS, Slug};
