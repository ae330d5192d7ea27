//! A server's tools as a listing gives them: full definitions, read leniently, since strangers wrote them.

use crate::definition::Annotations;
use json::Node;
use serde::{Deserialize, Deserializer};
use serde_json::Value;

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Server {
    pub package: String,
    #[serde(default)]
    pub ecosystem: String,
    #[serde(default)]
    pub version: String,
    #[serde(default)]
    pub server_info: ServerInfo,
    pub tools: Vec<Tool>,
}

/// What the server calls itself.
#[derive(Debug, Clone, Default, Deserialize)]
pub struct ServerInfo {
    #[serde(default)]
    pub name: String,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Tool {
    pub name: String,
    #[serde(default)]
    pub title: Option<String>,
    #[serde(default)]
    pub description: Option<String>,
    /// Of the whole description, in characters, where the listing has cut it.
    #[serde(default)]
    pub description_length: Option<usize>,
    #[serde(default)]
    pub input_schema: Value,
    #[serde(default, deserialize_with = "hints")]
    pub annotations: Annotations,
}

impl Tool {
    /// A definition as it was read on the wire. A part of a wrong type is as none; the others are judged all the same.
    pub fn of(name: &str, definition: &Node<'_>) -> Self {
        let text = |key: &str| definition.get(key)?.as_str().map(str::to_owned);
        let hint = |key: &str| definition.get("annotations")?.get(key)?.as_bool();
        let titled = || definition.get("annotations")?.get("title")?.as_str();
        Self {
            name: name.to_owned(),
            title: text("title").or_else(|| titled().map(str::to_owned)),
            description: text("description"),
            description_length: None,
            input_schema: definition.get("inputSchema").map_or(Value::Null, schema),
            annotations: Annotations {
                read_only_hint: hint("readOnlyHint"),
                destructive_hint: hint("destructiveHint"),
                idempotent_hint: hint("idempotentHint"),
                open_world_hint: hint("openWorldHint"),
            },
        }
    }
}

/// A number that fits no type here is as none: nothing is judged by it.
fn schema(node: &Node<'_>) -> Value {
    match &node.value {
        json::Value::Null => Value::Null,
        json::Value::Number(text) => serde_json::from_str(text).unwrap_or(Value::Null),
        json::Value::Bool(is) => Value::Bool(*is),
        json::Value::String(text) => Value::String(text.clone().into_owned()),
        json::Value::Array(items) => items.iter().map(schema).collect(),
        json::Value::Object(members) => members
            .iter()
            .map(|member| {
                let key = member.key.clone().into_owned();
                (key, schema(&member.node))
            })
            .collect(),
    }
}

/// An annotation of a wrong type is as good as none: it must not keep a tool from being judged by its words.
fn hints<'de, D: Deserializer<'de>>(from: D) -> Result<Annotations, D::Error> {
    let value = Value::deserialize(from)?;
    let hint = |name: &str| value.get(name).and_then(Value::as_bool);
    Ok(Annotations {
        read_only_hint: hint("readOnlyHint"),
        destructive_hint: hint("destructiveHint"),
        idempotent_hint: hint("idempotentHint"),
        open_world_hint: hint("openWorldHint"),
    })
}
