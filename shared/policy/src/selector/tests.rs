use super::{Choice, Hidden, Selector, by_strength, glob_covers, glob_matches};
use crate::word::Category;
use proptest::prelude::*;
use std::cell::Cell;
use std::collections::hash_map::DefaultHasher;
use std::hash::{BuildHasher, Hasher};

thread_local! {
    static HASHED: Cell<u32> = const { Cell::new(0) };
}

/// Counts how often a key is hashed.
#[derive(Default)]
struct Counting;

impl BuildHasher for Counting {
    type Hasher = DefaultHasher;

    fn build_hasher(&self) -> DefaultHasher {
        HASHED.set(HASHED.get() + 1);
        DefaultHasher::new()
    }
}

#[test]
fn an_exact_name_is_found_by_one_hash_however_many_there_are() {
    for count in [1, 10, 2_000] {
        let names = (0..count).map(|number| Selector::Exact(format!("tool_{number}").into()));
        let choice = Choice::<Counting>::new(names);
        for (tool, found) in [("tool_0", Some(0)), ("stranger", None)] {
            HASHED.set(0);
            assert_eq!(choice.of(tool, Category::Unknown), found);
            assert!(HASHED.get() <= 1, "{} hashes among {count}", HASHED.get());
            assert!(choice.globs.is_empty());
        }
    }
    assert_ne!(DefaultHasher::new().finish(), 1);
}

#[test]
fn a_glob_is_matched_on_whole_characters() {
    for (pattern, name, matches) in [
        ("", "", true),
        ("", "a", false),
        ("*", "", true),
        ("?", "", false),
        ("?", "ä", true),
        ("a*b*c", "aXbYbZc", true),
        ("a*b*c", "aXbYbZ", false),
        ("*ab", "aab", true),
        ("**", "x", true),
        ("a?c", "abc", true),
        ("A", "a", false),
        ("*a*a*a*a*a*b", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", false),
        ("[a]", "a", false),
    ] {
        assert_eq!(glob_matches(pattern, name), matches, "{pattern} {name}");
    }
}

#[test]
fn a_glob_covers_only_what_it_matches_altogether() {
    for (pattern, other, covers) in [
        ("*", "a*", true),
        ("a*", "ab*", true),
        ("ab*", "a*", false),
        ("a?", "ab", true),
        ("a?", "a*", false),
        ("a*", "a?", true),
        ("??", "?*", false),
        ("?*", "??", true),
        ("*b", "a*b", true),
        ("a*b", "*b", false),
        ("**", "*", true),
        ("?", "?", true),
    ] {
        assert_eq!(glob_covers(pattern, other), covers, "{pattern} {other}");
    }
}

#[test]
fn strength_is_literals_then_length_then_bytes() {
    let mut globs = vec!["*", "b*", "a*", "a**", "ab?", "?", "a?", "*ä"];
    globs.sort_by(|left, right| by_strength(left, right));
    assert_eq!(globs, ["ab?", "a**", "*ä", "a*", "a?", "b*", "*", "?"]);
}

#[test]
fn a_word_after_an_at_sign_is_a_category_or_a_mistake() {
    assert_eq!(
        Selector::parse("@read"),
        Ok(Selector::Category(Category::Read))
    );
    let flaw = Selector::parse("@destructiv").unwrap_err();
    assert_eq!(
        (flaw.code, flaw.hint.as_deref()),
        ("unknown_category", Some("@destructive"))
    );
    assert_eq!(Selector::parse("").unwrap_err().code, "empty_selector");
    assert_eq!(Selector::parse("@re*"), Ok(Selector::Glob("@re*".into())));
}

fn name() -> impl Strategy<Value = String> {
    "[ab]{0,4}"
}

proptest! {
    #[test]
    fn what_is_known_beforehand_changes_no_answer(
        patterns in proptest::collection::vec("[ab?*]{1,4}", 0..30),
        known in proptest::collection::vec(name(), 0..10),
        asked in proptest::collection::vec(name(), 1..10),
    ) {
        let selectors = || patterns.iter().map(|text| Selector::parse(text).unwrap());
        let plain = (Choice::<Counting>::new(selectors()), Hidden::new(selectors().collect()));
        let mut knowing = (Choice::<Counting>::new(selectors()), Hidden::new(selectors().collect()));
        for name in &known {
            knowing.0.know(name);
            knowing.1.know(name);
        }
        for name in known.iter().chain(&asked) {
            prop_assert_eq!(knowing.0.of(name, Category::Read), plain.0.of(name, Category::Read));
            prop_assert_eq!(knowing.1.holds(name, Category::Read), plain.1.holds(name, Category::Read));
        }
    }
}
