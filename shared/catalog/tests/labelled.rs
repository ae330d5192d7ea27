//! The classifier holds against the labelled set, by what that set keeps of the definitions.

use catalog::label::{Drawn, Labelled, Poisoned, is_held_back};
use catalog::score::score;
use catalog::{Category, Severity, has_hidden, neutralise};
use std::collections::{BTreeMap, BTreeSet};

fn tools() -> Vec<Labelled> {
    lines(include_str!("../labels/tools.jsonl"))
}

fn lines<T: serde::de::DeserializeOwned>(text: &str) -> Vec<T> {
    text.lines()
        .map(|line| serde_json::from_str(line).unwrap_or_else(|why| panic!("{why}: {line}")))
        .collect()
}

#[test]
fn the_held_back_third_reaches_the_targets() {
    let tools = tools();
    let scores = score(&tools);
    assert!(
        scores.held_back.reaches_its_targets(),
        "{}",
        scores.held_back
    );
    assert!(
        scores.held_back_sample.reaches_its_targets(),
        "{}",
        scores.held_back_sample
    );
    assert!(scores.tuned.reaches_its_targets(), "{}", scores.tuned);
}

#[test]
fn the_set_is_large_and_drawn_from_every_server() {
    let tools = tools();
    let of = |drawn: Drawn| tools.iter().filter(|tool| tool.drawn == drawn).count();
    assert!(of(Drawn::Sample) >= 660);
    let mut each: BTreeMap<&str, usize> = BTreeMap::new();
    for tool in &tools {
        *each.entry(&tool.package).or_default() += 1;
    }
    assert_eq!(each.len(), 110);
    let names: BTreeSet<(&str, &str)> = tools
        .iter()
        .map(|tool| (tool.package.as_str(), tool.definition.name.as_str()))
        .collect();
    assert_eq!(names.len(), tools.len());
    let dangerous = tools
        .iter()
        .filter(|tool| tool.is_held_back() && tool.label.severity() == Severity::Critical)
        .count();
    assert!(
        dangerous >= 100,
        "a rate of one in a hundred means something: {dangerous}"
    );
    assert!(tools.iter().all(|tool| tool.label != Category::Unknown));
}

#[test]
fn no_description_can_be_read_out_of_the_set() {
    for tool in tools() {
        let text = &tool.definition.text;
        assert!(text.opening.iter().filter(|word| *word != ",").count() <= 7);
        assert!(text.words.is_sorted() && text.words.len() <= 64);
    }
}

fn poisoned() -> Vec<Poisoned> {
    lines(include_str!("../labels/poisoned.jsonl"))
}

#[test]
fn every_hidden_character_is_seen_and_taken_out() {
    let hidden: Vec<Poisoned> = poisoned()
        .into_iter()
        .filter(|one| one.kind == "hidden")
        .collect();
    assert_eq!(hidden.len(), 60);
    for one in hidden {
        assert!(
            has_hidden(&one.description) && one.is_seen(),
            "{:?}",
            one.description
        );
        let shown = neutralise(&one.description);
        assert!(!has_hidden(&shown));
        assert!(
            shown
                .bytes()
                .all(|byte| byte.is_ascii_graphic() || byte == b' '),
            "{shown:?}"
        );
    }
}

#[test]
fn most_descriptions_that_address_the_model_are_seen() {
    let addressing: Vec<Poisoned> = poisoned()
        .into_iter()
        .filter(|one| one.kind != "hidden")
        .collect();
    assert_eq!(addressing.len(), 140);
    let (held, tuned): (Vec<_>, Vec<_>) = addressing
        .iter()
        .partition(|one| is_held_back(&one.description));
    for part in [held, tuned] {
        let seen = part.iter().filter(|one| one.is_seen()).count();
        assert!(seen * 100 >= part.len() * 80, "{seen} of {}", part.len());
    }
}
