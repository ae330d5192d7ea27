//! What a passed call holds: its places in flight, given back when this is dropped, and what a refund needs.

use super::charge::{Count, Key, Measure, Part};
use super::memory::{Given, Memory};
use super::shared::Shared;
use bundle::record;
use ids::CallId;
use std::sync::Arc;

/// Keep it until the call is over.
#[derive(Debug)]
pub struct Held {
    from: From,
    call: CallId,
    seats: Vec<Key>,
    /// Of limits that count what was forwarded.
    given: Vec<Given>,
    /// What its record says of it.
    kept: Vec<record::Charge>,
}

#[derive(Debug)]
pub(super) enum From {
    Nothing,
    Memory(Arc<Memory>),
    Shared(Arc<Shared>),
    /// Charged to this replica's share, or let pass without a count.
    Share(Arc<Shared>),
}

impl Held {
    pub(super) fn new(from: From, call: CallId, parts: &[Part], slots: &[u64]) -> Self {
        let given = charged(parts, slots)
            .filter(|(part, _)| part.count == Count::Forwarded)
            .map(|(_, given)| given)
            .collect();
        let kept = kept(&from, call, parts, slots);
        Self {
            from,
            call,
            seats: seats(parts),
            given,
            kept,
        }
    }

    pub(super) fn nothing(call: CallId) -> Self {
        Self::new(From::Nothing, call, &[], &[])
    }

    /// What was charged to budgets that are counted anew from records.
    pub fn kept(&self) -> record::Charges {
        self.kept.iter().copied().collect()
    }

    /// Gives back what `count: forwarded` allows, and answers whether any of it is kept. For the caller who is
    /// certain that the server saw no byte; taking `self` makes it happen once.
    pub async fn refund(self) -> bool {
        if self.given.is_empty() {
            return false;
        }
        match &self.from {
            From::Nothing => {}
            From::Memory(memory) => memory.refund(&self.given),
            From::Shared(shared) => shared.refund(self.call, &self.given).await,
            From::Share(shared) => shared.refund_share(&self.given),
        }
        self.kept.iter().any(|charge| charge.is_of_forwarded)
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        if self.seats.is_empty() {
            return;
        }
        let seats = std::mem::take(&mut self.seats);
        match &self.from {
            From::Nothing => {}
            From::Memory(memory) => memory.leave(&seats),
            From::Shared(shared) | From::Share(shared) => shared.leave(self.call, seats),
        }
    }
}

/// Slots are those of the clock that counted. A share is counted by this replica's, which knows no date: the call does.
fn kept(from: &From, call: CallId, parts: &[Part], slots: &[u64]) -> Vec<record::Charge> {
    let is_counted_here = match from {
        From::Nothing | From::Memory(_) => return Vec::new(),
        From::Shared(_) => false,
        From::Share(_) => true,
    };
    let kept = charged(parts, slots).filter(|(part, given)| part.is_kept && given.cost > 0);
    kept.map(|(part, given)| {
        let slot_ms = given.geometry.slot_ms();
        record::Charge {
            limit: given.key.limit,
            subject: given.key.subject,
            slot_ms,
            slots: given.geometry.slots(),
            slot: if is_counted_here {
                call.unix_ms() / slot_ms
            } else {
                given.slot
            },
            cost: given.cost,
            is_of_forwarded: part.count == Count::Forwarded,
        }
    })
    .collect()
}

pub(super) fn seats(parts: &[Part]) -> Vec<Key> {
    let in_flight = |part: &&Part| matches!(part.measure, Measure::InFlight { .. });
    parts
        .iter()
        .filter(in_flight)
        .map(|part| part.key)
        .collect()
}

pub(super) fn charged<'a>(
    parts: &'a [Part],
    slots: &'a [u64],
) -> impl Iterator<Item = (&'a Part, Given)> {
    parts
        .iter()
        .zip(slots)
        .filter_map(|(part, &slot)| match part.measure {
            Measure::Rate { geometry, cost, .. } => Some((
                part,
                Given {
                    key: part.key,
                    geometry,
                    slot,
                    cost,
                },
            )),
            Measure::InFlight { .. } => None,
        })
}
