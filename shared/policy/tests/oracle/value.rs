//! Values that own themselves, compared member by member.

use super::number::Number;
use json::{Node, Value};

/// JSON that owns itself, objects as lists of pairs.
#[derive(Clone)]
pub enum Owned {
    Null,
    Bool(bool),
    Number(String),
    Text(String),
    List(Vec<Owned>),
    Object(Vec<(String, Owned)>),
}

pub fn kind(value: &Owned) -> u8 {
    match value {
        Owned::Null => 0,
        Owned::Bool(_) => 1,
        Owned::Number(_) => 2,
        Owned::Text(_) => 3,
        Owned::List(_) => 4,
        Owned::Object(_) => 5,
    }
}

pub fn same(left: &Owned, right: &Owned) -> bool {
    match (left, right) {
        (Owned::Null, Owned::Null) => true,
        (Owned::Bool(left), Owned::Bool(right)) => left == right,
        (Owned::Number(left), Owned::Number(right)) => Number::read(left) == Number::read(right),
        (Owned::Text(left), Owned::Text(right)) => left == right,
        (Owned::List(left), Owned::List(right)) => {
            left.len() == right.len()
                && left
                    .iter()
                    .zip(right)
                    .all(|(left, right)| same(left, right))
        }
        (Owned::Object(left), Owned::Object(right)) => {
            let within = |left: &[(String, Owned)], right: &[(String, Owned)]| {
                left.iter().all(|(key, value)| {
                    right
                        .iter()
                        .any(|(other, there)| key == other && same(value, there))
                })
            };
            within(left, right) && within(right, left)
        }
        _ => false,
    }
}

pub fn is_sound(value: &Owned) -> bool {
    match value {
        Owned::Number(text) => Number::read(text).is_some(),
        Owned::List(items) => items.iter().all(is_sound),
        Owned::Object(members) => members.iter().all(|(_, value)| is_sound(value)),
        _ => true,
    }
}

pub fn own(node: &Node<'_>) -> Owned {
    match &node.value {
        Value::Null => Owned::Null,
        Value::Bool(value) => Owned::Bool(*value),
        Value::Number(text) => Owned::Number((*text).to_owned()),
        Value::String(text) => Owned::Text(text.to_string()),
        Value::Array(items) => Owned::List(items.iter().map(own).collect()),
        Value::Object(members) => Owned::Object(
            members
                .iter()
                .map(|member| (member.key.to_string(), own(&member.node)))
                .collect(),
        ),
    }
}

pub fn text(value: &Owned) -> Option<String> {
    match value {
        Owned::Text(text) => Some(text.clone()),
        _ => None,
    }
}
