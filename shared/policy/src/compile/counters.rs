//! Limits that name one counter share one budget, and must agree on what it is.

use crate::finding::{At, Findings, Flaw};
use crate::limit::{Bound, Limit};
use crate::path::Path;
use crate::word::Scope;
use json::Node;
use std::collections::HashMap;

#[derive(Debug, Default)]
pub(super) struct Counters {
    met: HashMap<Box<str>, Budget>,
}

#[derive(Debug)]
struct Budget {
    /// Seconds; none where calls in flight are bounded.
    window: Option<u32>,
    scope: Scope,
    by: Vec<Path>,
    /// Where it was first said, for the finding.
    rule: Box<str>,
}

impl Counters {
    pub(super) fn meet(
        &mut self,
        limit: &Limit,
        node: &Node<'_>,
        at: &At<'_>,
        found: &mut Findings,
    ) {
        let window = match limit.bound {
            Bound::PerWindow { seconds, .. } => Some(seconds),
            Bound::InFlight(_) => None,
        };
        let Some(earlier) = self.met.get(&limit.counter) else {
            let budget = Budget {
                window,
                scope: limit.scope,
                by: limit.by.clone(),
                rule: limit.rule.clone(),
            };
            self.met.insert(limit.counter.clone(), budget);
            return;
        };
        // Two spellings of one path are one path.
        let agrees_by = earlier.by.len() == limit.by.len()
            && earlier
                .by
                .iter()
                .zip(&limit.by)
                .all(|(left, right)| left.root == right.root && left.steps == right.steps);
        let differs = [
            ("window", earlier.window != window),
            ("scope", earlier.scope != limit.scope),
            ("by", !agrees_by),
        ];
        for (key, _) in differs.into_iter().filter(|(_, differs)| *differs) {
            let message = format!(
                "`{key}` differs from that of `{}`; limits that name the counter `{}` share one budget",
                earlier.rule, limit.counter
            );
            let span = node.get(key).map_or(node.span, |node| node.span);
            let there = at.key(key);
            let at = if node.get(key).is_some() { &there } else { at };
            found.error(at, span, Flaw::new("counter_differs", message));
        }
    }
}
