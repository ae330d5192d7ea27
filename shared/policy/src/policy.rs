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

    fn has_any(&self) -> bool {
        self.arguments.is_some()
            || !self.require.is_empty()
            || !self.deny_if.is_empty()
            || !self.approve_if.is_empty()
            || !self.limits.is_empty()
    }
}

/// What a policy says of a tool whatever a call looks like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Standing<'p> {
    /// `/tools/SELECTOR`, `(hidden)`, `(default deny)` or `(default allow)`.
    pub rule: &'p str,
    pub action: Action,
    /// Whether an entry or `hide` means the tool; else `default` answers.
    pub is_said: bool,
    /// The entry only watches.
    pub is_shadow: bool,
    /// Arguments, limits or people may still say no.
    pub is_conditional: bool,
}

impl<'p> Standing<'p> {
    const fn plain(rule: &'p str, action: Action) -> Self {
        Self {
            rule,
            action,
            is_said: true,
            is_shadow: false,
            is_conditional: false,
        }
    }
}

impl Policy {
    /// Looks beforehand for the entries of these tools, so that judging their calls takes the same however many patterns there
    /// are. The others are looked for when they are asked about; what is answered never differs.
    pub fn know<'n>(&mut self, tools: impl IntoIterator<Item = &'n str>) {
        for tool in tools {
            self.hidden.know(tool);
            self.choice.know(tool);
        }
    }

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

    /// What stands about the tool before an argument or a counter is looked at.
    pub fn standing(&self, tool: &str, category: Category) -> Standing<'_> {
        let asks = |rules: &Rules| rules.is_enforced() && rules.has_any();
        if self.hidden.holds(tool, category) {
            return Standing::plain("(hidden)", Action::Hide);
        }
        let besides = asks(&self.all_tools);
        let Some(entry) = self.entry(tool, category) else {
            let (rule, action) = match self.fallback {
                Fallback::Deny => ("(default deny)", Action::Deny),
                Fallback::Allow => ("(default allow)", Action::Allow),
            };
            return Standing {
                is_said: false,
                is_conditional: besides && action == Action::Allow,
                ..Standing::plain(rule, action)
            };
        };
        let is_enforced = entry.rules.is_enforced();
        Standing {
            is_shadow: !is_enforced,
            is_conditional: besides || asks(&entry.rules),
            ..Standing::plain(
                &entry.rule,
                if is_enforced {
                    entry.action
                } else {
                    Action::Allow
                },
            )
        }
    }

    pub(crate) fn entry(&self, tool: &str, category: Category) -> Option<&Entry> {
        self.entries.get(self.choice.of(tool, category)?)
    }
}

#[cfg(test)]
mod tests;
