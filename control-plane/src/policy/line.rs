//! On which line of a policy's text one of its rules stands. PURE.

use json::{Limits, Node, Value, position};

/// What the gateway calls a refusal that no rule asked for.
const BY_DEFAULT: &str = "(default deny)";

/// The line of the rule at this JSON Pointer, from 1, or of the nearest part around it that is there.
pub fn of_rule(text: &str, rule: &str) -> Option<u32> {
    let pointer = if rule == BY_DEFAULT { "/default" } else { rule };
    let steps = pointer.strip_prefix('/')?;
    let limits = Limits {
        bytes: text.len(),
        depth: 64,
        // One byte is no more than one value.
        values: text.len(),
    };
    let document = json::read(text.as_bytes(), &limits).ok()?;
    let mut node = &document.root;
    let mut start = node.span.start;
    for step in steps.split('/') {
        let key = step.replace("~1", "/").replace("~0", "~");
        let Some((inner, at)) = inside(node, &key) else {
            break;
        };
        (node, start) = (inner, at);
    }
    Some(position(text, start as usize).0)
}

/// The part of this name, and where it begins: a member at its key.
fn inside<'n, 'a>(node: &'n Node<'a>, key: &str) -> Option<(&'n Node<'a>, u32)> {
    match &node.value {
        Value::Object(members) => {
            let member = members.iter().find(|member| member.key == key)?;
            Some((&member.node, member.key_span.start))
        }
        Value::Array(items) => {
            let item = items.get(key.parse::<usize>().ok()?)?;
            Some((item, item.span.start))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests;
