//! A compiled policy: what a document says, ready to judge.

use crate::limit::Limit;
use crate::predicate::Predicate;
use crate::selector::{Choice, Hidden};
use crate::word::{Action, Category, Fallback, MethodGroup, Mode, Record, Strictness};
use jiff::tz::TimeZone;
use std::time::Duration;

/// Built by [`crate::compile`] only. Judging never changes it, so that one copy serves every thread.
#[derive(Debug)]
pub struct Policy {
    pub(crate) fallback: Fallback,
    pub(crate) zone: TimeZone,
    pub(crate) hidden: Hidden,
    pub(crate) methods: Vec<MethodGroup>,
    pub(crate) all_tools: Rules,
    pub(crate) entries: Vec<Entry>,
    pub(crate) choice: Choice,
}

#[derive(Debug)]
pub(crate) struct Entry {
    /// `/tools/SELECTOR`
    pub(crate) rule: Box<str>,
    pub(crate) action: Action,
    /// `/tools/SELECTOR/action`
    pub(crate) action_rule: Box<str>,
    pub(crate) reason: Option<Box<str>>,
    pub(crate) rules: Rules,
}

#[derive(Debug)]
pub(crate) struct Rules {
    pub(crate) mode: Mode,
    pub(crate) require: Vec<Predicate>,
    pub(crate) deny_if: Vec<Predicate>,
    pub(crate) approve_if: Vec<Predicate>,
    pub(crate) limits: Vec<Limit>,
    pub(crate) arguments: Option<Strictness>,
    /// `…/arguments`
    pub(crate) arguments_rule: Box<str>,
    pub(crate) approval: Approval,
    pub(crate) record: Option<Record>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Approval {
    pub(crate) timeout: Duration,
    pub(crate) approvers: u32,
    pub(crate) wait: Duration,
}

impl Default for Approval {
    fn default() -> Self {
        Self {
            timeout: Duration::from_mins(30),
            approvers: 1,
            wait: Duration::ZERO,
        }
    }
}

impl Rules {
    pub(crate) fn is_enforced(&self) -> bool {
        self.mode == Mode::Enforce
    }
}

impl Policy {
    /// Whether the grant may use resources or prompts at all.
    pub fn allows_methods(&self, group: MethodGroup) -> bool {
        self.methods.contains(&group)
    }

    /// Whether the tool is left out of lists and answered as one that does not exist.
    pub fn is_hidden(&self, tool: &str, category: Category) -> bool {
        self.hidden.holds(tool, category)
            || self
                .entry(tool, category)
                .is_some_and(|entry| entry.rules.is_enforced() && entry.action == Action::Hide)
    }

    /// Whether the list `hide` itself means the tool, whatever its entry says.
    pub fn is_in_hide(&self, tool: &str, category: Category) -> bool {
        self.hidden.holds(tool, category)
    }

    /// The one entry that applies to the tool, as `/tools/SELECTOR`; none where `default` answers.
    pub fn entry_rule(&self, tool: &str, category: Category) -> Option<&str> {
        self.entry(tool, category).map(|entry| entry.rule.as_ref())
    }

    pub(crate) fn entry(&self, tool: &str, category: Category) -> Option<&Entry> {
        self.entries.get(self.choice.of(tool, category)?)
    }
}
