//! The contract between the planes: what an organisation's bundle holds, how it is signed and told of, and what data
//! planes send back. Pure: no transport, no disk, no clock.
#![cfg_attr(
    not(test),
    deny(
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::panic,
        clippy::indexing_slicing
    )
)]

pub mod approval;
pub mod budget;
pub mod chain;
pub mod credential;
pub mod feed;
mod open;
mod org;
pub mod record;
pub mod revocation;
mod sign;

pub use open::{CannotOpen, Opened, open};
pub use org::{
    Attachment, Capture, FORMAT, Grant, Hints, Org, OrgBundle, Pinning, PolicyVersion, Server,
    Timeouts, TokenDigest, Tool, Transport,
};
pub use sign::{Signed, Statement};
