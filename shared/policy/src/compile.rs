//! From a document to a policy, or to everything that is wrong with it.
//!
//! The tables have said what does not fit; here is what the parts mean together. A part that does not fit is passed
//! over, so that one fault is one finding: a policy is given out only where there is no error at all.

use crate::document;
use crate::finding::{At, Finding, Findings, Flaw};
use crate::limit::Limit;
use crate::policy::{Approval, Entry, Policy, Rules};
use crate::selector::{Choice, Hidden, Selector};
use crate::warning::{self, ServerTools};
use crate::word::{Action, Fallback, MethodGroup, Mode, Record, Strictness};
use crate::{clock, document::Shape};
use jiff::tz::TimeZone;
use json::Node;
use std::time::Duration;

mod counters;
mod limits;
mod predicates;

use counters::Counters;
pub(crate) use predicates::Role;

/// Everything there is to say about a document: errors, and what it means but may not have been meant. What depends on
/// a server's tools is said where they are given.
pub fn check(text: &str, server: Option<&ServerTools>) -> Vec<Finding> {
    let mut found = Findings::default();
    if let Some((document, policy)) = draft(text, &mut found)
        && !found.has_errors()
    {
        warning::warn(&document.root, &policy, server, &mut found);
    }
    found.place(text)
}

/// Compiles a document; the errors, all of them, where it has any.
pub fn compile(text: &str) -> Result<Policy, Vec<Finding>> {
    let mut found = Findings::default();
    match draft(text, &mut found) {
        Some((_, policy)) if !found.has_errors() => Ok(policy),
        _ => Err(found.place(text)),
    }
}

/// The one spelling of a document without errors: what is digested, and what travels.
pub fn canonical(text: &str) -> Result<String, Vec<Finding>> {
    let mut found = Findings::default();
    match draft(text, &mut found) {
        Some((document, _)) if !found.has_errors() => Ok(json::canonical(&document.root)),
        _ => Err(found.place(text)),
    }
}

fn draft<'t>(text: &'t str, found: &mut Findings) -> Option<(json::Document<'t>, Policy)> {
    let document = document::read(text, found)?;
    document::fit(
        &document.root,
        &Shape::Object(&document::DOCUMENT),
        &At::ROOT,
        found,
    );
    let policy = build(&document.root, found);
    Some((document, policy))
}

/// What is carried along while a document is built.
struct Build<'f> {
    found: &'f mut Findings,
    patterns: crate::op::Patterns,
    counters: Counters,
}

fn build(root: &Node<'_>, found: &mut Findings) -> Policy {
    let mut build = Build {
        found,
        patterns: crate::op::Patterns::default(),
        counters: Counters::default(),
    };
    let word = |key: &str| root.get(key).and_then(Node::as_str);
    let fallback = word("default")
        .and_then(Fallback::from_word)
        .unwrap_or(Fallback::Deny);
    let hide = root
        .get("hide")
        .and_then(Node::as_array)
        .unwrap_or_default();
    let methods = match root.get("methods").and_then(Node::as_array) {
        Some(groups) => groups
            .iter()
            .filter_map(|group| MethodGroup::from_word(group.as_str()?))
            .collect(),
        None if fallback == Fallback::Allow => MethodGroup::ALL.to_vec(),
        None => Vec::new(),
    };
    let empty = json::Node {
        value: json::Value::Object(Vec::new()),
        span: root.span,
    };
    let at = At::ROOT;
    let all_tools = build.rules(
        root.get("all_tools").unwrap_or(&empty),
        &at.key("all_tools"),
        "all_tools",
        0,
    );
    let members = root
        .get("tools")
        .and_then(Node::as_object)
        .unwrap_or_default();
    let tools = at.key("tools");
    let mut entries = Vec::with_capacity(members.len());
    let mut selectors = Vec::with_capacity(members.len());
    for member in members {
        if let Ok(selector) = Selector::parse(&member.key) {
            selectors.push(selector);
            let at = tools.key(&member.key);
            entries.push(build.entry(&member.key, &member.node, &at, all_tools.limits.len()));
        }
    }
    Policy {
        fallback,
        zone: word("timezone")
            .and_then(|name| clock::zone(name).ok())
            .unwrap_or(TimeZone::UTC),
        hidden: Hidden::new(
            hide.iter()
                .filter_map(|node| Selector::parse(node.as_str()?).ok())
                .collect(),
        ),
        methods,
        all_tools,
        entries,
        choice: Choice::new(selectors.into_iter()),
    }
}

