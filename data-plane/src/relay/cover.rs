//! What the upstream was told in confidence, covered in what it says. PURE.
//!
//! The bytes of a message may spell one text in many ways, so its strings are looked at as they read, and once more as
//! they would read if they held JSON themselves.

use bundle::credential::Secrets;
use json::{Node, Span, Value};
use mcp::sse::Event;
use mcp::{Edit, quote, reply, splice};

/// JSON in a string in JSON in a string: deeper than this nobody packs.
const DEEPEST: usize = 4;

/// The message without secrets; `None` where it holds none.
pub fn message(text: &str, secrets: &Secrets) -> Option<String> {
    if secrets.is_empty() {
        return None;
    }
    let covered = secrets.cover(text);
    if covered.is_none() && !text.contains('\\') {
        return None;
    }
    let mut edits = Vec::new();
    if let Ok(document) = reply::parse(text.as_bytes()) {
        look(&document.root, secrets, &mut edits);
    }
    if edits.is_empty() {
        return covered;
    }
    let spliced = splice(text, edits).unwrap_or_default();
    Some(secrets.cover(&spliced).unwrap_or(spliced))
}

/// The fields of an event besides its data.
pub fn fields(event: &mut Event, secrets: &Secrets) {
    for field in [&mut event.name, &mut event.id] {
        if let Some(covered) = field.as_deref().and_then(|bytes| lossy(bytes, secrets)) {
            *field = Some(covered.into_bytes());
        }
    }
    if event
        .retry
        .as_deref()
        .is_some_and(|retry| lossy(retry, secrets).is_some())
    {
        event.retry = None;
    }
}

fn look(node: &Node<'_>, secrets: &Secrets, edits: &mut Vec<Edit>) {
    let mut cover = |text: &str, span: Span| {
        if let Some(covered) = string(text, secrets) {
            let text = quote(&covered);
            edits.push(Edit { span, text });
        }
    };
    match &node.value {
        Value::String(text) => cover(text, node.span),
        Value::Number(text) => cover(text, node.span),
        Value::Array(items) => items.iter().for_each(|item| look(item, secrets, edits)),
        Value::Object(members) => {
            for member in members {
                if let Some(covered) = string(&member.key, secrets) {
                    let (span, text) = (member.key_span, quote(&covered));
                    edits.push(Edit { span, text });
                }
                look(&member.node, secrets, edits);
            }
        }
        Value::Null | Value::Bool(_) => {}
    }
}

fn lossy(bytes: &[u8], secrets: &Secrets) -> Option<String> {
    string(&String::from_utf8_lossy(bytes), secrets)
}

fn string(text: &str, secrets: &Secrets) -> Option<String> {
    let mut text = std::borrow::Cow::Borrowed(text);
    for _ in 0..DEEPEST {
        if let Some(covered) = secrets.cover(&text) {
            return Some(covered);
        }
        if !text.contains('\\') {
            return None;
        }
        text = unescaped(&text).into();
    }
    None
}

/// As a reader of JSON would read it; what is no escape stays as it is.
fn unescaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut units: Vec<u16> = Vec::new();
    let mut rest = text;
    loop {
        if let Some((unit, after)) = unit(rest) {
            units.push(unit);
            rest = after;
            continue;
        }
        out.push_str(&String::from_utf16_lossy(&units));
        units.clear();
        let mut characters = rest.chars();
        let Some(character) = characters.next() else {
            return out;
        };
        let after = characters.as_str();
        let escaped = after.chars().next();
        if let ('\\', Some(escaped @ ('"' | '\\' | '/'))) = (character, escaped) {
            out.push(escaped);
            // One byte long, all three.
            rest = after.get(1..).unwrap_or("");
        } else {
            out.push(character);
            rest = after;
        }
    }
}

/// The code unit that a text begins with, if it does, and the text behind.
fn unit(text: &str) -> Option<(u16, &str)> {
    let digits = text.strip_prefix("\\u")?;
    let (four, after) = digits.split_at_checked(4)?;
    let is_hex = four.bytes().all(|byte| byte.is_ascii_hexdigit());
    let unit = u16::from_str_radix(four, 16).ok().filter(|_| is_hex)?;
    Some((unit, after))
}

#[cfg(test)]
mod tests;
