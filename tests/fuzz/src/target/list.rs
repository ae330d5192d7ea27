//! Pages of tools: what is cut stays JSON, the tools left are the bytes they were, and nothing else has changed.

use crate::parts::choice;
use mcp::{Page, reply};
use serde_json::Value;

pub fn run(data: &[u8]) {
    let (wish, data) = choice(data, u8::MAX);
    let Ok(document) = reply::parse(data) else {
        return;
    };
    let Ok(Some(page)) = Page::of(&document) else {
        return;
    };
    let keep = |name: &str| {
        let sum = name
            .bytes()
            .fold(wish, |sum, byte| sum.rotate_left(3) ^ byte);
        sum % 2 == 0
    };
    let kept: Vec<(&str, &str)> = page
        .entries()
        .filter(|entry| keep(entry.name))
        .map(|entry| (entry.name, entry.definition.span.of(document.text)))
        .collect();
    let is_public = document
        .root
        .get("result")
        .and_then(|result| result.get("cacheScope")?.as_str())
        == Some("public");
    let cuts = page.cuts(|entry| keep(entry.name));
    if cuts.is_empty() {
        assert!(kept.len() == page.len() && !is_public);
        return;
    }
    let cut = mcp::splice(document.text, cuts).expect("a page can be cut");
    assert!(kept.len() < page.len() || is_public);
    let again = reply::parse(cut.as_bytes()).expect("a cut page is JSON");
    assert!(again.refusals.is_empty());
    let left = Page::of(&again).expect("a page").expect("still a page");
    let left: Vec<(&str, &str)> = left
        .entries()
        .map(|entry| (entry.name, entry.definition.span.of(&cut)))
        .collect();
    assert_eq!(left, kept);
    assert_eq!(rest(&cut), rest(document.text));
    assert!(
        !cut.contains("\"public\"")
            || !is_public
            || cut.matches("\"public\"").count() < document.text.matches("public").count()
    );
}

/// The answer without its tools and with every scope as it must be; nothing where no other reader reads it.
fn rest(text: &str) -> Option<Value> {
    let mut value: Value = serde_json::from_str(text).ok()?;
    let result = value.get_mut("result")?.as_object_mut()?;
    result.remove("tools");
    if result
        .get("cacheScope")
        .is_some_and(|scope| scope == "public")
    {
        result.insert("cacheScope".to_owned(), "private".into());
    }
    Some(value)
}
