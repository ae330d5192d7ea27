//! Whose word counts on what a tool can do, and what the classifier reads in a definition. PURE.

use super::DEEPEST;
use crate::server::discover::Found;
use catalog::Marks;
use json::Limits;
use policy::Category;
use serde::Serialize;
use utoipa::ToSchema;

/// Of the words that a category rests on, so many are kept.
const MOST_EVIDENCE: usize = 24;

/// Whose word the category is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Source {
    Organisation,
    Catalog,
    Classifier,
}

/// What the classifier read in a definition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Class {
    pub category: Category,
    /// In percent.
    pub confidence: u8,
    /// Which words of which field speak for which category.
    pub evidence: Vec<String>,
    pub signals: Vec<catalog::Signal>,
    /// By what the catalogue may know it; it is not asked of a server that is trusted, whose claims count for more.
    pub marks: Option<Marks>,
}

impl Source {
    pub const fn word(self) -> &'static str {
        match self {
            Self::Organisation => "organisation",
            Self::Catalog => "catalog",
            Self::Classifier => "classifier",
        }
    }
}

/// The order of the words, the only place where it stands: the organisation's, else the catalogue's, else the
/// classifier's, else nobody knows.
pub fn decide(
    said: Option<Category>,
    listed: Option<Category>,
    read: Option<Category>,
) -> (Category, Option<Source>) {
    match (said, listed, read) {
        (Some(category), _, _) => (category, Some(Source::Organisation)),
        (None, Some(category), _) => (category, Some(Source::Catalog)),
        (None, None, Some(category)) => (category, Some(Source::Classifier)),
        (None, None, None) => (Category::Unknown, None),
    }
}

/// One answer for each tool, in their order.
pub fn read(tools: &[Found], is_trusted: bool) -> Vec<Class> {
    let trust = if is_trusted {
        catalog::Trust::Trusted
    } else {
        catalog::Trust::Untrusted
    };
    let definitions: Vec<catalog::Tool> = tools
        .iter()
        .map(|tool| defined(&tool.name, &tool.definition))
        .collect();
    catalog::classify_all(&definitions, trust)
        .into_iter()
        .zip(&definitions)
        .map(|(answer, tool)| class(answer, (!is_trusted).then(|| Marks::of(tool))))
        .collect()
}

/// A definition that cannot be read says no more than its name.
fn defined(name: &str, definition: &str) -> catalog::Tool {
    let limits = Limits {
        bytes: definition.len(),
        depth: DEEPEST,
        values: mcp::reply::MOST_VALUES,
    };
    let nameless = || catalog::Tool {
        name: name.to_owned(),
        ..catalog::Tool::default()
    };
    json::read(definition.as_bytes(), &limits).map_or_else(
        |_| nameless(),
        |document| catalog::Tool::of(name, &document.root),
    )
}

fn class(answer: catalog::Classification, marks: Option<Marks>) -> Class {
    Class {
        // The words are the same in both crates; one that were not would be one that nobody knows.
        category: Category::from_word(answer.category.name()).unwrap_or(Category::Unknown),
        confidence: answer.confidence,
        evidence: answer
            .evidence
            .iter()
            .take(MOST_EVIDENCE)
            .map(|evidence| {
                let field = match evidence.field {
                    catalog::Field::Name => "name",
                    catalog::Field::Description => "description",
                    catalog::Field::Parameter => "parameter",
                    catalog::Field::Annotation => "annotation",
                };
                format!("{field} `{}`: {}", evidence.word, evidence.category.name())
            })
            .collect(),
        signals: answer.signals,
        marks,
    }
}

/// The answers as columns, each in the order of the tools.
#[derive(Debug, Default)]
pub(super) struct Columns {
    pub categories: Vec<String>,
    pub sure: Vec<i16>,
    pub evidence: Vec<String>,
    pub signals: Vec<String>,
}

pub(super) fn columns(classes: &[Class]) -> Columns {
    let mut columns = Columns::default();
    for class in classes {
        let signals: Vec<&str> = class.signals.iter().map(|signal| signal.name()).collect();
        columns.categories.push(class.category.word().to_owned());
        columns.sure.push(i16::from(class.confidence));
        // A list of texts has no part that JSON lacks.
        columns
            .evidence
            .push(serde_json::to_string(&class.evidence).unwrap_or_else(|_| "[]".to_owned()));
        columns.signals.push(signals.join(" "));
    }
    columns
}

pub(super) fn words(categories: &[Option<Category>]) -> Vec<Option<String>> {
    let words = categories
        .iter()
        .map(|category| category.map(|category| category.word().to_owned()));
    words.collect()
}

#[cfg(test)]
mod tests;
