//! Calls: what the data planes recorded. Here they are taken in, counted, chained, found again, followed and handed out; nobody
//! changes one.

pub mod act;
pub mod api;
pub mod budget;
pub mod capture;
pub mod chain;
pub mod count;
pub mod days;
pub(crate) mod export;
mod filter;
pub mod gap;
pub mod ingest;
pub mod page;
pub mod store;
mod stream;
pub mod usage;

pub use filter::{CallFilter, Named};

use crate::http::described;
use bundle::record::{Ending, Limiter, Verdict};
use ids::{ApprovalId, CallId, GrantId, PolicyId, ServerId};
use serde::Serialize;
use time::OffsetDateTime;
use utoipa::ToSchema;

/// One call, as lists show it.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Call {
    #[schema(value_type = String)]
    pub id: CallId,
    /// When it came in.
    #[serde(with = "time::serde::rfc3339")]
    pub at: OffsetDateTime,
    #[schema(value_type = String)]
    pub grant: GrantId,
    #[schema(value_type = String)]
    pub server: ServerId,
    pub method: String,
    pub tool: Option<String>,
    #[schema(schema_with = described::verdict)]
    pub verdict: Verdict,
    /// The rule that decided; null where it was allowed.
    pub rule: Option<String>,
    /// The policy that judged, and its version; null where the grant had none.
    #[schema(value_type = Option<String>)]
    pub policy: Option<PolicyId>,
    pub version: Option<u32>,
    /// The approval that it waits for, or has spent.
    #[schema(value_type = Option<String>)]
    pub approval: Option<ApprovalId>,
    /// Which counter its limits were charged to.
    #[schema(schema_with = described::limiter)]
    pub limiter: Limiter,
    /// Names at the top of its arguments.
    pub argument_keys: Vec<String>,
    pub upstream_status: Option<u16>,
    /// From its first byte to the last of its answer; null where nothing went upstream, or it is still on its way.
    pub latency_ms: Option<f64>,
    /// The part of it that was the gateway's.
    pub added_ms: f64,
    /// Null where nothing went upstream, or it is still on its way.
    #[schema(schema_with = described::outcome)]
    pub outcome: Option<Ending>,
}

/// One call, with all that is known of it.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct CallDetail {
    #[serde(flatten)]
    pub call: Call,
    /// The replica that judged it.
    pub replica: String,
    /// The version of the organisation's bundle that judged it.
    pub bundle_version: u64,
    /// What rules in shadow would have done.
    #[schema(value_type = Vec<Object>)]
    pub shadow: serde_json::Value,
    pub client: Option<CallClient>,
    /// The revision of the protocol it was made in.
    pub protocol: Option<String>,
    #[serde(with = "time::serde::rfc3339")]
    pub judged_at: OffsetDateTime,
    #[serde(with = "time::serde::rfc3339::option")]
    pub ended_at: Option<OffsetDateTime>,
    /// Bytes of its answer.
    pub bytes: Option<u64>,
}

#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct CallClient {
    pub name: String,
    pub version: String,
}

/// When a call came in: the place of its record in time.
pub(crate) fn time_of(call: CallId) -> OffsetDateTime {
    // A UUIDv7 has 48 bits of milliseconds, which is less than the range of the type.
    OffsetDateTime::from_unix_timestamp_nanos(i128::from(call.unix_ms()) * 1_000_000)
        .unwrap_or(OffsetDateTime::UNIX_EPOCH)
}
