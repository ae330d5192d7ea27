//! Policies and calls that meet often: few names, few paths, few values.

use policy::case::Context;
use policy::{Category, Hints, Question};
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::{Map, Value, json};

/// A number that no `Value` can carry, written as this text and unquoted when the text is made.
const VAST: &str = "#1e999";
const LONG: &str = "#9007199254740993.10";

/// The text of a document or of arguments.
pub fn text(value: &Value) -> String {
    unquoted(&value.to_string())
}

fn unquoted(text: &str) -> String {
    text.replace("\"#1e999\"", "1e999")
        .replace("\"#9007199254740993.10\"", "9007199254740993.10")
}

#[derive(Debug, Clone)]
pub struct Call {
    tool: &'static str,
    arguments: Option<String>,
    category: Category,
    known: bool,
    changed: bool,
    approved: bool,
    now: i64,
    read_only: Option<bool>,
    env: Option<&'static str>,
}

impl Call {
    pub fn ask<T>(&self, ask: impl FnOnce(&Question<'_>) -> T) -> T {
        let limits = json::Limits {
            bytes: 1 << 20,
            depth: 64,
            values: 1 << 20,
        };
        let document = self
            .arguments
            .as_ref()
            .map(|text| json::read(text.as_bytes(), &limits).unwrap());
        let mut context = Context {
            now: self.now,
            category: self.category,
            hints: Hints {
                read_only: self.read_only,
                ..Hints::default()
            },
            changed: self.changed,
            known_tools: (!self.known).then(Vec::new),
            approved: self.approved,
            user: Some("x@a.example".to_owned()),
            ..Context::default()
        };
        if let Some(env) = self.env {
            context.labels.insert("env".to_owned(), env.to_owned());
        }
        ask(&context.question(self.tool, document.as_ref().map(|document| &document.root)))
    }
}

pub fn call() -> impl Strategy<Value = Call> {
    let arguments = prop_oneof![
        1 => Just(None),
        20 => object().prop_map(|value| Some(text(&value))),
        1 => leaf().prop_map(|value| Some(text(&value))),
    ];
    let often = |wanted: bool| prop_oneof![20 => Just(wanted), 1 => Just(!wanted)];
    (
        select(vec!["a", "ab", "abc", "b"]),
        arguments,
        select(Category::ALL.to_vec()),
        (often(true), often(false), often(false)),
        0i64..2_000_000_000_000,
        select(vec![None, Some(true), Some(false)]),
        select(vec![None, Some("x"), Some("5")]),
    )
        .prop_map(
            |(tool, arguments, category, (known, changed, approved), now, read_only, env)| Call {
                tool,
                arguments,
                category,
                known,
                changed,
                approved,
                now,
                read_only,
                env,
            },
        )
}

fn leaf() -> impl Strategy<Value = Value> {
    select(vec![
        json!(null),
        json!(true),
        json!(false),
        json!(0),
        json!(5),
        json!(5.0),
        json!(-1),
        json!(0.1),
        json!("x"),
        json!("5"),
        json!(""),
        json!("xy"),
        json!("a@a.example"),
        json!("https://a.example/"),
        json!("https://b.a.example./"),
        json!("https://1.2.3.4/"),
        json!("/srv/x"),
        json!("/srv/%2e%2e/x"),
        json!("10.1.2.3"),
        json!("::1"),
        json!(VAST),
        json!(LONG),
    ])
}

fn value() -> impl Strategy<Value = Value> {
    leaf().prop_recursive(2, 8, 3, |inside| {
        prop_oneof![
            prop::collection::vec(inside.clone(), 0..3).prop_map(Value::Array),
            members(inside).prop_map(Value::Object),
        ]
    })
}

fn members(inside: impl Strategy<Value = Value>) -> impl Strategy<Value = Map<String, Value>> {
    prop::collection::btree_map(select(vec!["a", "b", "l", "o"]), inside, 0..4).prop_map(
        |members| {
            members
                .into_iter()
                .map(|(key, value)| (key.to_owned(), value))
                .collect()
        },
    )
}

fn object() -> impl Strategy<Value = Value> {
    members(value()).prop_map(Value::Object)
}

const ONE: &[&str] = &[
    "args",
    "args.a",
    "args.b",
    "args.o.a",
    "args.l[0]",
    "args.o.l[1].b",
    "grant.name",
    "grant.user",
    "grant.labels.env",
    "server.slug",
    "tool.name",
    "tool.category",
    "tool.annotations.readOnlyHint",
    "client.name",
    "time.hour",
    "time.weekday",
    "time.date",
    "time.minute",
];
const MANY: &[&str] = &["args.l[*]", "args.l[*].a", "args.l[*].l[*]", "args.o.l[*]"];

fn path() -> impl Strategy<Value = &'static str> {
    prop_oneof![6 => select(&ONE[..6]), 1 => select(ONE), 3 => select(MANY)]
}

