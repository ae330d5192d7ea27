use super::super::spell::Json;
use super::{Step, put, take};

const PRETTY: &str = r#"{
    "version": "1",
    "tools": {
        "a": {},
        "b": { "action": "deny" }
    }
}
"#;

fn tool(name: &str) -> [Step<'_>; 2] {
    [Step::Key("tools"), Step::Key(name)]
}

#[test]
fn what_is_new_is_laid_out_as_its_neighbours_are() {
    let deny = Json::object([("action", Json::text("deny"))]);
    let after = put(PRETTY, &tool("c"), &deny).unwrap();
    assert_eq!(
        after,
        PRETTY.replace(
            "\"deny\" }\n",
            "\"deny\" },\n        \"c\": { \"action\": \"deny\" }\n"
        )
    );
    let tight = r#"{"version":"1"}"#;
    assert_eq!(
        put(tight, &tool("c"), &deny).unwrap(),
        r#"{"version":"1","tools":{"c":{"action":"deny"}}}"#
    );
    let inline = [Step::Key("tools"), Step::Key("b"), Step::Key("reason")];
    assert!(
        put(PRETTY, &inline, &Json::text("so"))
            .unwrap()
            .contains(r#""b": { "action": "deny", "reason": "so" }"#)
    );
}

#[test]
fn the_first_part_of_something_empty_stays_on_its_line_but_at_the_top() {
    let way = [
        Step::Key("tools"),
        Step::Key("a"),
        Step::Key("limits"),
        Step::End,
    ];
    let after = put(PRETTY, &way, &Json::object([("counter", Json::text("x"))])).unwrap();
    assert!(
        after.contains("\"a\": { \"limits\": [{ \"counter\": \"x\" }] },"),
        "{after}"
    );
    let after = put(
        "{\n  \"version\": \"1\"\n}",
        &tool("a"),
        &Json::Object(Vec::new()),
    )
    .unwrap();
    assert_eq!(
        after,
        "{\n  \"version\": \"1\",\n  \"tools\": {\n    \"a\": {}\n  }\n}"
    );
}

#[test]
fn what_is_taken_out_leaves_no_gap() {
    let after = take(PRETTY, &tool("a")).unwrap();
    assert_eq!(after, PRETTY.replace("\"a\": {},\n        ", ""));
    let after = take(PRETTY, &tool("b")).unwrap();
    assert_eq!(
        after,
        PRETTY.replace(",\n        \"b\": { \"action\": \"deny\" }", "")
    );
    let after = take(&after, &tool("a")).unwrap();
    assert!(after.contains("\"tools\": {}\n}"), "{after}");
    assert_eq!(take(&after, &tool("a")).unwrap(), after);
}

#[test]
fn what_stands_in_the_way_is_said_and_not_overwritten() {
    let document = r#"{"tools":[1,2]}"#;
    let refused = put(document, &tool("a"), &Json::Object(Vec::new())).unwrap_err();
    assert_eq!(
        (refused.pointer.as_str(), refused.why.as_str()),
        ("/tools", "expected an object here")
    );
    let twice = r#"{"tools":{"a":{},"a":{}}}"#;
    assert_eq!(take(twice, &tool("a")).unwrap_err().pointer, "/tools/a");
    assert_eq!(
        put("{", &tool("a"), &Json::text("")).unwrap_err().pointer,
        ""
    );
}

#[test]
fn what_is_long_is_broken_into_lines() {
    let long = Json::List((0..30).map(|n| Json::text(format!("number {n}"))).collect());
    let after = put(PRETTY, &[Step::Key("hide")], &long).unwrap();
    assert!(
        after.contains("    \"hide\": [\n        \"number 0\",\n"),
        "{after}"
    );
    assert!(after.ends_with("\"number 29\"\n    ]\n}\n"), "{after}");
}
