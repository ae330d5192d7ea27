//! The JSON Schema of a document, printed from the tables that the reading uses.

use crate::document::{DOCUMENT, Form, Key, Object, Shape};
use crate::op::{Takes, takes};
use crate::word::Operator;
use serde_json::{Map, Value, json};

/// The schema that editors complete from. What a schema cannot say (counters that agree, a pattern that compiles)
/// [`crate::check`] says.
pub fn schema() -> Value {
    let mut definitions = Map::new();
    let root = object(&DOCUMENT, &mut definitions);
    let mut schema = json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Portcullis policy, version 1",
    });
    merge(&mut schema, root);
    merge(&mut schema, json!({ "$defs": definitions }));
    schema
}

fn merge(into: &mut Value, from: Value) {
    if let (Value::Object(into), Value::Object(from)) = (into, from) {
        into.extend(from);
    }
}

fn object(object: &Object, definitions: &mut Map<String, Value>) -> Value {
    let mut properties = Map::new();
    for key in object.keys() {
        properties.insert(key.name.to_owned(), property(key, definitions));
    }
    let required: Vec<&str> = object
        .keys()
        .filter(|key| key.is_required)
        .map(|key| key.name)
        .collect();
    let mut schema = json!({
        "type": "object",
        "properties": properties,
        "additionalProperties": false,
    });
    if !required.is_empty() {
        merge(&mut schema, json!({ "required": required }));
    }
    if object.keys().any(|key| matches!(key.shape, Shape::Operand)) {
        merge(
            &mut schema,
            json!({ "allOf": Operator::ALL.iter().map(|operator| operand(*operator)).collect::<Vec<_>>() }),
        );
    }
    schema
}

fn property(key: &Key, definitions: &mut Map<String, Value>) -> Value {
    let mut schema = shape(&key.shape, definitions);
    merge(&mut schema, json!({ "description": key.about }));
    schema
}

fn shape(of: &Shape, definitions: &mut Map<String, Value>) -> Value {
    match of {
        Shape::Word([only]) => json!({ "const": only }),
        Shape::Word(words) => json!({ "enum": words }),
        Shape::Text(form) => text(*form),
        Shape::Whole { least, most } => {
            json!({ "type": "integer", "minimum": least, "maximum": most })
        }
        Shape::List { of, least, most } => {
            let mut schema = json!({ "type": "array", "items": shape(of, definitions) });
            if *least > 0 {
                merge(&mut schema, json!({ "minItems": least }));
            }
            if *most < usize::MAX {
                merge(&mut schema, json!({ "maxItems": most }));
            }
            schema
        }
        Shape::Object(object) => refer(object, definitions),
        Shape::Map { keys, of, most } => json!({
            "type": "object",
            "propertyNames": text(*keys),
            "additionalProperties": shape(of, definitions),
            "maxProperties": most,
        }),
        Shape::Either(any) => {
            json!({ "anyOf": any.iter().map(|of| shape(of, definitions)).collect::<Vec<_>>() })
        }
        Shape::Marked { marks, else_ } => {
            let last = refer(else_, definitions);
            marks.iter().rev().fold(last, |rest, (mark, object)| {
                json!({
                    "type": "object",
                    "if": { "required": [mark] },
                    "then": refer(object, definitions),
                    "else": rest,
                })
            })
        }
        Shape::See(of) => shape(of, definitions),
        // Each operator says it, in a condition on the word beside it.
        Shape::Operand => json!({}),
    }
}

/// Objects refer to one another in circles, so each is defined once and named.
fn refer(of: &Object, definitions: &mut Map<String, Value>) -> Value {
    if !definitions.contains_key(of.name) {
        definitions.insert(of.name.to_owned(), Value::Null);
        let schema = object(of, definitions);
        definitions.insert(of.name.to_owned(), schema);
    }
    json!({ "$ref": format!("#/$defs/{}", of.name) })
}

fn text(form: Form) -> Value {
    match form {
        Form::Message => {
            json!({ "type": "string", "maxLength": crate::document::MOST_MESSAGE_CHARS })
        }
        Form::Id => json!({ "type": "string", "pattern": "^[A-Za-z0-9._-]{1,64}$" }),
        Form::Counter => {
            json!({ "type": "string", "minLength": 1, "maxLength": crate::document::MOST_NAME_CHARS })
        }
        Form::Selector => json!({
            "type": "string",
            "minLength": 1,
            "maxLength": crate::document::MOST_NAME_CHARS,
            "anyOf": [
                { "pattern": "^[^@]" },
                { "pattern": "[*?]" },
                { "enum": crate::word::Category::WORDS.iter().map(|word| format!("@{word}")).collect::<Vec<_>>() },
            ],
        }),
        Form::Zone => json!({ "type": "string", "minLength": 1 }),
        Form::Path => {
            json!({ "type": "string", "pattern": "^(args|grant|server|tool|client|time)([.\\[]|$)" })
        }
        Form::OnePath => {
            json!({ "type": "string", "pattern": "^(args|grant|server|tool|client|time)([.\\[]|$)", "not": { "pattern": "^[^\"]*\\[\\*\\]" } })
        }
        Form::ArgumentPath => {
            json!({ "type": "string", "pattern": "^args([.\\[]|$)", "not": { "pattern": "^[^\"]*\\[\\*\\]" } })
        }
        Form::Duration { .. } => json!({ "type": "string", "pattern": "^[0-9]+[smhd]$" }),
        Form::Rate => json!({
            "type": "string",
            "pattern": format!("^[0-9]+/({})$", crate::word::Window::WORDS.join("|")),
        }),
    }
}

fn operand(operator: Operator) -> Value {
    let strings = || json!({ "type": "array", "items": { "type": "string" } });
    let takes = takes(operator);
    let literal = match takes {
        Takes::Anything => json!({
            "not": { "anyOf": [{ "type": "null" }, { "type": "object", "required": ["path"], "maxProperties": 1 }] },
        }),
        Takes::NumberOrText => json!({ "type": ["number", "string"] }),
        Takes::Members => json!({ "type": "array", "items": { "not": { "type": "null" } } }),
        Takes::Flag => json!({ "type": "boolean" }),
        Takes::Pattern => json!({ "type": "string", "maxLength": crate::op::MOST_PATTERN_CHARS }),
        Takes::Text => json!({ "type": "string" }),
        Takes::Length => json!({ "type": "integer", "minimum": 0 }),
        Takes::Hosts | Takes::Prefixes | Takes::Domains | Takes::Ranges => strings(),
    };
    let value = if takes.or_path() {
        let path = json!({
            "type": "object",
            "properties": { "path": text(Form::OnePath) },
            "required": ["path"],
            "additionalProperties": false,
        });
        json!({ "anyOf": [literal, path] })
    } else {
        literal
    };
    json!({
        "if": { "properties": { "op": { "const": operator.word() } }, "required": ["op"] },
        "then": { "properties": { "value": value } },
    })
}

#[cfg(test)]
mod tests;
