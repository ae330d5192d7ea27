//! What changed from one document to another, place by place and in words. Pure. Numbers compare by what they are
//! worth, and the order of keys is no change.

use json::{Decimal, Document, Limits, Node, Value, pointer_escape};
use serde::Serialize;
use serde_json::value::RawValue;
use utoipa::ToSchema;

mod lines;
mod words;

pub use lines::{Hunk, hunks};

/// Beyond these, places are counted and not listed, so that no pair of documents makes an answer larger than any reader.
const MOST_CHANGES: usize = 1_000;
const MOST_POINTER_BYTES: usize = 1 << 20;

#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Diff {
    pub changes: Vec<Change>,
    /// The same, as sentences.
    pub words: Vec<String>,
}

#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Change {
    /// JSON Pointer.
    pub pointer: String,
    pub kind: ChangeKind,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<serde_json::Value>)]
    pub before: Option<Box<RawValue>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<serde_json::Value>)]
    pub after: Option<Box<RawValue>>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ChangeKind {
    Added,
    Removed,
    Changed,
}

/// Of two published documents. One that cannot be read, which none is, would be a change of the whole.
pub fn diff(before: &str, after: &str) -> Diff {
    let mut found = Found {
        before,
        after,
        changes: Vec::new(),
        pointer_bytes: 0,
        unlisted: 0,
        words: Vec::new(),
    };
    match (read(before), read(after)) {
        (Some(before), Some(after)) => found.compare(&before.root, &after.root, &mut Vec::new()),
        _ if before == after => {}
        _ => found.unlisted = 1,
    }
    if found.unlisted > 0 {
        found
            .words
            .push(format!("{} more changes are not listed", found.unlisted));
    }
    Diff {
        changes: found.changes,
        words: found.words,
    }
}

fn read(text: &str) -> Option<Document<'_>> {
    // A document was published within smaller bounds than these.
    json::read(
        text.as_bytes(),
        &Limits {
            bytes: 1 << 20,
            depth: 64,
            values: 1 << 20,
        },
    )
    .ok()
}

struct Found<'t> {
    before: &'t str,
    after: &'t str,
    changes: Vec<Change>,
    pointer_bytes: usize,
    unlisted: usize,
    words: Vec<String>,
}

impl Found<'_> {
    fn compare(&mut self, before: &Node<'_>, after: &Node<'_>, at: &mut Vec<String>) {
        match (&before.value, &after.value) {
            (Value::Object(olds), Value::Object(news)) => {
                for old in olds {
                    at.push(old.key.to_string());
                    match after.get(&old.key) {
                        Some(new) => self.compare(&old.node, new, at),
                        None => self.say(Some(&old.node), None, at),
                    }
                    at.pop();
                }
                for new in news.iter().filter(|new| before.get(&new.key).is_none()) {
                    at.push(new.key.to_string());
                    self.say(None, Some(&new.node), at);
                    at.pop();
                }
            }
            (Value::Array(olds), Value::Array(news)) => {
                for index in 0..olds.len().max(news.len()) {
                    at.push(index.to_string());
                    match (olds.get(index), news.get(index)) {
                        (Some(old), Some(new)) => self.compare(old, new, at),
                        (old, new) => self.say(old, new, at),
                    }
                    at.pop();
                }
            }
            _ if is_same(before, after) => {}
            _ => self.say(Some(before), Some(after), at),
        }
    }

    fn say(&mut self, before: Option<&Node<'_>>, after: Option<&Node<'_>>, at: &[String]) {
        let pointer = at
            .iter()
            .fold(String::new(), |up, step| up + "/" + &pointer_escape(step));
        self.pointer_bytes += pointer.len();
        if self.changes.len() >= MOST_CHANGES || self.pointer_bytes > MOST_POINTER_BYTES {
            self.unlisted += 1;
            return;
        }
        let raw =
            |node: &Node<'_>, text: &str| RawValue::from_string(node.span.of(text).to_owned()).ok();
        let change = Change {
            pointer,
            kind: match (before, after) {
                (None, _) => ChangeKind::Added,
                (_, None) => ChangeKind::Removed,
                _ => ChangeKind::Changed,
            },
            before: before.and_then(|node| raw(node, self.before)),
            after: after.and_then(|node| raw(node, self.after)),
        };
        self.words.push(words::sentence(&change, at));
        self.changes.push(change);
    }
}

/// Of two values that are not both lists or both objects.
fn is_same(before: &Node<'_>, after: &Node<'_>) -> bool {
    match (&before.value, &after.value) {
        (Value::Null, Value::Null) => true,
        (Value::Bool(before), Value::Bool(after)) => before == after,
        (Value::String(before), Value::String(after)) => before == after,
        (Value::Number(before), Value::Number(after)) => {
            match (Decimal::parse(before), Decimal::parse(after)) {
                (Ok(before), Ok(after)) => before == after,
                _ => before == after,
            }
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests;
