//! For how long entries have been in shadow, counted over the published versions. Pure.

use ::policy::ShadowAge;
use json::{Limits, pointer_escape};
use std::collections::BTreeSet;
use time::OffsetDateTime;

/// A published version; without its document where that does not speak of shadow.
#[derive(Debug)]
pub struct Past {
    pub published_at: OffsetDateTime,
    pub document: Option<String>,
}

/// Of what is in shadow in the newest version: since the oldest one from which it has been so without a break. Newest
/// first, and as far back as is given.
pub fn ages(past: &[Past], now: OffsetDateTime) -> Vec<ShadowAge> {
    let mut versions = past.iter().map(|it| {
        (
            it.published_at,
            it.document.as_deref().map(in_shadow).unwrap_or_default(),
        )
    });
    let Some((published_at, newest)) = versions.next() else {
        return Vec::new();
    };
    let mut running: Vec<(String, OffsetDateTime)> = newest
        .into_iter()
        .map(|rule| (rule, published_at))
        .collect();
    let mut ended = Vec::new();
    for (published_at, rules) in versions {
        let (on, off): (Vec<_>, Vec<_>) = running
            .into_iter()
            .partition(|(rule, _)| rules.contains(rule));
        ended.extend(off);
        running = on
            .into_iter()
            .map(|(rule, _)| (rule, published_at))
            .collect();
        if running.is_empty() {
            break;
        }
    }
    ended.extend(running);
    let days = |since: OffsetDateTime| u32::try_from((now - since).whole_days()).unwrap_or(0);
    ended
        .into_iter()
        .map(|(rule, since)| ShadowAge {
            rule,
            days: days(since),
        })
        .collect()
}

/// As rule ids begin.
fn in_shadow(document: &str) -> BTreeSet<String> {
    // A document was published within smaller bounds than these.
    let Ok(document) = json::read(
        document.as_bytes(),
        &Limits {
            bytes: 1 << 20,
            depth: 64,
            values: 1 << 20,
        },
    ) else {
        return BTreeSet::new();
    };
    let is_shadow =
        |node: &json::Node<'_>| node.get("mode").and_then(json::Node::as_str) == Some("shadow");
    let all_tools = document
        .root
        .get("all_tools")
        .filter(|node| is_shadow(node))
        .map(|_| "/all_tools".to_owned());
    let tools = document
        .root
        .get("tools")
        .and_then(json::Node::as_object)
        .unwrap_or_default();
    let entries = tools.iter().filter(|member| is_shadow(&member.node));
    entries
        .map(|member| format!("/tools/{}", pointer_escape(&member.key)))
        .chain(all_tools)
        .collect()
}

#[cfg(test)]
mod tests;
