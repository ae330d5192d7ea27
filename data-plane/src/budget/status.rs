//! What the limiter can say of itself: for metrics, `/readyz` and the list of gateways.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Status {
    /// One replica's memory only, because no Redis is configured.
    pub is_memory: bool,
    pub is_reachable: bool,
    /// Charges that may have been made though nobody heard: each leaves a budget at most its cost too full.
    pub timeouts: u64,
    pub failures: u64,
    /// Times the breaker opened.
    pub opened: u64,
    /// Redis lost its history: until one window has passed, budgets may have been granted twice.
    pub epoch_changes: u64,
    /// Admitted during an outage and never counted afterwards, for want of room to remember.
    pub unposted: u64,
    /// Organisations whose budgets of long windows were counted from the records.
    pub recounts: u64,
    /// Tries at it that came to nothing: such budgets stay closed.
    pub recount_failures: u64,
    /// What the counters had lost beside their history, found by comparing them with the records.
    pub raised: u64,
}

#[derive(Debug, Default)]
pub(super) struct Counters {
    timeouts: AtomicU64,
    failures: AtomicU64,
    opened: AtomicU64,
    epoch_changes: AtomicU64,
    unposted: AtomicU64,
    recounts: AtomicU64,
    recount_failures: AtomicU64,
    raised: AtomicU64,
}

impl Counters {
    pub fn timed_out(&self) {
        self.timeouts.fetch_add(1, Relaxed);
    }

    pub fn failed(&self) {
        self.failures.fetch_add(1, Relaxed);
    }

    pub fn opened(&self) {
        self.opened.fetch_add(1, Relaxed);
    }

    pub fn epoch_changed(&self) {
        self.epoch_changes.fetch_add(1, Relaxed);
    }

    pub fn unposted(&self, cost: u64) {
        self.unposted.fetch_add(cost, Relaxed);
    }

    pub fn recounted(&self) {
        self.recounts.fetch_add(1, Relaxed);
    }

    pub fn recount_failed(&self) {
        self.recount_failures.fetch_add(1, Relaxed);
    }

    pub fn raised(&self, cost: u64) {
        self.raised.fetch_add(cost, Relaxed);
    }

    pub fn read(&self, is_reachable: bool) -> Status {
        Status {
            is_memory: false,
            is_reachable,
            timeouts: self.timeouts.load(Relaxed),
            failures: self.failures.load(Relaxed),
            opened: self.opened.load(Relaxed),
            epoch_changes: self.epoch_changes.load(Relaxed),
            unposted: self.unposted.load(Relaxed),
            recounts: self.recounts.load(Relaxed),
            recount_failures: self.recount_failures.load(Relaxed),
            raised: self.raised.load(Relaxed),
        }
    }
}
