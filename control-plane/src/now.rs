//! The moment of a request: its time, and the ids and etags made at it.

use host::clock::Random;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use time::OffsetDateTime;

/// One moment: everything that a request does happens at it.
#[derive(Debug, Clone)]
pub struct Now {
    time: OffsetDateTime,
    random: Random,
    sequence: Arc<Sequence>,
}

/// Keeps ids of one process in the order of their making, within a millisecond too: lists are sorted by them.
/// A counter in the bits that RFC 9562 leaves for one (6.2, method 1).
#[derive(Debug, Default)]
pub struct Sequence(AtomicU64);

impl Sequence {
    /// The millisecond and the counter of the next id; borrows from the next millisecond where one is used up.
    fn next(&self, unix_ms: u64) -> (u64, [u8; 2]) {
        let later = |last: u64| Some((last + 1).max(unix_ms << 12));
        let last = self
            .0
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, later)
            .unwrap_or_default();
        let next = (last + 1).max(unix_ms << 12);
        let [.., high, low] = (next & 0xFFF).to_be_bytes();
        (next >> 12, [high, low])
    }
}

impl Now {
    pub fn new(time: OffsetDateTime, random: Random, sequence: Arc<Sequence>) -> Self {
        Self {
            time,
            random,
            sequence,
        }
    }

    pub fn time(&self) -> OffsetDateTime {
        self.time
    }

    pub fn unix_ms(&self) -> u64 {
        u64::try_from(self.time.unix_timestamp_nanos() / 1_000_000).unwrap_or(0)
    }

    /// A fresh id: `now.id(PolicyId::new)`.
    pub fn id<T>(&self, new: fn(u64, [u8; 10]) -> T) -> T {
        let (unix_ms, counter) = self.sequence.next(self.unix_ms());
        let mut random = self.random.bytes();
        random[..2].copy_from_slice(&counter);
        new(unix_ms, random)
    }

    /// A fresh etag.
    pub fn etag(&self) -> uuid::Uuid {
        uuid::Builder::from_random_bytes(self.random.bytes()).into_uuid()
    }
}

#[cfg(test)]
mod tests;
