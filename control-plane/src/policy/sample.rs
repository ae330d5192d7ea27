//! What a tool's input schema lets one offer: the paths into its arguments, and an example of them. Pure. A schema is a
//! server's own text: whatever it says, the answer is small.

use serde_json::{Map, Value, json};

/// A path into the arguments, with the types that the schema gives it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Offer {
    pub path: String,
    /// In the words of JSON Schema; none where the schema leaves it open.
    pub types: Vec<String>,
    pub description: String,
}

const MOST_OFFERS: usize = 200;
const MOST_DEPTH: usize = 6;
const MOST_REFERENCES: usize = 16;
/// Items of a list and characters of a text that a schema may demand of an example.
const MOST_ITEMS: u64 = 4;
const MOST_CHARS: u64 = 200;
/// Values of one example altogether.
const MOST_VALUES: usize = 200;
const SHOWN_CHARS: usize = 120;

/// In the order of the schema, the required ones of each object first.
pub fn offers(schema: &Value) -> Vec<Offer> {
    let mut found = Vec::new();
    walk(schema, schema, "args", 0, &mut found);
    found
}

/// What else a condition can look at, with its type.
pub const ROOTS: [(&str, &str, &str); 15] = [
    ("grant.name", "string", "the name of the grant"),
    (
        "grant.user",
        "string",
        "the e-mail address of the person behind it",
    ),
    (
        "grant.labels.",
        "string",
        "a label of the grant: its key goes behind the dot",
    ),
    ("server.slug", "string", "the server that is called"),
    ("tool.name", "string", "the tool that is called"),
    ("tool.category", "string", "its category"),
    (
        "tool.annotations.readOnlyHint",
        "boolean",
        "whether its server calls it read-only",
    ),
    (
        "tool.annotations.destructiveHint",
        "boolean",
        "whether its server calls it destructive",
    ),
    (
        "tool.annotations.idempotentHint",
        "boolean",
        "whether its server calls it idempotent",
    ),
    (
        "client.name",
        "string",
        "what the client calls itself: no ground for trust",
    ),
    (
        "client.version",
        "string",
        "what the client says its version is",
    ),
    ("time.hour", "number", "0 to 23, in the zone of the policy"),
    ("time.minute", "number", "0 to 59"),
    (
        "time.weekday",
        "string",
        "mon, tue, wed, thu, fri, sat or sun",
    ),
    ("time.date", "string", "as 2026-11-22"),
];

fn walk(schema: &Value, root: &Value, path: &str, depth: usize, found: &mut Vec<Offer>) {
    let schema = resolved(schema, root);
    if depth > 0 {
        found.push(Offer {
            path: path.to_owned(),
            types: types(schema),
            description: text(schema, "description")
                .chars()
                .take(SHOWN_CHARS)
                .collect(),
        });
    }
    if depth >= MOST_DEPTH {
        return;
    }
    for (name, below) in properties(schema) {
        if found.len() >= MOST_OFFERS {
            return;
        }
        walk(
            below,
            root,
            &format!("{path}{}", step(name)),
            depth + 1,
            found,
        );
    }
    if let Some(items) = schema.get("items").filter(|items| items.is_object())
        && found.len() < MOST_OFFERS
    {
        walk(items, root, &format!("{path}[*]"), depth + 1, found);
    }
}

/// As a path of the policy language writes it.
fn step(name: &str) -> String {
    let is_word = !name.is_empty()
        && name
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-'));
    if is_word {
        format!(".{name}")
    } else {
        format!("[{}]", Value::from(name))
    }
}

/// Arguments that a call could have, as indented text: what is required, or everything where nothing is.
pub fn example(schema: &Value) -> String {
    let mut left = MOST_VALUES;
    let made = match value(schema, schema, 0, &mut left) {
        Value::Object(members) => Value::Object(members),
        _ => json!({}),
    };
    serde_json::to_string_pretty(&made).unwrap_or_else(|_| "{}".to_owned())
}

fn value(schema: &Value, root: &Value, depth: usize, left: &mut usize) -> Value {
    let schema = resolved(schema, root);
    *left = left.saturating_sub(1);
    let first = |key: &str| schema.get(key)?.as_array()?.first().cloned();
    let given = first("examples")
        .or_else(|| schema.get("default").cloned())
        .or_else(|| schema.get("const").cloned())
        .or_else(|| first("enum"));
    if let Some(given) = given.filter(|given| given.to_string().len() <= 1_000) {
        return given;
    }
    let types = types(schema);
    let is_object = schema.get("properties").is_some();
    match types.first().map(String::as_str) {
        Some("object") => object(schema, root, depth, left),
        None if is_object => object(schema, root, depth, left),
        Some("array") => {
            let count = whole(schema, "minItems").unwrap_or(0).min(MOST_ITEMS);
            let item = schema.get("items").unwrap_or(&Value::Null);
            let made =
                (0..count).map_while(|_| (*left > 0).then(|| value(item, root, depth + 1, left)));
            Value::Array(made.collect())
        }
        Some("integer") => number(schema, true),
        Some("number") => number(schema, false),
        Some("boolean") => json!(false),
        Some("null") => Value::Null,
        Some("string") => json!(string(schema)),
        _ => {
            let either = ["oneOf", "anyOf", "allOf"]
                .iter()
                .find_map(|key| schema.get(*key)?.as_array()?.first());
            match either {
                Some(one) if depth < MOST_DEPTH => value(one, root, depth + 1, left),
                _ => json!(""),
            }
        }
    }
}