/// A value without a null at the top or a number out of range anywhere.
fn literal() -> impl Strategy<Value = Value> {
    value().prop_map(|value| {
        if value.is_null() || value.to_string().contains(VAST) {
            json!("x")
        } else {
            value
        }
    })
}

fn operand(op: &'static str) -> BoxedStrategy<Value> {
    let other = || select(&ONE[..9]).prop_map(|path| json!({ "path": path }));
    let some = |texts: &[&str]| {
        prop::sample::subsequence(
            texts.iter().map(|text| json!(text)).collect::<Vec<_>>(),
            0..=texts.len(),
        )
        .prop_map(Value::Array)
        .boxed()
    };
    match op {
        "exists" => any::<bool>().prop_map(Value::Bool).boxed(),
        "eq" | "neq" | "contains" => prop_oneof![3 => literal(), 1 => other()].boxed(),
        "lt" | "lte" | "gt" | "gte" => {
            let simple = select(vec![json!(0), json!(5), json!(0.1), json!(LONG), json!("x"), json!("5"), json!("")]);
            prop_oneof![3 => simple, 1 => other()].boxed()
        }
        "in" | "not_in" => {
            prop_oneof![3 => prop::collection::vec(literal(), 0..4).prop_map(Value::Array), 1 => other()].boxed()
        }
        "starts_with" | "ends_with" => prop_oneof![select(vec!["", "x", "5"]).prop_map(|text| json!(text)), other()].boxed(),
        "regex" => select(vec!["^x", "5$", "", "[a-z]+", "^/srv"]).prop_map(|text| json!(text)).boxed(),
        "length_lte" | "length_gte" => (0u8..4).prop_map(|length| json!(length)).boxed(),
        "host_in" => some(&["a.example", "*.a.example", "B.A.Example."]),
        "under_path" => some(&["/srv", "/srv/x/", "/"]),
        "email_domain_in" => some(&["A.example", "b.example"]),
        _ => some(&["10.0.0.0/8", "::/0", "10.1.2.3/32"]),
    }
}

pub fn condition() -> impl Strategy<Value = Value> {
    let op = select(vec![
        "eq",
        "neq",
        "lt",
        "lte",
        "gt",
        "gte",
        "in",
        "not_in",
        "exists",
        "regex",
        "contains",
        "starts_with",
        "ends_with",
        "length_lte",
        "length_gte",
        "host_in",
        "under_path",
        "email_domain_in",
        "ip_in",
    ]);
    let test = (
        path(),
        op.prop_flat_map(|op| (Just(op), operand(op))),
        select(vec!["", "all", "any"]),
    )
        .prop_map(|(path, (op, value), each)| {
            let mut test = json!({ "path": path, "op": op, "value": value });
            if !each.is_empty() {
                test["each"] = json!(each);
            }
            test
        });
    test.prop_recursive(3, 6, 3, |inside| {
        let some = prop::collection::vec(inside.clone(), 1..3);
        prop_oneof![
            some.clone().prop_map(|inside| json!({ "any": inside })),
            some.prop_map(|inside| json!({ "all": inside })),
            inside.prop_map(|inside| json!({ "not": inside })),
        ]
    })
}

fn predicates() -> impl Strategy<Value = Value> {
    let predicate = (
        prop::collection::vec(condition(), 0..3),
        select(vec!["", "x", "y"]),
    )
        .prop_map(|(conditions, id)| {
            if id.is_empty() {
                json!({ "conditions": conditions })
            } else {
                json!({ "conditions": conditions, "id": id })
            }
        });
    prop::collection::vec(predicate, 0..3).prop_map(Value::Array)
}

/// A counter is named after its shape, so that those who share one agree.
fn limit() -> impl Strategy<Value = Value> {
    let cost = select(vec![
        json!(null),
        json!(2),
        json!({ "from": "args.a" }),
        json!({ "from": "args.o.a", "scale": 2 }),
    ]);
    let by = select(vec![
        vec![],
        vec!["args.b"],
        vec!["args.l[0]", "grant.name"],
    ]);
    (cost, by, 0u8..9).prop_map(|(cost, by, max)| {
        let mut limit =
            json!({ "counter": format!("c/{}", by.len()), "window": "day", "max": max, "by": by });
        if !cost.is_null() {
            limit["cost"] = cost;
        }
        limit
    })
}

