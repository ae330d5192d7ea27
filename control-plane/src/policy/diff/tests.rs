use super::*;
use proptest::prelude::*;

fn places(before: &str, after: &str) -> Vec<String> {
    diff(before, after)
        .changes
        .iter()
        .map(|change| format!("{:?} {}", change.kind, change.pointer))
        .collect()
}

#[test]
fn every_place_that_differs_is_named_once() {
    let before = r#"{"version":"1","default":"deny","tools":{"a":{},"b/c":{"action":"deny"},"l":{"limits":[{"max":1},{"max":2}]}}}"#;
    let after = r#"{"version":"1","default":"allow","tools":{"b/c":{"action":"hide"},"l":{"limits":[{"max":3}]},"n":{}}}"#;
    assert_eq!(
        places(before, after),
        [
            "Changed /default",
            "Removed /tools/a",
            "Changed /tools/b~1c/action",
            "Changed /tools/l/limits/0/max",
            "Removed /tools/l/limits/1",
            "Added /tools/n",
        ]
    );
}

#[test]
fn a_spelling_is_no_change() {
    let before = r#"{"a":[1.50,"é"],"b":{"c":1,"d":2}}"#;
    let after = "{\n  \"b\": {\"d\": 2e0, \"c\": 1.0},\n  \"a\": [15e-1, \"\\u00e9\"]\n}";
    assert_eq!(places(before, after), Vec::<String>::new());
    assert_eq!(places("9007199254740993", "9007199254740992"), ["Changed "]);
}

#[test]
fn the_words_name_the_entry_and_both_values() {
    let before = r#"{"default":"deny","tools":{"refund":{"limits":[{"max":5}]}}}"#;
    let after = r#"{"default":"allow","tools":{"refund":{"limits":[{"max":9}]},"search_*":{}}}"#;
    assert_eq!(
        diff(before, after).words,
        [
            "changes `default` from `\"deny\"` to `\"allow\"`",
            "changes `limits/0/max` of the entry for `refund` from `5` to `9`",
            "adds the entry for `search_*`: `{}`",
        ]
    );
}

#[test]
fn a_flood_of_changes_is_counted_and_not_listed() {
    let list = |item: &str| format!("[{}]", vec![item; 3_000].join(","));
    let diff = diff(&list("1"), &list("2"));
    assert_eq!(diff.changes.len(), MOST_CHANGES);
    assert_eq!(
        diff.words.last().unwrap(),
        "2000 more changes are not listed"
    );
}

fn any_json() -> impl Strategy<Value = serde_json::Value> {
    let leaf = prop_oneof![
        Just(serde_json::Value::Null),
        any::<bool>().prop_map(Into::into),
        any::<i64>().prop_map(Into::into),
        "[a-z/~]{0,4}".prop_map(Into::into),
    ];
    leaf.prop_recursive(4, 24, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Into::into),
            prop::collection::btree_map("[a-c/~]{0,2}", inner, 0..4)
                .prop_map(|map| serde_json::Value::Object(map.into_iter().collect())),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(10_000))]

    /// Every pointer leads to what was there before and to what is there after, and nothing else differs.
    #[test]
    fn the_changes_are_the_whole_difference(before in any_json(), after in any_json()) {
        let found = diff(&before.to_string(), &after.to_string());
        prop_assert_eq!(found.changes.is_empty(), before == after);
        let value = |raw: &Option<Box<RawValue>>| {
            raw.as_ref().map(|raw| serde_json::from_str::<serde_json::Value>(raw.get()).unwrap())
        };
        for change in &found.changes {
            prop_assert_eq!(before.pointer(&change.pointer).cloned(), value(&change.before));
            prop_assert_eq!(after.pointer(&change.pointer).cloned(), value(&change.after));
        }
    }
}

#[test]
fn lines_differ_where_something_means_another_thing() {
    let before = r#"{"version":"1","default":"deny","tools":{"a":{},"b":{}}}"#;
    let same =
        "{ \"version\": \"1\",\n\n \"default\": \"deny\", \"tools\": { \"a\": {}, \"b\": { } } }";
    assert!(super::hunks(before, same).is_empty());
    let after = before.replace(r#""b":{}"#, r#""b":{"action":"deny"}"#);
    let hunks = super::hunks(before, &after);
    let changed: Vec<String> = hunks[0]
        .lines
        .iter()
        .filter(|line| line.sign != ' ')
        .map(|line| format!("{}{}", line.sign, line.text))
        .collect();
    assert_eq!(
        changed,
        ["-    \"b\": {}", "+    \"b\": { \"action\": \"deny\" }"]
    );
}

#[test]
fn what_has_nothing_in_common_is_answered_too() {
    let many = |word: &str| {
        let entries: Vec<String> = (0..2_000).map(|n| format!("\"{word}{n}\":{{}}")).collect();
        format!("{{\"tools\":{{{}}}}}", entries.join(","))
    };
    let lines: usize = super::hunks(&many("a"), &many("b"))
        .iter()
        .map(|hunk| hunk.lines.len())
        .sum();
    assert_eq!(lines, 4_000);
}
