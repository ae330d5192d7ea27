//! Rings and places in flight inside this process: the whole limiter where no Redis is configured, and
//! this replica's share of it while Redis is away. Time is an argument.

use super::charge::{Key, Measure, Part, Refusal, SOON_MS, Tally};
use super::ring::{Geometry, Ring};
use ids::OrgId;
use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// A ring is about 1 kB. An organisation that has this many live budgets (an argument value in `by` may
/// split one for every call) is refused new ones until old ones end: forgetting a live ring would let
/// its calls through a second time.
const RINGS_PER_ORG: u32 = 20_000;
const RINGS: usize = 200_000;

#[derive(Debug, Default)]
pub(super) struct Memory {
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    rings: HashMap<Key, Ring>,
    per_org: HashMap<OrgId, u32>,
    /// One entry a ring, of when it may be over; looked at again then.
    ends: BinaryHeap<Reverse<(u64, Key)>>,
    in_flight: HashMap<Key, u64>,
}

enum Fit {
    Fits,
    After(u64),
    Never,
}

/// What was charged here, for a refund.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Given {
    pub key: Key,
    pub geometry: Geometry,
    pub slot: u64,
    pub cost: u64,
}

impl Memory {
    fn state(&self) -> MutexGuard<'_, State> {
        // A panic elsewhere while it was held leaves counts that are at worst too high.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Checks all, then charges all; also takes the places in flight.
    pub fn charge(&self, parts: &[Part], now: u64) -> Tally {
        let mut state = self.state();
        state.sweep(now);
        if let Some(refusal) = state.refusal(parts, now) {
            return Tally::Refused(refusal);
        }
        let slots = parts.iter().map(|part| state.add(part, now)).collect();
        Tally::Passed { slots }
    }

    /// What of each budget is used, as of its last charge.
    pub fn sums(&self, parts: &[Part]) -> Vec<u64> {
        let state = self.state();
        let sum = |part: &Part| state.rings.get(&part.key).map_or(0, Ring::sum);
        parts.iter().map(sum).collect()
    }

    /// What `charge` would refuse, and nothing is charged.
    pub fn refusal(&self, parts: &[Part], now: u64) -> Option<Refusal> {
        self.state().refusal(parts, now)
    }

    /// Which of these are over, had they been charged now.
    pub fn would_refuse(&self, parts: &[Part], now: u64) -> Vec<usize> {
        if parts.is_empty() {
            return Vec::new();
        }
        let mut state = self.state();
        let over = parts.iter().filter(|part| state.is_over(part, now));
        over.map(|part| part.index).collect()
    }

    /// Raises a ring to at least `sum`, as of `at`.
    pub fn raise(&self, key: Key, geometry: Geometry, at: u64, sum: u64) {
        let mut state = self.state();
        if state.is_full(key) {
            return;
        }
        let ring = state.ring(key, geometry);
        let at = ring.open(geometry, at);
        let missing = sum.saturating_sub(ring.sum());
        ring.charge(at, missing);
    }

    pub fn refund(&self, given: &[Given]) {
        let mut state = self.state();
        for one in given {
            if let Some(ring) = state.rings.get_mut(&one.key) {
                ring.refund(one.geometry, one.slot, one.cost);
            }
        }
    }

    /// Takes places without asking: they were granted elsewhere.
    pub fn enter(&self, keys: &[Key]) {
        let mut state = self.state();
        for key in keys {
            *state.in_flight.entry(*key).or_default() += 1;
        }
    }

    pub fn leave(&self, keys: &[Key]) {
        let mut state = self.state();
        for key in keys {
            if let Some(count) = state.in_flight.get_mut(key) {
                *count -= 1;
                if *count == 0 {
                    state.in_flight.remove(key);
                }
            }
        }
    }
}

impl State {
    fn refusal(&mut self, parts: &[Part], now: u64) -> Option<Refusal> {
        let mut worst = None;
        for (at, part) in parts.iter().enumerate() {
            let wait = match self.fits(part, now) {
                Fit::Fits => continue,
                Fit::After(wait) => Some(wait),
                Fit::Never => None,
            };
            worst = Refusal::worst(worst, Some(Refusal { part: at, wait }));
        }
        worst
    }

    fn fits(&mut self, part: &Part, now: u64) -> Fit {
        let is_full = self.is_full(part.key);
        match part.measure {
            Measure::InFlight { max: 0 } => Fit::Never,
            Measure::InFlight { max } => {
                let busy = self.in_flight.get(&part.key).copied().unwrap_or(0);
                if busy < max {
                    Fit::Fits
                } else {
                    Fit::After(SOON_MS)
                }
            }
            Measure::Rate { cost, max, .. } if cost > max => Fit::Never,
            Measure::Rate {
                geometry,
                cost,
                max,
            } => match self.rings.get_mut(&part.key) {
                Some(ring) => {
                    ring.open(geometry, now);
                    match ring.wait(now, cost, max) {
                        _ if ring.admits(cost, max) => Fit::Fits,
                        Some(wait) => Fit::After(wait),
                        None => Fit::Never,
                    }
                }
                None if is_full => Fit::After(SOON_MS),
                None => Fit::Fits,
            },
        }
    }

    /// Unlike `fits`, not for want of room here: a limit in shadow needs none.
    fn is_over(&mut self, part: &Part, now: u64) -> bool {
        match part.measure {
            Measure::InFlight { max } => self.in_flight.get(&part.key).copied().unwrap_or(0) >= max,
            Measure::Rate {
                geometry,
                cost,
                max,
            } => match self.rings.get_mut(&part.key) {
                Some(ring) => {
                    ring.open(geometry, now);
                    !ring.admits(cost, max)
                }
                None => cost > max,
            },
        }
    }

    fn add(&mut self, part: &Part, now: u64) -> u64 {
        match part.measure {
            Measure::InFlight { .. } => {
                *self.in_flight.entry(part.key).or_default() += 1;
                0
            }
            Measure::Rate { geometry, cost, .. } => {
                let ring = self.ring(part.key, geometry);
                let now = ring.open(geometry, now);
                ring.charge(now, cost)
            }
        }
    }

    fn is_full(&self, key: Key) -> bool {
        let of_org = self.per_org.get(&key.org).copied().unwrap_or(0);
        !self.rings.contains_key(&key) && (of_org >= RINGS_PER_ORG || self.rings.len() >= RINGS)
    }

    fn ring(&mut self, key: Key, geometry: Geometry) -> &mut Ring {
        self.rings.entry(key).or_insert_with(|| {
            *self.per_org.entry(key.org).or_default() += 1;
            self.ends.push(Reverse((0, key)));
            Ring::new(geometry)
        })
    }

    /// Every ring is looked at once a life, so a call pays for about one besides its own.
    fn sweep(&mut self, now: u64) {
        while let Some(&Reverse((end, key))) = self.ends.peek() {
            if end > now {
                break;
            }
            self.ends.pop();
            let Some(ring) = self.rings.get(&key) else {
                continue;
            };
            let empty_at = ring.empty_at();
            if empty_at > now {
                self.ends.push(Reverse((empty_at, key)));
                continue;
            }
            self.rings.remove(&key);
            if let Some(count) = self.per_org.get_mut(&key.org) {
                *count -= 1;
                if *count == 0 {
                    self.per_org.remove(&key.org);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests;
