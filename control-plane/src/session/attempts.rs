//! How often one source or one address may try: sliding windows in this process, bounded in number.

use std::collections::{HashMap, VecDeque};
use std::sync::{Mutex, PoisonError};
use time::{Duration, OffsetDateTime};

/// More sources than these at once are told to wait: a table that grows without end is an attack of its own.
const MOST_SUBJECTS: usize = 100_000;

/// So many tries in so long a time.
#[derive(Debug, Clone, Copy)]
pub struct Allowance {
    pub tries: usize,
    pub within: Duration,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TooMany {
    pub retry_after_s: u64,
}

#[derive(Debug, Default)]
pub struct Attempts(Mutex<HashMap<String, VecDeque<OffsetDateTime>>>);

impl Attempts {
    /// Counts one try by `subject`, unless it has had its share.
    pub fn count(
        &self,
        subject: &str,
        allowance: Allowance,
        now: OffsetDateTime,
    ) -> Result<(), TooMany> {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if all.len() >= MOST_SUBJECTS {
            all.retain(|_, tries| {
                tries
                    .back()
                    .is_some_and(|last| now - *last < allowance.within)
            });
        }
        if all.len() >= MOST_SUBJECTS && !all.contains_key(subject) {
            return Err(TooMany { retry_after_s: 60 });
        }
        let tries = all.entry(subject.to_owned()).or_default();
        while tries
            .front()
            .is_some_and(|first| now - *first >= allowance.within)
        {
            tries.pop_front();
        }
        if let Some(first) = tries.front().filter(|_| tries.len() >= allowance.tries) {
            let wait = (allowance.within - (now - *first)).whole_seconds();
            return Err(TooMany {
                retry_after_s: u64::try_from(wait).unwrap_or(0) + 1,
            });
        }
        tries.push_back(now);
        Ok(())
    }

    /// Forgets the tries of someone who has proved who they are.
    pub fn forgive(&self, subject: &str) {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .remove(subject);
    }
}

#[cfg(test)]
mod tests;
