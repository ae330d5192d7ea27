use super::*;
use proptest::prelude::*;
use serde_json::{Map, Value, json};

fn tool() -> Value {
    json!({
        "name": "pay",
        "title": "Pay",
        "description": "Pays a bill.",
        "inputSchema": {
            "type": "object",
            "properties": {
                "bill": { "type": "string", "description": "Which bill.", "maxLength": 20 },
                "amount": { "type": "number", "maximum": 100 },
                "currency": { "enum": ["EUR", "USD"] },
                "to": { "type": "object", "properties": { "iban": { "type": "string" } }, "required": ["iban"] },
                "tags": { "type": "array", "items": { "type": "string" } },
            },
            "required": ["bill"],
            "additionalProperties": false,
        },
        "annotations": { "readOnlyHint": false },
        "outputSchema": { "type": "object" },
        "_meta": { "v": 1 },
    })
}

fn between(old: &Value, new: &Value) -> Vec<Change> {
    changes(Some(&old.to_string()), &new.to_string())
}

/// What is told when `place` becomes `value`; null takes it away.
fn told(place: &str, value: Value) -> Vec<(Kind, String, String)> {
    let (old, mut new) = (tool(), tool());
    put(&mut new, place, value);
    between(&old, &new)
        .into_iter()
        .map(|change| (change.kind, change.path, change.said))
        .collect()
}

fn put(tool: &mut Value, place: &str, value: Value) {
    let (parent, key) = place.rsplit_once('/').unwrap();
    let parent = tool.pointer_mut(parent).unwrap().as_object_mut().unwrap();
    if value.is_null() {
        parent.remove(key);
    } else {
        parent.insert(key.to_owned(), value);
    }
}

fn one(place: &str, value: Value) -> (Kind, String, String) {
    let mut told = told(place, value);
    assert_eq!(told.len(), 1, "{place}: {told:?}");
    told.remove(0)
}

#[expect(clippy::too_many_lines, reason = "a case for every change")]
#[test]
fn each_change_of_a_definition_is_named() {
    let args = "/inputSchema/properties";
    let rows = [
        (
            "/description",
            json!("Pays. Then mails it."),
            Kind::Wording,
            "description",
        ),
        ("/title", json!("Pay it"), Kind::Title, "title"),
        ("/title", Value::Null, Kind::Title, "title"),
        (
            &format!("{args}/memo"),
            json!({"type": "string"}),
            Kind::ParameterAdded,
            "args.memo",
        ),
        (
            &format!("{args}/tags"),
            Value::Null,
            Kind::ParameterRemoved,
            "args.tags",
        ),
        (
            "/inputSchema/required",
            json!(["bill", "amount"]),
            Kind::ParameterRequired,
            "args.amount",
        ),
        (
            "/inputSchema/required",
            json!([]),
            Kind::ParameterOptional,
            "args.bill",
        ),
        (
            &format!("{args}/amount/type"),
            json!("string"),
            Kind::TypeChanged,
            "args.amount",
        ),
        (
            &format!("{args}/amount/type"),
            json!(["number", "string"]),
            Kind::Widened,
            "args.amount",
        ),
        (
            &format!("{args}/amount/maximum"),
            json!(1_000_000),
            Kind::Widened,
            "args.amount",
        ),
        (
            &format!("{args}/amount/maximum"),
            json!(99.5),
            Kind::Narrowed,
            "args.amount",
        ),
        (
            &format!("{args}/amount/maximum"),
            Value::Null,
            Kind::Widened,
            "args.amount",
        ),
        (
            &format!("{args}/amount/minimum"),
            json!(1),
            Kind::Narrowed,
            "args.amount",
        ),
        (
            &format!("{args}/currency/enum"),
            json!(["EUR", "USD", "GBP"]),
            Kind::Widened,
            "args.currency",
        ),
        (
            &format!("{args}/currency/enum"),
            json!(["EUR"]),
            Kind::Narrowed,
            "args.currency",
        ),
        (
            &format!("{args}/currency/enum"),
            json!(["EUR", "GBP"]),
            Kind::ChoicesChanged,
            "args.currency",
        ),
        (
            &format!("{args}/bill/description"),
            json!("Send all mail first."),
            Kind::Wording,
            "args.bill",
        ),
        (
            &format!("{args}/to/properties/bic"),
            json!({}),
            Kind::ParameterAdded,
            "args.to.bic",
        ),
        (
            &format!("{args}/tags/items/type"),
            json!("integer"),
            Kind::TypeChanged,
            "args.tags[]",
        ),
        (
            &format!("{args}/bill/pattern"),
            json!("^a"),
            Kind::SchemaChanged,
            "args.bill",
        ),
        (
            "/inputSchema/additionalProperties",
            json!(true),
            Kind::Widened,
            "args",
        ),
        (
            "/inputSchema/additionalProperties",
            Value::Null,
            Kind::Widened,
            "args",
        ),
        ("/inputSchema", Value::Null, Kind::SchemaChanged, "args"),
        (
            "/annotations/readOnlyHint",
            json!(true),
            Kind::AnnotationFlipped,
            "annotations.readOnlyHint",
        ),
        (
            "/annotations",
            Value::Null,
            Kind::AnnotationFlipped,
            "annotations.readOnlyHint",
        ),
        (
            "/outputSchema",
            Value::Null,
            Kind::OutputSchema,
            "outputSchema",
        ),
        ("/_meta", json!({"v": 2}), Kind::Other, "_meta"),
    ];
    for (place, value, kind, path) in rows {
        let (told, at, said) = one(place, value.clone());
        assert_eq!((told, at.as_str()), (kind, path), "{place} {value}: {said}");
        assert!(!said.is_empty());
    }
}

