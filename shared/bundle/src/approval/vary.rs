//! The arguments that an approval leaves open: JSON Pointers to members of objects. PURE.

use json::{Member, Node, Value};
use serde::{Deserialize, Serialize};

/// A JSON Pointer (RFC 6901) to something in the arguments, never to all of them.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct Pointer(String);

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "expected a JSON Pointer into the arguments, as `/amount` or `/items/0/price`, got `{got}`"
)]
pub struct BadPointer {
    got: String,
}

const LONGEST: usize = 512;

impl Pointer {
    pub fn parse(text: &str) -> Result<Self, BadPointer> {
        let bad = || BadPointer {
            got: text.chars().take(64).collect(),
        };
        let is_escaped = |step: &str| {
            step.split('~')
                .skip(1)
                .all(|rest| rest.starts_with(['0', '1']))
        };
        let mut steps = text.strip_prefix('/').ok_or_else(bad)?.split('/');
        if text.len() > LONGEST || text.contains('\0') || !steps.all(is_escaped) {
            return Err(bad());
        }
        Ok(Self(text.to_owned()))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether it leads to a member of an object in these arguments. An element of a list cannot be left open by itself:
    /// without it, those behind it would be others.
    pub fn leads_to_a_member(&self, arguments: &Node<'_>) -> bool {
        let steps = self.steps();
        let Some((last, way)) = steps.split_last() else {
            return false;
        };
        let mut node = arguments;
        for step in way {
            let next = match &node.value {
                Value::Object(_) => node.get(step),
                Value::Array(items) => index(step).and_then(|index| items.get(index)),
                _ => None,
            };
            let Some(next) = next else { return false };
            node = next;
        }
        node.get(last).is_some()
    }

    fn steps(&self) -> Vec<String> {
        let text = self.0.strip_prefix('/').unwrap_or_default();
        text.split('/')
            .map(|step| step.replace("~1", "/").replace("~0", "~"))
            .collect()
    }
}

impl<'de> Deserialize<'de> for Pointer {
    fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let text = String::deserialize(from)?;
        Self::parse(&text).map_err(serde::de::Error::custom)
    }
}

/// The arguments without what may vary.
pub(super) fn without<'a>(arguments: &Node<'a>, vary: &[Pointer]) -> Node<'a> {
    let ways: Vec<Vec<String>> = vary.iter().map(Pointer::steps).collect();
    let ways: Vec<&[String]> = ways.iter().map(Vec::as_slice).collect();
    cut(arguments, &ways)
}

fn cut<'a>(node: &Node<'a>, ways: &[&[String]]) -> Node<'a> {
    if ways.is_empty() {
        return node.clone();
    }
    let beyond = |is_it: &dyn Fn(&str) -> bool| -> Vec<&[String]> {
        let tails = ways.iter().filter_map(|way| match way.split_first() {
            Some((step, tail)) if !tail.is_empty() && is_it(step) => Some(tail),
            _ => None,
        });
        tails.collect()
    };
    let value = match &node.value {
        Value::Object(members) => {
            let is_open = |key: &str| ways.iter().any(|way| matches!(way, [step] if step == key));
            let kept = members.iter().filter(|member| !is_open(&member.key));
            let kept = kept.map(|member| Member {
                node: cut(&member.node, &beyond(&|step| step == member.key)),
                ..member.clone()
            });
            Value::Object(kept.collect())
        }
        Value::Array(items) => {
            let kept = items.iter().enumerate();
            let kept = kept.map(|(at, item)| cut(item, &beyond(&|step| index(step) == Some(at))));
            Value::Array(kept.collect())
        }
        other => other.clone(),
    };
    Node {
        value,
        span: node.span,
    }
}

/// As RFC 6901 writes an index: no sign, no zeros before it.
fn index(step: &str) -> Option<usize> {
    let is_index = step == "0" || !step.starts_with('0');
    let is_digits = !step.is_empty() && step.bytes().all(|byte| byte.is_ascii_digit());
    step.parse().ok().filter(|_| is_index && is_digits)
}
