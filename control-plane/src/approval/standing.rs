//! How a request stands, and which step leads where. PURE: the clock is handed in.
//!
//! Waiting → approved | refused | expired | withdrawn; approved → spent | expired | withdrawn. What a state is made of is
//! inside it.

use bundle::approval::Pointer;
use ids::UserId;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use time::{Duration, OffsetDateTime};
use utoipa::ToSchema;

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Standing {
    Waiting {
        /// Who has agreed so far, and to what.
        agreed: Vec<(UserId, Terms)>,
        until: OffsetDateTime,
    },
    Approved {
        terms: Terms,
        used: u32,
        until: OffsetDateTime,
    },
    Refused,
    Expired,
    Withdrawn,
    Spent,
}

/// What an approval lets through: so many calls, for so long, with these arguments left open.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Terms {
    pub uses: u32,
    pub lasts: Duration,
    pub vary: BTreeSet<Pointer>,
}

/// The word of a state.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum State {
    Waiting,
    Approved,
    Refused,
    Expired,
    Withdrawn,
    Spent,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CannotDecide {
    #[error("it is `{}`: nothing is left to decide", .0.word())]
    Over(State),
    #[error("you have agreed already; another person is asked for")]
    Agreed,
}

impl Standing {
    /// As the clock leaves it.
    #[must_use]
    pub fn at(self, now: OffsetDateTime) -> Self {
        match self {
            Self::Waiting { until, .. } | Self::Approved { until, .. } if until <= now => {
                Self::Expired
            }
            other => other,
        }
    }

    /// With one more who agrees. When they are enough, the narrowest of what each agreed to counts.
    pub fn agree(
        self,
        who: UserId,
        terms: Terms,
        enough: u32,
        now: OffsetDateTime,
    ) -> Result<Self, CannotDecide> {
        let (mut agreed, until) = match self.at(now) {
            Self::Waiting { agreed, until } => (agreed, until),
            other => return Err(CannotDecide::Over(other.state())),
        };
        if agreed.iter().any(|(person, _)| *person == who) {
            return Err(CannotDecide::Agreed);
        }
        agreed.push((who, terms));
        if u32::try_from(agreed.len()).unwrap_or(u32::MAX) < enough {
            return Ok(Self::Waiting { agreed, until });
        }
        let all = agreed.into_iter().map(|(_, terms)| terms);
        let narrowest = all.reduce(|one, other| one.and(&other));
        Ok(narrowest.map_or(Self::Expired, |terms| Self::Approved {
            until: now + terms.lasts,
            terms,
            used: 0,
        }))
    }

    pub fn refuse(self, now: OffsetDateTime) -> Result<Self, CannotDecide> {
        match self.at(now) {
            Self::Waiting { .. } => Ok(Self::Refused),
            other => Err(CannotDecide::Over(other.state())),
        }
    }

    pub fn withdraw(self, now: OffsetDateTime) -> Result<Self, CannotDecide> {
        match self.at(now) {
            Self::Waiting { .. } | Self::Approved { .. } => Ok(Self::Withdrawn),
            other => Err(CannotDecide::Over(other.state())),
        }
    }

    /// One call more.
    pub fn spend(self, now: OffsetDateTime) -> Result<Self, CannotDecide> {
        match self.at(now) {
            Self::Approved { terms, used, .. } if used + 1 >= terms.uses => Ok(Self::Spent),
            Self::Approved { terms, used, until } => Ok(Self::Approved {
                terms,
                used: used + 1,
                until,
            }),
            other => Err(CannotDecide::Over(other.state())),
        }
    }

    pub const fn state(&self) -> State {
        match self {
            Self::Waiting { .. } => State::Waiting,
            Self::Approved { .. } => State::Approved,
            Self::Refused => State::Refused,
            Self::Expired => State::Expired,
            Self::Withdrawn => State::Withdrawn,
            Self::Spent => State::Spent,
        }
    }
}

impl Terms {
    fn and(self, other: &Self) -> Self {
        Self {
            uses: self.uses.min(other.uses),
            lasts: self.lasts.min(other.lasts),
            vary: self.vary.intersection(&other.vary).cloned().collect(),
        }
    }
}

impl State {
    pub const ALL: [Self; 6] = [
        Self::Waiting,
        Self::Approved,
        Self::Refused,
        Self::Expired,
        Self::Withdrawn,
        Self::Spent,
    ];

    pub const fn word(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Approved => "approved",
            Self::Refused => "refused",
            Self::Expired => "expired",
            Self::Withdrawn => "withdrawn",
            Self::Spent => "spent",
        }
    }

    pub fn of(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.word() == word)
    }
}

#[cfg(test)]
mod tests;