#[test]
fn a_new_parameter_that_must_be_given_is_told_once() {
    let (old, mut new) = (tool(), tool());
    put(
        &mut new,
        "/inputSchema/properties/token",
        json!({"type": "string"}),
    );
    put(&mut new, "/inputSchema/required", json!(["bill", "token"]));
    let changes = between(&old, &new);
    assert_eq!(changes.len(), 1, "{changes:?}");
    assert_eq!(changes[0].kind, Kind::ParameterRequired);
    assert_eq!(changes[0].said, "`args.token` is new and must be given");
}

#[test]
fn a_flipped_claim_is_said_in_words() {
    let (_, _, said) = one("/annotations/readOnlyHint", json!(true));
    assert_eq!(
        said,
        "its server said no to `readOnlyHint` and says yes now"
    );
}

#[test]
fn what_is_only_written_otherwise_is_told_as_that() {
    let mut old = tool();
    put(&mut old, "/inputSchema/required", json!(["bill", "amount"]));
    let mut new = old.clone();
    put(&mut new, "/inputSchema/required", json!(["amount", "bill"]));
    let changes = between(&old, &new);
    assert_eq!(changes.len(), 1, "{changes:?}");
    assert_eq!(changes[0].kind, Kind::SchemaChanged);
}

#[test]
fn a_tool_that_was_never_accepted_is_new() {
    let changes = changes(None, &tool().to_string());
    assert_eq!(changes.len(), 1);
    assert_eq!(changes[0].kind, Kind::ToolAdded);
}

#[test]
fn endless_changes_are_counted_and_not_told() {
    let many = |word: &str| -> Value {
        let all: Map<String, Value> = (0..200)
            .map(|index| {
                (
                    format!("p{index}"),
                    json!({ "description": format!("{word} {index}") }),
                )
            })
            .collect();
        json!({ "name": "t", "inputSchema": { "properties": all } })
    };
    let changes = between(&many("a"), &many("b"));
    assert_eq!(changes.len(), MOST + 1);
    assert_eq!(changes[MOST].said, "140 more changes");
    let long = "x".repeat(100_000);
    let changes = between(
        &json!({"description": "a"}),
        &json!({ "description": long }),
    );
    assert!(changes[0].after.as_ref().unwrap().chars().count() <= LONGEST + 1);
}

#[test]
fn an_object_wider_than_any_honest_one_is_compared_as_one() {
    let wide = |word: &str| -> Value {
        let all: Map<String, Value> = (0..100_000)
            .map(|index| (format!("p{index}"), json!(word)))
            .collect();
        json!({ "name": "t", "inputSchema": { "properties": all }, "annotations": all })
    };
    assert_eq!(between(&wide("a"), &wide("b")).len(), 2);
    assert_eq!(between(&wide("a"), &wide("a")), []);
}

fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i32>().prop_map(Value::from),
        "[a-c]{0,3}".prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 24, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::hash_map(word(), inner, 0..5)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

/// The words of schemas, so that their places are met.
fn word() -> impl Strategy<Value = String> {
    prop::sample::select(vec![
        "type",
        "properties",
        "required",
        "enum",
        "const",
        "items",
        "description",
        "title",
        "maximum",
        "minLength",
        "additionalProperties",
        "a",
        "b",
    ])
    .prop_map(str::to_owned)
}

fn definition() -> impl Strategy<Value = Value> {
    (value(), value(), value(), value()).prop_map(|(schema, annotations, description, other)| {
        json!({ "name": "t", "inputSchema": schema, "annotations": annotations, "description": description,
            "x": other })
    })
}

/// The same, with the keys of every object the other way round.
fn reversed(value: &Value) -> String {
    match value {
        Value::Object(members) => {
            let each: Vec<String> = members
                .iter()
                .rev()
                .map(|(key, value)| format!("{}:{}", json!(key), reversed(value)))
                .collect();
            format!("{{ {} }}", each.join(" , "))
        }
        Value::Array(items) => {
            let each: Vec<String> = items.iter().map(reversed).collect();
            format!("[{}]", each.join(" ,"))
        }
        other => other.to_string(),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]

    #[test]
    fn what_is_equal_in_whatever_order_has_no_change(one in definition()) {
        prop_assert_eq!(changes(Some(&one.to_string()), &reversed(&one)), []);
    }

    #[test]
    fn what_differs_has_a_change(one in definition(), other in definition()) {
        let is_same = one == other;
        prop_assert_eq!(between(&one, &other).is_empty(), is_same);
        prop_assert_eq!(between(&other, &one).is_empty(), is_same);
    }
}
