//! A predicate: conditions that must all hold, the rule id it goes by, and what to say when it decides.

use crate::condition::{Condition, Truth, all};
use crate::scene::Scene;

#[derive(Debug)]
pub(crate) struct Predicate {
    /// The whole rule id, a JSON Pointer.
    pub(crate) rule: Box<str>,
    pub(crate) message: Option<Box<str>>,
    pub(crate) conditions: Vec<Condition>,
}

impl Predicate {
    pub(crate) fn judge(&self, scene: &Scene<'_>) -> Truth {
        all(&self.conditions, scene)
    }
}
