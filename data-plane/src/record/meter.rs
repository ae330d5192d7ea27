//! What is counted about records: the queue's bounds, and the metrics an operator watches. What is looked up instead is
//! `depth`.

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::{Registry, Unit};

#[derive(Debug)]
pub struct Meter {
    /// Frames and bytes handed to the writer and not yet written.
    frames: AtomicUsize,
    bytes: AtomicU64,
    pub intents: Counter,
    pub refused: Counter,
    disk_failures: Counter,
    lost_outcomes: Counter,
    uncaptured: Counter,
    pub wait: Histogram,
    sync: Histogram,
    pub shipped: Counter,
    pub unread: Counter,
    pub ship_failures: Counter,
    acknowledgement: Histogram,
    pub unacknowledged: Counter,
}

impl Default for Meter {
    fn default() -> Self {
        // 20 µs to 0.6 s: a write to the page cache, a sync on a bad disk.
        let times = || {
            Histogram::new([
                20e-6, 50e-6, 100e-6, 250e-6, 1e-3, 4e-3, 16e-3, 60e-3, 250e-3, 600e-3,
            ])
        };
        Self {
            frames: AtomicUsize::new(0),
            bytes: AtomicU64::new(0),
            intents: Counter::default(),
            refused: Counter::default(),
            disk_failures: Counter::default(),
            lost_outcomes: Counter::default(),
            uncaptured: Counter::default(),
            wait: times(),
            sync: times(),
            shipped: Counter::default(),
            unread: Counter::default(),
            ship_failures: Counter::default(),
            acknowledgement: Histogram::new([
                2e-3, 5e-3, 10e-3, 25e-3, 50e-3, 0.1, 0.25, 0.5, 1.0, 3.0,
            ]),
            unacknowledged: Counter::default(),
        }
    }
}

impl Meter {
    pub fn register(&self, registry: &mut Registry) {
        let record = registry.sub_registry_with_prefix("record");
        record.register("intents", "Intents written", self.intents.clone());
        record.register(
            "refused_intents",
            "Calls turned away because they could not be recorded",
            self.refused.clone(),
        );
        record.register(
            "disk_failures",
            "Writes and syncs that failed",
            self.disk_failures.clone(),
        );
        record.register(
            "lost_outcomes",
            "Outcomes the disk did not take",
            self.lost_outcomes.clone(),
        );
        record.register(
            "uncaptured",
            "Calls whose arguments should have been kept, and had no place in the spool",
            self.uncaptured.clone(),
        );
        record.register_with_unit(
            "wait",
            "From an intent to its being safe",
            Unit::Seconds,
            self.wait.clone(),
        );
        record.register_with_unit("sync", "One fdatasync", Unit::Seconds, self.sync.clone());
        record.register(
            "shipped",
            "Records the control plane has stored",
            self.shipped.clone(),
        );
        record.register(
            "unread",
            "Records the control plane keeps but does not understand",
            self.unread.clone(),
        );
        record.register(
            "ship_failures",
            "Batches that were not acknowledged",
            self.ship_failures.clone(),
        );
        record.register_with_unit(
            "acknowledgement",
            "From a batch of strict intents being sent to its being stored",
            Unit::Seconds,
            self.acknowledgement.clone(),
        );
        record.register(
            "unacknowledged",
            "Strict calls turned away because the database did not acknowledge their record in time",
            self.unacknowledged.clone(),
        );
    }

    /// Frames and bytes that are in the queue, this one included.
    pub fn joined_queue(&self, bytes: usize) -> (usize, u64) {
        let frames = self.frames.fetch_add(1, Ordering::Relaxed) + 1;
        (
            frames,
            self.bytes.fetch_add(bytes as u64, Ordering::Relaxed) + bytes as u64,
        )
    }

    pub fn left_queue(&self, frames: usize, bytes: usize) {
        self.frames.fetch_sub(frames, Ordering::Relaxed);
        self.bytes.fetch_sub(bytes as u64, Ordering::Relaxed);
    }

    pub fn disk_failed(&self) {
        self.disk_failures.inc();
    }

    pub fn uncaptured(&self) {
        self.uncaptured.inc();
    }

    pub fn lost_outcome(&self) {
        self.lost_outcomes.inc();
    }

    pub fn acknowledged(&self, took: Duration) {
        self.acknowledgement.observe(took.as_secs_f64());
    }

    pub fn synced(&self, took: Duration) {
        self.sync.observe(took.as_secs_f64());
    }
}
