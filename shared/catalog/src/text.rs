//! What the classifier reads of a description: how it opens, which words its first sentences use, which operations it lists,
//! and what it does that no honest description does. The prose itself is not kept.

use crate::signal::{self, Signal};
use crate::word;
use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Text {
    /// The first words of the first sentence that says something, in order; that is where the verb is. `,` is one that joins.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub opening: Vec<String>,
    /// The words of the first sentences, each once, in alphabetical order; not those that come after a `not`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub words: Vec<String>,
    /// What a list in the description gives names to: `- delete-table: …`. In alphabetical order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub operations: Vec<String>,
    #[serde(skip)]
    pub(crate) signals: Vec<Signal>,
}

/// The opening is short enough to be a fact about a text and no copy of it.
const OPENING: usize = 7;
const SENTENCES: usize = 5;
const MOST_WORDS: usize = 64;
const MOST_OPERATIONS: usize = 32;
const LONGEST_WORD: usize = 40;
/// Of a description, in characters; what comes later is looked at for signals alone.
const LONGEST: usize = 1200;
/// How far operations are listed.
const LISTED: usize = 4000;

struct Sentence {
    words: Vec<String>,
    /// Up to where it denies something.
    said: Vec<String>,
    introduces: bool,
}

impl Text {
    pub fn read(description: &str) -> Self {
        let shown = crate::neutralise(description);
        let plain: String = shown.chars().take(LONGEST).collect();
        let sentences: Vec<Sentence> = sentences(&plain)
            .map(Sentence::read)
            .filter(|sentence| !sentence.words.is_empty())
            .collect();
        let says = |sentence: &&Sentence| !sentence.introduces && !sentence.said.is_empty();
        let opening = sentences
            .iter()
            .find(says)
            .or(sentences.first())
            .map(|sentence| opening(&sentence.words))
            .unwrap_or_default();
        let mut words: Vec<String> = sentences
            .iter()
            .filter(says)
            .take(SENTENCES)
            .flat_map(|sentence| sentence.said.iter())
            .filter(|word| word.chars().count() < LONGEST_WORD)
            .take(MOST_WORDS)
            .cloned()
            .collect();
        words.sort_unstable();
        words.dedup();
        Self {
            opening,
            words,
            operations: operations(&shown),
            signals: signal::of_text(description),
        }
    }

    /// The words by which a description addresses the model, if it does.
    pub fn why_addressing(description: &str) -> Option<String> {
        signal::why_addressing(description)
    }

    /// Whether it says that it can only read, and not only by default.
    pub(crate) fn limits_to_reading(&self) -> bool {
        (self.has("read-only") || self.has("readonly")) && !self.has("default")
    }

    pub(crate) fn has(&self, word: &str) -> bool {
        self.words
            .binary_search_by(|each| each.as_str().cmp(word))
            .is_ok()
    }
}

impl Sentence {
    fn read(text: &str) -> Self {
        let words: Vec<String> = word::of_list(text).collect();
        let plain = || words.iter().filter(|word| *word != ",");
        let is_heading =
            plain().count() == 1 || text.trim_end().ends_with(':') && plain().count() <= 3;
        // `This is the public API of Acme` says nothing of the tool.
        let is_of_the_product = plain().take(3).eq(["this", "is", "the"]);
        Self {
            said: plain().take_while(|word| !denies(word)).cloned().collect(),
            introduces: is_heading || is_of_the_product,
            words: if plain().next().is_some() {
                words
            } else {
                Vec::new()
            },
        }
    }
}

fn opening(words: &[String]) -> Vec<String> {
    let mut counted = 0;
    words
        .iter()
        .take_while(|word| {
            counted += usize::from(*word != ",");
            counted <= OPENING
        })
        .filter(|word| word.chars().count() < LONGEST_WORD)
        .cloned()
        .collect()
}

/// Sentences end with their mark, with a paragraph, and where a list begins; a line may break inside one.
fn sentences(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = text;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let mut before = ' ';
        let end = rest.char_indices().find_map(|(at, letter)| {
            let after = rest.get(at + letter.len_utf8()..).unwrap_or_default();
            let ends = matches!(letter, '|' | ';')
                || letter == '\n' && begins_anew(after)
                || letter.is_whitespace() && matches!(before, '.' | '!' | '?' | ':');
            before = letter;
            ends.then_some((at, letter.len_utf8()))
        });
        let (at, width) = end.unwrap_or((rest.len(), 0));
        let (sentence, after) = rest.split_at(at);
        rest = after.get(width..).unwrap_or_default();
        Some(sentence)
    })
}

fn begins_anew(line: &str) -> bool {
    line.chars()
        .take(8)
        .find(|letter| *letter != ' ' && *letter != '\t')
        .is_none_or(|first| {
            matches!(first, '\n' | '\r' | '-' | '*' | '#' | '•') || first.is_ascii_digit()
        })
}

/// The names in a list of `- name: …`, however they are marked.
fn operations(shown: &str) -> Vec<String> {
    let plain: String = shown.chars().take(LISTED).collect();
    let mut found: Vec<String> = plain.lines().filter_map(operation).collect();
    found.sort_unstable();
    found.dedup();
    found.truncate(MOST_OPERATIONS);
    found
}

fn operation(line: &str) -> Option<String> {
    let marks = ['*', '`', '\'', '"'];
    let line = line.trim_start();
    let item = line.strip_prefix(['-', '*', '•']).or_else(|| {
        let numbered = line.trim_start_matches(|letter: char| letter.is_ascii_digit());
        (numbered.len() < line.len())
            .then(|| numbered.strip_prefix(['.', ')']))
            .flatten()
    })?;
    let (name, after) = item
        .trim_start()
        .trim_start_matches(marks)
        .split_once(|letter: char| {
            !letter.is_ascii_alphanumeric() && letter != '-' && letter != '_'
        })
        .map(|(name, _)| (name, item.trim_start().trim_start_matches(marks)))?;
    let ends = after
        .get(name.len()..)?
        .trim_start_matches(marks)
        .trim_start()
        .starts_with(':');
    let is_name = name.starts_with(|letter: char| letter.is_ascii_alphabetic());
    (ends && is_name && name.len() < LONGEST_WORD).then(|| name.to_owned())
}

fn denies(word: &str) -> bool {
    matches!(
        word,
        "not" | "never" | "don't" | "doesn't" | "won't" | "without" | "instead" | "rather"
    )
}

#[cfg(test)]
mod tests;
