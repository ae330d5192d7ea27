//! What holds of every policy and every call: 10,000 of them for each sentence.

mod oracle;
mod world;

use policy::{Level, Policy};
use proptest::prelude::*;
use serde_json::{Value, json};
use world::{Call, call, condition, document};

const LIMITS: json::Limits = json::Limits {
    bytes: 1 << 20,
    depth: 64,
    values: 1 << 20,
};

fn compiled(document: &Value) -> Policy {
    let text = world::text(document);
    policy::compile(&text).unwrap_or_else(|findings| panic!("{text}: {findings:#?}"))
}

/// The word and the rule that a policy answers with.
fn decided(policy: &Policy, call: &Call) -> (&'static str, Option<String>) {
    call.ask(|question| {
        let verdict = policy.decide(question);
        (verdict.word(), verdict.rule().map(str::to_owned))
    })
}

/// How much is let through: a deny less than a hold, a hold less than an allow.
fn openness(word: &str) -> u8 {
    match word {
        "allow" => 2,
        "hold" => 1,
        _ => 0,
    }
}

/// The properties would say little of a world in which one answer is nearly all there is.
#[test]
fn every_answer_is_met_often() {
    use proptest::strategy::ValueTree as _;
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let mut met = std::collections::BTreeMap::<&str, u32>::new();
    for _ in 0..2_000 {
        let document = document().new_tree(&mut runner).unwrap().current();
        let call = call().new_tree(&mut runner).unwrap().current();
        let (word, rule) = decided(&compiled(&document), &call);
        let kind = match rule.as_deref() {
            Some(rule) if rule.contains("/require/") => "require",
            Some(rule) if rule.contains("/deny_if/") => "deny_if",
            Some(rule) if rule.ends_with("/cost") || rule.ends_with("/by") => "uncountable",
            _ => word,
        };
        *met.entry(kind).or_default() += 1;
    }
    for kind in [
        "allow",
        "deny",
        "require",
        "deny_if",
        "uncountable",
        "hold",
        "unknown_tool",
        "invalid",
    ] {
        assert!(
            met.get(kind).is_some_and(|times| *times >= 20),
            "{kind} in {met:?}"
        );
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 10_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_compiled_verdict_is_that_of_a_slow_reading(document in document(), call in call()) {
        let text = world::text(&document);
        let read = json::read(text.as_bytes(), &LIMITS).unwrap();
        let expected = call.ask(|question| oracle::answer(&read.root, question));
        prop_assert_eq!(decided(&compiled(&document), &call), expected, "{}", text);
    }

    #[test]
    fn adding_a_deny_never_lets_more_through(
        document in document(),
        call in call(),
        conditions in prop::collection::vec(condition(), 0..3),
        place in any::<prop::sample::Index>(),
    ) {
        let before = openness(decided(&compiled(&document), &call).0);
        for stricter in world::with_a_deny(&document, &json!({ "conditions": conditions }), place) {
            let after = decided(&compiled(&stricter), &call);
            prop_assert!(openness(after.0) <= before, "{} by {:?}", after.0, after.1);
        }
    }

    #[test]
    fn the_order_of_entries_and_keys_never_matters(document in document(), call in call(), seed in any::<u64>()) {
        let shuffled = world::shuffled(&document, seed);
        let other = policy::compile(&shuffled).unwrap();
        prop_assert_eq!(decided(&compiled(&document), &call), decided(&other, &call), "{}", shuffled);
    }

    #[test]
    fn the_canonical_form_is_a_fixed_point_and_means_the_same(document in document(), call in call(), seed in any::<u64>()) {
        let once = policy::canonical(&world::text(&document)).unwrap();
        prop_assert_eq!(&policy::canonical(&once).unwrap(), &once);
        prop_assert_eq!(&policy::canonical(&world::shuffled(&document, seed)).unwrap(), &once);
        prop_assert_eq!(decided(&compiled(&document), &call), decided(&policy::compile(&once).unwrap(), &call));
    }

    #[test]
    fn explaining_decides_the_same_and_names_the_rule(document in document(), call in call()) {
        let policy = compiled(&document);
        let (word, rule) = decided(&policy, &call);
        let explained = call.ask(|question| policy.explain(question));
        prop_assert_eq!(explained.verdict, word);
        prop_assert_eq!(&explained.rule, &rule);
        if let Some(rule) = &rule {
            let step = explained.trace.iter().find(|step| step.outcome == word);
            prop_assert_eq!(step.map(|step| &step.rule), Some(rule));
            prop_assert!(explained.message.is_some_and(|message| !message.is_empty()));
        } else {
            let stops = explained.trace.iter().filter(|step| matches!(step.outcome, "deny" | "unknown_tool" | "invalid"));
            prop_assert_eq!(stops.count(), 0);
        }
    }

    #[test]
    fn a_list_shows_what_can_be_reached(document in document(), call in call()) {
        let policy = compiled(&document);
        let (_, rule) = decided(&policy, &call);
        let is_hidden = call.ask(|question| policy.is_hidden(question.tool, question.category));
        let is_object = call.ask(|question| question.arguments.is_none_or(|node| node.as_object().is_some()));
        if is_object && call.ask(|question| question.known) {
            prop_assert_eq!(rule.as_deref() == Some("(hidden)"), is_hidden);
        }
    }

    #[test]
    fn any_text_is_read_or_refused(text in "\\PC{0,200}", document in document(), cut in any::<prop::sample::Index>(), typed in "[\\[\\]{}\",:0-9a-z*@]{0,3}") {
        let mut broken = world::text(&document);
        let mut at = cut.index(broken.len());
        while !broken.is_char_boundary(at) {
            at -= 1;
        }
        broken.insert_str(at, &typed);
        for text in [text, broken] {
            let findings = policy::check(&text, None);
            let has_errors = findings.iter().any(|finding| finding.level == Level::Error);
            prop_assert_eq!(policy::compile(&text).is_err(), has_errors);
            for finding in &findings {
                prop_assert!(finding.line >= 1 && finding.column >= 1);
                prop_assert!(finding.pointer.is_empty() || finding.pointer.starts_with('/'));
            }
        }
    }
}
