//! Approvals: calls that a rule holds, and what people say to them. A request is opened by a replica ([`ask`]), decided by
//! people ([`act`]), ended by the clock ([`expire`]) and spent by exactly one call, or as many as were agreed to.

pub mod act;
pub mod api;
pub mod ask;
mod before;
pub mod door;
pub mod expire;
pub mod notice;
mod open;
pub mod page;
pub mod routing;
mod standing;
pub mod store;

pub use standing::{CannotDecide, Standing, State, Terms};

use crate::call::CallClient;
use bundle::approval::Pointer;
use ids::{ApprovalId, CallId, GrantId, PolicyId, ServerId, UserId};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use time::{Duration, OffsetDateTime};
use utoipa::ToSchema;

/// So many requests of one grant wait at once: more, and nobody would read them.
pub const MOST_WAITING: u32 = 10;
/// So many calls one approval lets through at most.
pub const MOST_USES: u32 = 1_000;
/// So long an approval is good at most.
pub const LONGEST: Duration = Duration::days(7);
/// So many arguments one approval leaves open at most.
pub const MOST_VARY: usize = 20;
/// Longer arguments are not in lists.
pub const LONGEST_LISTED: usize = 64 * 1024;

/// A call that waits, or waited, for people.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Approval {
    #[schema(value_type = String)]
    pub id: ApprovalId,
    pub state: State,
    #[schema(value_type = String)]
    pub grant: GrantId,
    pub grant_name: String,
    #[schema(value_type = String)]
    pub server: ServerId,
    pub tool: String,
    /// What the tool can do, as it was known when it was asked.
    pub category: String,
    /// SHA-256 of the tool's definition, in hexadecimal digits.
    pub definition: String,
    /// In their one spelling: exactly what is approved. Null in a list where they are longer than 64 KiB.
    #[schema(value_type = Option<Object>)]
    pub arguments: Option<Box<RawValue>>,
    #[schema(value_type = String)]
    pub policy: PolicyId,
    pub version: u32,
    /// The rule that held the call, and what it says.
    pub rule: String,
    pub message: Option<String>,
    /// How many different people must agree.
    pub approvers: u32,
    /// The call that asked first.
    #[schema(value_type = String)]
    pub call: CallId,
    /// How often it was asked for.
    pub asks: u64,
    /// What the client says of itself.
    pub client: Option<CallClient>,
    #[serde(with = "time::serde::rfc3339")]
    pub asked_at: OffsetDateTime,
    /// When the request, or the answer to it, ends by the clock.
    #[serde(with = "time::serde::rfc3339")]
    pub expires_at: OffsetDateTime,
    #[serde(with = "time::serde::rfc3339::option")]
    pub decided_at: Option<OffsetDateTime>,
    /// What was said with the decision. The agent is shown the one of a refusal.
    pub note: String,
    /// What was approved; null before that.
    pub answer: Option<Given>,
    /// Everything that people said, in order.
    pub decisions: Vec<Decision>,
    /// The calls that went on under it, oldest first; the last 100.
    pub spent_by: Vec<Spend>,
    /// Whether it is the caller's own grant that asks, and so not theirs to decide.
    pub is_own: bool,
}

/// What an approval lets through.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Given {
    pub uses: u32,
    pub used: u32,
    /// JSON Pointers to the arguments that may be others.
    #[schema(value_type = Vec<String>)]
    pub vary: Vec<Pointer>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Decision {
    /// `approve`, `refuse` or `withdraw`.
    pub decision: String,
    /// The id of the user or API key, and their name.
    pub actor: String,
    pub actor_name: String,
    pub note: String,
    pub uses: Option<u32>,
    /// For how many seconds.
    pub lasts_s: Option<u64>,
    #[schema(value_type = Vec<String>)]
    pub vary: Vec<Pointer>,
    #[serde(with = "time::serde::rfc3339")]
    pub at: OffsetDateTime,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Spend {
    #[schema(value_type = String)]
    pub call: CallId,
    #[serde(with = "time::serde::rfc3339")]
    pub at: OffsetDateTime,
}

/// Approves: this very call, once; or the tool with arguments of which some may vary, so many times, for so long.
#[derive(Debug, Clone, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Approve {
    #[serde(default)]
    pub note: String,
    /// How many calls, 1 to 1000; 1 where it is left out.
    #[serde(default)]
    pub uses: Option<u32>,
    /// For how long: minutes, or a whole number and `s`, `m`, `h` or `d`, at most `7d`. Left out: as long as the rule
    /// lets a request wait.
    #[serde(default, rename = "for")]
    #[schema(value_type = Option<String>)]
    pub lasts: Option<Lasts>,
    /// JSON Pointers to the arguments that may be others; at most 20.
    #[serde(default)]
    pub vary: Vec<String>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(
    untagged,
    expecting = "expected minutes, or a whole number and `s`, `m`, `h` or `d`"
)]
pub enum Lasts {
    Minutes(u32),
    Text(String),
}

impl Lasts {
    pub fn duration(&self) -> Option<Duration> {
        let lasts = match self {
            Self::Minutes(minutes) => Duration::minutes(i64::from(*minutes)),
            Self::Text(text) => crate::grant::overlap(text)?,
        };
        (lasts.is_positive() && lasts <= LONGEST).then_some(lasts)
    }
}

/// Refuses, or takes the request back.
#[derive(Debug, Clone, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Said {
    /// A refusal's is shown to the agent.
    #[serde(default)]
    pub note: String,
}

/// Who decides: a person, whichever key acts for them.
#[derive(Debug, Clone)]
pub struct Person {
    pub user: UserId,
    pub email: String,
}

/// Whose grant asks.
#[derive(Debug, Clone)]
pub struct Whose {
    /// E-mail addresses of the person behind it: when it asked, and now.
    pub users: Vec<String>,
    /// The membership that made it.
    pub made_by: String,
    pub maker: Option<UserId>,
}

impl Whose {
    /// One's own is a grant whose user one is, or that one made.
    pub fn is(&self, person: &Person, member: &str) -> bool {
        let mut users = self.users.iter();
        users.any(|user| user.eq_ignore_ascii_case(&person.email))
            || self.made_by == member
            || self.maker == Some(person.user)
    }
}
