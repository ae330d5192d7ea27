use super::*;
use ids::PolicyId;
use proptest::prelude::*;
use serde_json::{Map, Value, json};

fn ask(arguments: &str) -> Ask {
    Ask {
        org: OrgId::new(1, [1; 10]),
        grant: GrantId::new(1, [2; 10]),
        server: ServerId::new(1, [3; 10]),
        tool: "create_refund".to_owned(),
        definition: "00".repeat(32),
        category: Category::Financial,
        arguments: RawValue::from_string(arguments.to_owned()).unwrap(),
        policy: PolicyVersion {
            id: PolicyId::new(1, [4; 10]),
            version: 7,
        },
        rule: "/tools/create_refund/action".to_owned(),
        message: None,
        approvers: 1,
        timeout_s: 1800,
        call: CallId::new(1, [5; 10]),
        client: None,
        round: None,
    }
}

fn digest(arguments: &str) -> [u8; 32] {
    ask(arguments).digest(&[]).unwrap()
}

fn pointers(texts: &[&str]) -> Vec<Pointer> {
    texts.iter().map(|it| Pointer::parse(it).unwrap()).collect()
}

/// A value of JSON, with numbers that have more than one spelling.
fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::Bool),
        (-1000_i64..1000).prop_map(|it| json!(it)),
        "[a-c\"\\\\é~/]{0,4}".prop_map(Value::String),
    ];
    leaf.prop_recursive(4, 32, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::Array),
            members(inner).prop_map(Value::Object),
        ]
    })
}

fn members(inner: impl Strategy<Value = Value>) -> impl Strategy<Value = Map<String, Value>> {
    prop::collection::btree_map("[a-d~/]{1,2}", inner, 0..4).prop_map(|it| it.into_iter().collect())
}

fn arguments() -> impl Strategy<Value = Value> {
    members(value()).prop_map(Value::Object)
}

/// The same value, spelled as nobody would: keys backwards, white space, escapes, other digits.
fn respelled(value: &Value) -> String {
    match value {
        Value::Number(number) => {
            let whole = number.as_i64().unwrap();
            match whole.rem_euclid(3) {
                0 => format!("{whole}.000"),
                1 => format!("{whole}0e-1"),
                _ => format!("{whole}E+0"),
            }
        }
        Value::String(text) => {
            let units = text.encode_utf16().map(|unit| format!("\\u{unit:04X}"));
            format!("\"{}\"", units.collect::<String>())
        }
        Value::Array(items) => {
            let items: Vec<String> = items.iter().map(respelled).collect();
            format!("[ {} ]", items.join(" ,\n"))
        }
        Value::Object(members) => {
            let members = members.iter().rev().map(|(key, value)| {
                let key = respelled(&Value::String(key.clone()));
                format!("{key} :\t{}", respelled(value))
            });
            format!("{{ {} }}", members.collect::<Vec<_>>().join(" , "))
        }
        other => other.to_string(),
    }
}

proptest! {
    #[test]
    fn spelling_order_of_keys_and_objects_in_lists_do_not_change_the_digest(arguments in arguments()) {
        prop_assert_eq!(digest(&arguments.to_string()), digest(&respelled(&arguments)));
    }

    #[test]
    fn different_arguments_have_different_digests(one in arguments(), other in arguments()) {
        prop_assert_eq!(one == other, digest(&one.to_string()) == digest(&other.to_string()));
    }

    #[test]
    fn what_may_vary_varies_and_nothing_else_does(rest in arguments(), one in value(), other in value()) {
        let with = |value: &Value| {
            let mut arguments = rest.clone();
            arguments["open"] = value.clone();
            arguments.to_string()
        };
        let vary = pointers(&["/open"]);
        let (a, b) = (ask(&with(&one)), ask(&with(&other)));
        prop_assert_eq!(a.digest(&vary), b.digest(&vary));
        prop_assert_eq!(one == other, a.digest(&[]) == b.digest(&[]));
        let elsewhere = ask(&json!({ "rest": rest, "open": one }).to_string());
        prop_assert_ne!(a.digest(&vary), elsewhere.digest(&vary));
    }
}

#[test]
fn numbers_beyond_any_double_are_told_apart() {
    assert_ne!(
        digest(r#"{"n":9007199254740993}"#),
        digest(r#"{"n":9007199254740992}"#)
    );
    assert_eq!(digest(r#"{"n":0.10}"#), digest(r#"{"n":0.1}"#));
    assert_eq!(digest(r#"{"n":1e2}"#), digest(r#"{"n":100}"#));
    assert_ne!(digest(r#"{"n":1}"#), digest(r#"{"n":"1"}"#));
}

#[test]
fn every_part_that_an_approval_is_bound_to_changes_the_digest() {
    let base = ask("{}");
    let mut others = vec![base.clone(); 9];
    others[0].org = OrgId::new(1, [9; 10]);
    others[1].grant = GrantId::new(1, [9; 10]);
    others[2].server = ServerId::new(1, [9; 10]);
    others[3].tool = "create_refunds".to_owned();
    others[4].definition = "01".repeat(32);
    others[5].policy.version = 8;
    others[6].policy.id = PolicyId::new(1, [9; 10]);
    others[7].rule = "/all_tools/action".to_owned();
    others[8].arguments = RawValue::from_string("{\"a\":null}".to_owned()).unwrap();
    let mut digests: Vec<_> = others.iter().map(|it| it.digest(&[]).unwrap()).collect();
    digests.push(base.digest(&[]).unwrap());
    digests.push(base.digest(&pointers(&["/a"])).unwrap());
    let count = digests.len();
    digests.sort_unstable();
    digests.dedup();
    assert_eq!(digests.len(), count);
}

#[test]
fn which_call_asks_and_how_long_it_may_wait_are_no_part_of_it() {
    let (base, mut other) = (ask("{}"), ask("{}"));
    other.call = CallId::new(2, [8; 10]);
    (other.timeout_s, other.approvers) = (1, 9);
    other.message = Some("why".to_owned());
    assert_eq!(base.digest(&[]), other.digest(&[]));
}

#[test]
fn a_pointer_leads_to_members_also_of_objects_in_lists() {
    let text = r#"{"items":[{"price":1,"a/b":2},{"price":3}],"~x":4}"#;
    let tree = parse(text).unwrap();
    for good in ["/items", "/items/0/price", "/items/0/a~1b", "/~0x"] {
        assert!(pointers(&[good])[0].leads_to_a_member(&tree), "{good}");
    }
    for bad in [
        "/items/0",
        "/items/2/price",
        "/items/00/price",
        "/price",
        "/~0x/y",
        "/",
    ] {
        assert!(!pointers(&[bad])[0].leads_to_a_member(&tree), "{bad}");
    }
    for none in ["", "items", "/~2", "/a~"] {
        assert!(Pointer::parse(none).is_err(), "{none}");
    }
    let other = r#"{"items":[{"price":9,"a/b":2},{"price":3}],"~x":4}"#;
    let vary = pointers(&["/items/0/price"]);
    assert_eq!(ask(text).digest(&vary), ask(other).digest(&vary));
    let other = r#"{"items":[{"price":1,"a/b":2},{"price":9}],"~x":4}"#;
    assert_ne!(ask(text).digest(&vary), ask(other).digest(&vary));
}

#[test]
fn what_is_no_object_or_reads_two_ways_has_no_digest() {
    for text in ["[]", "1", r#"{"a":1,"a":2}"#, r#"{"a":"\ud800"}"#] {
        assert_eq!(ask(text).digest(&[]), Err(Unreadable), "{text}");
    }
}
