//! The tools of a server, as it defined them and as the organisation sees them: category, severity, review.

pub mod act;
pub mod api;
pub mod change;
pub mod class;
pub mod find;
mod listed;
pub mod reclassify;
pub mod record;
pub mod store;

use crate::http::described;
use crate::problem::{Kind, Problem};
use crate::server::drift::Change;
use class::Source;
use json::{Document, Limits, Node};
use policy::Category;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use std::str::FromStr;
use time::OffsetDateTime;
use utoipa::ToSchema;

/// Deeper than this no recorded definition nests: whatever reads it again must be able to.
pub(super) const DEEPEST: usize = 64;

#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Tool {
    pub name: String,
    pub title: Option<String>,
    pub description: Option<String>,
    /// As the server sent it.
    #[schema(value_type = Option<Object>)]
    pub input_schema: Option<Box<RawValue>>,
    /// The server's own claims, as it sent them.
    #[schema(value_type = Option<Object>)]
    pub annotations: Option<Box<RawValue>>,
    /// The organisation's word, else the classifier's, else `unknown`.
    #[schema(schema_with = described::category)]
    pub category: Category,
    /// Whose word that is; null: nobody's.
    pub source: Option<Source>,
    pub severity: Severity,
    /// How sure the classifier is of its own answer, in percent; null where it has not read the definition yet.
    pub confidence: Option<u8>,
    /// Which words of which field the classifier's answer rests on.
    pub evidence: Vec<String>,
    /// What else there is to know: `hidden_characters`, `addresses_model`, `free_form_code`, …
    pub signals: Vec<String>,
    /// What the organisation noted when it named the category.
    pub note: Option<String>,
    /// SHA-256 of the definition in canonical form.
    pub digest: String,
    /// New or changed since it was last accepted.
    pub is_changed: bool,
    /// What changed since then, in words.
    pub change: Vec<Change>,
    #[serde(with = "time::serde::rfc3339")]
    pub first_seen_at: OffsetDateTime,
    #[serde(skip)]
    pub(super) position: Position,
}

/// Follows reversibility. The greater, the worse.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    Low,
    Medium,
    High,
    Critical,
}

/// What a server claims of one of its tools, in words.
const CLAIMS: [(&str, &str, &str); 4] = [
    ("readOnlyHint", "changes nothing", "changes things"),
    ("destructiveHint", "may destroy", "only adds"),
    ("idempotentHint", "may be repeated", "not to be repeated"),
    ("openWorldHint", "reaches outside", "stays inside"),
];

impl Tool {
    /// Whether an honest definition has no reason to look so.
    pub fn is_alarming(&self) -> bool {
        let mut signals = self.signals.iter();
        signals.any(|word| catalog::Signal::parse(word).is_some_and(catalog::Signal::is_alarming))
    }

    pub fn claims(&self) -> Vec<&'static str> {
        let said = self.annotations.as_ref().map_or("", |raw| raw.get());
        let Ok(said) = serde_json::from_str::<serde_json::Value>(said) else {
            return Vec::new();
        };
        let words = CLAIMS.iter().filter_map(|(key, yes, no)| {
            let is = said.get(key)?.as_bool()?;
            Some(if is { *yes } else { *no })
        });
        words.collect()
    }
}

impl Severity {
    pub const fn word(self) -> &'static str {
        match self {
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
            Self::Critical => "critical",
        }
    }

    pub const ALL: [Self; 4] = [Self::Low, Self::Medium, Self::High, Self::Critical];

    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|one| one.word() == word)
    }

    /// The categories that are so severe.
    pub fn categories(self) -> impl Iterator<Item = Category> {
        Category::ALL
            .iter()
            .copied()
            .filter(move |category| Self::of(*category) == self)
    }

    pub const fn of(category: Category) -> Self {
        match category {
            Category::Read => Self::Low,
            Category::Write => Self::Medium,
            Category::Execute | Category::Unknown => Self::High,
            Category::Destructive | Category::Financial => Self::Critical,
        }
    }
}

/// What a person says of a tool; what is absent stays.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Review {
    /// Null takes the organisation's word back.
    #[serde(default, deserialize_with = "crate::http::read::nullable")]
    #[schema(schema_with = described::category_or_null)]
    pub category: Option<Option<Category>>,
    #[serde(default, deserialize_with = "crate::http::read::nullable")]
    #[schema(value_type = Option<String>)]
    pub note: Option<Option<String>>,
    /// True accepts the definition as it is recorded now.
    pub accept: Option<bool>,
    /// The digest that was looked at; when the definition has moved on, nothing is accepted.
    pub digest: Option<String>,
}

/// Everything that waits for a review is taken as it is now.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AcceptAll {
    /// `waiting` of the server that was looked at; when others wait by now, nothing is accepted.
    pub waiting: Option<String>,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct Accepted {
    /// Their names.
    pub tools: Vec<String>,
}

/// A place in the server's own order.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Position(pub i32);

impl FromStr for Position {
    type Err = Problem;

    fn from_str(text: &str) -> Result<Self, Problem> {
        text.parse()
            .map(Self)
            .map_err(|_| Problem::new(Kind::BadRequest, "not a place in a list"))
    }
}

/// What is shown of a definition.
#[derive(Debug, Default)]
pub(super) struct Shown {
    pub title: Option<String>,
    pub description: Option<String>,
    pub input_schema: Option<Box<RawValue>>,
    pub annotations: Option<Box<RawValue>>,
}

impl Shown {
    /// A part that has another type than it should is not shown; the definition itself is kept whole.
    pub fn of(definition: &str) -> Self {
        let limits = Limits {
            bytes: definition.len(),
            depth: DEEPEST,
            values: mcp::reply::MOST_VALUES,
        };
        let Ok(document) = json::read(definition.as_bytes(), &limits) else {
            return Self::default();
        };
        let text = |node: Option<&Node<'_>>| node.and_then(Node::as_str).map(str::to_owned);
        let object = |key: &str| {
            raw(
                &document,
                document
                    .root
                    .get(key)
                    .filter(|node| node.as_object().is_some())?,
            )
        };
        let annotated = || document.root.get("annotations")?.get("title");
        Self {
            title: text(document.root.get("title").or_else(annotated)),
            description: text(document.root.get("description")),
            input_schema: object("inputSchema"),
            annotations: object("annotations"),
        }
    }
}

fn raw(document: &Document<'_>, node: &Node<'_>) -> Option<Box<RawValue>> {
    RawValue::from_string(node.span.of(document.text).to_owned()).ok()
}

#[cfg(test)]
mod tests;
