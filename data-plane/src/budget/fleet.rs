//! Among how many replicas a budget is split while they cannot ask each other: the most that there were within the
//! budget's window. To assume too many only refuses too early. Does not ask who there is: it is told.

use super::clock::Clock;
use serde::{Deserialize, Serialize};
use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Who is silent for half of this counts as gone, and may still serve.
const SHORTEST_MEMORY_MS: i64 = 60_000;
/// No window is longer.
const LONGEST_MEMORY_MS: i64 = 31 * 86_400_000;
const MOST_COUNTS: usize = 64;

/// What this process knows of the others.
#[derive(Debug)]
pub struct Fleet {
    clock: Clock,
    known: Mutex<Known>,
}

/// A budget's division.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Split {
    pub replicas: u32,
    /// This one's place among them, from 0: where a budget is smaller than the fleet, the first have it.
    pub rank: u32,
}

/// What is kept on disk, for a start while nobody answers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Kept {
    rank: u32,
    /// The oldest first.
    counts: Vec<KeptCount>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
struct KeptCount {
    replicas: u32,
    age_ms: u64,
}

/// INVARIANT: the counts fall and their times rise; the last is what was said last, the first the greatest.
#[derive(Debug, Default)]
struct Known {
    counts: VecDeque<Count>,
    rank: u32,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Count {
    replicas: u32,
    /// When so many were last heard of. Before the start of this process it is negative.
    at: i64,
}

impl Default for Fleet {
    fn default() -> Self {
        Self {
            clock: Clock::start(),
            known: Mutex::default(),
        }
    }
}

impl Fleet {
    /// So many there are, and this one has that place among them; whether that is news.
    pub fn heard(&self, replicas: u32, rank: u32) -> bool {
        let replicas = replicas.max(1);
        let now = self.now();
        let mut known = self.known();
        let said = |known: &Known| known.counts.back().map(|last| (last.replicas, known.rank));
        let before = said(&known);
        known.heard(replicas, now);
        known.rank = rank;
        before != said(&known)
    }

    /// Nobody has said yet how many there are: then there is nothing to be shared out.
    pub fn is_unknown(&self) -> bool {
        self.known().counts.is_empty()
    }

    pub fn kept(&self) -> Kept {
        let now = self.now();
        let known = self.known();
        let counts = known.counts.iter().map(|count| KeptCount {
            replicas: count.replicas,
            age_ms: u64::try_from(now.saturating_sub(count.at)).unwrap_or(0),
        });
        Kept {
            rank: known.rank,
            counts: counts.collect(),
        }
    }

    /// Whoever was there last when this was written counts as there now: how long ago that was, nobody knows.
    pub fn restore(&self, kept: &Kept) {
        let now = self.now();
        let mut known = self.known();
        known.rank = kept.rank;
        for (index, count) in kept.counts.iter().enumerate() {
            let age = i64::try_from(count.age_ms).unwrap_or(i64::MAX);
            let is_last = index + 1 == kept.counts.len();
            let at = if is_last {
                now
            } else {
                now.saturating_sub(age)
            };
            known.heard(count.replicas.max(1), at);
        }
    }

    pub(super) fn split(&self, window_ms: u64) -> Option<Split> {
        let now = self.now();
        self.known().split(window_ms, now)
    }

    fn now(&self) -> i64 {
        i64::try_from(self.clock.now_ms()).unwrap_or(i64::MAX)
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Known {
    fn heard(&mut self, replicas: u32, now: i64) {
        while self
            .counts
            .pop_back_if(|last| last.replicas <= replicas)
            .is_some()
        {}
        self.counts.push_back(Count { replicas, at: now });
        while self.counts.len() > 1
            && self
                .counts
                .pop_front_if(|first| first.at.saturating_add(LONGEST_MEMORY_MS) < now)
                .is_some()
        {}
        if self.counts.len() > MOST_COUNTS
            && let Some(second) = self.counts.remove(1)
            && let Some(first) = self.counts.front_mut()
        {
            // Told as one, as many as the greater and as late as the later.
            first.at = second.at;
        }
    }

    fn split(&self, window_ms: u64, now: i64) -> Option<Split> {
        let window = i64::try_from(window_ms).unwrap_or(i64::MAX);
        let since = now.saturating_sub(window.max(SHORTEST_MEMORY_MS));
        let within = self.counts.iter().find(|count| count.at >= since);
        let count = within.or(self.counts.back())?;
        Some(Split {
            replicas: count.replicas,
            rank: self.rank,
        })
    }
}

impl Split {
    pub fn share_of(self, max: u64) -> u64 {
        let replicas = u64::from(self.replicas.max(1));
        if max < replicas {
            u64::from(u64::from(self.rank) < max)
        } else {
            max / replicas
        }
    }

    pub fn share_of_used(self, sum: u64) -> u64 {
        sum.div_ceil(u64::from(self.replicas.max(1)))
    }
}

#[cfg(test)]
mod tests;
