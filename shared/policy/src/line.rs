//! Where a rule stands in its document's text. What a rule is called when the document is compiled is said there; here
//! the name is followed back.

use crate::document::{MOST_BYTES, MOST_DEPTH, MOST_VALUES};
use json::{Member, Node, Span};
use std::collections::HashMap;

/// The line, from 1, of what a rule id or a JSON Pointer names; none where the text has no such thing.
pub fn line_of(text: &str, rule: &str) -> Option<u32> {
    let limits = json::Limits {
        bytes: MOST_BYTES,
        depth: MOST_DEPTH,
        values: MOST_VALUES,
    };
    let document = json::read(text.as_bytes(), &limits).ok()?;
    let span = match rule {
        "(default deny)" => member(&document.root, "default")?.key_span,
        "(hidden)" => member(&document.root, "hide")?.key_span,
        "" => document.root.span,
        rule => {
            let tokens: Vec<String> = rule
                .strip_prefix('/')?
                .split('/')
                .map(|token| token.replace("~1", "/").replace("~0", "~"))
                .collect();
            find(&document.root, &tokens)?
        }
    };
    Some(json::position(text, span.start as usize).0)
}

fn find(root: &Node<'_>, tokens: &[String]) -> Option<Span> {
    let (mut node, mut span) = (root, root.span);
    let mut rest = tokens;
    while let Some((token, after)) = rest.split_first() {
        if let Some(member) = member(node, token) {
            (node, span, rest) = (&member.node, member.key_span, after);
            if let (Some(items), Some((name, after))) = (node.as_array(), rest.split_first()) {
                node =
                    named(token, items, name).or_else(|| items.get(name.parse::<usize>().ok()?))?;
                (span, rest) = (node.span, after);
            }
        } else if token == "limits" {
            // The short form of a limit goes by the name that the long one would have.
            return member_span(node, "rate_limit");
        } else if let Some(item) = node
            .as_array()
            .and_then(|items| items.get(token.parse::<usize>().ok()?))
        {
            (node, span, rest) = (item, item.span, after);
        } else if matches!(token.as_str(), "cost" | "by") && node.get("counter").is_some() {
            return Some(span);
        } else {
            return None;
        }
    }
    Some(span)
}

/// The part of a list that goes by a name and not by its place.
fn named<'n, 'a>(list: &str, items: &'n [Node<'a>], name: &str) -> Option<&'n Node<'a>> {
    let name_of: fn(&Node<'_>) -> Option<String> = match list {
        "require" | "deny_if" | "approve_if" => |node| Some(predicate_id(node)),
        "limits" => |node| node.get("counter")?.as_str().map(str::to_owned),
        "hide" | "methods" => |node| node.as_str().map(str::to_owned),
        _ => return None,
    };
    let mut seen: HashMap<String, usize> = HashMap::new();
    items.iter().find(|item| {
        let Some(own) = name_of(item) else {
            return false;
        };
        let times = seen.entry(own.clone()).or_default();
        *times += 1;
        match *times {
            1 => own == name,
            more => format!("{own}#{more}") == name,
        }
    })
}

fn predicate_id(node: &Node<'_>) -> String {
    if let Some(id) = node.get("id").and_then(Node::as_str) {
        return id.to_owned();
    }
    let first = node
        .get("conditions")
        .and_then(Node::as_array)
        .and_then(<[_]>::first);
    match first.and_then(first_test) {
        Some((path, operator)) => format!("{path}-{operator}"),
        None => "always".to_owned(),
    }
}

fn first_test<'n>(node: &'n Node<'_>) -> Option<(&'n str, &'n str)> {
    for group in ["any", "all"] {
        if let Some(inside) = node.get(group) {
            return first_test(inside.as_array()?.first()?);
        }
    }
    match node.get("not") {
        Some(inside) => first_test(inside),
        None => Some((node.get("path")?.as_str()?, node.get("op")?.as_str()?)),
    }
}

fn member<'n, 'a>(node: &'n Node<'a>, key: &str) -> Option<&'n Member<'a>> {
    node.as_object()?.iter().find(|member| member.key == key)
}

fn member_span(node: &Node<'_>, key: &str) -> Option<Span> {
    member(node, key).map(|member| member.key_span)
}

#[cfg(test)]
mod tests;
