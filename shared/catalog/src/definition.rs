//! What the classifier reads of a tool's definition: the words, not the prose.

use crate::elsewhere;
use crate::listing::Tool;
use crate::parameter::{self, Parameter};
use crate::text::Text;
use serde::{Deserialize, Serialize};

/// Made of a full definition, or of what the labelled set keeps of one; both are judged alike.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Definition {
    #[serde(rename = "tool")]
    pub name: String,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub parameters: Vec<Parameter>,
    #[serde(default, skip_serializing_if = "is_default")]
    pub annotations: Annotations,
    #[serde(flatten)]
    pub text: Text,
}

/// The hints of the protocol. What is absent is not taken for the protocol's default: silence claims nothing.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Annotations {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub read_only_hint: Option<bool>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub destructive_hint: Option<bool>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub idempotent_hint: Option<bool>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub open_world_hint: Option<bool>,
}

fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

/// Whether the organisation believes what the server says of its own tools.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trust {
    Trusted,
    Untrusted,
}

impl Definition {
    pub fn read(tool: &Tool) -> Self {
        let mut text = Text::read(tool.description.as_deref().unwrap_or_default());
        text.signals.extend(elsewhere::signals(tool));
        Self {
            name: tool.name.clone(),
            parameters: parameter::read(&tool.input_schema),
            annotations: tool.annotations,
            text,
        }
    }
}
