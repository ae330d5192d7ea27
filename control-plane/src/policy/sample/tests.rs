use super::{example, offers};
use ::policy::compile;
use proptest::prelude::*;
use serde_json::{Value, json};

fn refund() -> Value {
    json!({
        "type": "object",
        "required": ["customer", "amount"],
        "properties": {
            "amount": { "type": "number", "exclusiveMinimum": 0, "description": "In cents" },
            "customer": { "type": "string", "minLength": 6 },
            "note": { "type": ["string", "null"] },
            "items": { "type": "array", "minItems": 1, "items": { "$ref": "#/$defs/item" } },
        },
        "$defs": { "item": { "type": "object", "required": ["sku"], "properties": { "sku": { "enum": ["a-1", "b-2"] }, "of day": { "format": "date", "type": "string" } } } },
    })
}

#[test]
fn every_argument_is_offered_by_the_path_that_a_condition_would_use() {
    let offered = offers(&refund());
    let paths: Vec<&str> = offered.iter().map(|offer| offer.path.as_str()).collect();
    assert_eq!(
        paths,
        [
            "args.amount",
            "args.customer",
            "args.items",
            "args.items[*]",
            "args.items[*].sku",
            "args.items[*][\"of day\"]",
            "args.note"
        ]
    );
    assert_eq!(offered[0].types, ["number"]);
    assert_eq!(offered[0].description, "In cents");
    assert_eq!(offered[6].types, ["string", "null"]);
}

#[test]
fn an_example_has_what_is_required_and_keeps_to_the_bounds() {
    let made: Value = serde_json::from_str(&example(&refund())).unwrap();
    assert_eq!(made, json!({ "amount": 0.5, "customer": "textxx" }));
    let open = json!({ "properties": { "day": { "type": "string", "format": "date" }, "n": { "type": "integer", "minimum": 3 } } });
    let made: Value = serde_json::from_str(&example(&open)).unwrap();
    assert_eq!(made, json!({ "day": "2026-01-31", "n": 3 }));
}

#[test]
fn no_schema_makes_the_answer_large() {
    let circle = json!({ "$ref": "#/$defs/a", "$defs": { "a": { "type": "object", "required": ["a", "b"], "properties": { "a": { "$ref": "#/$defs/a" }, "b": { "$ref": "#/$defs/a" } } } } });
    assert!(example(&circle).len() < 20_000);
    assert_eq!(offers(&circle).len(), 126);
    let away = json!({ "properties": { "a": { "$ref": "https://example.com/schema" }, "b": { "$ref": "#" } } });
    assert!(offers(&away).len() <= 200);
    let long = json!({ "properties": { "a": { "type": "array", "minItems": 1e9, "items": { "type": "string", "minLength": 1_000_000_000u64 } } } });
    assert!(example(&long).len() < 2_000);
    for odd in [
        json!(true),
        json!(null),
        json!([]),
        json!({ "properties": 3, "required": {}, "type": 7 }),
    ] {
        assert_eq!((example(&odd).as_str(), offers(&odd).len()), ("{}", 0));
    }
}

fn schema(depth: u32) -> BoxedStrategy<Value> {
    let leaf = prop_oneof![
        Just(json!({ "type": "boolean" })),
        Just(json!({ "type": "null" })),
        (0..9i64, 0..9i64).prop_map(|(least, more)| json!({ "type": "integer", "minimum": least, "maximum": least + more })),
        (-9..0i64).prop_map(|most| json!({ "type": "number", "maximum": most })),
        (0..12u64, 0..12u64).prop_map(|(least, more)| json!({ "type": "string", "minLength": least, "maxLength": least + more })),
        Just(json!({ "enum": [3, "x"] })),
    ];
    if depth == 0 {
        return leaf.boxed();
    }
    let list = (schema(depth - 1), 0..4u64)
        .prop_map(|(items, least)| json!({ "type": "array", "items": items, "minItems": least }));
    prop_oneof![leaf, list, object(depth - 1)].boxed()
}

fn object(depth: u32) -> BoxedStrategy<Value> {
    let members = prop::collection::btree_map("[a-f ]{1,3}", (schema(depth), any::<bool>()), 0..4);
    members
        .prop_map(|members| {
            let required: Vec<&String> = members.iter().filter(|(_, (_, must))| *must).map(|(name, _)| name).collect();
            let properties: serde_json::Map<_, _> = members.iter().map(|(name, (schema, _))| (name.clone(), schema.clone())).collect();
            json!({ "type": "object", "properties": properties, "required": required, "additionalProperties": false })
        })
        .boxed()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]

    #[test]
    fn an_example_validates_against_the_schema_it_was_made_from(schema in object(2)) {
        let compiled = ::policy::CompiledSchema::compile(&schema.to_string()).unwrap();
        let policy = compile(r#"{"version":"1","default":"allow","all_tools":{"arguments":"closed"}}"#).unwrap();
        let text = example(&schema);
        let limits = json::Limits { bytes: 1 << 20, depth: 64, values: 1 << 20 };
        let arguments = json::read(text.as_bytes(), &limits).unwrap();
        let labels = std::collections::BTreeMap::new();
        let question = ::policy::Question {
            tool: "t",
            known: true,
            changed: false,
            category: ::policy::Category::Unknown,
            hints: ::policy::Hints::default(),
            schema: Some(&compiled),
            arguments: Some(&arguments.root),
            approved: false,
            around: ::policy::Around {
                grant: ::policy::GrantFacts { name: "", labels: &labels, user: None },
                server: ::policy::ServerFacts { slug: "" },
                client: ::policy::ClientFacts::default(),
                now: 0,
            },
        };
        let explained = policy.explain(&question);
        prop_assert_eq!(explained.verdict, "allow", "{} for {}", text, schema);
    }

    #[test]
    fn every_offered_path_is_one_that_a_condition_may_have(schema in object(2)) {
        for offer in offers(&schema) {
            let path = Value::from(offer.path.as_str());
            let document = format!(r#"{{"version":"1","default":"deny","tools":{{"t":{{"deny_if":[{{"conditions":[{{"path":{path},"op":"exists","value":true}}]}}]}}}}}}"#);
            prop_assert!(compile(&document).is_ok(), "{}", document);
        }
    }
}
