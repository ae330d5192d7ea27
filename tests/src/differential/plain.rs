//! A JSON value by itself: what the gateway judged, kept to be compared, and spelled as each reader sees it.

use json::{Node, Value};
use std::fmt::Write as _;

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Plain {
    Null,
    Bool(bool),
    /// As it was written.
    Number(String),
    Text(String),
    List(Vec<Self>),
    Object(Vec<(String, Self)>),
}

/// How a reader holds numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Numbers {
    /// All are doubles (ECMAScript).
    Doubles,
    /// Whole ones are exact, the rest are doubles (Python).
    ExactWhole,
}

/// Python reads no longer whole number (`sys.set_int_max_str_digits`).
const MOST_DIGITS: usize = 4_300;

impl Plain {
    pub fn of(node: &Node<'_>) -> Self {
        match &node.value {
            Value::Null => Self::Null,
            Value::Bool(value) => Self::Bool(*value),
            Value::Number(text) => Self::Number((*text).to_owned()),
            Value::String(text) => Self::Text(text.clone().into_owned()),
            Value::Array(items) => Self::List(items.iter().map(Self::of).collect()),
            Value::Object(members) => {
                let members = members.iter();
                Self::Object(
                    members
                        .map(|member| (member.key.clone().into_owned(), Self::of(&member.node)))
                        .collect(),
                )
            }
        }
    }

    pub fn get_mut(&mut self, key: &str) -> Option<&mut Self> {
        match self {
            Self::Object(members) => members
                .iter_mut()
                .find(|(known, _)| known == key)
                .map(|(_, value)| value),
            _ => None,
        }
    }

    /// Does it hold a number of which this is true?
    pub fn any_number(&self, is: &impl Fn(&str) -> bool) -> bool {
        match self {
            Self::Number(text) => is(text),
            Self::List(items) => items.iter().any(|item| item.any_number(is)),
            Self::Object(members) => members.iter().any(|(_, value)| value.any_number(is)),
            Self::Null | Self::Bool(_) | Self::Text(_) => false,
        }
    }

    /// Keys by their UTF-16, texts with no more escapes than are needed; what stands twice stands twice.
    pub fn spell(&self, numbers: Numbers, out: &mut String) {
        match self {
            Self::Null => out.push_str("null"),
            Self::Bool(value) => out.push_str(if *value { "true" } else { "false" }),
            Self::Number(text) => spell_number(text, numbers, out),
            Self::Text(text) => quote(text, out),
            Self::List(items) => {
                out.push('[');
                for (at, item) in items.iter().enumerate() {
                    if at > 0 {
                        out.push(',');
                    }
                    item.spell(numbers, out);
                }
                out.push(']');
            }
            Self::Object(members) => {
                let mut sorted: Vec<_> = members.iter().collect();
                sorted.sort_by(|(a, _), (b, _)| a.encode_utf16().cmp(b.encode_utf16()));
                out.push('{');
                for (at, (key, value)) in sorted.into_iter().enumerate() {
                    if at > 0 {
                        out.push(',');
                    }
                    quote(key, out);
                    out.push(':');
                    value.spell(numbers, out);
                }
                out.push('}');
            }
        }
    }
}

pub fn is_whole(text: &str) -> bool {
    !text.contains(['.', 'e', 'E'])
}

pub fn is_too_long(text: &str) -> bool {
    is_whole(text) && text.trim_start_matches('-').len() > MOST_DIGITS
}

pub fn is_beyond_doubles(text: &str) -> bool {
    double(text).is_infinite()
}

/// The nearest; zero has no sign.
pub fn double(text: &str) -> f64 {
    // INVARIANT: the gateway's reader let through nothing that is no number.
    text.parse::<f64>().unwrap_or(f64::NAN) + 0.0
}

fn spell_number(text: &str, numbers: Numbers, out: &mut String) {
    if numbers == Numbers::ExactWhole && is_whole(text) {
        let text = if text == "-0" { "0" } else { text };
        let _ = write!(out, "i{text}");
        return;
    }
    let _ = write!(out, "f{:016x}", double(text).to_bits());
}

fn quote(text: &str, out: &mut String) {
    out.push('"');
    for character in text.chars() {
        if matches!(character, '"' | '\\') {
            out.push('\\');
        }
        out.push(character);
    }
    out.push('"');
}
