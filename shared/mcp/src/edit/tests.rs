use super::*;
use crate::reply::parse;

#[test]
fn members_go_whole_and_what_is_left_is_json() {
    let text = r#"{"a": 1, "b":[2] ,"c":{"d":3} }"#;
    let left = |keep: &str| {
        let document = parse(text.as_bytes()).unwrap();
        splice(
            text,
            without_members(&document.root, |key| keep.contains(key)),
        )
        .unwrap()
    };
    assert_eq!(left("abc"), text);
    assert_eq!(left("ab"), r#"{"a": 1, "b":[2] }"#);
    assert_eq!(left("ac"), r#"{"a": 1, "c":{"d":3} }"#);
    assert_eq!(left("b"), r#"{"b":[2] }"#);
    assert_eq!(left(""), "{ }");
}

#[test]
fn edits_that_overlap_or_lie_outside_make_nothing() {
    let edit = |start, end| Edit {
        span: Span { start, end },
        text: "x".to_owned(),
    };
    assert_eq!(
        splice("abc", vec![edit(1, 2), edit(0, 1)]).as_deref(),
        Some("xxc")
    );
    assert_eq!(splice("abc", vec![edit(0, 2), edit(1, 3)]), None);
    assert_eq!(splice("abc", vec![edit(2, 9)]), None);
    assert_eq!(splice("abc", vec![edit(2, 1)]), None);
    assert_eq!(splice("ä", vec![edit(1, 2)]), None);
}
