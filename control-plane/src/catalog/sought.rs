//! What is looked for: words and filters, and the query that the index understands. Pure.

use super::{Category, Severity};
use crate::problem::{Kind, Problem};
use std::collections::HashMap;

/// Words of a search that count.
const MOST_WORDS: usize = 6;
const LONGEST: usize = 200;
/// Shorter words are looked for as they stand, and not as beginnings.
const SHORTEST_BEGINNING: usize = 3;

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Sought {
    /// As it was typed, for a name that is exactly that.
    pub typed: String,
    pub words: Vec<String>,
    pub category: Option<Category>,
    pub severity: Option<Severity>,
    pub ecosystem: Option<String>,
}

impl Sought {
    pub fn read(
        q: Option<&str>,
        category: Option<&str>,
        severity: Option<&str>,
        ecosystem: Option<&str>,
    ) -> Result<Self, Problem> {
        let given = |text: Option<&str>| {
            let text = text.map(str::trim).filter(|text| !text.is_empty());
            text.map(str::to_owned)
        };
        let wrong = |what: &str, got: &str, words: &[&str]| {
            let expected = words.join("`, `");
            Problem::new(
                Kind::BadRequest,
                format!("`{what}` is one of `{expected}`, got `{got}`"),
            )
        };
        let typed: String = given(q).unwrap_or_default().chars().take(LONGEST).collect();
        let category = given(category)
            .map(|word| {
                let all: Vec<&str> = Category::ALL.iter().map(|one| one.name()).collect();
                Category::parse(&word).ok_or_else(|| wrong("category", &word, &all))
            })
            .transpose()?;
        let severity = given(severity)
            .map(|word| {
                let all: Vec<&str> = Severity::ALL.iter().map(|one| one.name()).collect();
                Severity::parse(&word).ok_or_else(|| wrong("severity", &word, &all))
            })
            .transpose()?;
        let mut words = ::catalog::about::words(&typed);
        words.truncate(MOST_WORDS);
        Ok(Self {
            words,
            typed,
            category,
            severity,
            ecosystem: given(ecosystem).map(|word| word.to_lowercase()),
        })
    }

    pub fn is_everything(&self) -> bool {
        self.query(&HashMap::new()).is_empty()
    }

    /// For the text index: every word, or one that is meant by it, and every filter.
    pub fn query(&self, meant: &HashMap<String, Vec<String>>) -> String {
        let mut terms: Vec<String> = self
            .words
            .iter()
            .map(|word| match meant.get(word) {
                Some(others) => any(others.iter().map(|other| lexeme(other))),
                None if word.chars().count() >= SHORTEST_BEGINNING => {
                    format!("{}:*", lexeme(word))
                }
                None => lexeme(word),
            })
            .collect();
        terms.extend(self.category.map(|one| lexeme(&of_category(one))));
        terms.extend(self.severity.map(|severity| {
            let all = Category::ALL.into_iter();
            any(all
                .filter(|one| one.severity() == severity)
                .map(|one| lexeme(&of_category(one))))
        }));
        terms.extend(
            self.ecosystem
                .as_deref()
                .map(|one| lexeme(&of_ecosystem(one))),
        );
        terms.join(" & ")
    }
}

/// How a category stands among the words. No word has the sign.
pub(super) fn of_category(category: Category) -> String {
    format!("@{}", category.name())
}

pub(super) fn of_ecosystem(ecosystem: &str) -> String {
    format!("%{}", ecosystem.to_lowercase())
}

fn any(lexemes: impl Iterator<Item = String>) -> String {
    let all: Vec<String> = lexemes.collect();
    format!("({})", all.join(" | "))
}

fn lexeme(word: &str) -> String {
    format!("'{}'", word.replace('\\', "\\\\").replace('\'', "''"))
}

#[cfg(test)]
mod tests;
