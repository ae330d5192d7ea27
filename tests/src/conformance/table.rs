//! What is printed: a row a suite, and every check that did not end alike. PURE.

use super::checks::{Check, Difference, Kind, Status, differences};
use super::suite::{Outcome, Suite};
use std::collections::BTreeSet;
use std::fmt;

/// One suite, run twice.
#[derive(Debug)]
pub struct Comparison<'a> {
    pub suite: Suite,
    /// Those that the server has.
    pub tools: &'a BTreeSet<String>,
    pub directly: Outcome,
    pub through: Outcome,
}

impl Comparison<'_> {
    /// Why this run proves nothing, or proves the contrary.
    pub fn faults(&self) -> Vec<String> {
        let mut faults: Vec<String> = Vec::new();
        let name = self.suite.name;
        let worse = self.count_of(Kind::Worse);
        if worse > 0 {
            faults.push(format!(
                "{name}: {worse} checks are worse through the gateway"
            ));
        }
        for (way, outcome) in [
            ("directly", &self.directly),
            ("through the gateway", &self.through),
        ] {
            if count(&outcome.checks, Status::Success) == 0 {
                faults.push(format!("{name}: nothing passed {way}"));
            }
            if self.suite.is_scored && !outcome.is_success {
                faults.push(format!("{name}: a scored scenario failed {way}"));
            }
        }
        let (before, after) = (self.directly.checks.len(), self.through.checks.len());
        if after < before {
            faults.push(format!(
                "{name}: {before} checks ran directly, {after} through the gateway"
            ));
        }
        faults
    }

    /// Through the gateway.
    pub fn passed(&self) -> usize {
        count(&self.through.checks, Status::Success)
    }

    fn differences(&self) -> Vec<(Kind, Difference)> {
        let found = differences(&self.directly.checks, &self.through.checks);
        found
            .into_iter()
            .map(|difference| (difference.kind(self.tools), difference))
            .collect()
    }

    fn count_of(&self, kind: Kind) -> usize {
        self.differences()
            .iter()
            .filter(|(found, _)| *found == kind)
            .count()
    }
}

pub const HEADING: &str = "                     directly                     through the gateway
suite                passed failed scored         passed failed scored         worse  no such tool";

impl fmt::Display for Comparison<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{:<20}", self.suite.name)?;
        for outcome in [&self.directly, &self.through] {
            let scored = match (self.suite.is_scored, outcome.is_success) {
                (false, _) => "-",
                (true, true) => "all pass",
                (true, false) => "FAILED",
            };
            let (passed, failed) = (
                count(&outcome.checks, Status::Success),
                count(&outcome.checks, Status::Failure),
            );
            write!(out, " {passed:>6} {failed:>6} {scored:<14}")?;
        }
        write!(
            out,
            " {:>5} {:>13}",
            self.count_of(Kind::Worse),
            self.count_of(Kind::NoSuchTool)
        )?;
        for (kind, difference) in self.differences() {
            write!(
                out,
                "\n    {}{difference}",
                if kind == Kind::Worse { "WORSE " } else { "" }
            )?;
        }
        Ok(())
    }
}

impl fmt::Display for Difference {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let said = |status: Option<Status>| {
            status.map_or_else(
                || "did not run".to_owned(),
                |status| format!("{status:?}").to_lowercase(),
            )
        };
        let (directly, through) = (said(self.directly), said(self.through));
        write!(
            out,
            "{}: {}: {directly} directly, {through} through the gateway",
            self.scenario, self.check
        )?;
        match &self.error {
            Some(error) => write!(out, ": {error}"),
            None => Ok(()),
        }
    }
}

fn count(checks: &[Check], status: Status) -> usize {
    checks.iter().filter(|check| check.status == status).count()
}
