use super::*;
use json::{Limits, canonical, read};

fn without(text: &str, paths: &[&str]) -> String {
    let limits = Limits {
        bytes: 10_000,
        depth: 64,
        values: 1_000,
    };
    let mut root = read(text.as_bytes(), &limits).unwrap().root;
    for path in paths {
        ArgumentPath::parse(path).unwrap().replace(&mut root, "***");
    }
    canonical(&root)
}

#[test]
fn what_a_path_leads_to_is_replaced_and_nothing_else() {
    let text = r#"{"card":{"number":"4111","owner":"Ann"},"items":[{"p":1},{"p":2}],"a key":7}"#;
    let cases = [
        (
            "args.card.number",
            r#"{"a key":7,"card":{"number":"***","owner":"Ann"},"items":[{"p":1},{"p":2}]}"#,
        ),
        (
            "args.items[*].p",
            r#"{"a key":7,"card":{"number":"4111","owner":"Ann"},"items":[{"p":"***"},{"p":"***"}]}"#,
        ),
        (
            "args.items[1]",
            r#"{"a key":7,"card":{"number":"4111","owner":"Ann"},"items":[{"p":1},"***"]}"#,
        ),
        (
            r#"args["a key"]"#,
            r#"{"a key":"***","card":{"number":"4111","owner":"Ann"},"items":[{"p":1},{"p":2}]}"#,
        ),
        ("args", r#""***""#),
    ];
    for (path, expected) in cases {
        assert_eq!(without(text, &[path]), expected, "{path}");
    }
    assert_eq!(
        without(text, &["args.none", "args.items[9].p"]),
        without(text, &[])
    );
}

#[test]
fn what_has_another_shape_than_a_path_expects_goes_as_a_whole() {
    let text = r#"{"card":"{\"number\":\"4111\"}","items":{"p":1},"none":null}"#;
    let paths = ["args.card.number", "args.items[*].p", "args.none.of"];
    assert_eq!(
        without(text, &paths),
        r#"{"card":"***","items":"***","none":null}"#
    );
}

#[test]
fn what_is_no_path_into_the_arguments_is_said() {
    for text in [
        "",
        "card",
        "/card",
        "args.",
        "args..a",
        "grant.name",
        "args[-1]",
    ] {
        let said = ArgumentPath::parse(text).unwrap_err().to_string();
        assert!(said.contains(text), "{text}: {said}");
    }
}
