//! The chains in which records are stored, and the checkpoints that sign them: what is hashed, how a file of them is spelled,
//! and who is found out. Knows nothing of tables and clocks.
//!
//! A chain holds the records of one organisation that one replica sent about the calls of one day, in the order in which
//! they were stored, numbered from 1: `h_0` names the chain, `h_i = SHA-256(h_{i-1}, SHA-256(record_i))`. Days go by whole, so
//! that what is kept of a chain is all of it or nothing.

mod checkpoint;
mod report;
#[cfg(test)]
mod tests;
mod verify;

pub use checkpoint::{Checkpoint, Head, Signed, Untrusted};
pub use report::{Fault, Report};
pub use verify::Verifier;

use ids::{ApprovalId, CallId, GrantId, OrgId, PolicyId, ServerId};
use seal::sha256;
use serde::{Deserialize, Serialize};
use serde_json::Value;

pub type Hash = [u8; 32];

/// Which chain of an organisation: the day of its calls in UTC, as `2026-11-22`, and the replica that sent them.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Chain {
    pub day: String,
    pub writer: String,
}

impl std::fmt::Display for Chain {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // The writer is whatever stands in a database that may have been tampered with.
        write!(f, "{} {}", self.day, self.writer.escape_debug())
    }
}

/// What stands before the first record: the same record in another chain has another hash.
pub fn start(org: OrgId, chain: &Chain) -> Hash {
    let Chain { day, writer } = chain;
    sha256(format!("portcullis chain\n{org}\n{day}\n{writer}").as_bytes())
}

pub fn next(before: &Hash, digest: &Hash) -> Hash {
    sha256(&[b"portcullis link\n", before.as_slice(), digest].concat())
}

/// Where a record stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Link {
    pub writer: String,
    pub seq: i64,
    /// In hexadecimal digits.
    pub hash: String,
}

/// A stored intent, column by column. Everything is as loose as a column is: what was tampered with must be readable to be
/// named.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Call {
    pub id: CallId,
    /// RFC 3339 in UTC, with six digits of the second, here and below.
    pub at: String,
    pub judged_at: Option<String>,
    pub replica: String,
    pub grant: GrantId,
    pub server: ServerId,
    pub method: String,
    pub tool: Option<String>,
    pub verdict: String,
    pub rule: Option<String>,
    pub policy: Option<PolicyId>,
    pub policy_version: Option<i32>,
    pub bundle_version: i64,
    pub limiter: String,
    pub argument_keys: Value,
    pub shadow: Value,
    pub client_name: Option<String>,
    pub client_version: Option<String>,
    pub protocol: Option<String>,
    pub added_us: i64,
    pub approval: Option<ApprovalId>,
    /// None of what charged no budget that is counted anew from records: it is hashed as before there were any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub charges: Option<Vec<String>>,
}

/// A stored outcome, alike.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Outcome {
    pub id: CallId,
    pub at: String,
    pub ended_at: Option<String>,
    pub upstream_status: Option<i32>,
    pub latency_us: i64,
    pub added_us: i64,
    pub bytes: i64,
    pub outcome: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refunded: Option<bool>,
}

impl Call {
    pub fn digest(&self) -> Hash {
        digest("call", self)
    }
}

impl Outcome {
    pub fn digest(&self) -> Hash {
        digest("outcome", self)
    }
}

/// Of the kind and the record in one spelling: keys sorted, no white space.
fn digest(kind: &str, record: &impl Serialize) -> Hash {
    let mut text = format!("portcullis record\n{kind}\n");
    // A record has no part that JSON lacks.
    spell(&serde_json::to_value(record).unwrap_or_default(), &mut text);
    sha256(text.as_bytes())
}

fn spell(value: &Value, out: &mut String) {
    match value {
        Value::Array(items) => {
            let mut before = '[';
            for item in items {
                out.push(before);
                spell(item, out);
                before = ',';
            }
            out.push_str(if items.is_empty() { "[]" } else { "]" });
        }
        Value::Object(members) => {
            // Sorted here, whatever the map of this build does.
            let mut members: Vec<_> = members.iter().collect();
            members.sort_unstable_by_key(|(key, _)| *key);
            let mut before = '{';
            for (key, value) in &members {
                out.push(before);
                out.push_str(&Value::from(key.as_str()).to_string());
                out.push(':');
                spell(value, out);
                before = ',';
            }
            out.push_str(if members.is_empty() { "{}" } else { "}" });
        }
        other => out.push_str(&other.to_string()),
    }
}

/// A line of a file of chains.
#[expect(
    clippy::large_enum_variant,
    reason = "lines are read and written one at a time, and most are the larger ones"
)]
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "line", rename_all = "snake_case")]
pub enum Line {
    /// The first one.
    Export(Export),
    Checkpoint(Signed),
    Call(Stored<Call>),
    Outcome(Stored<Outcome>),
}

/// What the database says of itself when the file is begun. Nothing of this is signed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Export {
    pub org: OrgId,
    /// The number of the newest checkpoint; 0 where there is none.
    pub checkpoints: u64,
    pub heads: Vec<Head>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Stored<T> {
    pub record: T,
    /// None of what was stored before there were chains.
    pub chain: Option<Link>,
    /// It came while the file was written; what came beside it may be missing.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_later: bool,
}

/// 64 hexadecimal digits.
fn hash_of(digits: &str) -> Option<Hash> {
    seal::from_hex(digits)?.try_into().ok()
}
