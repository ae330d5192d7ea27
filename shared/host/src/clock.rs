//! Time and chance, handed in wherever they are needed, so that a test can own both.

use rand::rngs::{StdRng, SysRng};
use rand::{Rng, SeedableRng, TryRng};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use time::OffsetDateTime;

#[derive(Clone, Debug)]
pub struct Clock(Source);

#[derive(Clone, Debug)]
enum Source {
    System,
    /// Unix milliseconds.
    Set(Arc<AtomicU64>),
}

impl Clock {
    pub const fn system() -> Self {
        Self(Source::System)
    }

    /// A clock that stands still until it is moved.
    pub fn set(unix_ms: u64) -> Self {
        Self(Source::Set(Arc::new(AtomicU64::new(unix_ms))))
    }

    /// Moves a clock that was set; the system's cannot be moved.
    pub fn advance(&self, by: Duration) {
        if let Source::Set(now) = &self.0 {
            now.fetch_add(
                u64::try_from(by.as_millis()).unwrap_or(u64::MAX),
                Ordering::SeqCst,
            );
        }
    }

    /// Turns a clock that was set to another time, also one that was; the system's cannot be turned.
    pub fn turn(&self, unix_ms: u64) {
        if let Source::Set(now) = &self.0 {
            now.store(unix_ms, Ordering::SeqCst);
        }
    }

    pub fn now(&self) -> OffsetDateTime {
        let nanos = i128::from(self.unix_ms()) * 1_000_000;
        OffsetDateTime::from_unix_timestamp_nanos(nanos).unwrap_or(OffsetDateTime::UNIX_EPOCH)
    }

    #[expect(
        clippy::disallowed_methods,
        reason = "the one place that asks the system for the time"
    )]
    pub fn unix_ms(&self) -> u64 {
        match &self.0 {
            Source::System => {
                let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
                u64::try_from(since.unwrap_or_default().as_millis()).unwrap_or(u64::MAX)
            }
            Source::Set(now) => now.load(Ordering::SeqCst),
        }
    }
}

#[derive(Clone, Debug)]
pub struct Random(Chance);

#[derive(Clone, Debug)]
enum Chance {
    System,
    Seeded(Arc<Mutex<StdRng>>),
}

impl Random {
    pub const fn system() -> Self {
        Self(Chance::System)
    }

    /// The same numbers in every run: for tests alone.
    pub fn seeded(seed: u64) -> Self {
        Self(Chance::Seeded(Arc::new(Mutex::new(StdRng::seed_from_u64(
            seed,
        )))))
    }

    pub fn bytes<const N: usize>(&self) -> [u8; N] {
        let mut bytes = [0; N];
        self.fill(&mut bytes);
        bytes
    }

    /// # Panics
    /// Where the system has no randomness to give: nothing secret can be made then.
    pub fn fill(&self, bytes: &mut [u8]) {
        match &self.0 {
            Chance::System => SysRng
                .try_fill_bytes(bytes)
                .expect("the system gives random bytes"),
            Chance::Seeded(rng) => rng
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .fill_bytes(bytes),
        }
    }
}
