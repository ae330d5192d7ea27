//! What a data plane writes down about one call, and the batches in which it is sent on. Knows nothing of disks,
//! connections or clocks: the spool and the shipper are the data plane's, the table is the control plane's.
//!
//! A call has one [`Intent`], written before the first byte goes upstream (a refused call has only that), and one
//! [`Outcome`] where something went upstream. Beside them, where the organisation wants it, lie its [`Arguments`]. All carry
//! the call's id, so writing any of them twice does no harm.
//! Everything a stranger can lengthen is a [`Short`] or a bounded list: the largest record is a constant.

mod arguments;
mod bounded;
mod charge;
mod place;
#[cfg(test)]
mod tests;

pub use arguments::{Arguments, MOST_ARGUMENTS};
pub use bounded::{Few, Short};
pub use charge::{Charge, NoCharge};
pub use place::Place;

use ids::{ApprovalId, CallId, GrantId, OrgId, PolicyId, ServerId};
use serde::{Deserialize, Serialize};

/// No record is longer than this on disk or on the wire; a test writes the longest one.
pub const MAX_RECORD: usize = 256 * 1024;
/// No batch has more records than this, and none is longer than [`MAX_BATCH`].
pub const MAX_BATCH_RECORDS: usize = 2_000;
/// The body of a batch, in bytes, at most.
pub const MAX_BATCH: usize = 2 * 1024 * 1024;

pub type Name = Short<256>;
pub type Rule = Short<1024>;
pub type ArgumentKeys = Few<Short<64>, 64>;
pub type Shadows = Few<Shadow, 16>;
/// No call falls under more limits.
pub type Charges = Few<Charge, 32>;

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Record {
    Intent(Box<Intent>),
    Outcome(Outcome),
    Arguments(Box<Arguments>),
}

impl Record {
    pub fn id(&self) -> CallId {
        match self {
            Self::Intent(intent) => intent.id,
            Self::Outcome(outcome) => outcome.id,
            Self::Arguments(arguments) => arguments.id,
        }
    }

    pub fn org(&self) -> OrgId {
        match self {
            Self::Intent(intent) => intent.org,
            Self::Outcome(outcome) => outcome.org,
            Self::Arguments(arguments) => arguments.org,
        }
    }
}

/// What was asked and how it was judged.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Intent {
    pub id: CallId,
    /// Unix milliseconds of the judgement. The day of a record comes from its id, so that both its frames agree.
    pub at: u64,
    pub org: OrgId,
    pub replica: Name,
    pub grant: GrantId,
    pub server: ServerId,
    pub method: Name,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tool: Option<Name>,
    pub verdict: Verdict,
    /// The rule that decided; none where the call was allowed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rule: Option<Rule>,
    /// None where the grant has no policy on the server.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub policy: Option<PolicyVersion>,
    /// The bundle that judged.
    pub bundle_version: u64,
    #[serde(default)]
    pub limiter: Limiter,
    /// What it charged to budgets that are counted anew from records: those of long windows, and those of costs.
    #[serde(default, skip_serializing_if = "Few::is_empty")]
    pub charges: Charges,
    /// Names at the top of `arguments`, never what stands behind them.
    #[serde(default, skip_serializing_if = "Few::is_empty")]
    pub argument_keys: ArgumentKeys,
    #[serde(default, skip_serializing_if = "Few::is_empty")]
    pub shadow: Shadows,
    /// Of a held call the request that waits for people; of one that was let through, what it spent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub approval: Option<ApprovalId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client: Option<Client>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub protocol: Option<Short<32>>,
    /// What the gateway itself had cost the call so far, in microseconds: all it cost where the call was refused.
    #[serde(default)]
    pub added_us: u64,
}

/// How a call that went upstream ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outcome {
    pub id: CallId,
    /// Unix milliseconds of the end.
    pub at: u64,
    pub org: OrgId,
    /// None where no status came back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub upstream_status: Option<u16>,
    /// From the first byte the client sent to the last we gave it.
    pub latency_us: u64,
    /// The part of it that was ours.
    pub added_us: u64,
    /// Bytes of the answer.
    pub bytes: u64,
    pub outcome: Ending,
    /// What it charged for what is forwarded was given back: nothing went upstream.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub refunded: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct PolicyVersion {
    pub id: PolicyId,
    pub version: u32,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Client {
    pub name: Name,
    pub version: Short<64>,
}

/// What a rule in shadow would have done.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Shadow {
    pub would: Would,
    pub rule: Rule,
}

/// An enum whose words are the same in JSON, in the database and in a query string.
macro_rules! words {
    ($(#[$about:meta])* $name:ident { $($variant:ident = $word:literal),+ $(,)? }) => {
        $(#[$about])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
        pub enum $name { $(#[serde(rename = $word)] $variant),+ }

        impl $name {
            pub const ALL: &[Self] = &[$(Self::$variant),+];

            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $word),+ }
            }

            /// The variant of a word; none for any other word.
            pub fn of(word: &str) -> Option<Self> {
                match word { $($word => Some(Self::$variant),)+ _ => None }
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.as_str())
            }
        }
    };
}

words! {
    Verdict {
        Allow = "allow", Deny = "deny", Limit = "limit", Hold = "hold",
        UnknownTool = "unknown_tool", Invalid = "invalid",
    }
}
words! {
    /// Which counter the limits of the call were charged to.
    Limiter {
        None = "none", Shared = "shared", Memory = "memory", Share = "share", Open = "open", Closed = "closed",
    }
}
words! {
    Ending {
        Ok = "ok", ToolError = "tool_error", UpstreamError = "upstream_error", Cancelled = "cancelled",
        Unknown = "unknown",
        // Refused after its intent was written: the database did not acknowledge it, and nothing went upstream.
        NotMade = "not_made",
    }
}
words! {
    Would {
        Deny = "would_deny", Hide = "would_hide", Hold = "would_hold", Limit = "would_limit",
    }
}

#[expect(
    clippy::derivable_impls,
    reason = "the macro's variants carry no attributes"
)]
impl Default for Limiter {
    fn default() -> Self {
        Self::None
    }
}

/// What a replica sends. `id` names the place in its spool: sent again, it has the same one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Batch<T = Record> {
    pub id: Name,
    pub replica: Name,
    pub records: Vec<T>,
}

/// What became of a batch. Once this is answered, nobody needs the replica's copy any more.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stored {
    pub stored: u32,
    /// Already there: a batch was sent again.
    pub repeated: u32,
    /// Not understood here (made by a newer replica, or damaged): kept as they came.
    pub unread: u32,
}
