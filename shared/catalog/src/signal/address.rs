//! Whether a description speaks past its tool to the model: hides something from the user, overrides what was said before,
//! asks for secrets, or puts itself before other tools.
//!
//! The patterns are data, in `address.txt` beside this file: words that come in this order, each within a few of the
//! one before, or, in quotes, a text as it is.

use crate::word;
use std::sync::LazyLock;

pub(crate) const PATTERNS: &str = include_str!("address.txt");
/// How far a word of a pattern may be from the one before it.
const REACH: usize = 5;
/// Of a description, in characters.
const LONGEST: usize = 20_000;

enum Pattern {
    Literal(&'static str),
    Words(Vec<Vec<&'static str>>),
}

fn patterns() -> &'static [Pattern] {
    static PARSED: LazyLock<Vec<Pattern>> = LazyLock::new(|| {
        PATTERNS
            .lines()
            .map(str::trim)
            .filter(|line| !line.is_empty() && !line.starts_with('#'))
            .map(|line| {
                let literal = line
                    .strip_prefix('"')
                    .and_then(|rest| rest.strip_suffix('"'));
                match literal {
                    Some(text) => Pattern::Literal(text),
                    None => Pattern::Words(
                        line.split_whitespace()
                            .map(|alternatives| alternatives.split('/').collect())
                            .collect(),
                    ),
                }
            })
            .collect()
    });
    &PARSED
}

/// The first words in it by which a text addresses the model.
pub(super) fn why(shown: &str) -> Option<String> {
    let cut: String = shown
        .chars()
        .take(LONGEST)
        .collect::<String>()
        .to_lowercase();
    let words: Vec<String> = word::of_text(&cut.replace('’', "'"))
        .flat_map(|word| match word.strip_suffix("n't") {
            Some(stem) => vec![stem.to_owned(), "not".to_owned()],
            None => vec![word],
        })
        .collect();
    patterns().iter().find_map(|pattern| match pattern {
        Pattern::Literal(text) => cut.contains(text).then(|| (*text).to_owned()),
        Pattern::Words(wanted) => (0..words.len()).find_map(|at| {
            let end = follows(wanted, &words, at)?;
            Some(words.get(at..end)?.join(" "))
        }),
    })
}

/// Where the pattern ends if it begins at `at`. Each word is looked for from where the one before it was first found.
fn follows(pattern: &[Vec<&str>], words: &[String], at: usize) -> Option<usize> {
    let mut from = at;
    let mut reach = 1;
    for alternatives in pattern {
        let step = words
            .iter()
            .skip(from)
            .take(reach)
            .position(|word| alternatives.contains(&word.as_str()))?;
        from += step + 1;
        reach = REACH;
    }
    Some(from)
}
