use super::schema;
use crate::document::{DOCUMENT, Object, Shape};
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// Every object of the tables, by name, with its keys.
fn objects(object: &'static Object, seen: &mut Vec<(&'static str, BTreeSet<String>)>) {
    if seen.iter().any(|(name, _)| *name == object.name) {
        return;
    }
    seen.push((
        object.name,
        object.keys().map(|key| key.name.to_owned()).collect(),
    ));
    for key in object.keys() {
        shapes(&key.shape, seen);
    }
}

fn shapes(shape: &'static Shape, seen: &mut Vec<(&'static str, BTreeSet<String>)>) {
    match shape {
        Shape::List { of, .. } | Shape::Map { of, .. } | Shape::See(of) => shapes(of, seen),
        Shape::Object(object) => objects(object, seen),
        Shape::Either(any) => any.iter().for_each(|shape| shapes(shape, seen)),
        Shape::Marked { marks, else_ } => {
            marks.iter().for_each(|(_, object)| objects(object, seen));
            objects(else_, seen);
        }
        Shape::Word(_) | Shape::Text(_) | Shape::Whole { .. } | Shape::Operand => {}
    }
}

#[test]
fn every_key_that_is_read_is_in_the_schema_and_no_other() {
    let schema = schema();
    let mut known = Vec::new();
    objects(&DOCUMENT, &mut known);
    assert!(known.len() > 12);
    for (name, keys) in &known {
        let of = if *name == DOCUMENT.name {
            &schema
        } else {
            &schema["$defs"][name]
        };
        let printed: BTreeSet<String> = of["properties"]
            .as_object()
            .expect(name)
            .keys()
            .cloned()
            .collect();
        assert_eq!(&printed, keys, "{name}");
        assert_eq!(of["additionalProperties"], Value::Bool(false), "{name}");
    }
    let defined: BTreeSet<&str> = schema["$defs"]
        .as_object()
        .unwrap()
        .keys()
        .map(String::as_str)
        .collect();
    let read: BTreeSet<&str> = known
        .iter()
        .map(|(name, _)| *name)
        .filter(|name| *name != DOCUMENT.name)
        .collect();
    assert_eq!(defined, read);
}

#[test]
fn the_schema_and_the_reading_refuse_alike() {
    let validator = jsonschema::options().build(&schema()).unwrap();
    let entry =
        |rules: Value| json!({ "version": "1", "default": "deny", "tools": { "t": rules } });
    let test = |op: &str, value: Value| {
        entry(
            json!({ "deny_if": [{ "conditions": [{ "path": "args.a", "op": op, "value": value }] }] }),
        )
    };
    let limit = |limit: Value| entry(json!({ "limits": [limit] }));
    let refused = [
        json!({}),
        json!({ "version": 1, "default": "deny" }),
        json!({ "version": "1", "default": "Deny" }),
        json!({ "version": "1", "default": "deny", "hide": [5] }),
        json!({ "version": "1", "default": "deny", "tools": { "@reed": {} } }),
        json!({ "version": "1", "default": "deny", "all_tools": { "action": "deny" } }),
        json!({ "version": "1", "default": "deny", "methods": ["tools"] }),
        entry(json!({ "actions": "deny" })),
        entry(json!({ "require": [{ "on_deny": "x" }] })),
        entry(json!({ "require": [{ "conditions": [], "on_hold": "x" }] })),
        entry(json!({ "require": [{ "conditions": [], "id": "a b" }] })),
        entry(json!({ "require": [{ "conditions": [{ "any": [] }] }] })),
        entry(json!({ "require": [{ "conditions": [{ "not": [] }] }] })),
        entry(json!({ "rate_limit": "ten/minute" })),
        entry(json!({ "rate_limit": { "max": 5 } })),
        entry(json!({ "approval": { "wait": "1w" } })),
        entry(json!({ "approval": { "approvers": 0 } })),
        test("equals", json!(5)),
        test("eq", json!(null)),
        test("lt", json!(true)),
        test("in", json!("a")),
        test("in", json!([null])),
        test("exists", json!("yes")),
        test("exists", json!({ "path": "args.b" })),
        test("regex", json!(5)),
        test("length_lte", json!(-1)),
        test("length_gte", json!(1.5)),
        test("host_in", json!("a.example")),
        test("ip_in", json!([5])),
        test("eq", json!({ "path": "args.b[*]" })),
        limit(json!({ "counter": "c", "window": "week", "max": 5 })),
        limit(json!({ "counter": "c", "window": 0, "max": 5 })),
        limit(json!({ "counter": "c", "window": "day", "max": -5 })),
        limit(json!({ "counter": "c", "window": "day" })),
        limit(json!({ "counter": "", "window": "day", "max": 5 })),
        limit(json!({ "counter": "c", "concurrency": 0 })),
        limit(json!({ "counter": "c", "concurrency": 4, "max": 5 })),
        limit(json!({ "counter": "c", "window": "day", "max": 5, "methods": "all" })),
        limit(
            json!({ "counter": "c", "window": "day", "max": 5, "by": ["args.a", "args.b", "args.c"] }),
        ),
        limit(json!({ "counter": "c", "window": "day", "max": 5, "by": ["args.a[*]"] })),
        limit(
            json!({ "counter": "c", "window": "day", "max": 5, "cost": { "from": "time.hour" } }),
        ),
    ];
    for document in refused {
        assert!(
            !validator.is_valid(&document),
            "the schema takes {document}"
        );
        assert!(
            crate::compile(&document.to_string()).is_err(),
            "the reading takes {document}"
        );
    }
}
