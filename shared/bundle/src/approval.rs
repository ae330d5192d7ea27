//! What a replica asks about a call that a rule holds, and what it is answered; and what an approval is bound to. PURE.
//!
//! Not here: who may decide, and what becomes of a request: those are the control plane's.

mod vary;

pub use vary::{BadPointer, Pointer};

use crate::record::{Client, PolicyVersion};
use ids::{ApprovalId, CallId, GrantId, OrgId, ServerId};
use json::{Limits, Node, canonical, read};
use policy::Category;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

/// No question is longer than this on the wire.
pub const MAX_ASK: usize = 6 * 1024 * 1024;
/// Deeper than a message may be.
const DEEPEST: usize = 128;

/// The body of `POST /v1/gateway/approvals/ask`: may this very call go on?
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Ask {
    pub org: OrgId,
    pub grant: GrantId,
    pub server: ServerId,
    pub tool: String,
    /// SHA-256 of the tool's definition, in hexadecimal digits.
    pub definition: String,
    pub category: Category,
    /// In their one spelling, for the eyes of who decides.
    pub arguments: Box<RawValue>,
    pub policy: PolicyVersion,
    /// The first rule that holds.
    pub rule: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// Of all rules that hold, the most.
    pub approvers: u32,
    /// Of all rules that hold, the shortest.
    pub timeout_s: u64,
    /// Who spends: the same call asking again is answered the same.
    pub call: CallId,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client: Option<Client>,
    /// A later round of a call whose first round spent an approval.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub round: Option<Round>,
}

/// Each round of a call goes on once under the approval of its first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Round {
    pub approval: ApprovalId,
    /// SHA-256 of the state that the client brought back, in hexadecimal digits.
    pub state: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum Answer {
    /// An approval of exactly this was there, and this call has spent it.
    Spent {
        approval: ApprovalId,
    },
    Waiting {
        approval: ApprovalId,
        /// Where people decide.
        url: String,
        /// Unix milliseconds.
        expires_at: u64,
        /// The call that spent an approval of exactly this before, where no end of it is on record: whether it was made is
        /// not known.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        lost: Option<CallId>,
    },
    Refused {
        approval: ApprovalId,
        note: String,
    },
    /// So many requests of this grant are waiting that no other is opened.
    Full {
        most: u32,
    },
}

/// The body of `POST /v1/gateway/approvals/wait`: has it been decided?
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Wait {
    pub org: OrgId,
    pub approval: ApprovalId,
    /// How long the answer may take where nothing is decided; the control plane sets its own bound.
    pub patience_ms: u64,
    /// Who waits, where their client can take the call back by name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<Waiter>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Waiter {
    pub call: CallId,
    /// SHA-256 of the client's session and the id of its request, in hexadecimal digits.
    pub name: String,
}

/// The body of `POST /v1/gateway/approvals/take-back`: a client cancels a request that does not wait in the replica that hears it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TakeBack {
    pub org: OrgId,
    /// As in [`Waiter`].
    pub name: String,
}

/// How many waited under the name, in whichever replica.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TakenBack {
    pub ended: u64,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum Waited {
    Waiting,
    /// To be spent by asking again.
    Approved,
    /// By another call.
    Spent,
    Refused {
        note: String,
    },
    Expired,
    Withdrawn,
    /// The client took this very call back, at another replica. Its request stays open.
    TakenBack,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the arguments are no object that can be read in one way only")]
pub struct Unreadable;

impl Ask {
    /// What an approval of this is bound to: organisation, grant, server, tool and its definition, arguments but for
    /// those that may vary, policy, its version, and rule. Two calls have the same digest where all of these are equal,
    /// however they are spelled.
    pub fn digest(&self, vary: &[Pointer]) -> Result<[u8; 32], Unreadable> {
        let text = self.arguments.get();
        let document = parse(text)?;
        let arguments = canonical(&vary::without(&document, vary));
        let quoted = |text: &str| mcp::quote(text);
        let mut pointers: Vec<String> = vary.iter().map(|it| quoted(it.as_str())).collect();
        pointers.sort_unstable();
        pointers.dedup();
        // Members in the order of the canonical form, each in its one spelling.
        let bound = format!(
            "{{\"arguments\":{arguments},\"definition\":{},\"grant\":{},\"organisation\":{},\"policy\":{},\"rule\":{},\"server\":{},\"tool\":{},\"vary\":[{}],\"version\":{}}}",
            quoted(&self.definition),
            quoted(&self.grant.to_string()),
            quoted(&self.org.to_string()),
            quoted(&self.policy.id.to_string()),
            quoted(&self.rule),
            quoted(&self.server.to_string()),
            quoted(&self.tool),
            pointers.join(","),
            self.policy.version,
        );
        Ok(seal::sha256(bound.as_bytes()))
    }
}

/// Arguments, as a tree.
pub fn parse(text: &str) -> Result<Node<'_>, Unreadable> {
    let limits = Limits {
        bytes: text.len(),
        depth: DEEPEST,
        values: text.len(),
    };
    let document = read(text.as_bytes(), &limits).map_err(|_| Unreadable)?;
    let is_one_thing = document.refusals.is_empty() && document.root.as_object().is_some();
    is_one_thing.then_some(document.root).ok_or(Unreadable)
}

#[cfg(test)]
mod tests;
