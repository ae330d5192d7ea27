//! What a passed call holds: its places in flight, given back when this is dropped, and what a refund needs.

use super::charge::{Count, Key, Measure, Part};
use super::memory::{Given, Memory};
use super::shared::Shared;
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
        Self {
            from,
            call,
            seats: seats(parts),
            given,
        }
    }

    pub(super) fn nothing(call: CallId) -> Self {
        Self::new(From::Nothing, call, &[], &[])
    }

    /// Gives back what `count: forwarded` allows. For the caller who is certain that the server saw no
    /// byte; taking `self` makes it happen once.
    pub async fn refund(self) {
        if self.given.is_empty() {
            return;
        }
        match &self.from {
            From::Nothing => {}
            From::Memory(memory) => memory.refund(&self.given),
            From::Shared(shared) => shared.refund(self.call, &self.given).await,
            From::Share(shared) => shared.refund_share(&self.given),
        }
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
