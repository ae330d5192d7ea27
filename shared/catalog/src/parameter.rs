//! The parameters of a tool: names, types and the choices of those that choose an operation.

use crate::word;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Parameter {
    /// With the names of what it is nested in before it: `request.path`.
    pub name: String,
    /// `string`, `[string]`, `string|null`, …; `any` where the schema does not say.
    #[serde(rename = "type")]
    pub kind: String,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub required: bool,
    /// Of a parameter that says which operation is meant; of others they do not matter.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub choices: Vec<String>,
}

/// More than any honest tool takes; what comes after is not looked at.
const MOST: usize = 256;
const DEEPEST: usize = 3;
/// Of the types in a type, and of the variants on each level.
const DEEPEST_TYPE: usize = 2;
const MOST_VARIANTS: usize = 8;
const MOST_CHOICES: usize = 64;
/// Of a name or a choice; what is longer names nothing.
const LONGEST: usize = 128;

impl Parameter {
    /// The words of the innermost name.
    pub(crate) fn words(&self) -> Vec<String> {
        word::of_name(self.name.rsplit('.').next().unwrap_or_default())
    }

    /// Whether it says which operation is meant.
    pub(crate) fn is_operation(&self) -> bool {
        chooses(&self.name)
    }

    pub(crate) fn is_text(&self) -> bool {
        self.kind.contains("string") || self.kind == "any"
    }

    pub(crate) fn is_many(&self) -> bool {
        self.kind.contains('[')
    }

    pub(crate) fn is_nested(&self) -> bool {
        self.name.contains('.')
    }
}

pub(crate) fn read(schema: &Value) -> Vec<Parameter> {
    let mut found = Vec::new();
    walk(schema, unwrapped(schema), "", true, 0, &mut found);
    found
}

/// Where all parameters are wrapped in one object, that object.
fn unwrapped(schema: &Value) -> &Value {
    let Some(properties) = schema.get("properties").and_then(Value::as_object) else {
        return schema;
    };
    let mut all = properties.values();
    match (all.next(), all.next()) {
        (Some(only), None) => {
            let only = resolve(schema, only);
            match only.get("properties").and_then(Value::as_object) {
                Some(inner) if !inner.is_empty() => only,
                _ => schema,
            }
        }
        _ => schema,
    }
}

fn walk(
    root: &Value,
    schema: &Value,
    before: &str,
    required: bool,
    depth: usize,
    found: &mut Vec<Parameter>,
) {
    let Some(properties) = schema.get("properties").and_then(Value::as_object) else {
        return;
    };
    let needed: Vec<&str> = schema
        .get("required")
        .and_then(Value::as_array)
        .map(|names| names.iter().filter_map(Value::as_str).collect())
        .unwrap_or_default();
    for (name, property) in properties {
        if found.len() >= MOST {
            return;
        }
        let property = resolve(root, property);
        let path = format!("{before}{}", cut(name));
        let required = required && needed.contains(&name.as_str());
        found.push(Parameter {
            name: path.clone(),
            kind: kind(root, property, 0),
            required,
            choices: choices(name, property),
        });
        if depth < DEEPEST {
            let inner = format!("{path}.");
            walk(root, property, &inner, required, depth + 1, found);
        }
    }
}

/// Follows one reference inside the document, as Pydantic writes them.
fn resolve<'a>(root: &'a Value, schema: &'a Value) -> &'a Value {
    schema
        .get("$ref")
        .and_then(Value::as_str)
        .and_then(|path| path.strip_prefix('#'))
        .and_then(|pointer| root.pointer(pointer))
        .unwrap_or(schema)
}

fn kind(root: &Value, schema: &Value, depth: usize) -> String {
    if depth > DEEPEST_TYPE {
        return "any".to_owned();
    }
    let one = |name: &str| match name {
        "array" => {
            let items = schema.get("items").unwrap_or(&Value::Null);
            format!("[{}]", kind(root, resolve(root, items), depth + 1))
        }
        "string" | "integer" | "number" | "boolean" | "object" | "null" => name.to_owned(),
        _ => "any".to_owned(),
    };
    let mut kinds: Vec<String> = match schema.get("type") {
        Some(Value::String(name)) => vec![one(name)],
        Some(Value::Array(names)) => names.iter().filter_map(Value::as_str).map(one).collect(),
        _ => ["anyOf", "oneOf", "allOf"]
            .into_iter()
            .filter_map(|key| schema.get(key).and_then(Value::as_array))
            .flatten()
            .take(MOST_VARIANTS)
            .map(|each| kind(root, resolve(root, each), depth + 1))
            .collect(),
    };
    kinds.sort_unstable();
    kinds.dedup();
    if kinds.is_empty() {
        return "any".to_owned();
    }
    kinds.join("|")
}

fn choices(name: &str, schema: &Value) -> Vec<String> {
    if !chooses(name) {
        return Vec::new();
    }
    let variants = ["anyOf", "oneOf"]
        .into_iter()
        .filter_map(|key| schema.get(key).and_then(Value::as_array))
        .flatten()
        .filter_map(Value::as_object);
    let enumerated = |each: &Map<String, Value>| -> Vec<String> {
        let constant = each.get("const").and_then(Value::as_str);
        each.get("enum")
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
            .filter_map(Value::as_str)
            .chain(constant)
            .map(cut)
            .collect()
    };
    schema
        .as_object()
        .into_iter()
        .chain(variants)
        .flat_map(enumerated)
        .take(MOST_CHOICES)
        .collect()
}

fn chooses(name: &str) -> bool {
    let words = word::of_name(name);
    matches!(
        words
            .iter()
            .map(String::as_str)
            .collect::<Vec<_>>()
            .as_slice(),
        ["action" | "operation" | "op" | "method" | "command"]
    )
}

fn cut(text: &str) -> String {
    text.chars().take(LONGEST).collect()
}
