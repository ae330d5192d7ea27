//! Slices of ours in bytes of theirs: members taken out whole, edits put in exactly, texts of ours quoted soundly.

use crate::parts::{choice, parts, text};
use json::Span;
use mcp::answer::{self, Decision};
use mcp::{Edit, quote, reply, splice, without_members};
use serde_json::Value;

pub fn run(data: &[u8]) {
    let (wish, data) = choice(data, u8::MAX);
    let [first, second] = parts(data);
    let (Some(first), Some(second)) = (text(first), text(second)) else {
        return;
    };
    members(wish, first);
    spliced(data, first, second);
    quoted(first, second);
}

fn members(wish: u8, object: &str) {
    let Ok(document) = reply::parse(object.as_bytes()) else {
        return;
    };
    if document.root.as_object().is_none() || !document.refusals.is_empty() {
        return;
    }
    let keep = |key: &str| {
        key.bytes()
            .fold(wish, |sum, byte| sum.rotate_left(3) ^ byte)
            % 2
            == 0
    };
    let left =
        splice(object, without_members(&document.root, keep)).expect("members do not overlap");
    let again = reply::parse(left.as_bytes()).expect("what is left is JSON");
    let own = |text: &str, document: &json::Document<'_>| -> Vec<(String, String)> {
        let members = document.root.as_object().expect("an object");
        members
            .iter()
            .map(|member| (member.key.to_string(), member.node.span.of(text).to_owned()))
            .collect()
    };
    let mut wanted = own(object, &document);
    wanted.retain(|(key, _)| keep(key));
    assert_eq!(own(&left, &again), wanted);
}

/// Three edits anywhere, against cutting the text apart by hand.
fn spliced(data: &[u8], text: &str, ours: &str) {
    let places: Vec<usize> = data
        .iter()
        .rev()
        .take(6)
        .map(|byte| usize::from(*byte) % (text.len() + 2))
        .collect();
    let spans: Vec<(usize, usize)> = places
        .chunks_exact(2)
        .map(|pair| (pair[0], pair[1]))
        .collect();
    let edits = spans
        .iter()
        .map(|(start, end)| Edit {
            span: Span {
                start: u32::try_from(*start).expect("a short text"),
                end: u32::try_from(*end).expect("a short text"),
            },
            text: ours.to_owned(),
        })
        .collect();
    let Some(sent) = splice(text, edits) else {
        return;
    };
    let mut sorted = spans;
    sorted.sort_unstable();
    let mut expected = String::new();
    let mut from = 0;
    for (start, end) in sorted {
        assert!(
            start <= end && from <= start && end <= text.len(),
            "an edit that is none was made"
        );
        expected.push_str(&text[from..start]);
        expected.push_str(ours);
        from = end;
    }
    expected.push_str(&text[from..]);
    assert_eq!(sent, expected);
}

fn quoted(first: &str, second: &str) {
    assert_eq!(
        serde_json::from_str::<String>(&quote(first)).expect("a string"),
        first
    );
    let decision = Decision {
        call: first.to_owned(),
        verdict: "deny",
        rule: second.to_owned(),
        policy: Some(first.to_owned()),
        ..Decision::default()
    };
    for text in [
        answer::tool_error("1", second, Some(&decision), true),
        answer::error(None, -32000, first, Some(&decision.to_json())),
    ] {
        let value: Value = serde_json::from_str(&text).expect("an answer is JSON");
        assert_eq!(value["jsonrpc"], "2.0");
        let document = reply::parse(text.as_bytes()).expect("strictly so");
        assert!(document.refusals.is_empty() && reply::messages(&document).is_ok());
    }
}
