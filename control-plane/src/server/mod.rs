//! MCP servers: where they are, what they are told in confidence, how far they are trusted. Their tools are in
//! [`tool`], the reading of their tools in [`discover`].

pub mod act;
pub mod api;
mod auth;
pub mod discover;
pub mod drift;
pub mod page;
pub mod store;
pub mod tool;
pub(crate) mod url;

pub use auth::{Auth, NewAuth};

use crate::http::described;
use crate::http::etag::HasEtag;
use crate::http::read::Faults;
use bundle::{Pinning, Timeouts, Transport};
use ids::{ServerId, Slug};
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use tool::Tool;
use utoipa::ToSchema;
use uuid::Uuid;

/// More servers than these no organisation has.
pub const MOST: i64 = 1_000;

#[expect(clippy::struct_excessive_bools, reason = "each is a switch of its own")]
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Server {
    #[schema(value_type = String)]
    pub id: ServerId,
    #[schema(value_type = String)]
    pub slug: Slug,
    pub name: String,
    pub url: String,
    pub auth: Auth,
    /// How it speaks over HTTP, as the last discovery found: `streamable_http`, or `sse` (2024-11-05).
    #[schema(value_type = String)]
    pub transport: Transport,
    #[schema(value_type = TimeoutsChange)]
    pub timeouts: Timeouts,
    /// What happens to a tool that is new or changed since the review: `off`, `warn` or `block`.
    #[schema(schema_with = described::pinning)]
    pub pinning: Pinning,
    /// Whether what the server claims of its tools may make their categories milder; false unless said otherwise.
    pub trusted: bool,
    /// Whether the server may ask the client for a completion.
    pub sampling: bool,
    /// Whether the server may ask the client's user for input.
    pub elicitation: bool,
    /// False while the kill switch of the server is thrown.
    pub is_open: bool,
    pub status: Status,
    /// What was odd at the last discovery; null: nothing.
    pub status_detail: Option<String>,
    /// Where an MCP client is pointed at.
    pub proxy_url: String,
    pub tool_count: u32,
    /// Of them, so many are new or changed since they were accepted.
    pub changed_count: u32,
    /// A digest of those that wait for a review, as they are now: for whoever accepts all of them. Absent in lists of servers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub waiting: Option<String>,
    /// The recorded tools, in the server's own order; absent in lists of servers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tools: Option<Vec<Tool>>,
    /// When the tools were last read; null: never, and then no tool is known.
    #[serde(with = "time::serde::rfc3339::option")]
    pub last_discovered_at: Option<OffsetDateTime>,
    pub etag: Uuid,
    #[serde(with = "time::serde::rfc3339")]
    pub created_at: OffsetDateTime,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// Not discovered since it was added or moved.
    Unknown,
    Ready,
    Unreachable,
    NeedsAuth,
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewServer {
    #[schema(value_type = String)]
    pub slug: Slug,
    pub name: String,
    /// `https://…`: where the server speaks Streamable HTTP.
    pub url: String,
    #[serde(default)]
    #[schema(value_type = auth::Given)]
    pub auth: NewAuth,
    #[serde(default)]
    pub timeouts: TimeoutsChange,
    #[serde(default)]
    #[schema(schema_with = described::pinning)]
    pub pinning: Option<Pinning>,
    pub trusted: Option<bool>,
    pub sampling: Option<bool>,
    pub elicitation: Option<bool>,
}

/// What may be changed of a server; what is absent stays.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ServerChange {
    #[schema(value_type = Option<String>)]
    pub slug: Option<Slug>,
    pub name: Option<String>,
    pub url: Option<String>,
    #[schema(value_type = Option<auth::Given>)]
    pub auth: Option<NewAuth>,
    #[serde(default)]
    pub timeouts: TimeoutsChange,
    #[schema(schema_with = described::pinning)]
    pub pinning: Option<Pinning>,
    pub trusted: Option<bool>,
    pub sampling: Option<bool>,
    pub elicitation: Option<bool>,
}

/// Milliseconds; what is absent stays as it is.
#[derive(Debug, Clone, Copy, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TimeoutsChange {
    pub connect_ms: Option<u64>,
    pub first_byte_ms: Option<u64>,
    /// First byte of a `tools/call`: many servers answer only when they are done.
    pub call_first_byte_ms: Option<u64>,
    pub idle_ms: Option<u64>,
    pub whole_ms: Option<u64>,
}

impl Status {
    pub const ALL: [Self; 4] = [
        Self::Unknown,
        Self::Ready,
        Self::Unreachable,
        Self::NeedsAuth,
    ];

    pub const fn word(self) -> &'static str {
        match self {
            Self::Unknown => "unknown",
            Self::Ready => "ready",
            Self::Unreachable => "unreachable",
            Self::NeedsAuth => "needs_auth",
        }
    }
}

impl TimeoutsChange {
    const MOST_MS: u64 = 3_600_000;
    const MOST_CONNECT_MS: u64 = 60_000;
    const LEAST_MS: u64 = 100;

    pub fn of(&self, before: Timeouts) -> Timeouts {
        Timeouts {
            connect_ms: self.connect_ms.unwrap_or(before.connect_ms),
            first_byte_ms: self.first_byte_ms.unwrap_or(before.first_byte_ms),
            call_first_byte_ms: self.call_first_byte_ms.unwrap_or(before.call_first_byte_ms),
            idle_ms: self.idle_ms.unwrap_or(before.idle_ms),
            whole_ms: self.whole_ms.unwrap_or(before.whole_ms),
        }
    }

    fn check(&self, faults: &mut Faults) {
        let rows = [
            ("connect_ms", self.connect_ms, Self::MOST_CONNECT_MS),
            ("first_byte_ms", self.first_byte_ms, Self::MOST_MS),
            ("call_first_byte_ms", self.call_first_byte_ms, Self::MOST_MS),
            ("idle_ms", self.idle_ms, Self::MOST_MS),
            ("whole_ms", self.whole_ms, Self::MOST_MS),
        ];
        for (name, value, most) in rows {
            if value.is_some_and(|ms| !(Self::LEAST_MS..=most).contains(&ms)) {
                faults.add(
                    format!("/timeouts/{name}"),
                    format!("expected {} to {most}", Self::LEAST_MS),
                );
            }
        }
    }
}

/// The word of the wire and of the table.
pub(crate) const fn pinning_word(pinning: Pinning) -> &'static str {
    match pinning {
        Pinning::Off => "off",
        Pinning::Warn => "warn",
        Pinning::Block => "block",
    }
}

impl HasEtag for Server {
    fn etag(&self) -> Uuid {
        self.etag
    }
}
