use super::{Limit, Predicate, literal, shown};
use crate::policy::edit::spell::{Json, Layout};
use ::policy::Operator;
use proptest::prelude::*;

const LIMITS: json::Limits = json::Limits {
    bytes: 1 << 20,
    depth: 64,
    values: 1 << 20,
};
const LINE: Layout<'static> = Layout {
    is_broken: false,
    unit: "",
};

fn unknown(_: &str) -> Vec<String> {
    Vec::new()
}

fn canonical(text: &str) -> String {
    json::canonical(&json::read(text.as_bytes(), &LIMITS).unwrap().root)
}

#[test]
fn a_field_means_what_its_operator_and_type_make_of_it() {
    let text = vec!["string".to_owned()];
    let number = vec!["number".to_owned()];
    let cases = [
        ("50", "gt", &number, "50"),
        ("50", "eq", &text, "\"50\""),
        ("many", "gt", &number, "\"many\""),
        ("\"50\"", "eq", &number, "\"50\""),
        ("true", "exists", &text, "true"),
        ("12", "length_lte", &text, "12"),
        ("^[a-z]+$", "regex", &text, "\"^[a-z]+$\""),
        ("a, b ,c", "in", &text, r#"["a","b","c"]"#),
        ("1, 2", "in", &number, "[1,2]"),
        (r#"["a, b"]"#, "in", &text, r#"["a, b"]"#),
        (
            "example.com,*.example.org",
            "host_in",
            &text,
            r#"["example.com","*.example.org"]"#,
        ),
    ];
    for (field, op, types, meant) in cases {
        assert_eq!(
            literal(field, op, types).spell(LINE, ""),
            meant,
            "{field} {op}"
        );
    }
}

#[test]
fn what_a_form_cannot_say_is_no_form() {
    for odd in [
        r#"{"conditions":[{"any":[{"path":"args.a","op":"eq","value":1}]}]}"#,
        r#"{"conditions":[],"unknown":1}"#,
        r#"{"conditions":[{"path":"args.a","op":"regex","value":"two\nlines"}]}"#,
        r#"{"on_deny":"two\nlines","conditions":[]}"#,
        "[]",
    ] {
        let read = json::read(odd.as_bytes(), &LIMITS).unwrap();
        assert_eq!(Predicate::read(&read.root, odd, &unknown), None, "{odd}");
        assert_eq!(Limit::read(&read.root), None, "{odd}");
    }
}

#[test]
fn a_limit_is_the_same_after_the_form() {
    for limit in [
        r#"{"counter":"c","window":"day","max":5}"#,
        r#"{"counter":"c","window":90,"max":5,"scope":"org","by":["args.a","args.b"],"cost":2,"count":"forwarded","on_outage":"closed","message":"no"}"#,
        r#"{"counter":"c","window":"month","max":5,"cost":{"from":"args.amount","scale":2}}"#,
        r#"{"counter":"c","concurrency":4,"scope":"server"}"#,
    ] {
        let read = json::read(limit.as_bytes(), &LIMITS).unwrap();
        let form = Limit::read(&read.root).unwrap_or_else(|| panic!("{limit}"));
        assert_eq!(canonical(&form.spell().spell(LINE, "")), canonical(limit));
    }
}

#[test]
fn what_was_typed_wrongly_is_for_the_check_to_say() {
    let limit = Limit {
        counter: "c".to_owned(),
        max: "many".to_owned(),
        window: "fortnight".to_owned(),
        ..Limit::default()
    };
    let spelt = limit.spell().spell(LINE, "");
    let document =
        format!(r#"{{"version":"1","default":"deny","all_tools":{{"limits":[{spelt}]}}}}"#);
    let said: Vec<String> = ::policy::check(&document, None)
        .into_iter()
        .map(|finding| finding.pointer)
        .collect();
    assert_eq!(
        said,
        ["/all_tools/limits/0/window", "/all_tools/limits/0/max"]
    );
}

fn value() -> impl Strategy<Value = Json> {
    let scalar = prop_oneof![
        any::<bool>().prop_map(|it| Json::Raw(it.to_string())),
        "-?[1-9][0-9]{0,3}(\\.[0-9]{1,2})?".prop_map(Json::Raw),
        "[ a-c0-9,\"\\[\\]{}\\\\ü]{0,6}".prop_map(Json::Text),
        Just(Json::text("true")),
        Just(Json::text("two\nlines")),
    ];
    prop_oneof![
        2 => scalar.clone(),
        1 => prop::collection::vec(scalar, 0..4).prop_map(Json::List),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(5_000))]

    #[test]
    fn what_is_shown_of_a_literal_means_that_literal(
        value in value(),
        op in prop::sample::select(Operator::WORDS.to_vec()),
        types in prop::sample::select(vec![vec![], vec!["string".to_owned()], vec!["number".to_owned()]]),
    ) {
        let text = value.spell(LINE, "");
        let read = json::read(text.as_bytes(), &LIMITS).unwrap();
        let Some(field) = shown(&read.root, &text, op, &types) else {
            return Ok(());
        };
        prop_assert!(!field.contains('\n'));
        let meant = literal(&field, op, &types).spell(LINE, "");
        prop_assert_eq!(canonical(&meant), canonical(&text), "{} as {}", text, field);
    }
}

/// The property above would say little if little were shown.
#[test]
fn what_an_operator_takes_has_a_field() {
    for (op, text) in [
        ("eq", "1"),
        ("eq", "\"1\""),
        ("eq", "\"x\""),
        ("eq", "{\"a\": 1}"),
        ("eq", "\"two\\nlines\""),
        ("in", "[]"),
        ("in", "[1, \"1\"]"),
        ("in", "[\"a, b\"]"),
        ("exists", "true"),
        ("regex", "\"^1$\""),
        ("host_in", "[\"a.example\"]"),
        ("length_lte", "3"),
        ("lt", "\"2026-01-01\""),
    ] {
        let read = json::read(text.as_bytes(), &LIMITS).unwrap();
        assert!(shown(&read.root, text, op, &[]).is_some(), "{op} {text}");
    }
}
