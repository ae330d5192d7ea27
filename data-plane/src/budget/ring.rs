//! The slot ring: how much of a budget was admitted lately, in whole slots. PURE.
//!
//! Time is an argument, in milliseconds of whoever asks; nothing here reads a clock or knows where a
//! ring is kept. `ring.lua` is the same ring inside Redis, line for line where it can be: a test
//! replays histories through both.

use std::collections::VecDeque;

/// Costs and maxima stay below what a Lua number holds exactly.
pub const GREATEST: u64 = (1 << 53) - 1;

const MINUTE: u64 = 60_000;
const DAY: u64 = 86_400_000;
const MONTH: u64 = 31 * DAY;

/// How a window is cut: `slots` whole slots of `slot_ms` cover it, and one more is retained.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Geometry {
    slot_ms: u64,
    slots: u64,
}

impl Geometry {
    /// More slots waste less of the window (at most one in `slots + 1`) and cost more memory; at most
    /// 62 keep a Redis hash in its compact form.
    pub const fn of(window_ms: u64) -> Self {
        let slots = match window_ms {
            0..MINUTE => 20,
            DAY => 48,
            MONTH => 62,
            _ => 60,
        };
        let slot_ms = window_ms.div_ceil(slots);
        Self {
            slot_ms: if slot_ms == 0 { 1 } else { slot_ms },
            slots,
        }
    }

    pub const fn slot_ms(self) -> u64 {
        self.slot_ms
    }

    pub const fn slots(self) -> u64 {
        self.slots
    }

    const fn slot_at(self, now: u64) -> u64 {
        now / self.slot_ms
    }

    /// When the last unit charged in `slot` stops counting.
    const fn freed_at(self, slot: u64) -> u64 {
        slot.saturating_add(self.slots + 1)
            .saturating_mul(self.slot_ms)
    }

    /// How long a ring can still matter after its last charge.
    pub const fn retained_ms(self) -> u64 {
        (self.slots + 1).saturating_mul(self.slot_ms)
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Slot {
    number: u64,
    cost: u64,
}

/// INVARIANT: slots ascend, lie in `[head, head + K]`, and their costs add up to `sum`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ring {
    geometry: Geometry,
    sum: u64,
    head: Option<u64>,
    last: u64,
    slots: VecDeque<Slot>,
}

impl Ring {
    pub const fn new(geometry: Geometry) -> Self {
        Self {
            geometry,
            sum: 0,
            head: None,
            last: 0,
            slots: VecDeque::new(),
        }
    }

    pub const fn sum(&self) -> u64 {
        self.sum
    }

    /// Lets what has left the window go, and answers the time to reckon with: never behind what this
    /// ring has already acted upon, so that a clock set back frees nothing twice.
    ///
    /// A new geometry takes the old sum over into the present slot: late, never early. Without that, to
    /// publish a policy with another window would empty the budget.
    pub fn open(&mut self, geometry: Geometry, now: u64) -> u64 {
        let now = now.max(self.last);
        self.evict(now);
        if self.geometry != geometry {
            let slot = geometry.slot_at(now);
            self.geometry = geometry;
            self.slots.clear();
            if self.head.is_some() {
                self.head = Some(slot);
                self.last = now;
            }
            if self.sum > 0 {
                self.slots.push_back(Slot {
                    number: slot,
                    cost: self.sum,
                });
            }
        }
        now
    }

    fn evict(&mut self, now: u64) {
        let oldest = self
            .geometry
            .slot_at(now)
            .saturating_sub(self.geometry.slots);
        if self.head.is_none_or(|head| head >= oldest) {
            return;
        }
        while let Some(slot) = self.slots.pop_front_if(|slot| slot.number < oldest) {
            self.sum -= slot.cost;
        }
        self.head = Some(oldest);
        self.last = now;
    }

    pub const fn admits(&self, cost: u64, max: u64) -> bool {
        cost <= max && self.sum <= max - cost
    }

    /// Milliseconds from `now` (the caller's own, not the one from `open`) until `cost` fits if nobody
    /// else asks; `None`: it never will.
    pub fn wait(&self, now: u64, cost: u64, max: u64) -> Option<u64> {
        let room = max.checked_sub(cost)?;
        let mut left = self.sum;
        if left <= room {
            return Some(0);
        }
        self.slots.iter().find_map(|slot| {
            left = left.saturating_sub(slot.cost);
            (left <= room).then(|| self.geometry.freed_at(slot.number).saturating_sub(now))
        })
    }

    /// Charges without asking; `now` is the time `open` answered. Returns the slot, for a refund.
    pub fn charge(&mut self, now: u64, cost: u64) -> u64 {
        let number = self.geometry.slot_at(now);
        let cost = cost.min(GREATEST.saturating_sub(self.sum));
        if cost > 0 {
            match self.slots.back_mut() {
                Some(slot) if slot.number == number => slot.cost += cost,
                _ => self.slots.push_back(Slot { number, cost }),
            }
            self.sum += cost;
            self.head.get_or_insert(number);
            self.last = now;
        }
        number
    }

    /// Gives back at most what the slot still holds. A slot that has left, or one of another geometry,
    /// gives nothing: never below zero.
    pub fn refund(&mut self, geometry: Geometry, number: u64, cost: u64) {
        if self.geometry != geometry {
            return;
        }
        if let Some(slot) = self.slots.iter_mut().find(|slot| slot.number == number) {
            let given = cost.min(slot.cost);
            slot.cost -= given;
            self.sum -= given;
        }
    }

    /// When the last charge will have left the window.
    pub fn empty_at(&self) -> u64 {
        self.slots
            .back()
            .map_or(0, |slot| self.geometry.freed_at(slot.number))
    }
}

#[cfg(test)]
mod tests;
