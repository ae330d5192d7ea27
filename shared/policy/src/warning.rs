//! What a document means but may not have been meant: it can be published, and says so.
//!
//! Said only of documents without errors, so that everything here can be read again without a doubt.

use crate::finding::{At, Findings, Flaw};
use crate::limit::{Bound, Cost, Limit};
use crate::policy::{Policy, Rules};
use crate::word::Category;
use json::Node;
use std::collections::HashMap;

mod arguments;
mod reach;

/// What is known of the server that a policy is written for.
#[derive(Debug, Clone, Default)]
pub struct ServerTools {
    pub tools: Vec<ServerTool>,
    /// For how long entries have been in shadow, counted over the published versions.
    pub shadows: Vec<ShadowAge>,
}

#[derive(Debug, Clone)]
pub struct ServerTool {
    pub name: String,
    pub category: Category,
    /// The recorded input schema.
    pub schema: Option<serde_json::Value>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShadowAge {
    /// `/tools/SELECTOR` or `/all_tools`, as a rule id begins.
    pub rule: String,
    pub days: u32,
}

/// Held waiting longer than this, common clients give up.
const PATIENCE_SECONDS: u64 = 50;
const OLD_SHADOW_DAYS: u32 = 30;

pub(crate) fn warn(
    root: &Node<'_>,
    policy: &Policy,
    server: Option<&ServerTools>,
    found: &mut Findings,
) {
    reach::warn(root, policy, server, found);
    arguments::warn(root, policy, server, found);
    let shadows = server
        .map(|server| server.shadows.as_slice())
        .unwrap_or_default();
    let compiled: HashMap<&str, &Rules> = policy
        .entries
        .iter()
        .map(|entry| (entry.rule.as_ref(), &entry.rules))
        .chain([("/all_tools", &policy.all_tools)])
        .collect();
    for_each_rules(root, &mut |node, at| {
        let rule = at.pointer();
        if let Some(rules) = compiled.get(rule.as_str()) {
            budgets(rules, node, at, found);
            patience(rules, node, at, found);
        }
        let age = shadows.iter().find(|shadow| shadow.rule == rule);
        if let (Some(age), Some(mode)) = (age, node.get("mode"))
            && age.days > OLD_SHADOW_DAYS
            && mode.as_str() == Some("shadow")
        {
            let message = format!(
                "in shadow for {} days: it has stopped nothing so far",
                age.days
            );
            found.warning(
                &at.key("mode"),
                mode.span,
                Flaw::new("old_shadow", message).hint(Some("enforce")),
            );
        }
    });
}

/// Visits `all_tools` and every entry, each with its place, which is also how its rule ids begin.
fn for_each_rules(root: &Node<'_>, visit: &mut dyn FnMut(&Node<'_>, &At<'_>)) {
    let at = At::ROOT;
    if let Some(node) = root.get("all_tools") {
        visit(node, &at.key("all_tools"));
    }
    let tools = at.key("tools");
    for member in root
        .get("tools")
        .and_then(Node::as_object)
        .unwrap_or_default()
    {
        visit(&member.node, &tools.key(&member.key));
    }
}

fn budgets(rules: &Rules, node: &Node<'_>, at: &At<'_>, found: &mut Findings) {
    let nodes = node
        .get("limits")
        .and_then(Node::as_array)
        .unwrap_or_default();
    let list = at.key("limits");
    for (index, (limit, node)) in rules.limits.iter().zip(nodes).enumerate() {
        too_small(limit, node, &list.index(index), found);
    }
    if let (Some(limit), Some(node)) = (rules.limits.get(nodes.len()), node.get("rate_limit")) {
        too_small(limit, node, &at.key("rate_limit"), found);
    }
}

fn too_small(limit: &Limit, node: &Node<'_>, at: &At<'_>, found: &mut Findings) {
    let least = match limit.cost {
        Cost::One => 1,
        Cost::Fixed(units) => units,
        Cost::From { .. } => 0,
    };
    if let Bound::PerWindow { max, .. } = limit.bound
        && max < least
    {
        let message = format!("no call fits: each costs {least}, and the budget is {max}");
        let span = node.get("max").map_or(node.span, |max| max.span);
        found.warning(at, span, Flaw::new("max_below_cost", message));
    }
}

fn patience(rules: &Rules, node: &Node<'_>, at: &At<'_>, found: &mut Findings) {
    let wait = node
        .get("approval")
        .and_then(|approval| approval.get("wait"));
    if let Some(wait) = wait
        && rules.approval.wait.as_secs() > PATIENCE_SECONDS
    {
        let message = format!(
            "common clients give up after 60 seconds; more than {PATIENCE_SECONDS} may never be answered"
        );
        let at = at.key("approval");
        found.warning(&at.key("wait"), wait.span, Flaw::new("long_wait", message));
    }
}

#[cfg(test)]
mod tests;
