//! The strict reader against serde's: what one takes the other takes and reads the same; every part in its place; one
//! canonical spelling.

use json::{Document, FaultKind, Limits, Node, RefusalKind, Span, Value};
use serde_json::Value as Theirs;
use std::collections::HashSet;

const LIMITS: Limits = Limits {
    bytes: 1 << 20,
    depth: 64,
    values: 1 << 20,
};

pub fn run(data: &[u8]) {
    let theirs = serde_json::from_slice::<Theirs>(data);
    let document = match json::read(data, &LIMITS) {
        Ok(document) => document,
        Err(fault) => {
            assert!(fault.offset <= data.len());
            // What another reader takes is refused for its depth or its width alone.
            assert!(
                theirs.is_err() || matches!(fault.kind, FaultKind::TooDeep | FaultKind::TooMany),
                "{fault}"
            );
            return;
        }
    };
    places(&document.root, whole(document.text), document.text);
    refusals(&document);
    match theirs {
        Ok(theirs) if document.refusals.is_empty() => same(&document.root, &theirs),
        Ok(_) => assert!(!has(&document, RefusalKind::LoneSurrogate)),
        Err(error) => {
            let beyond = error.to_string().contains("number out of range");
            assert!(
                beyond || has(&document, RefusalKind::LoneSurrogate),
                "{error}"
            );
        }
    }
    let spelt = json::canonical(&document.root);
    let again = json::read(spelt.as_bytes(), &LIMITS).expect("the canonical form is JSON");
    assert_eq!(json::canonical(&again.root), spelt);
}

fn whole(text: &str) -> Span {
    Span {
        start: 0,
        end: u32::try_from(text.len()).expect("a short text"),
    }
}

fn has(document: &Document<'_>, kind: RefusalKind) -> bool {
    document.refusals.iter().any(|refusal| refusal.kind == kind)
}

/// Every part lies within its parent, after its elder sibling, and reads alone as it reads there.
fn places(node: &Node<'_>, within: Span, text: &str) {
    assert!(within.start <= node.span.start && node.span.end <= within.end);
    let own = node.span.of(text);
    assert!(!own.is_empty());
    let alone = json::read(own.as_bytes(), &LIMITS).expect("a part of JSON is JSON");
    assert_eq!(json::canonical(&alone.root), json::canonical(node));
    let mut from = node.span.start + 1;
    let mut next = |span: Span| {
        assert!(from <= span.start && span.start < span.end && span.end < node.span.end);
        from = span.end;
    };
    match &node.value {
        Value::Array(items) => {
            for item in items {
                next(item.span);
                places(item, node.span, text);
            }
        }
        Value::Object(members) => {
            for member in members {
                next(member.key_span);
                next(member.node.span);
                let key = member.key_span.of(text);
                let key = json::read(key.as_bytes(), &LIMITS).expect("a key is a string");
                assert_eq!(key.root.as_str(), Some(member.key.as_ref()));
                places(&member.node, node.span, text);
            }
        }
        Value::Number(number) => assert_eq!(*number, own),
        Value::Null | Value::Bool(_) | Value::String(_) => {}
    }
}

/// What is refused is there, and what is there is refused.
fn refusals(document: &Document<'_>) {
    let mut found = (false, false);
    keys(&document.root, &mut found);
    // The list ends at a hundred: one is enough to refuse the text.
    if document.refusals.len() < 100 {
        assert_eq!(has(document, RefusalKind::RepeatedKey), found.0);
        assert_eq!(has(document, RefusalKind::NulInKey), found.1);
    }
    for refusal in &document.refusals {
        assert!(refusal.span.start < refusal.span.end);
        assert!(refusal.pointer.is_empty() || refusal.pointer.starts_with('/'));
        let (line, column) = json::position(document.text, refusal.span.start as usize);
        assert!(line >= 1 && column >= 1);
    }
}

fn keys(node: &Node<'_>, found: &mut (bool, bool)) {
    let mut seen = HashSet::new();
    for member in node.as_object().unwrap_or_default() {
        found.0 |= !seen.insert(member.key.as_ref());
        found.1 |= member.key.contains('\0');
        keys(&member.node, found);
    }
    for item in node.as_array().unwrap_or_default() {
        keys(item, found);
    }
}

fn same(ours: &Node<'_>, theirs: &Theirs) {
    match (&ours.value, theirs) {
        (Value::Null, Theirs::Null) => {}
        (Value::Bool(ours), Theirs::Bool(theirs)) => assert_eq!(ours, theirs),
        (Value::String(ours), Theirs::String(theirs)) => assert_eq!(ours, theirs),
        (Value::Number(ours), Theirs::Number(theirs)) => number(ours, theirs),
        (Value::Array(ours), Theirs::Array(theirs)) => {
            assert_eq!(ours.len(), theirs.len());
            ours.iter()
                .zip(theirs)
                .for_each(|(ours, theirs)| same(ours, theirs));
        }
        (Value::Object(ours), Theirs::Object(theirs)) => {
            assert_eq!(ours.len(), theirs.len());
            for member in ours {
                same(&member.node, &theirs[member.key.as_ref()]);
            }
        }
        _ => panic!("{ours:?} is read as {theirs}"),
    }
}

fn number(ours: &str, theirs: &serde_json::Number) {
    if let Ok(whole) = ours.parse::<u64>() {
        assert_eq!(theirs.as_u64(), Some(whole));
    } else if let Ok(whole) = ours.parse::<i64>() {
        assert!(theirs.as_i64() == Some(whole) || whole == 0);
    } else {
        let (ours, theirs) = (
            ours.parse::<f64>().expect("a number"),
            theirs.as_f64().expect("a number"),
        );
        // serde_json's quick reading may be one place off.
        assert!((ours - theirs).abs() <= ours.abs() * 1e-15 + f64::MIN_POSITIVE);
    }
}