impl Build<'_> {
    fn entry(
        &mut self,
        selector: &str,
        node: &Node<'_>,
        at: &At<'_>,
        limits_of_all: usize,
    ) -> Entry {
        let action = node
            .get("action")
            .and_then(Node::as_str)
            .and_then(Action::from_word)
            .unwrap_or(Action::Allow);
        if matches!(action, Action::Deny | Action::Hide) {
            for member in node.as_object().unwrap_or_default() {
                let is_read = matches!(member.key.as_ref(), "action" | "reason" | "mode");
                if !is_read && document::ENTRY.key(&member.key).is_some() {
                    let message = format!(
                        "nothing reads `{}` beside the action `{}`",
                        member.key,
                        action.word()
                    );
                    self.found.error(
                        &at.key(&member.key),
                        member.key_span,
                        Flaw::new("unreachable", message),
                    );
                }
            }
        }
        let rule: Box<str> = at.pointer().into();
        Entry {
            action_rule: format!("{rule}/action").into(),
            rule,
            action,
            reason: text(node, "reason"),
            rules: self.rules(node, at, selector, limits_of_all),
        }
    }

    /// `owner` is the selector, or `all_tools`: a rate limit's counter is called after it.
    fn rules(&mut self, node: &Node<'_>, at: &At<'_>, owner: &str, limits_of_all: usize) -> Rules {
        let word = |key: &str| node.get(key).and_then(Node::as_str);
        let rules = Rules {
            mode: word("mode")
                .and_then(Mode::from_word)
                .unwrap_or(Mode::Enforce),
            require: self.predicates(node, "require", Role::Require, at),
            deny_if: self.predicates(node, "deny_if", Role::DenyIf, at),
            approve_if: self.predicates(node, "approve_if", Role::ApproveIf, at),
            limits: self.limits(node, at, owner),
            arguments: word("arguments").and_then(Strictness::from_word),
            arguments_rule: at.key("arguments").pointer().into(),
            approval: approval(node.get("approval")),
            record: word("record").and_then(Record::from_word),
        };
        let predicates = rules.require.len() + rules.deny_if.len() + rules.approve_if.len();
        // A list that is too long by itself has been said to be.
        let longest = rules
            .require
            .len()
            .max(rules.deny_if.len())
            .max(rules.approve_if.len());
        if predicates > document::MOST_PREDICATES && longest <= document::MOST_PREDICATES {
            let message = format!(
                "{predicates} predicates are too many; at most {} may stand here",
                document::MOST_PREDICATES
            );
            self.found
                .error(at, node.span, Flaw::new("too_many", message));
        }
        self.too_many_limits(&rules.limits, limits_of_all, node, at);
        rules
    }

    fn too_many_limits(&mut self, limits: &[Limit], of_all: usize, node: &Node<'_>, at: &At<'_>) {
        let listed = node
            .get("limits")
            .and_then(Node::as_array)
            .map_or(0, <[_]>::len);
        let is_said = listed > document::MOST_LIMITS;
        if is_said || limits.is_empty() || limits.len() + of_all <= document::MOST_LIMITS {
            return;
        }
        let message = format!(
            "{} limits for one call, those of `all_tools` with them, are too many; at most {} count",
            limits.len() + of_all,
            document::MOST_LIMITS
        );
        self.found
            .error(at, node.span, Flaw::new("too_many", message));
    }
}

fn approval(node: Option<&Node<'_>>) -> Approval {
    let default = Approval::default();
    let Some(node) = node else {
        return default;
    };
    let duration = |key: &str| {
        let seconds = document::duration(node.get(key)?.as_str()?)?;
        Some(Duration::from_secs(seconds))
    };
    Approval {
        timeout: duration("timeout").unwrap_or(default.timeout),
        approvers: whole(node, "approvers")
            .and_then(|count| u32::try_from(count).ok())
            .unwrap_or(default.approvers),
        wait: duration("wait").unwrap_or(default.wait),
    }
}

fn text(node: &Node<'_>, key: &str) -> Option<Box<str>> {
    node.get(key).and_then(Node::as_str).map(Into::into)
}

fn whole(node: &Node<'_>, key: &str) -> Option<u64> {
    json::Decimal::parse(node.get(key)?.as_number()?)
        .ok()?
        .whole()
}
