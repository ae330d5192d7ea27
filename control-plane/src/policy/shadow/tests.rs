use super::*;
use time::Duration;

const NOW: OffsetDateTime = OffsetDateTime::UNIX_EPOCH;

/// Versions, newest first: how many days ago, and what was in shadow.
fn of(past: &[(i64, &[&str])]) -> Vec<(String, u32)> {
    let past: Vec<Past> = past
        .iter()
        .map(|(days, tools)| {
            let entries: Vec<String> = tools
                .iter()
                .map(|tool| format!(r#""{tool}":{{"mode":"shadow"}}"#))
                .collect();
            Past {
                published_at: NOW - Duration::days(*days),
                document: (!tools.is_empty())
                    .then(|| format!(r#"{{"tools":{{{}}}}}"#, entries.join(","))),
            }
        })
        .collect();
    let mut ages: Vec<_> = ages(&past, NOW)
        .into_iter()
        .map(|it| (it.rule, it.days))
        .collect();
    ages.sort();
    ages
}

#[test]
fn an_entry_is_as_old_as_the_run_of_versions_that_have_it_in_shadow() {
    assert_eq!(of(&[]), []);
    assert_eq!(of(&[(5, &["a"])]), [("/tools/a".to_owned(), 5)]);
    assert_eq!(
        of(&[(1, &["a", "b/c"]), (10, &["a"]), (40, &["a"])]),
        [("/tools/a".to_owned(), 40), ("/tools/b~1c".to_owned(), 1)]
    );
}

#[test]
fn a_break_begins_it_anew_and_what_is_enforced_again_has_no_age() {
    assert_eq!(
        of(&[(1, &["a"]), (10, &[]), (40, &["a"])]),
        [("/tools/a".to_owned(), 1)]
    );
    assert_eq!(of(&[(1, &[]), (40, &["a"])]), []);
}

#[test]
fn all_tools_may_be_in_shadow_too() {
    let past = Past {
        published_at: NOW - Duration::days(31),
        document: Some(
            r#"{"all_tools":{"mode":"shadow"},"tools":{"x":{"mode":"enforce"}}}"#.to_owned(),
        ),
    };
    assert_eq!(
        ages(&[past], NOW),
        [ShadowAge {
            rule: "/all_tools".to_owned(),
            days: 31
        }]
    );
}
