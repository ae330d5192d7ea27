//! Entries that no call can reach, and tools that no entry reaches.

use super::ServerTools;
use crate::finding::{At, Findings, Flaw};
use crate::policy::Policy;
use crate::selector::{Selector, by_strength};
use crate::word::{Category, Fallback, nearest};
use json::{Node, Span};

/// More globs than these are not compared with one another: the comparison costs the square of their number.
const MOST_COMPARED: usize = 256;

pub(super) fn warn(
    root: &Node<'_>,
    policy: &Policy,
    server: Option<&ServerTools>,
    found: &mut Findings,
) {
    let hidden: Vec<(Selector, &Node<'_>)> = root
        .get("hide")
        .and_then(Node::as_array)
        .unwrap_or_default()
        .iter()
        .filter_map(|node| Some((Selector::parse(node.as_str()?).ok()?, node)))
        .collect();
    let entries: Vec<(Selector, &str, Span)> = root
        .get("tools")
        .and_then(Node::as_object)
        .unwrap_or_default()
        .iter()
        .filter_map(|member| {
            Some((
                Selector::parse(&member.key).ok()?,
                member.key.as_ref(),
                member.key_span,
            ))
        })
        .collect();
    let at = At::ROOT;
    let tools = at.key("tools");
    for (selector, key, span) in &entries {
        let taken = hidden
            .iter()
            .find(|(hide, _)| hide.covers(selector))
            .map(|(_, node)| {
                format!(
                    "`hide` takes every tool it matches, by `{}`",
                    node.as_str().unwrap_or("")
                )
            })
            .or_else(|| stronger(selector, &entries));
        if let Some(why) = taken {
            let message = format!("the entry `{key}` can never apply: {why}");
            found.warning(&tools.key(key), *span, Flaw::new("never_applies", message));
        }
    }
    uncovered(root, policy, &entries, server, found);
    // A server whose list was never read says nothing about names.
    if let Some(server) = server.filter(|server| !server.tools.is_empty()) {
        for (selector, key, span) in &entries {
            missing(selector, server, &tools.key(key), *span, found);
        }
        let hide = at.key("hide");
        for (index, (selector, node)) in hidden.iter().enumerate() {
            missing(selector, server, &hide.index(index), node.span, found);
        }
    }
}

fn stronger(selector: &Selector, entries: &[(Selector, &str, Span)]) -> Option<String> {
    let globs = entries
        .iter()
        .filter(|(other, _, _)| matches!(other, Selector::Glob(_)));
    let found = globs
        .take(MOST_COMPARED)
        .find(|(other, _, _)| match (other, selector) {
            (Selector::Glob(strong), Selector::Glob(weak)) => {
                by_strength(strong, weak).is_lt() && other.covers(selector)
            }
            (Selector::Glob(_), Selector::Category(_) | Selector::Rest) => other.covers(selector),
            _ => false,
        });
    if let Some((_, key, _)) = found {
        return Some(format!("`{key}` comes first for every tool it matches"));
    }
    let has = |category: &Category| {
        entries
            .iter()
            .any(|(other, _, _)| *other == Selector::Category(*category))
    };
    (*selector == Selector::Rest && Category::ALL.iter().all(has))
        .then(|| "every category has an entry of its own, and every tool a category".to_owned())
}

fn uncovered(
    root: &Node<'_>,
    policy: &Policy,
    entries: &[(Selector, &str, Span)],
    server: Option<&ServerTools>,
    found: &mut Findings,
) {
    if policy.fallback != Fallback::Allow {
        return;
    }
    let at = At::ROOT;
    let at = at.key("default");
    let span = root.get("default").map_or(root.span, |node| node.span);
    let has_categories = entries
        .iter()
        .any(|(selector, _, _)| matches!(selector, Selector::Category(_)));
    let unknown = Selector::Category(Category::Unknown);
    if has_categories
        && !entries
            .iter()
            .any(|(selector, _, _)| selector.covers(&unknown))
    {
        let message = "tools of other categories have entries, and a tool that nobody has classified is allowed";
        found.warning(
            &at,
            span,
            Flaw::new("unknown_uncovered", message).hint(Some("@unknown")),
        );
    }
    let tools = server
        .map(|server| server.tools.as_slice())
        .unwrap_or_default();
    let open: Vec<&str> = tools
        .iter()
        .filter(|tool| matches!(tool.category, Category::Destructive | Category::Financial))
        .filter(|tool| !policy.hidden.holds(&tool.name, tool.category))
        .filter(|tool| policy.entry(&tool.name, tool.category).is_none())
        .map(|tool| tool.name.as_str())
        .collect();
    if let Some(first) = open.first() {
        let more = match open.len() - 1 {
            0 => String::new(),
            more => format!(" and {more} more"),
        };
        let message = format!(
            "`{first}`{more}, destructive or financial, is allowed because no entry matches it"
        );
        found.warning(
            &at,
            span,
            Flaw::new("destructive_uncovered", message).hint(Some("@destructive")),
        );
    }
}

/// A name that the server does not have, or a glob that matches none of its tools.
fn missing(
    selector: &Selector,
    server: &ServerTools,
    at: &At<'_>,
    span: Span,
    found: &mut Findings,
) {
    let is_met = server
        .tools
        .iter()
        .any(|tool| selector.matches(&tool.name, tool.category));
    let flaw = match selector {
        _ if is_met => return,
        Selector::Exact(name) => {
            let near = nearest(name, server.tools.iter().map(|tool| tool.name.as_str()));
            Flaw::new("tool_not_there", format!("the server has no tool `{name}`")).hint(near)
        }
        Selector::Glob(glob) => Flaw::new(
            "never_applies",
            format!("the server has no tool that matches `{glob}`"),
        ),
        // A tool of the category may come tomorrow: that is what such an entry is for.
        Selector::Category(_) | Selector::Rest => return,
    };
    found.warning(at, span, flaw);
}