fn rules(has_action: bool) -> impl Strategy<Value = Value> {
    let some = |key: &'static str, strategy: BoxedStrategy<Value>| prop_oneof![2 => Just(None), 1 => strategy.prop_map(move |value| Some((key, value)))];
    let action = if has_action {
        vec!["allow", "allow", "require_approval", "deny", "hide"]
    } else {
        vec!["allow"]
    };
    (
        select(action),
        prop_oneof![8 => Just(false), 1 => Just(true)],
        some("require", predicates().boxed()),
        some("deny_if", predicates().boxed()),
        some("approve_if", predicates().boxed()),
        some(
            "limits",
            prop::collection::vec(limit(), 0..3)
                .prop_map(Value::Array)
                .boxed(),
        ),
        prop_oneof![20 => Just(None), 1 => Just(Some(("arguments", json!("declared"))))],
    )
        .prop_map(
            move |(action, is_shadow, require, deny_if, approve_if, limits, arguments)| {
                let mut rules = Map::new();
                if has_action {
                    rules.insert("action".to_owned(), json!(action));
                }
                if is_shadow {
                    rules.insert("mode".to_owned(), json!("shadow"));
                }
                if !matches!(action, "deny" | "hide") {
                    let all = [require, deny_if, approve_if, limits, arguments];
                    rules.extend(
                        all.into_iter()
                            .flatten()
                            .map(|(key, value)| (key.to_owned(), value)),
                    );
                }
                Value::Object(rules)
            },
        )
}

const SELECTORS: &[&str] = &[
    "a", "ab", "abc", "a*", "*b", "?b", "a?*", "**", "@read", "@write", "@unknown", "*", "a/~",
];

pub fn document() -> impl Strategy<Value = Value> {
    (
        select(vec!["deny", "allow"]),
        select(vec!["UTC", "Europe/Berlin", "Asia/Kathmandu"]),
        prop::sample::subsequence(SELECTORS, 0..2),
        rules(false),
        prop::collection::btree_map(select(SELECTORS), rules(true), 0..5),
    )
        .prop_map(|(default, zone, hide, all_tools, tools)| {
            let hide = if hide.contains(&"*") { vec![] } else { hide };
            json!({
                "version": "1", "default": default, "timezone": zone, "hide": hide, "all_tools": all_tools, "tools": tools,
            })
        })
}

/// The document with one more deny, in each way that there is to add one.
pub fn with_a_deny(document: &Value, predicate: &Value, place: prop::sample::Index) -> Vec<Value> {
    let mut out = Vec::new();
    let push = |rules: &mut Value| {
        // Rules that only name an action have no place for a predicate.
        if !matches!(rules["action"].as_str(), Some("deny" | "hide")) {
            match &mut rules["deny_if"] {
                Value::Array(list) => list.push(predicate.clone()),
                none => *none = json!([predicate]),
            }
        }
    };
    let mut everywhere = document.clone();
    push(&mut everywhere["all_tools"]);
    out.push(everywhere);
    let mut somewhere = document.clone();
    let tools = somewhere["tools"].as_object_mut().unwrap();
    if !tools.is_empty() {
        let at = place.index(tools.len());
        push(tools.values_mut().nth(at).unwrap());
        out.push(somewhere);
    }
    let selector = SELECTORS[place.index(SELECTORS.len())];
    for action in ["deny", "hide"] {
        let mut entry = document.clone();
        entry["tools"][selector] = json!({ "action": action });
        out.push(entry);
    }
    let mut hidden = document.clone();
    hidden["hide"].as_array_mut().unwrap().push(json!(selector));
    out.push(hidden);
    out
}

/// The text with the keys of every object in another order, and other white space.
pub fn shuffled(document: &Value, seed: u64) -> String {
    let mut out = String::new();
    spell(document, &mut { seed }, &mut out);
    unquoted(&out)
}

fn spell(value: &Value, seed: &mut u64, out: &mut String) {
    match value {
        Value::Object(members) => {
            let mut members: Vec<(&String, &Value)> = members.iter().collect();
            for last in (1..members.len()).rev() {
                *seed = seed
                    .wrapping_mul(6_364_136_223_846_793_005)
                    .wrapping_add(1_442_695_040_888_963_407);
                members.swap(last, usize::try_from(*seed >> 33).unwrap() % (last + 1));
            }
            out.push_str("{ ");
            for (at, (key, value)) in members.into_iter().enumerate() {
                out.push_str(if at > 0 { ",\n" } else { "" });
                out.push_str(&json!(key).to_string());
                out.push_str(": ");
                spell(value, seed, out);
            }
            out.push('}');
        }
        Value::Array(items) => {
            out.push('[');
            for (at, item) in items.iter().enumerate() {
                out.push_str(if at > 0 { ", " } else { "" });
                spell(item, seed, out);
            }
            out.push(']');
        }
        leaf => out.push_str(&leaf.to_string()),
    }
}
