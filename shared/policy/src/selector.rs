//! Which tools an entry or a `hide` list means, and which entry applies where several do.

mod globs;

use crate::finding::Flaw;
use crate::word::{Category, nearest};
use globs::Globs;
use std::cmp::{Ordering, Reverse};
use std::collections::hash_map::RandomState;
use std::collections::{HashMap, HashSet};
use std::hash::BuildHasher;

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Selector {
    Exact(Box<str>),
    Glob(Box<str>),
    Category(Category),
    /// `*`, the last resort: after a category, where any other glob comes before one.
    Rest,
}

impl Selector {
    pub(crate) fn parse(text: &str) -> Result<Self, Flaw> {
        if text.contains(['*', '?']) {
            return Ok(if text == "*" {
                Self::Rest
            } else {
                Self::Glob(text.into())
            });
        }
        match text.strip_prefix('@') {
            Some(word) => Category::from_word(word)
                .map(Self::Category)
                .ok_or_else(|| {
                    let near = nearest(word, Category::WORDS.iter().copied())
                        .map(|word| format!("@{word}"));
                    let message = format!(
                        "`{text}` is not a category; expected one of @{}",
                        Category::WORDS.join(", @")
                    );
                    Flaw::new("unknown_category", message).hint(near.as_deref())
                }),
            None if text.is_empty() => Err(Flaw::new(
                "empty_selector",
                "an empty selector matches no tool",
            )),
            None => Ok(Self::Exact(text.into())),
        }
    }

    pub(crate) fn matches(&self, tool: &str, category: Category) -> bool {
        match self {
            Self::Exact(name) => name.as_ref() == tool,
            Self::Glob(pattern) => glob_matches(pattern, tool),
            Self::Category(own) => *own == category,
            Self::Rest => true,
        }
    }

    /// Whether every tool that `other` means is meant by this one too. True only where it is certain.
    pub(crate) fn covers(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Rest, _) => true,
            (Self::Glob(glob), Self::Exact(text) | Self::Glob(text)) => glob_covers(glob, text),
            (Self::Glob(glob), Self::Category(_) | Self::Rest) => glob_covers(glob, "*"),
            (left, right) => left == right,
        }
    }
}

/// Compiled selectors of `hide`.
#[derive(Debug, Default)]
pub(crate) struct Hidden {
    exact: HashSet<Box<str>>,
    globs: Globs,
    categories: Vec<Category>,
}

impl Hidden {
    pub(crate) fn new(selectors: Vec<Selector>) -> Self {
        let mut hidden = Self::default();
        let mut globs: Vec<(Box<str>, usize)> = Vec::new();
        for selector in selectors {
            match selector {
                Selector::Exact(name) => {
                    hidden.exact.insert(name);
                }
                Selector::Glob(pattern) => globs.push((pattern, 0)),
                Selector::Category(category) => hidden.categories.push(category),
                Selector::Rest => globs.push(("*".into(), 0)),
            }
        }
        hidden.globs = Globs::new(globs);
        hidden
    }

    pub(crate) fn holds(&self, tool: &str, category: Category) -> bool {
        self.exact.contains(tool)
            || self.categories.contains(&category)
            || self.globs.of(tool).is_some()
    }

    pub(crate) fn know(&mut self, tool: &str) {
        self.globs.know(tool);
    }
}

/// Finds the one entry that applies: by hash for exact names, so that their number costs nothing.
#[derive(Debug, Default)]
pub(crate) struct Choice<S = RandomState> {
    exact: HashMap<Box<str>, usize, S>,
    /// The strongest first.
    globs: Globs,
    categories: [Option<usize>; Category::ALL.len()],
    rest: Option<usize>,
}

impl<S: BuildHasher + Default> Choice<S> {
    pub(crate) fn new(selectors: impl Iterator<Item = Selector>) -> Self {
        let mut choice = Self::default();
        let mut globs: Vec<(Box<str>, usize)> = Vec::new();
        for (index, selector) in selectors.enumerate() {
            match selector {
                Selector::Exact(name) => {
                    choice.exact.insert(name, index);
                }
                Selector::Glob(pattern) => globs.push((pattern, index)),
                Selector::Category(category) => {
                    if let Some(slot) = choice.categories.get_mut(category.index()) {
                        *slot = Some(index);
                    }
                }
                Selector::Rest => choice.rest = Some(index),
            }
        }
        globs.sort_by(|(left, _), (right, _)| by_strength(left, right));
        choice.globs = Globs::new(globs);
        choice
    }

    pub(crate) fn of(&self, tool: &str, category: Category) -> Option<usize> {
        self.exact
            .get(tool)
            .copied()
            .or_else(|| self.globs.of(tool))
            .or_else(|| self.categories.get(category.index()).copied().flatten())
            .or(self.rest)
    }

    pub(crate) fn know(&mut self, tool: &str) {
        if !self.exact.contains_key(tool) {
            self.globs.know(tool);
        }
    }
}

/// The glob with the most literal characters, then the longer, then the smaller in byte order comes first.
pub(crate) fn by_strength(left: &str, right: &str) -> Ordering {
    let strength = |glob: &str| {
        let literal = glob
            .chars()
            .filter(|char| !matches!(char, '*' | '?'))
            .count();
        (Reverse(literal), Reverse(glob.chars().count()))
    };
    strength(left)
        .cmp(&strength(right))
        .then_with(|| left.cmp(right))
}

/// `*` is any run of characters, `?` one character, everything else itself.
pub(crate) fn glob_matches(pattern: &str, name: &str) -> bool {
    walk(pattern, name, |wanted, char| {
        wanted == '?' || wanted == char
    })
}

/// Whether a glob matches every name that another glob or name matches: it must match the other's own text, where a
/// `*` of the other is only met by a `*`, and a `?` only by `?` or `*`.
fn glob_covers(pattern: &str, other: &str) -> bool {
    walk(pattern, other, |wanted, char| match char {
        '*' => false,
        _ => wanted == '?' || wanted == char,
    })
}

/// Goes back only to the last `*` met: an earlier one can never do better.
fn walk(pattern: &str, name: &str, meets: impl Fn(char, char) -> bool) -> bool {
    let (mut pattern, mut name) = (pattern.chars(), name.chars());
    let mut last_star = None;
    loop {
        let mut ahead = pattern.clone();
        match ahead.next() {
            Some('*') => {
                pattern = ahead;
                last_star = Some((pattern.clone(), name.clone()));
                continue;
            }
            Some(wanted) => {
                let mut rest = name.clone();
                if rest.next().is_some_and(|char| meets(wanted, char)) {
                    pattern = ahead;
                    name = rest;
                    continue;
                }
            }
            None if name.as_str().is_empty() => return true,
            None => {}
        }
        let Some((after_star, from)) = &mut last_star else {
            return false;
        };
        if from.next().is_none() {
            return false;
        }
        pattern = after_star.clone();
        name = from.clone();
    }
}

#[cfg(test)]
mod tests;
