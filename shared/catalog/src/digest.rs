//! A mark of a text, for telling that it changed. Not for proof: whoever wants two texts with one mark can make them.

use serde_json::Value;

/// FNV-1a of 64 bits, in hexadecimal.
pub fn mark(text: &str) -> String {
    let mut sum = 0xcbf2_9ce4_8422_2325_u64;
    for byte in text.bytes() {
        sum = (sum ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
    }
    format!("{sum:016x}")
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
