//! What the function must answer and keep, reckoned without Redis: the rings of `ring.rs`, and beside each an
//! exact log of what was admitted when, by which every answer is judged.

use crate::budget::charge::{Ask, Key, Measure, Part, Refusal, Revoked, SOON_MS};
use crate::budget::lease::LEASE_MS;
use crate::budget::memory::Given;
use crate::budget::reply::{Answer, Reply};
use crate::budget::ring::{Geometry, Ring};
use ids::CallId;
use std::collections::{BTreeMap, BTreeSet};

#[derive(Debug)]
pub struct Model {
    pub now: u64,
    pub revoked: Option<Revoked>,
    epoch: Option<Vec<u8>>,
    rings: BTreeMap<Key, Watched>,
    seats: BTreeMap<Key, BTreeMap<CallId, u64>>,
    refunded: BTreeSet<CallId>,
}

/// A ring beside its exact log.
#[derive(Debug)]
struct Watched {
    ring: Ring,
    geometry: Geometry,
    log: Vec<(u64, u64)>,
    /// Nothing was forced on it, and its window never changed: then the log judges it.
    is_plain: bool,
}

impl Model {
    pub fn new(now: u64) -> Self {
        Self {
            now,
            revoked: None,
            epoch: None,
            rings: BTreeMap::new(),
            seats: BTreeMap::new(),
            refunded: BTreeSet::new(),
        }
    }

    /// What Redis must hold of every ring that was ever charged.
    pub fn hashes(&self) -> impl Iterator<Item = (String, BTreeMap<String, String>)> {
        let rings = self.rings.iter();
        rings.map(|(key, watched)| (key.ring(), watched.ring.hash()))
    }

    pub fn charge(
        &mut self,
        ask: &Ask<'_>,
        parts: &[Part],
        windows: &BTreeMap<Key, u64>,
        epoch: &str,
    ) -> Reply {
        self.epoch.get_or_insert(epoch.as_bytes().to_vec());
        if let Some(what) = self.revoked {
            return Reply {
                answer: Answer::Revoked(what),
                sums: vec![0; parts.len()],
                ..self.nothing()
            };
        }
        let now = self.now;
        let (mut worst, mut reckoned, mut sums) = (None, Vec::new(), Vec::new());
        for (at, part) in parts.iter().enumerate() {
            let (time, sum, refusal) = self.look(at, part, ask.call);
            reckoned.push(time);
            sums.push(sum);
            worst = Refusal::worst(worst, refusal);
        }
        if let Some(refusal) = worst {
            return Reply {
                answer: Answer::Refused(refusal),
                sums,
                ..self.nothing()
            };
        }
        let shadow = ask.shadow_parts();
        let over = shadow.iter().enumerate();
        let would: Vec<usize> = over
            .filter(|(_, part)| self.is_over(part, ask.call))
            .map(|(index, _)| index)
            .collect();
        let mut slots = Vec::new();
        for ((part, time), sum) in parts.iter().zip(reckoned).zip(&mut sums) {
            match part.measure {
                Measure::Rate { cost, max, .. } => {
                    let watched = self.rings.get_mut(&part.key).expect("it was looked at");
                    slots.push(watched.ring.charge(time, cost));
                    watched.log.push((time, cost));
                    *sum = watched.ring.sum();
                    watched.assert_within(windows[&part.key], time, max);
                }
                Measure::InFlight { .. } => {
                    let seats = self.seats.entry(part.key).or_default();
                    seats.insert(ask.call, now + LEASE_MS);
                    slots.push(0);
                    *sum += 1;
                }
            }
        }
        Reply {
            answer: Answer::Passed { slots },
            sums,
            would,
            ..self.nothing()
        }
    }

    fn nothing(&self) -> Reply {
        Reply {
            now: self.now,
            epoch: self.epoch.clone().unwrap_or_default(),
            answer: Answer::Passed { slots: Vec::new() },
            sums: Vec::new(),
            would: Vec::new(),
        }
    }

    /// The time to reckon with, what is used, and the refusal where it does not fit.
    fn look(&mut self, at: usize, part: &Part, call: CallId) -> (u64, u64, Option<Refusal>) {
        let now = self.now;
        match part.measure {
            Measure::Rate {
                geometry,
                cost,
                max,
            } => {
                let watched = self.open(part.key, geometry);
                let time = watched.ring.open(geometry, now);
                let fits = watched.ring.admits(cost, max);
                if !fits {
                    watched.assert_owed(time, cost, max);
                    watched.assert_wait_is_honest(now, cost, max);
                }
                let refusal = (!fits).then(|| Refusal {
                    part: at,
                    wait: watched.ring.wait(now, cost, max),
                });
                (time, watched.ring.sum(), refusal)
            }
            Measure::InFlight { max } => {
                let seats = self.seats.entry(part.key).or_default();
                seats.retain(|_, until| *until > now);
                let busy = seats.len() as u64;
                let is_over = busy >= max && !seats.contains_key(&call);
                let refusal = is_over.then_some(Refusal {
                    part: at,
                    wait: (max > 0).then_some(SOON_MS),
                });
                (now, busy, refusal)
            }
        }
    }

