//! A server's tools as a listing gives them: full definitions, read leniently, since strangers wrote them.

use crate::definition::Annotations;
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
