//! What each limit does while Redis cannot be asked: refuse, count this replica's share, or let pass. Also
//! what is owed to Redis for it afterwards. Does not decide that there is an outage.

use super::charge::{Key, Measure, Mode, OnOutage, Part, Refusal, SOON_MS, Tally};
use super::fleet::{Fleet, Split};
use super::held::seats;
use super::memory::{Given, Memory};
use super::recent::Recent;
use super::ring::Geometry;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::Notify;

/// Budgets whose last sum is remembered, for the start of an outage.
const SEEN: usize = 50_000;
/// Budgets with admissions to tell Redis of.
const OWED: usize = 20_000;

#[derive(Debug, Clone, Copy)]
struct Seen {
    geometry: Geometry,
    sum: u64,
    at: u64,
}

#[derive(Debug)]
pub(super) struct Outage {
    pub local: Memory,
    seen: Mutex<Recent<Key, Seen, SEEN>>,
    owed: Mutex<HashMap<Key, Debt>>,
    pub owes: Notify,
    fleet: Arc<Fleet>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Debt {
    pub geometry: Geometry,
    pub cost: u64,
}

impl Outage {
    pub fn new(fleet: Arc<Fleet>) -> Self {
        Self {
            local: Memory::default(),
            seen: Mutex::new(Recent::new()),
            owed: Mutex::new(HashMap::new()),
            owes: Notify::new(),
            fleet,
        }
    }

    /// Remembers what Redis last said of the budgets that would be shared out.
    pub fn saw(&self, parts: &[Part], sums: &[u64], at: u64) {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        for (part, &sum) in parts.iter().zip(sums) {
            if let (OnOutage::Share, Measure::Rate { geometry, .. }) =
                (part.on_outage, part.measure)
            {
                seen.put(part.key, Seen { geometry, sum, at });
            }
        }
    }

    /// Decides without Redis. Slots are answered for all parts; only shares have real ones.
    pub fn charge(&self, parts: &[Part], now: u64) -> (Tally, Mode) {
        let mut places = Vec::new();
        let mut shares = Vec::new();
        for (at, part) in parts.iter().enumerate() {
            if part.on_outage == OnOutage::Share {
                let split = self.fleet.split(part.measure.window_ms());
                self.seed(part, split, now);
                places.push(at);
                shares.push(shared_out(part, split));
            }
        }
        let closed = parts
            .iter()
            .position(|part| part.on_outage == OnOutage::Closed)
            .map(|part| Refusal {
                part,
                wait: Some(SOON_MS),
            });
        if closed.is_some() {
            let refusal = self.local.refusal(&shares, now);
            let refusal = refusal.and_then(|refusal| in_all(refusal, &places));
            return refused(parts, Refusal::worst(closed, refusal));
        }
        match self.local.charge(&shares, now) {
            Tally::Refused(refusal) => refused(parts, in_all(refusal, &places)),
            Tally::Passed { slots } => {
                let mut all = vec![0; parts.len()];
                for (&at, slot) in places.iter().zip(slots) {
                    if let Some(place) = all.get_mut(at) {
                        *place = slot;
                    }
                }
                let is_open = |part: &&Part| part.on_outage == OnOutage::Open;
                let open: Vec<Part> = parts.iter().filter(is_open).copied().collect();
                self.local.enter(&seats(&open));
                let mode = if open.is_empty() {
                    Mode::Share
                } else {
                    Mode::Open
                };
                (Tally::Passed { slots: all }, mode)
            }
        }
    }

    /// Once for each answer of Redis: this replica's part of what was used then is used here, too. Else the
    /// window that spans the beginning of an outage would admit twice.
    fn seed(&self, part: &Part, split: Option<Split>, now: u64) {
        let seen = self
            .seen
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take(&part.key);
        let Some(seen) = seen else { return };
        if seen.at.saturating_add(seen.geometry.retained_ms()) > now {
            let used = split.map_or(seen.sum, |split| split.share_of_used(seen.sum));
            self.local.raise(part.key, seen.geometry, seen.at, used);
        }
    }

    fn owed(&self) -> MutexGuard<'_, HashMap<Key, Debt>> {
        self.owed.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Remembers admissions to be told to Redis; answers the cost there was no room for.
    pub fn owe(&self, given: &[Given]) -> u64 {
        let debts: Vec<(Key, Debt)> = given
            .iter()
            .map(|one| {
                let (geometry, cost) = (one.geometry, one.cost);
                (one.key, Debt { geometry, cost })
            })
            .collect();
        let lost = self.owe_again(&debts);
        self.owes.notify_one();
        lost
    }

    /// Puts back what could not be told.
    pub fn owe_again(&self, debts: &[(Key, Debt)]) -> u64 {
        let mut lost = 0;
        let mut owed = self.owed();
        for (key, debt) in debts.iter().filter(|(_, debt)| debt.cost > 0) {
            if owed.len() >= OWED && !owed.contains_key(key) {
                lost += debt.cost;
                continue;
            }
            let cost = owed.get(key).map_or(0, |known| known.cost);
            let cost = debt.cost.saturating_add(cost);
            owed.insert(*key, Debt { cost, ..*debt });
        }
        lost
    }

    /// Takes back what had not been told yet.
    pub fn forgive(&self, given: &[Given]) {
        let mut owed = self.owed();
        for one in given {
            if let Some(debt) = owed.get_mut(&one.key) {
                debt.cost = debt.cost.saturating_sub(one.cost);
                if debt.cost == 0 {
                    owed.remove(&one.key);
                }
            }
        }
    }

    pub fn take_debts(&self) -> Vec<(Key, Debt)> {
        std::mem::take(&mut *self.owed()).into_iter().collect()
    }
}

/// Among how many nobody has said: then none of it is this replica's.
fn shared_out(part: &Part, split: Option<Split>) -> Part {
    let share_of = |max| split.map_or(0, |split| split.share_of(max));
    let measure = match part.measure {
        Measure::Rate {
            geometry,
            cost,
            max,
        } => Measure::Rate {
            geometry,
            cost,
            max: share_of(max),
        },
        Measure::InFlight { max } => Measure::InFlight { max: share_of(max) },
    };
    Part { measure, ..*part }
}

/// A refusal among the shares, told of all parts. A share that is too small for this cost may be enough
/// again once Redis is back: then waiting helps.
fn in_all(refusal: Refusal, places: &[usize]) -> Option<Refusal> {
    let part = *places.get(refusal.part)?;
    let wait = refusal.wait.or(Some(SOON_MS));
    Some(Refusal { part, wait })
}

fn refused(parts: &[Part], refusal: Option<Refusal>) -> (Tally, Mode) {
    let refusal = refusal.unwrap_or(Refusal {
        part: 0,
        wait: Some(SOON_MS),
    });
    let mode = match parts.get(refusal.part).map(|part| part.on_outage) {
        Some(OnOutage::Share) => Mode::Share,
        Some(OnOutage::Closed | OnOutage::Open) | None => Mode::Closed,
    };
    // What exceeds the whole budget exceeds it with or without Redis.
    let never = parts
        .get(refusal.part)
        .is_some_and(|part| matches!(part.measure, Measure::Rate { cost, max, .. } if cost > max));
    let wait = if never { None } else { refusal.wait };
    (Tally::Refused(Refusal { wait, ..refusal }), mode)
}
