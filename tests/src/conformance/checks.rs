//! What the suite found, and where the gateway's findings differ from the server's own. PURE.

use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet};

/// From worst to best. What is for information only says nothing about the server, and is kept out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Status {
    Failure,
    Warning,
    Skipped,
    Success,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Check {
    pub scenario: String,
    pub id: String,
    pub name: String,
    pub status: Status,
    /// Why it failed.
    pub error: Option<String>,
}

#[derive(Debug, PartialEq, Eq)]
pub struct Difference {
    pub scenario: String,
    /// The check's id and name: the id alone stands for several.
    pub check: String,
    /// `None`: the check did not run.
    pub directly: Option<Status>,
    pub through: Option<Status>,
    pub error: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Worse,
    /// The check calls a tool that the server does not have. Some servers answer that with a result, which the check
    /// takes for the tool's; the gateway always answers as the specification has it, with an error.
    NoSuchTool,
    NoWorse,
}

impl Difference {
    /// `tools` are those that the server has.
    pub fn kind(&self, tools: &BTreeSet<String>) -> Kind {
        // A check that is missing is worse than one that fails: nobody knows how it would have ended.
        let is_worse = self.through < self.directly
            || (self.directly.is_none() && self.through != Some(Status::Success));
        if !is_worse {
            return Kind::NoWorse;
        }
        let asked = self
            .error
            .as_deref()
            .and_then(|error| error.strip_prefix("Unknown tool: "));
        match asked {
            Some(tool) if self.through.is_some() && !tools.contains(tool) => Kind::NoSuchTool,
            _ => Kind::Worse,
        }
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Written {
    id: String,
    name: String,
    status: String,
    error_message: Option<String>,
}

/// One `checks.json`.
pub fn read(scenario: &str, text: &str) -> serde_json::Result<Vec<Check>> {
    let mut checks = Vec::new();
    for written in serde_json::from_str::<Vec<Written>>(text)? {
        if written.status == "INFO" {
            continue;
        }
        let status = Status::deserialize(serde_json::Value::from(written.status))?;
        checks.push(Check {
            scenario: scenario.to_owned(),
            id: written.id,
            name: written.name,
            status,
            error: written.error_message,
        });
    }
    Ok(checks)
}

/// Every check that did not end alike. Where a check ran several times, the worst are compared with the worst.
pub fn differences(directly: &[Check], through: &[Check]) -> Vec<Difference> {
    let (mut before, mut after) = (by_name(directly), by_name(through));
    let mut found = Vec::new();
    let names: Vec<_> = before.keys().chain(after.keys()).copied().collect();
    for name in names {
        // The second time a name comes, nothing is left of it.
        let (before, after) = (
            before.insert(name, Vec::new()).unwrap_or_default(),
            after.insert(name, Vec::new()).unwrap_or_default(),
        );
        let times = before.len().max(after.len());
        for time in 0..times {
            // The shorter one begins with what is missing.
            let at = |checks: &[&Check]| {
                time.checked_sub(times - checks.len()).and_then(|time| {
                    checks
                        .get(time)
                        .map(|check| (check.status, check.error.clone()))
                })
            };
            let (directly, through) = (at(&before), at(&after));
            if directly.as_ref().map(|(status, _)| *status)
                != through.as_ref().map(|(status, _)| *status)
            {
                let (scenario, id, name) = name;
                found.push(Difference {
                    scenario: scenario.to_owned(),
                    check: format!("{id} ({name})"),
                    directly: directly.as_ref().map(|(status, _)| *status),
                    through: through.as_ref().map(|(status, _)| *status),
                    error: through.or(directly).and_then(|(_, error)| error),
                });
            }
        }
    }
    found
}

type Name<'a> = (&'a str, &'a str, &'a str);

fn by_name(checks: &[Check]) -> BTreeMap<Name<'_>, Vec<&Check>> {
    let mut named: BTreeMap<Name<'_>, Vec<&Check>> = BTreeMap::new();
    for check in checks {
        named
            .entry((&check.scenario, &check.id, &check.name))
            .or_default()
            .push(check);
    }
    for checks in named.values_mut() {
        checks.sort_by_key(|check| check.status);
    }
    named
}

#[cfg(test)]
mod tests;