fn object(schema: &Value, root: &Value, depth: usize, left: &mut usize) -> Value {
    let required: Vec<&str> = required(schema).collect();
    let mut members = Map::new();
    if depth < MOST_DEPTH {
        for (name, below) in properties(schema) {
            let is_wanted =
                required.contains(&name.as_str()) || (required.is_empty() && depth == 0);
            if is_wanted && *left > 0 {
                members.insert(name.clone(), value(below, root, depth + 1, left));
            }
        }
    }
    Value::Object(members)
}

/// The number nearest to nothing that the bounds let through.
fn number(schema: &Value, is_whole: bool) -> Value {
    let bound = |key: &str| schema.get(key).and_then(Value::as_f64);
    let gap = if is_whole { 1.0 } else { 0.5 };
    let least = bound("minimum").or(bound("exclusiveMinimum").map(|least| least + gap));
    let most = bound("maximum").or(bound("exclusiveMaximum").map(|most| most - gap));
    let mut made = 0.0_f64
        .max(least.unwrap_or(f64::MIN))
        .min(most.unwrap_or(f64::MAX));
    if let Some(step) = bound("multipleOf").filter(|step| *step > 0.0) {
        made = (made / step).ceil() * step;
    }
    // Beyond these a double tells neighbours no longer apart.
    if made.fract() == 0.0 && made.abs() < 9e15 {
        #[expect(
            clippy::cast_possible_truncation,
            reason = "it is whole, and small enough"
        )]
        return json!(made as i64);
    }
    json!(made)
}

fn string(schema: &Value) -> String {
    let made = match text(schema, "format") {
        "date" => "2026-01-31",
        "date-time" => "2026-01-31T12:00:00Z",
        "time" => "12:00:00Z",
        "email" => "someone@example.com",
        "uri" | "url" => "https://example.com/",
        "hostname" => "example.com",
        "ipv4" => "192.0.2.1",
        "ipv6" => "2001:db8::1",
        "uuid" => "00000000-0000-4000-8000-000000000000",
        _ => "text",
    };
    let least = whole(schema, "minLength").unwrap_or(0).min(MOST_CHARS);
    let most = whole(schema, "maxLength").unwrap_or(u64::MAX);
    let count = u64::try_from(made.len()).unwrap_or(0).max(least).min(most);
    let fill = std::iter::repeat('x');
    made.chars()
        .chain(fill)
        .take(usize::try_from(count).unwrap_or(0))
        .collect()
}

fn properties(schema: &Value) -> impl Iterator<Item = (&String, &Value)> {
    let all = || {
        schema
            .get("properties")
            .and_then(Value::as_object)
            .into_iter()
            .flatten()
    };
    let required: Vec<&str> = required(schema).collect();
    let (first, rest): (Vec<_>, Vec<_>) =
        all().partition(|(name, _)| required.contains(&name.as_str()));
    first.into_iter().chain(rest)
}

fn required(schema: &Value) -> impl Iterator<Item = &str> {
    let names = schema.get("required").and_then(Value::as_array);
    names.into_iter().flatten().filter_map(Value::as_str)
}

pub fn types(schema: &Value) -> Vec<String> {
    match schema.get("type") {
        Some(Value::String(one)) => vec![one.clone()],
        Some(Value::Array(some)) => some
            .iter()
            .filter_map(Value::as_str)
            .map(str::to_owned)
            .collect(),
        _ => Vec::new(),
    }
}

fn text<'v>(schema: &'v Value, key: &str) -> &'v str {
    schema.get(key).and_then(Value::as_str).unwrap_or_default()
}

fn whole(schema: &Value, key: &str) -> Option<u64> {
    schema.get(key).and_then(Value::as_u64)
}

/// Behind references inside the schema; one that leads elsewhere, or in a circle, leads nowhere.
fn resolved<'v>(schema: &'v Value, root: &'v Value) -> &'v Value {
    let mut schema = schema;
    for _ in 0..MOST_REFERENCES {
        let Some(reference) = schema.get("$ref").and_then(Value::as_str) else {
            return schema;
        };
        match reference
            .strip_prefix('#')
            .and_then(|pointer| root.pointer(pointer))
        {
            Some(target) => schema = target,
            None => break,
        }
    }
    &Value::Null
}

#[cfg(test)]
mod tests;
