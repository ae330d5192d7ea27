//! Patterns, of which the first that meets a name counts. Names that are known beforehand are looked for once.

use super::glob_matches;
use std::collections::HashMap;

/// So few are looked through as quickly as one name is looked up.
const FEW: usize = 8;

#[derive(Debug, Default)]
pub(crate) struct Globs {
    /// In the order in which they are asked, each with what it stands for.
    patterns: Vec<(Box<str>, usize)>,
    known: HashMap<Box<str>, Option<usize>>,
}

impl Globs {
    pub(crate) fn new(patterns: Vec<(Box<str>, usize)>) -> Self {
        Self {
            patterns,
            known: HashMap::new(),
        }
    }

    pub(crate) fn of(&self, name: &str) -> Option<usize> {
        if let Some(known) = self.known.get(name) {
            return *known;
        }
        self.look_for(name)
    }

    pub(crate) fn know(&mut self, name: &str) {
        if self.patterns.len() > FEW && !self.known.contains_key(name) {
            self.known.insert(name.into(), self.look_for(name));
        }
    }

    fn look_for(&self, name: &str) -> Option<usize> {
        let meets = |(pattern, _): &&(Box<str>, usize)| glob_matches(pattern, name);
        self.patterns.iter().find(meets).map(|(_, index)| *index)
    }

    #[cfg(test)]
    pub(crate) fn is_empty(&self) -> bool {
        self.patterns.is_empty()
    }
}
