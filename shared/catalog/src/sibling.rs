//! Which tools of the same server a description speaks of. An honest one may ("first call `list_items`"); a poisoned one
//! often must, to bend how another tool is used.

use crate::listing::Tool;
use std::collections::HashSet;

/// A name that is a plain word stands in any sentence.
fn is_telling(name: &str) -> bool {
    let has_mark = name.contains(['_', '-', '.', '/']);
    let has_hump = name
        .chars()
        .zip(name.chars().skip(1))
        .any(|(before, after)| before.is_lowercase() && after.is_uppercase());
    name.chars().count() >= 4 && (has_mark || has_hump)
}

pub(crate) struct Siblings<'a>(HashSet<&'a str>);

impl<'a> Siblings<'a> {
    pub(crate) fn of(tools: &'a [Tool]) -> Self {
        let names = tools.iter().map(|tool| tool.name.as_str());
        Self(names.filter(|name| is_telling(name)).collect())
    }

    pub(crate) fn are_named_by(&self, tool: &Tool) -> bool {
        let shown = crate::neutralise(tool.description.as_deref().unwrap_or_default());
        let is_of_a_name =
            |letter: char| letter.is_alphanumeric() || matches!(letter, '_' | '-' | '.' | '/');
        shown
            .split(|letter: char| !is_of_a_name(letter))
            .map(|word| word.trim_end_matches(['.', '-', '/']))
            .any(|word| word != tool.name && self.0.contains(word))
    }
}

#[cfg(test)]
mod tests;
