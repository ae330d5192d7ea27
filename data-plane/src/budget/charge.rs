//! What a call asks of the budgets, and what it is told. Not how a policy comes to it (`subject.rs`), nor
//! where it is counted.

use super::held::Held;
use super::ring::{GREATEST, Geometry};
use ids::{CallId, GrantId, OrgId, ServerId};

/// One limit that a call falls under.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Charge {
    /// The same for every version of a policy that names this counter.
    pub limit: [u8; 16],
    /// Whose budget: see [`super::subject`].
    pub subject: [u8; 16],
    pub window_ms: u64,
    pub max: u64,
    pub cost: u64,
    /// The cost is read from the call: what was used is never forgotten, however short the window is.
    pub is_spend: bool,
    pub count: Count,
    pub on_outage: OnOutage,
    /// Bounds calls in flight; window, max and cost then say nothing.
    pub concurrency: Option<u32>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Count {
    Attempts,
    Forwarded,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OnOutage {
    Closed,
    Share,
    Open,
}

/// All limits of one call: charged together, or not at all.
#[derive(Debug, Clone, Copy)]
pub struct Ask<'a> {
    pub org: OrgId,
    /// Of the bundle that the call is judged by: what was taken back with a newer one is not in it.
    pub version: u64,
    pub call: CallId,
    pub grant: GrantId,
    pub server: ServerId,
    pub charges: &'a [Charge],
    /// Of limits in shadow: looked at in the same trip, never charged.
    pub shadow: &'a [Charge],
}

#[derive(Debug)]
#[must_use = "a passed charge holds its place among the calls in flight until `Held` is dropped"]
pub enum Charged {
    Passed {
        mode: Mode,
        hold: Held,
        /// Which of the limits in shadow would have refused; none where the counters could not be asked.
        would: Vec<usize>,
        /// Which of the charges asked found a budget nearly used up, and how much of it was used then.
        full: Vec<(usize, u64)>,
    },
    Refused {
        /// Which of the charges asked.
        index: usize,
        /// `None`: waiting cannot help.
        retry_after_ms: Option<u64>,
        mode: Mode,
        full: Vec<(usize, u64)>,
    },
    /// Taken back since the newest bundle: nothing was charged.
    Revoked { what: Revoked },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Revoked {
    Org,
    Grant,
    Server,
}

/// Which limiter decided; every record says it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Mode {
    None,
    Shared,
    Memory,
    Share,
    Open,
    Closed,
}

impl Mode {
    /// Where nothing was charged, no limiter decided.
    pub(super) const fn of(self, parts: &[Part]) -> Self {
        if parts.is_empty() { Self::None } else { self }
    }

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Shared => "shared",
            Self::Memory => "memory",
            Self::Share => "share",
            Self::Open => "open",
            Self::Closed => "closed",
        }
    }
}

/// Names one budget, and with it one key of Redis.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct Key {
    pub org: OrgId,
    pub limit: [u8; 16],
    pub subject: [u8; 16],
}

/// A charge as the counters see it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Part {
    /// Of the first charge that meant this budget.
    pub index: usize,
    pub key: Key,
    pub measure: Measure,
    pub count: Count,
    pub on_outage: OnOutage,
    /// Counted anew from records where Redis has lost it: until then the call waits, or is refused.
    pub is_kept: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Measure {
    Rate {
        geometry: Geometry,
        cost: u64,
        max: u64,
    },
    InFlight {
        max: u64,
    },
}

impl Measure {
    /// How far back what was used still counts.
    pub(super) const fn window_ms(self) -> u64 {
        match self {
            Self::Rate { geometry, .. } => geometry.retained_ms(),
            Self::InFlight { .. } => 0,
        }
    }
}

/// From four fifths of the max on, people are told. A limit of calls in flight is another at every look, and left out.
pub(super) fn full(parts: &[Part], sums: &[u64]) -> Vec<(usize, u64)> {
    let told = parts
        .iter()
        .zip(sums)
        .filter(|(part, used)| match part.measure {
            Measure::Rate { max, .. } => u128::from(**used) * 5 >= u128::from(max) * 4,
            Measure::InFlight { .. } => false,
        });
    told.map(|(part, used)| (part.index, *used)).collect()
}

