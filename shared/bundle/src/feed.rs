//! The feed: what changed since a cursor, told to every replica; and what replicas answer.
//!
//! A feed entry names a bundle by its signed statement; the bytes are fetched by their digest. Delivered twice or late,
//! an entry does no harm: a replica takes only a newer version than it has.

use crate::sign::Signed;
use ids::{GrantId, OrgId, PolicyId};
use serde::{Deserialize, Serialize};

/// The answer to `GET /v1/gateway/feed?cursor=`.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Feed {
    /// Where to ask on from.
    pub cursor: u64,
    /// The cursor was too old or unknown: `changes` is the whole manifest, and an organisation missing from it is gone.
    pub is_reset: bool,
    pub changes: Vec<Change>,
    /// For how long a question is held where there is no news, in milliseconds: who waits for much longer waits for nobody.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub held_ms: Option<u64>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Change {
    Bundle(Signed),
    OrgRemoved { org: OrgId },
}

/// The body of `POST /v1/gateway/acks`: sent after every change applied or refused, and as a heartbeat.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Report {
    /// Where this replica is reached, for people who look at `/gateways`.
    pub address: String,
    pub software: String,
    pub limiter: LimiterKind,
    /// True while the replica lives on its snapshot because the feed has not answered since it started.
    pub is_stale: bool,
    pub acks: Vec<Ack>,
    /// Budgets that are nearly used up, as calls have found them since the last report; [`MOST_FILLS`] at most.
    #[serde(default)]
    pub fills: Vec<Fill>,
    /// None of a replica of the version before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub spool: Option<Spooled>,
}

/// What a replica has written to its spool.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Spooled {
    /// The opening that is being written, as in [`crate::record::Place`].
    pub epoch: u64,
    /// The number of the last record in it; 0 where there is none yet.
    pub last: u64,
    /// Records of earlier openings are there and were not acknowledged.
    pub has_older: bool,
}

/// Of one report.
pub const MOST_FILLS: usize = 200;

/// How much of a limit's budget was used when a call had been charged to it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fill {
    pub org: OrgId,
    /// Whose call it was: the budget may be one of several grants.
    pub grant: GrantId,
    pub policy: PolicyId,
    /// The limit, as a JSON Pointer into the document.
    pub rule: String,
    pub used: u64,
    pub max: u64,
    pub window_ms: u64,
    /// Unix milliseconds.
    pub at: u64,
}

/// What a report is answered: among how many a shared budget is split when Redis is away.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Heard {
    /// Replicas that have been heard of lately, this one among them.
    pub replicas: u32,
    /// The place of the one that reported among them, from 0, by name.
    pub rank: u32,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LimiterKind {
    /// Redis: one budget for all replicas.
    Shared,
    /// This process alone.
    Memory,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ack {
    pub org: OrgId,
    pub version: u64,
    /// Why the version was refused; the last good one stays in force.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
}
