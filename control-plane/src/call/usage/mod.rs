//! How much was called, out of the counts that are kept while calls are taken in: over time, or by what it was about.

pub mod act;
pub mod api;
pub mod fill;
mod percentile;
mod store;

pub use store::Wanted;

use crate::problem::{Kind, Problem};
use bundle::record::Verdict;
use ids::{GrantId, PolicyId, ServerId};
use serde::Serialize;
use std::collections::BTreeMap;
use time::{Duration, OffsetDateTime, Time};
use utoipa::ToSchema;

/// No longer time than this is looked at in one go.
pub const LONGEST: Duration = Duration::days(31);
/// Of servers, grants, tools and rules the ones with the most calls are told, and no more than this.
pub const MOST: i64 = 200;

/// What calls are counted by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum By {
    Verdict,
    Server,
    Tool,
    Grant,
    Rule,
}

#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Usage {
    pub by: By,
    /// The beginning of the first hour; by tool, grant and rule, of the first day.
    #[serde(with = "time::serde::rfc3339")]
    pub since: OffsetDateTime,
    /// The end of the last hour or day.
    #[serde(with = "time::serde::rfc3339")]
    pub until: OffsetDateTime,
    pub items: Vec<Used>,
}

/// One hour, server, tool, grant or rule.
#[derive(Debug, Clone, Default, Serialize, ToSchema)]
pub struct Used {
    /// By verdict: the beginning of the hour.
    #[serde(
        with = "time::serde::rfc3339::option",
        skip_serializing_if = "Option::is_none"
    )]
    pub at: Option<OffsetDateTime>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub server: Option<ServerId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tool: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub grant: Option<GrantId>,
    /// By rule: the policy, and the rule's pointer in it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub policy: Option<PolicyId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rule: Option<String>,
    /// What people call the server, grant or policy; absent where it is gone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    pub calls: u64,
    /// How many of them by verdict; those that are none are left out.
    pub verdicts: BTreeMap<String, u64>,
    /// By verdict and by server: of the calls that went to a server and ended.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub latency_ms: Option<Latency>,
}

/// Half, 95 and 99 of a hundred calls took no longer, to the precision of a histogram.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, ToSchema)]
pub struct Latency {
    pub p50: f64,
    pub p95: f64,
    pub p99: f64,
}

/// Whole hours or days, from the beginning of one to the end of another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span {
    pub since: OffsetDateTime,
    pub until: OffsetDateTime,
}

impl By {
    pub const ALL: [(&'static str, Self); 5] = [
        ("verdict", Self::Verdict),
        ("server", Self::Server),
        ("tool", Self::Tool),
        ("grant", Self::Grant),
        ("rule", Self::Rule),
    ];

    pub fn read(given: Option<&str>) -> Result<Self, Problem> {
        let found = Self::ALL.iter().find(|(word, _)| Some(*word) == given);
        found.map(|(_, by)| *by).ok_or_else(|| {
            let expected: Vec<&str> = Self::ALL.iter().map(|(word, _)| *word).collect();
            let detail = format!("`by` is one of {}", expected.join(", "));
            Problem::new(Kind::BadRequest, detail)
        })
    }

    /// What there is much of is counted by the day.
    const fn is_by_day(self) -> bool {
        matches!(self, Self::Tool | Self::Grant | Self::Rule)
    }

    fn begin(self, at: OffsetDateTime) -> OffsetDateTime {
        let hour = if self.is_by_day() { 0 } else { at.hour() };
        at.replace_time(Time::from_hms(hour, 0, 0).unwrap_or(Time::MIDNIGHT))
    }

    fn end(self, at: OffsetDateTime) -> Result<OffsetDateTime, Problem> {
        let begun = self.begin(at);
        let step = if self.is_by_day() {
            Duration::DAY
        } else {
            Duration::HOUR
        };
        let end = if begun == at {
            Some(at)
        } else {
            begun.checked_add(step)
        };
        end.ok_or_else(|| Problem::new(Kind::BadRequest, "`until` is a time before the year 10000"))
    }

    const fn column(self) -> &'static str {
        match self {
            Self::Verdict => "org",
            Self::Server => "server",
            Self::Tool => "tool",
            Self::Grant => "grant",
            Self::Rule => "rule",
        }
    }
}

impl Span {
    /// The hours or days that touch this time. Without a beginning the 24 hours that end with it, or two days.
    pub fn of(
        by: By,
        since: Option<OffsetDateTime>,
        until: Option<OffsetDateTime>,
        now: OffsetDateTime,
    ) -> Result<Self, Problem> {
        // Now is always within an hour, be it its first moment.
        let until = by.end(until.unwrap_or(now + Duration::NANOSECOND))?;
        let usual = if by.is_by_day() {
            Duration::days(2)
        } else {
            Duration::DAY
        };
        let since = since.map_or(until - usual, |since| by.begin(since));
        if since >= until {
            return Err(Problem::new(Kind::BadRequest, "`since` is before `until`"));
        }
        if until - since > LONGEST {
            let detail = format!(
                "`since` and `until` are at most {} days apart",
                LONGEST.whole_days()
            );
            return Err(Problem::new(Kind::BadRequest, detail));
        }
        Ok(Self { since, until })
    }

    pub fn hours(self) -> impl Iterator<Item = OffsetDateTime> {
        let hours = std::iter::successors(Some(self.since), |at| at.checked_add(Duration::HOUR));
        hours.take_while(move |at| *at < self.until)
    }
}

impl Used {
    pub fn of(&self, verdict: &str) -> u64 {
        self.verdicts.get(verdict).copied().unwrap_or(0)
    }

    pub fn refused(&self) -> u64 {
        self.calls - self.of(Verdict::Allow.as_str())
    }

    fn add(&mut self, verdict: &str, calls: i64) {
        let calls = u64::try_from(calls).unwrap_or(0);
        self.calls += calls;
        *self.verdicts.entry(verdict.to_owned()).or_default() += calls;
    }
}

#[cfg(test)]
mod tests;