    fn is_over(&mut self, part: &Part, call: CallId) -> bool {
        let now = self.now;
        match part.measure {
            Measure::Rate {
                geometry,
                cost,
                max,
            } => {
                let watched = self.open(part.key, geometry);
                watched.ring.open(geometry, now);
                !watched.ring.admits(cost, max)
            }
            Measure::InFlight { max } => {
                let seats = self.seats.entry(part.key).or_default();
                let busy = seats.values().filter(|until| **until > now).count() as u64;
                busy >= max && !seats.contains_key(&call)
            }
        }
    }

    fn open(&mut self, key: Key, geometry: Geometry) -> &mut Watched {
        let watched = self.rings.entry(key).or_insert_with(|| Watched {
            ring: Ring::new(geometry),
            geometry,
            log: Vec::new(),
            is_plain: true,
        });
        if watched.geometry != geometry {
            watched.geometry = geometry;
            watched.is_plain &= watched.log.is_empty();
        }
        watched
    }

    /// Whether it counted, as the function says it.
    pub fn refund(&mut self, call: CallId, given: &[Given]) -> i64 {
        if !self.refunded.insert(call) {
            return 0;
        }
        for one in given {
            if let Some(watched) = self.rings.get_mut(&one.key) {
                watched.ring.refund(one.geometry, one.slot, one.cost);
                watched.take_back(one);
            }
        }
        1
    }

    pub fn post(&mut self, key: Key, geometry: Geometry, cost: u64) -> u64 {
        let now = self.now;
        let watched = self.open(key, geometry);
        watched.is_plain = false;
        let time = watched.ring.open(geometry, now);
        watched.ring.charge(time, cost);
        watched.ring.sum()
    }

    pub fn renew(&mut self, key: Key, call: CallId) {
        let seats = self.seats.entry(key).or_default();
        seats.insert(call, self.now + LEASE_MS);
    }

    pub fn release(&mut self, key: Key, call: CallId) {
        self.seats.entry(key).or_default().remove(&call);
    }
}

impl Watched {
    fn slot_at(&self, time: u64) -> u64 {
        time / self.geometry.slot_ms()
    }

    fn take_back(&mut self, given: &Given) {
        let slot =
            |(time, cost): &(u64, u64)| self.slot_at(*time) == given.slot && *cost == given.cost;
        match self.log.iter().rposition(slot) {
            Some(at) => {
                self.log.remove(at);
            }
            None => self.is_plain = false,
        }
    }

    /// U: the window that ends now holds no more than the max.
    fn assert_within(&self, window: u64, time: u64, max: u64) {
        let inside = self.log.iter().filter(|(at, _)| at + window > time);
        let used: u64 = inside.map(|(_, cost)| cost).sum();
        assert!(!self.is_plain || used <= max, "{used} of {max} in a window");
    }

    /// V: a refusal is owed to what the retained slots hold.
    fn assert_owed(&self, time: u64, cost: u64, max: u64) {
        let oldest = self.slot_at(time).saturating_sub(self.geometry.slots());
        let kept = self
            .log
            .iter()
            .filter(|(at, _)| self.slot_at(*at) >= oldest);
        let used: u64 = kept.map(|(_, cost)| cost).sum();
        assert!(
            !self.is_plain || used + cost > max,
            "refused {cost} with {used} of {max} used"
        );
    }

    /// Asked again just then, alone, it fits; a millisecond earlier it does not.
    fn assert_wait_is_honest(&self, now: u64, cost: u64, max: u64) {
        let Some(wait) = self.ring.wait(now, cost, max) else {
            assert!(
                cost > max,
                "only what exceeds the whole budget waits for ever"
            );
            return;
        };
        let fits_at = |time| {
            let mut ring = self.ring.clone();
            ring.open(self.geometry, time);
            ring.admits(cost, max)
        };
        assert!(fits_at(now + wait), "a retry after {wait} ms is early");
        assert!(wait == 0 || !fits_at(now + wait - 1), "{wait} ms is late");
    }
}
