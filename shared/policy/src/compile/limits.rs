//! Limits of a document, with the short form of one.

use super::{Build, text, whole};
use crate::document;
use crate::finding::{At, Flaw};
use crate::limit::{Bound, Cost, Limit};
use crate::path::Path;
use crate::word::{Count, Counted, Outage, Scope, Window};
use json::Node;

impl Build<'_> {
    /// The list first, then the short form, whatever the order of the keys: a document means the same when its keys
    /// are sorted.
    pub(super) fn limits(&mut self, rules: &Node<'_>, at: &At<'_>, owner: &str) -> Vec<Limit> {
        let base = at.key("limits").pointer();
        let mut limits = Vec::new();
        let nodes = rules
            .get("limits")
            .and_then(Node::as_array)
            .unwrap_or_default();
        for (index, node) in nodes.iter().enumerate() {
            let at = at.key("limits");
            let at = at.index(index);
            if let Some(limit) = self.limit(node, &at, &base) {
                self.counters.meet(&limit, node, &at, self.found);
                limits.push(limit);
            }
        }
        if let Some(node) = rules.get("rate_limit")
            && let Some(limit) = rate_limit(node, owner, &base)
        {
            self.counters
                .meet(&limit, node, &at.key("rate_limit"), self.found);
            limits.push(limit);
        }
        limits
    }

    fn limit(&mut self, node: &Node<'_>, at: &At<'_>, base: &str) -> Option<Limit> {
        let word = |key: &str| node.get(key).and_then(Node::as_str);
        let bound = match whole(node, "concurrency") {
            Some(most) => Bound::InFlight(u32::try_from(most).ok()?),
            None => Bound::PerWindow {
                seconds: window(node.get("window")?)?,
                max: whole(node, "max")?,
            },
        };
        let by: Vec<Path> = node
            .get("by")
            .and_then(Node::as_array)
            .unwrap_or_default()
            .iter()
            .filter_map(|path| Path::parse(path.as_str()?).ok())
            .collect();
        let cost = node.get("cost").map_or(Some(Cost::One), cost)?;
        let is_of_all_methods = word("methods").and_then(Counted::from_word) == Some(Counted::All);
        if is_of_all_methods {
            let reads_arguments = [
                ("cost", matches!(cost, Cost::From { .. })),
                ("by", by.iter().any(Path::is_argument)),
            ];
            for (key, _) in reads_arguments.into_iter().filter(|(_, reads)| *reads) {
                let message = format!(
                    "`{key}` reads the arguments of a tool call, and other methods have none"
                );
                let span = node.get(key).map_or(node.span, |node| node.span);
                self.found
                    .error(&at.key(key), span, Flaw::new("unreachable", message));
            }
        }
        Some(Limit {
            bound,
            by,
            cost,
            is_of_all_methods,
            scope: word("scope")
                .and_then(Scope::from_word)
                .unwrap_or(Scope::Grant),
            count: word("count")
                .and_then(Count::from_word)
                .unwrap_or(Count::Attempts),
            on_outage: word("on_outage").and_then(Outage::from_word),
            message: text(node, "message"),
            ..named(word("counter")?, base)
        })
    }
}

/// A limit of that name that counts calls of a grant, to be filled in.
fn named(counter: &str, base: &str) -> Limit {
    let rule = format!("{base}/{}", json::pointer_escape(counter));
    Limit {
        counter: counter.into(),
        cost_rule: format!("{rule}/cost").into(),
        by_rule: format!("{rule}/by").into(),
        rule: rule.into(),
        bound: Bound::InFlight(0),
        scope: Scope::Grant,
        by: Vec::new(),
        cost: Cost::One,
        count: Count::Attempts,
        is_of_all_methods: false,
        on_outage: None,
        message: None,
    }
}

fn rate_limit(node: &Node<'_>, owner: &str, base: &str) -> Option<Limit> {
    let (max, seconds, scope) = match node.as_str() {
        Some(text) => {
            let (max, window) = document::rate(text)?;
            (max, window.seconds(), None)
        }
        None => (
            whole(node, "max")?,
            window(node.get("window")?)?,
            node.get("scope")
                .and_then(Node::as_str)
                .and_then(Scope::from_word),
        ),
    };
    Some(Limit {
        bound: Bound::PerWindow { seconds, max },
        scope: scope.unwrap_or(Scope::Grant),
        ..named(&format!("{owner}_rate"), base)
    })
}

fn window(node: &Node<'_>) -> Option<u32> {
    match node.as_str() {
        Some(word) => Window::from_word(word).map(Window::seconds),
        None => u32::try_from(json::Decimal::parse(node.as_number()?).ok()?.whole()?).ok(),
    }
}

fn cost(node: &Node<'_>) -> Option<Cost> {
    if let Some(text) = node.as_number() {
        return Some(Cost::Fixed(json::Decimal::parse(text).ok()?.whole()?));
    }
    Some(Cost::From {
        path: Path::parse(node.get("from")?.as_str()?).ok()?,
        scale: match node.get("scale") {
            Some(_) => u8::try_from(whole(node, "scale")?).ok()?,
            None => 0,
        },
    })
}
