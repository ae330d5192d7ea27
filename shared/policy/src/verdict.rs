//! The answer to a question. Only an [`Allowed`] can be charged, and only a judgement makes one.

use crate::policy::{Entry, Policy};
use crate::word::{Category, Record};
use std::time::Duration;

#[derive(Debug)]
pub enum Verdict<'p> {
    Allow(Allowed<'p>),
    Deny {
        rule: &'p str,
        message: Option<&'p str>,
    },
    Hold(Hold<'p>),
    /// `(unknown)` or `(hidden)`: the client must not be able to tell which.
    UnknownTool {
        rule: &'static str,
    },
    /// Not a call at all: `-32602`.
    Invalid,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Hold<'p> {
    pub rule: &'p str,
    pub message: Option<&'p str>,
    /// How many different people must agree.
    pub approvers: u32,
    /// How long a request stays open.
    pub timeout: Duration,
    /// How long the call is kept open before it is answered as pending.
    pub wait: Duration,
}

/// A call that may pass, if its limits let it.
#[derive(Debug, Clone, Copy)]
pub struct Allowed<'p> {
    pub(crate) policy: &'p Policy,
    pub(crate) entry: Option<&'p Entry>,
    pub(crate) category: Category,
    pub(crate) spends: Option<Hold<'p>>,
}

impl<'p> Allowed<'p> {
    /// The hold that an approval answered: that approval is spent when the call goes on.
    pub fn spends_approval(&self) -> Option<&Hold<'p>> {
        self.spends.as_ref()
    }

    /// How safe the record of this call must be before the call goes on.
    pub fn record(&self) -> Record {
        let said = self.enforced().filter_map(|rules| rules.record).max();
        said.unwrap_or_else(|| {
            let has_cost = self
                .enforced()
                .any(|rules| rules.limits.iter().any(crate::limit::Limit::has_cost));
            if has_cost || self.spends.is_some() {
                Record::Strict
            } else if self.category == Category::Read {
                Record::Process
            } else {
                Record::Host
            }
        })
    }
}

impl Verdict<'_> {
    pub fn is_allow(&self) -> bool {
        matches!(self, Self::Allow(_))
    }

    pub const fn word(&self) -> &'static str {
        match self {
            Self::Allow(_) => "allow",
            Self::Deny { .. } => "deny",
            Self::Hold(_) => "hold",
            Self::UnknownTool { .. } => "unknown_tool",
            Self::Invalid => "invalid",
        }
    }

    /// The rule that decided; none where the call may pass.
    pub const fn rule(&self) -> Option<&str> {
        match self {
            Self::Allow(_) => None,
            Self::Deny { rule, .. }
            | Self::Hold(Hold { rule, .. })
            | Self::UnknownTool { rule } => Some(rule),
            Self::Invalid => Some("-32602"),
        }
    }

    pub const fn message(&self) -> Option<&str> {
        match self {
            Self::Deny { message, .. } | Self::Hold(Hold { message, .. }) => *message,
            Self::Allow(_) | Self::UnknownTool { .. } | Self::Invalid => None,
        }
    }
}

/// What to tell the agent where the policy has no message of its own for the rule.
pub fn sentence(rule: &str) -> String {
    match rule {
        "(no policy)" => "No policy is attached to this grant for this server.".to_owned(),
        "(default deny)" => "This policy does not list the tool.".to_owned(),
        "(changed)" => "The tool is new or has changed, and waits for a review.".to_owned(),
        _ => match rule.rsplit('/').next().unwrap_or("") {
            "action" if rule.starts_with("/tools/") => {
                "The policy does not allow this tool as it stands.".to_owned()
            }
            "arguments" => "The arguments do not fit the tool's declared schema.".to_owned(),
            "cost" if rule.contains("/limits/") => {
                "What this call would use of a limit cannot be read from its arguments.".to_owned()
            }
            "by" if rule.contains("/limits/") => {
                "Whose share of a limit this call uses cannot be read from its arguments."
                    .to_owned()
            }
            _ => format!("The rule `{rule}` of the policy stands against it."),
        },
    }
}
