//! Recommended policies: what a tool's category asks for, as a document to begin with.

use crate::Category;
use serde_json::Value;
use std::fmt::Write as _;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Preset {
    /// What cannot be undone is not even seen, what acts asks a person.
    Strict,
    Recommended,
    /// What can be undone goes freely.
    Permissive,
}

/// What a preset has for a category.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rule {
    Allow,
    PerMinute(u32),
    Approve,
    Hide,
}

/// A document holds no more entries; beyond them, categories are named instead of tools.
const MOST_ENTRIES: usize = 1_900;
/// And no more bytes.
const MOST_BYTES: usize = 240 * 1024;
const LONGEST_NAME: usize = 256;

impl Preset {
    pub const ALL: [Self; 3] = [Self::Strict, Self::Recommended, Self::Permissive];

    pub const fn name(self) -> &'static str {
        match self {
            Self::Strict => "strict",
            Self::Recommended => "recommended",
            Self::Permissive => "permissive",
        }
    }

    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|one| one.name() == name)
    }

    pub const fn rule(self, category: Category) -> Rule {
        match (self, category) {
            (Self::Recommended | Self::Permissive, Category::Read)
            | (Self::Permissive, Category::Write) => Rule::Allow,
            (Self::Strict, Category::Read) => Rule::PerMinute(60),
            (Self::Recommended, Category::Write) | (Self::Permissive, Category::Execute) => {
                Rule::PerMinute(30)
            }
            (Self::Strict, Category::Write) | (Self::Recommended, Category::Execute) => {
                Rule::PerMinute(10)
            }
            (Self::Strict, Category::Execute | Category::Financial)
            | (
                Self::Recommended | Self::Permissive,
                Category::Destructive | Category::Financial | Category::Unknown,
            ) => Rule::Approve,
            (Self::Strict, Category::Destructive | Category::Unknown) => Rule::Hide,
        }
    }

    /// A document for these tools: whatever else the server comes to have is denied. A tool whose name no entry can say is
    /// denied with it.
    pub fn document<'t>(self, tools: impl Iterator<Item = (&'t str, Category)>) -> String {
        let tools: Vec<(&str, Category)> = tools.filter(|(name, _)| is_selectable(name)).collect();
        let entries = tools
            .iter()
            .map(|(name, category)| (name.to_string(), self.rule(*category)));
        let document = spell(entries);
        if tools.len() <= MOST_ENTRIES && document.len() <= MOST_BYTES {
            return document;
        }
        spell(
            Category::ALL
                .into_iter()
                .filter(|category| tools.iter().any(|(_, other)| other == category))
                .map(|category| (format!("@{}", category.name()), self.rule(category))),
        )
    }
}

impl Rule {
    /// The entry of the tool, in JSON.
    pub fn spell(self, selector: &str) -> String {
        match self {
            Self::Allow => "{}".to_owned(),
            Self::PerMinute(max) => format!(
                r#"{{ "limits": [ {{ "counter": {}, "window": "minute", "max": {max}, "scope": "grant" }} ] }}"#,
                Value::from(format!("{selector}_rate"))
            ),
            Self::Approve => r#"{ "action": "require_approval" }"#.to_owned(),
            Self::Hide => r#"{ "action": "hide" }"#.to_owned(),
        }
    }

    /// The same in words, after "a call of this tool".
    pub fn words(self) -> String {
        match self {
            Self::Allow => "goes through".to_owned(),
            Self::PerMinute(max) => {
                format!("goes through, at most {max} times a minute for one grant")
            }
            Self::Approve => "waits until a person has approved it".to_owned(),
            Self::Hide => "is answered as if there were no such tool".to_owned(),
        }
    }
}

/// Names that a selector can say exactly: no wildcard in them, and not spelt as a category.
pub fn is_selectable(name: &str) -> bool {
    !name.is_empty()
        && !name.starts_with('@')
        && !name.contains(['*', '?'])
        && !name.contains(char::is_control)
        && name.chars().count() <= LONGEST_NAME
}

fn spell(entries: impl Iterator<Item = (String, Rule)>) -> String {
    let mut out =
        String::from("{\n  \"version\": \"1\",\n  \"default\": \"deny\",\n  \"tools\": {");
    let mut seen = std::collections::HashSet::new();
    for (selector, rule) in entries {
        // A server that lists a name twice has one tool of it, and a document one entry.
        if !seen.insert(selector.clone()) {
            continue;
        }
        let comma = if seen.len() > 1 { "," } else { "" };
        let key = Value::from(selector.as_str());
        let _ = write!(out, "{comma}\n    {key}: {}", rule.spell(&selector));
    }
    out.push_str(if seen.is_empty() { "}\n}" } else { "\n  }\n}" });
    out
}

#[cfg(test)]
mod tests;
