//! Whose turn it is to ask a server that keeps failing. One breaker for each organisation and server: what one of them does
//! to itself, no other notices.

use super::pool::Upstream;
use crate::breaker::{Breaker, Leave, Manner, Outcome, Trip};
use std::sync::{Arc, MutexGuard, PoisonError};

/// Five exchanges in a row that came to nothing rest it for two seconds, then for twice as long after each failed probe.
pub(super) const MANNER: Manner = Manner {
    trip: Trip::Row { enough: 5 },
    rest_ms: 2_000,
    longest_rest_ms: 60_000,
};
/// Replicas that saw the same failure do not ask again at the same moment.
const JITTER_MS: u64 = 500;

/// It is left alone for a while, and nothing was sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("it has failed several times in a row and rests for {seconds} s")]
pub struct Resting {
    pub seconds: u32,
}

/// Leave to ask once. Dropped without a report it says nothing: whoever asked went away.
#[derive(Debug)]
#[must_use = "what came of it is to be reported"]
pub struct Turn {
    upstream: Arc<Upstream>,
    leave: Option<Leave>,
}

impl Upstream {
    pub fn admit(self: &Arc<Self>) -> Result<Turn, Resting> {
        let now = self.age_ms();
        let mut breaker = self.breaker();
        let Some(leave) = breaker.admits(now) else {
            let rests = breaker.rests_ms(now).unwrap_or(0);
            return Err(Resting {
                seconds: u32::try_from(rests.div_ceil(1_000).max(1)).unwrap_or(u32::MAX),
            });
        };
        drop(breaker);
        Ok(Turn {
            upstream: Arc::clone(self),
            leave: Some(leave),
        })
    }

    pub(super) fn is_resting(&self) -> bool {
        self.breaker().rests_ms(self.age_ms()).is_some()
    }

    fn breaker(&self) -> MutexGuard<'_, Breaker> {
        self.breaker.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Turn {
    pub fn report(mut self, outcome: Outcome) {
        let Some(leave) = self.leave.take() else {
            return;
        };
        let now = self.upstream.age_ms();
        let jitter = rand::random_range(0..JITTER_MS);
        let opened = self.upstream.breaker().report(leave, now, outcome, jitter);
        if opened {
            self.upstream.rested();
        }
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        if let Some(leave) = self.leave {
            let now = self.upstream.age_ms();
            self.upstream.breaker().abandon(leave, now);
        }
    }
}
