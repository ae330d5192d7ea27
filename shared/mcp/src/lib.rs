//! JSON-RPC and MCP as bytes: what a message is, as far as it must be judged, and the few bytes of our own.
//!
//! Here: one strict reading of what a client posts and of what an upstream says, the era of a request, the match of
//! headers and body, the table of methods, the answers the gateway makes itself, the splitting of event streams, the
//! cutting of tool lists, the layout of what is sealed. Pure: no clock, no network, no keys.
//! Not here: policies, HTTP, the sealing. A message is never modelled and written again: what was read is what is sent.
#![cfg_attr(
    not(test),
    deny(
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::panic,
        clippy::indexing_slicing
    )
)]

pub mod answer;
mod blocks;
mod edit;
mod era;
mod id;
mod known;
mod list;
mod message;
mod method;
mod mirror;
pub mod named;
mod params;
mod quote;
pub mod reply;
mod revision;
pub mod sealed;
pub mod sse;

pub use blocks::Blocks;
pub use edit::{Edit, splice, splice_within, without_members};
pub use era::{Era, Framing, era, era_of_header};
pub use id::same_id;
pub use known::folds_to;
pub use list::{Entry, Page};
pub use message::{
    Body, MOST_DEPTH, MOST_VALUES, Message, Notification, Refused, Request, Response, parse,
};
pub use method::{Group, REQUESTS, Rule, is_request, notification_is_known, rule};
pub use mirror::{
    Copies, Mirror, ParamHeader, check_mirror, check_param_headers, mirrored, param_headers,
};
pub use params::{Invalid, ToolCall};
pub use quote::quote;
pub use reply::{Answer, Reply, Unreadable};
pub use revision::Revision;
