//! What the catalogue keeps of a server: names, shapes and our own judgement, and none of the texts that others wrote.

use crate::definition::{Annotations, Definition, Trust};
use crate::digest;
use crate::grade::Grade;
use crate::listing::{Server, Tool};
use crate::parameter::Parameter;
use crate::{Category, Evidence, Signal, classify, neutralise, place};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServerEntry {
    /// Where the package is published: `npm`, `pypi`, …; `remote` for one that is only offered at a URL.
    pub ecosystem: String,
    pub package: String,
    pub version: String,
    /// As the server calls itself.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub name: String,
    pub transport: String,
    /// How many tokens its list of tools takes of a model's context; see [`tokens`].
    pub tokens: u64,
    /// None where only the server is known, and nothing of its tools.
    pub tools: Option<Vec<ToolEntry>>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ToolEntry {
    pub name: String,
    pub category: Category,
    pub confidence: u8,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub evidence: Vec<Evidence>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub signals: Vec<Signal>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub parameters: Vec<Parameter>,
    #[serde(default, skip_serializing_if = "is_default")]
    pub annotations: Annotations,
    /// Marks of its title and description, and of its schema: whether they changed, without what they say.
    pub wording: String,
    pub schema: String,
}

fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

/// More tools than any server that was seen; what comes after is not kept.
pub const MOST_TOOLS: usize = 5_000;
/// Of a name, in characters.
const LONGEST: usize = 256;

impl ServerEntry {
    /// Judged anew, on its words alone: the catalogue trusts no server.
    pub fn of(server: &Server) -> Self {
        Self {
            ecosystem: plain(&server.ecosystem),
            package: plain(&server.package),
            version: plain(&server.version),
            name: plain(&server.server_info.name),
            transport: "stdio".to_owned(),
            tokens: tokens(&server.tools),
            tools: Some(
                server
                    .tools
                    .iter()
                    .take(MOST_TOOLS)
                    .map(ToolEntry::of)
                    .collect(),
            ),
        }
    }

    pub fn slug(&self) -> String {
        place::slug(&self.ecosystem, &self.package)
    }

    pub fn grade(&self) -> Grade {
        let tools = self.tools.iter().flatten();
        Grade::of(tools.map(|tool| (tool.category, tool.signals.as_slice())))
    }
}

impl ToolEntry {
    pub fn of(tool: &Tool) -> Self {
        let definition = Definition::read(tool);
        let judged = classify(&definition, Trust::Untrusted);
        let marks = Marks::of(tool);
        Self {
            name: marks.name,
            category: judged.category,
            confidence: judged.confidence,
            evidence: judged.evidence,
            signals: judged.signals,
            parameters: definition.parameters,
            annotations: marks.annotations,
            wording: marks.wording,
            schema: marks.schema,
        }
    }
}

/// By what a tool that a server lists is known again as one of the catalogue: the same in all of it that is judged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Marks {
    pub name: String,
    pub wording: String,
    pub schema: String,
    pub annotations: Annotations,
}

impl Marks {
    pub fn of(tool: &Tool) -> Self {
        let wording = format!(
            "{}\u{1f}{}\u{1f}{}",
            tool.title.as_deref().unwrap_or_default(),
            tool.description.as_deref().unwrap_or_default(),
            tool.description_length.unwrap_or_default(),
        );
        Self {
            name: plain(&tool.name),
            wording: digest::mark(&wording),
            schema: digest::of_value(&tool.input_schema),
            annotations: tool.annotations,
        }
    }
}

/// An estimate: the bytes of the list as compact JSON, four to a token, rounded up. It is what common tokenisers come to for
/// English and JSON taken together, and none of them was asked.
fn tokens(tools: &[Tool]) -> u64 {
    let bytes: usize = tools.iter().map(size).sum();
    u64::try_from(bytes.div_ceil(4)).unwrap_or(u64::MAX)
}

fn size(tool: &Tool) -> usize {
    let mut shown = Map::new();
    shown.insert("name".to_owned(), Value::from(tool.name.as_str()));
    if let Some(title) = &tool.title {
        shown.insert("title".to_owned(), Value::from(title.as_str()));
    }
    let description = tool.description.as_deref();
    if let Some(description) = description {
        shown.insert("description".to_owned(), Value::from(description));
    }
    shown.insert("inputSchema".to_owned(), tool.input_schema.clone());
    if let Ok(annotations) = serde_json::to_value(tool.annotations)
        && annotations
            .as_object()
            .is_some_and(|hints| !hints.is_empty())
    {
        shown.insert("annotations".to_owned(), annotations);
    }
    let kept = description.map_or(0, |text| text.chars().count());
    let cut_off = tool.description_length.unwrap_or(kept).saturating_sub(kept);
    Value::Object(shown).to_string().len() + cut_off
}

/// A name that can be shown in a line: visible, without control characters, and not endless.
fn plain(name: &str) -> String {
    neutralise(name)
        .chars()
        .filter(|letter| !letter.is_control())
        .take(LONGEST)
        .collect()
}

#[cfg(test)]
mod tests;
