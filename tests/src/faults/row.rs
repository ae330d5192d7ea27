//! A row of the table: what was counted, and which rules were broken.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

#[derive(Debug, Default)]
pub struct Row {
    pub name: String,
    pub seed: u64,
    /// That callers made.
    pub calls: usize,
    /// That reached the server.
    pub upstream: usize,
    /// That are on record as let through.
    pub intents: usize,
    /// That reached the server and are not on record.
    pub missing: usize,
    /// That reached the server, or are on record, more than once.
    pub doubled: usize,
    /// What callers were answered where no answer of the server came, by its kind.
    pub errors: BTreeMap<String, usize>,
    /// From the end of the fault to the moment that all was as before.
    pub heal: Option<Duration>,
    /// Figures beside.
    pub told: Vec<String>,
    /// Rules that did not hold.
    pub broken: Vec<String>,
}

impl Row {
    pub const HEAD: &str =
        "fault                  calls upstream  intents missing doubled   errors  heal (s)";

    pub fn tell(&mut self, figure: impl Into<String>) {
        self.told.push(figure.into());
    }

    /// A rule, and how it was broken where it was.
    pub fn rule(&mut self, holds: bool, broken: impl FnOnce() -> String) {
        if !holds {
            self.broken.push(broken());
        }
    }

    pub fn holds(&self) -> bool {
        self.broken.is_empty()
    }
}

impl fmt::Display for Row {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let heal = self.heal.map_or_else(
            || "-".to_owned(),
            |heal| format!("{:.1}", heal.as_secs_f64()),
        );
        write!(
            f,
            "{:<20} {:>7} {:>8} {:>8} {:>7} {:>7} {:>8} {:>9}",
            self.name,
            self.calls,
            self.upstream,
            self.intents,
            self.missing,
            self.doubled,
            self.errors.values().sum::<usize>(),
            heal,
        )?;
        for (kind, count) in &self.errors {
            write!(f, "\n    {count} x {kind}")?;
        }
        for told in &self.told {
            write!(f, "\n    {told}")?;
        }
        for broken in &self.broken {
            write!(f, "\n    BROKEN: {broken}")?;
        }
        Ok(())
    }
}
