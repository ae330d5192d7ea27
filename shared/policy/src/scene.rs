//! One question while it is judged: the facts, the time read at most once, and how much work it may still cost.

use crate::clock::Clock;
use crate::question::Question;
use jiff::tz::TimeZone;
use std::cell::{Cell, OnceCell};

/// What one judgement may cost, in values visited and runs of 64 bytes read. A call whose arguments would cost more is
/// not judged further: every condition after that is unjudgeable, which denies.
const MOST_WORK: u32 = 4_000_000;

#[derive(Debug)]
pub(crate) struct Work(Cell<u32>);

impl Work {
    pub(crate) const fn new() -> Self {
        Self(Cell::new(MOST_WORK))
    }

    /// False once nothing is left.
    pub(crate) fn spend(&self, units: usize) -> bool {
        let left = self
            .0
            .get()
            .saturating_sub(u32::try_from(units).unwrap_or(u32::MAX));
        self.0.set(left);
        left > 0
    }

    pub(crate) fn spend_text(&self, text: &str) -> bool {
        self.spend(text.len() / 64 + 1)
    }

    pub(crate) fn is_spent(&self) -> bool {
        self.0.get() == 0
    }

    /// How much was spent; the tests compare it where a wall clock would lie.
    #[cfg(test)]
    pub(crate) fn spent(&self) -> u32 {
        MOST_WORK - self.0.get()
    }
}

#[derive(Debug)]
pub(crate) struct Scene<'q> {
    pub(crate) question: &'q Question<'q>,
    pub(crate) work: Work,
    zone: &'q TimeZone,
    clock: OnceCell<Option<Clock>>,
}

impl<'q> Scene<'q> {
    pub(crate) fn new(question: &'q Question<'q>, zone: &'q TimeZone) -> Self {
        Self {
            question,
            work: Work::new(),
            zone,
            clock: OnceCell::new(),
        }
    }

    pub(crate) fn clock(&self) -> Option<&Clock> {
        self.clock
            .get_or_init(|| Clock::read(self.question.around.now, self.zone))
            .as_ref()
    }
}