impl Ask<'_> {
    /// INVARIANT: no two parts count in the same place; two that both fit could together exceed. The
    /// greater cost counts, under the smaller max and the more careful outage rule.
    pub(super) fn parts(&self) -> Vec<Part> {
        let mut parts: Vec<Part> = Vec::with_capacity(self.charges.len());
        for (index, charge) in self.charges.iter().enumerate() {
            let part = Part::of(self.org, index, charge);
            match parts.iter_mut().find(|known| known.shares_with(&part)) {
                Some(known) => known.join(&part),
                None => parts.push(part),
            }
        }
        parts
    }

    /// The limits in shadow, each for itself: what is not charged cannot exceed together.
    pub(super) fn shadow_parts(&self) -> Vec<Part> {
        let shadow = self.shadow.iter().enumerate();
        shadow
            .map(|(index, charge)| Part::of(self.org, index, charge))
            .collect()
    }
}

impl Part {
    fn of(org: OrgId, index: usize, charge: &Charge) -> Self {
        let measure = charge.concurrency.map_or(
            Measure::Rate {
                geometry: Geometry::of(charge.window_ms),
                cost: charge.cost,
                max: charge.max.min(GREATEST),
            },
            |max| Measure::InFlight { max: max.into() },
        );
        Self {
            index,
            key: Key {
                org,
                limit: charge.limit,
                subject: charge.subject,
            },
            measure,
            count: charge.count,
            on_outage: charge.on_outage,
            is_kept: charge.concurrency.is_none()
                && (charge.is_spend || charge.window_ms > SHORT_MS),
        }
    }

    fn shares_with(&self, other: &Self) -> bool {
        let same_kind = matches!(self.measure, Measure::Rate { .. })
            == matches!(other.measure, Measure::Rate { .. });
        self.key == other.key && same_kind
    }

    fn join(&mut self, other: &Self) {
        match (&mut self.measure, other.measure) {
            (
                Measure::Rate { cost, max, .. },
                Measure::Rate {
                    cost: c, max: m, ..
                },
            ) => {
                *cost = (*cost).max(c);
                *max = (*max).min(m);
            }
            (Measure::InFlight { max }, Measure::InFlight { max: m }) => *max = (*max).min(m),
            (Measure::Rate { .. }, Measure::InFlight { .. })
            | (Measure::InFlight { .. }, Measure::Rate { .. }) => {}
        }
        self.is_kept |= other.is_kept;
        if other.count == Count::Attempts {
            self.count = Count::Attempts;
        }
        self.on_outage = match (self.on_outage, other.on_outage) {
            (OnOutage::Closed, _) | (_, OnOutage::Closed) => OnOutage::Closed,
            (OnOutage::Share, _) | (_, OnOutage::Share) => OnOutage::Share,
            (OnOutage::Open, OnOutage::Open) => OnOutage::Open,
        };
    }
}

/// Of a window that is no longer, a loss of Redis costs one window.
const SHORT_MS: u64 = 60_000;

/// The most a client is asked to wait where nobody can know: a place in flight, or Redis back.
pub(super) const SOON_MS: u64 = 1_000;

/// What the counters answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Tally {
    /// For each part, the slot it was charged to.
    Passed {
        slots: Vec<u64>,
    },
    Refused(Refusal),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Refusal {
    /// Position among the parts.
    pub part: usize,
    pub wait: Option<u64>,
}

impl Refusal {
    /// The longest wait answers (never is longest), the first among equals.
    pub fn worst(first: Option<Self>, second: Option<Self>) -> Option<Self> {
        let rank = |refusal: &Self| refusal.wait.map_or(u64::MAX, |wait| wait.min(u64::MAX - 1));
        match (first, second) {
            (Some(a), Some(b)) => {
                let b_answers = (rank(&b), a.part) > (rank(&a), b.part);
                Some(if b_answers { b } else { a })
            }
            (one, other) => one.or(other),
        }
    }
}

#[cfg(test)]
mod tests;
