//! A short library of the ways in which agents are turned against whoever they work for, and what stops each.

use crate::{Category, Signal};

mod library;

#[derive(Debug, Clone, Copy)]
pub struct Attack {
    /// In URLs.
    pub slug: &'static str,
    pub name: &'static str,
    pub brief: &'static str,
    pub how: &'static str,
    /// What one sees of it.
    pub shows: &'static str,
    /// What stops it, in words.
    pub stop: &'static str,
    /// And as a policy.
    pub policy: &'static str,
    /// Which tools it needs.
    pub categories: &'static [Category],
    pub signals: &'static [Signal],
}

pub const ALL: &[Attack] = &library::ATTACKS;

impl Attack {
    pub fn find(slug: &str) -> Option<&'static Self> {
        ALL.iter().find(|one| one.slug == slug)
    }

    /// Whether a tool of this kind is of use to it.
    pub fn uses(&self, category: Category, signals: &[Signal]) -> bool {
        self.categories.contains(&category) || self.signals.iter().any(|one| signals.contains(one))
    }

    /// The patterns that a tool invites, those that need one of its signals first.
    pub fn of(category: Category, signals: &[Signal]) -> Vec<&'static Self> {
        let mut found: Vec<&Self> = ALL
            .iter()
            .filter(|one| one.uses(category, signals))
            .collect();
        found.sort_by_key(|one| !one.signals.iter().any(|signal| signals.contains(signal)));
        found
    }
}

#[cfg(test)]
mod tests;
