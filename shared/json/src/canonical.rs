//! The one spelling of a JSON value: what a digest is taken of, and what travels between the planes.
//!
//! Keys sorted by code point, no white space, numbers in their canonical decimal, the fewest escapes. A repeated key
//! keeps its order among its equals: telling them apart is the reader's business, and it has refused them.

use crate::decimal::Decimal;
use crate::tree::{Member, Node, Value};
use std::fmt::Write as _;

/// Spells the value. Reading the result and spelling it again gives the same text.
pub fn canonical(node: &Node<'_>) -> String {
    let mut out = String::new();
    spell(node, &mut out);
    out
}

fn spell(node: &Node<'_>, out: &mut String) {
    match &node.value {
        Value::Null => out.push_str("null"),
        Value::Bool(true) => out.push_str("true"),
        Value::Bool(false) => out.push_str("false"),
        Value::Number(text) => out.push_str(&Decimal::respell(text)),
        Value::String(text) => quote(text, out),
        Value::Array(items) => {
            out.push('[');
            for (at, item) in items.iter().enumerate() {
                if at > 0 {
                    out.push(',');
                }
                spell(item, out);
            }
            out.push(']');
        }
        Value::Object(members) => {
            let mut sorted: Vec<&Member<'_>> = members.iter().collect();
            sorted.sort_by(|left, right| left.key.cmp(&right.key));
            out.push('{');
            for (at, member) in sorted.into_iter().enumerate() {
                if at > 0 {
                    out.push(',');
                }
                quote(&member.key, out);
                out.push(':');
                spell(&member.node, out);
            }
            out.push('}');
        }
    }
}

fn quote(text: &str, out: &mut String) {
    out.push('"');
    for char in text.chars() {
        match char {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\u{8}' => out.push_str("\\b"),
            '\u{9}' => out.push_str("\\t"),
            '\u{a}' => out.push_str("\\n"),
            '\u{c}' => out.push_str("\\f"),
            '\u{d}' => out.push_str("\\r"),
            control if control < '\u{20}' => {
                // Writing to a string cannot fail.
                let _ = write!(out, "\\u{:04x}", u32::from(control));
            }
            other => out.push(other),
        }
    }
    out.push('"');
}

#[cfg(test)]
mod tests;
