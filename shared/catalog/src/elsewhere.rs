//! What a model reads of a definition besides its description: the title, and every text in the schema. What is hidden or
//! addressed to the model there works as well as in the description.

use crate::listing::Tool;
use crate::signal::{self, Signal};
use serde_json::Value;

/// Of all texts together, in bytes; a part of a text is not looked at.
const MOST: usize = 64 * 1024;
const DEEPEST: usize = 64;

/// Each at most once.
pub(crate) fn signals(tool: &Tool) -> Vec<Signal> {
    let mut texts = Texts {
        room: MOST,
        found: Vec::new(),
    };
    texts.take(tool.title.as_deref().unwrap_or_default());
    texts.walk(&tool.input_schema, 0);
    texts.found.sort_unstable();
    texts.found.dedup();
    texts.found
}

struct Texts {
    room: usize,
    found: Vec<Signal>,
}

impl Texts {
    fn take(&mut self, text: &str) {
        if text.is_empty() || text.len() > self.room {
            return;
        }
        self.room -= text.len();
        self.found.extend(signal::of_other_text(text));
    }

    fn walk(&mut self, value: &Value, depth: usize) {
        if depth > DEEPEST {
            return;
        }
        match value {
            Value::String(text) => self.take(text),
            Value::Array(items) => items.iter().for_each(|item| self.walk(item, depth + 1)),
            Value::Object(members) => {
                for (key, member) in members {
                    if crate::has_hidden(key) {
                        self.take(key);
                    }
                    self.walk(member, depth + 1);
                }
            }
            Value::Null | Value::Bool(_) | Value::Number(_) => {}
        }
    }
}

#[cfg(test)]
mod tests;
