//! Whether Redis is asked at all. PURE: time and chance are arguments.
//!
//! More than half of the answers of a second failing or slow opens it for a second; then one probe
//! decides. One slow answer in a hundred does not: it costs its call the timeout at most, while to open
//! costs every call a second of exactness.

const WINDOW_MS: u64 = 1_000;
const OPEN_MS: u64 = 1_000;
/// Fewer say nothing: on a quiet replica one lost packet would be half of all answers.
const ENOUGH: u32 = 4;

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Breaker {
    Closed { since: u64, asked: u32, bad: u32 },
    Open { until: u64 },
    Probing,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Outcome {
    Well,
    /// Failed, or answered late.
    Badly,
}

impl Breaker {
    pub const fn new() -> Self {
        Self::Closed {
            since: 0,
            asked: 0,
            bad: 0,
        }
    }

    /// Whether to ask now. Whoever is told yes owes a `report` or an `abandon`.
    pub fn admits(&mut self, now: u64) -> bool {
        match *self {
            Self::Closed { .. } => true,
            Self::Open { until } if now >= until => {
                *self = Self::Probing;
                true
            }
            Self::Open { .. } | Self::Probing => false,
        }
    }

    /// Answers whether this report opened it. `jitter` keeps replicas from probing in step.
    pub fn report(&mut self, now: u64, outcome: Outcome, jitter: u64) -> bool {
        let bad_now = outcome == Outcome::Badly;
        match self {
            Self::Closed { since, asked, bad } => {
                if now.saturating_sub(*since) >= WINDOW_MS {
                    (*since, *asked, *bad) = (now, 0, 0);
                }
                *asked = asked.saturating_add(1);
                *bad = bad.saturating_add(u32::from(bad_now));
                if *bad < ENOUGH || *bad <= *asked / 2 {
                    return false;
                }
            }
            Self::Probing if !bad_now => {
                *self = Self::Closed {
                    since: now,
                    asked: 0,
                    bad: 0,
                };
                return false;
            }
            Self::Probing => {}
            // Asked before it opened, answered after.
            Self::Open { .. } => return false,
        }
        *self = Self::Open {
            until: now + OPEN_MS + jitter,
        };
        true
    }

    /// A probe whose caller went away: the next call may be it.
    pub fn abandon(&mut self, now: u64) {
        if *self == Self::Probing {
            *self = Self::Open { until: now };
        }
    }
}

#[cfg(test)]
mod tests;
