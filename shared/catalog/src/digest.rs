//! A mark of a text: that it is the same, without what it says. Nobody can make another text with the mark of a given one.

use serde_json::Value;

const DIGITS: usize = 32;

/// The first half of its SHA-256, in hexadecimal.
pub fn mark(text: &str) -> String {
    let mut mark = seal::to_hex(&seal::sha256(text.as_bytes()));
    mark.truncate(DIGITS);
    mark
}

/// The same for every order of keys.
pub(crate) fn of_value(value: &Value) -> String {
    let mut text = String::new();
    spell(value, &mut text);
    mark(&text)
}

fn spell(value: &Value, out: &mut String) {
    match value {
        Value::Object(members) => {
            let mut members: Vec<_> = members.iter().collect();
            members.sort_unstable_by_key(|(key, _)| *key);
            out.push('{');
            for (key, value) in members {
                out.push_str(&Value::from(key.as_str()).to_string());
                out.push(':');
                spell(value, out);
                out.push(',');
            }
            out.push('}');
        }
        Value::Array(items) => {
            out.push('[');
            for item in items {
                spell(item, out);
                out.push(',');
            }
            out.push(']');
        }
        other => out.push_str(&other.to_string()),
    }
}

#[cfg(test)]
mod tests;
