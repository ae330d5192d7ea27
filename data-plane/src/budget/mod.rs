//! The budgets of a call: all its limits are charged together, or none is.
//!
//! Which limits those are is the policy's to say; what a refusal looks like is the front's. In here: the slot
//! ring (`ring.rs`, and `ring.lua` for Redis), the two places it lives (`memory.rs`, `shared.rs`), the ways to the
//! shared one (`lines.rs`), what happens when it is away (`outage.rs`, `fleet.rs`), and when it has lost what it knew
//! (`recount.rs`).

mod charge;
mod clock;
mod cluster;
mod fills;
mod fleet;
mod function;
mod held;
mod key;
mod lease;
mod ledger;
mod line;
mod lines;
mod memory;
mod meter;
mod news;
mod outage;
mod recent;
mod recount;
mod reply;
mod ring;
mod shared;
mod status;
pub mod subject;

pub use address::{Address, AddressError};
pub use charge::{Ask, Charge, Charged, Count, Mode, OnOutage, Revoked};
pub use fills::Fills;
pub use fleet::{Fleet, Kept as KeptFleet};
pub use held::Held;
pub use ledger::{Ledger, Progress, Told, Untold};
pub use meter::Watch;
pub use news::{News, Place};
pub use ring::GREATEST;
pub use shared::Shared;
pub use status::Status;

use charge::Tally;
use clock::Clock;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Settings {
    /// How long a call waits for Redis. What then happens is each limit's `on_outage`.
    pub timeout: Duration,
    /// An answer that took longer counts as a bad one.
    pub slow: Duration,
    /// After Redis was lost, what others have charged may be on its way to the records for so long.
    pub grace: Duration,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            timeout: Duration::from_millis(25),
            slow: Duration::from_millis(20),
            grace: Duration::from_secs(1),
        }
    }
}

#[derive(Debug, Clone)]
pub enum Budget {
    /// Counts in this process: right for one replica, and said at start.
    Memory(Arc<Process>),
    Shared(Arc<Shared>),
}

/// The counters of this process.
#[derive(Debug)]
pub struct Process {
    memory: Arc<memory::Memory>,
    clock: Clock,
}

/// How long a start waits for Redis before it goes on without.
const FIRST: Duration = Duration::from_secs(2);

impl Budget {
    pub fn in_memory() -> Self {
        Self::Memory(Arc::new(Process {
            memory: Arc::default(),
            clock: Clock::start(),
        }))
    }

    /// Redis may be away: then every limit does what its `on_outage` says until it is back.
    pub async fn connect(
        address: Address,
        settings: Settings,
        fleet: Arc<Fleet>,
        ledger: Arc<dyn Ledger>,
    ) -> Self {
        let shared = Shared::start(address, settings, fleet, ledger);
        let mut is_open = shared.lines.is_open();
        // Not reaching it is told by the line itself, once, with its cause.
        let _ = tokio::time::timeout(FIRST, is_open.wait_for(|open| *open)).await;
        Self::Shared(Arc::new(shared))
    }

    /// Charges every limit of a call, or none. A call without limits makes no trip.
    pub async fn charge(&self, ask: &Ask<'_>) -> Charged {
        if ask.charges.is_empty() && ask.shadow.is_empty() {
            return Charged::Passed {
                mode: Mode::None,
                hold: Held::nothing(ask.call),
                would: Vec::new(),
                full: Vec::new(),
            };
        }
        let parts = ask.parts();
        match self {
            Self::Shared(shared) => shared.charge(ask, &parts).await,
            Self::Memory(process) => process.charge(ask, &parts),
        }
    }

    pub fn status(&self) -> Status {
        match self {
            Self::Memory(_) => Status {
                is_memory: true,
                is_reachable: true,
                ..Status::default()
            },
            Self::Shared(shared) => {
                let is_open = *shared.lines.is_open().borrow();
                shared.lines.counters.read(is_open)
            }
        }
    }

    /// Whether the shared counters can be asked, as it changes; `None` in memory.
    pub fn reachable(&self) -> Option<watch::Receiver<bool>> {
        match self {
            Self::Memory(_) => None,
            Self::Shared(shared) => Some(shared.lines.is_open()),
        }
    }
}

impl Process {
    fn charge(&self, ask: &Ask<'_>, parts: &[charge::Part]) -> Charged {
        let now = self.clock.now_ms();
        let would = self.memory.would_refuse(&ask.shadow_parts(), now);
        match self.memory.charge(parts, now) {
            Tally::Refused(refusal) => {
                let full = charge::full(parts, &self.memory.sums(parts));
                shared::refused(parts, refusal, Mode::Memory, full)
            }
            Tally::Passed { slots } => {
                let from = held::From::Memory(self.memory.clone());
                let full = charge::full(parts, &self.memory.sums(parts));
                Charged::Passed {
                    full,
                    mode: Mode::Memory.of(parts),
                    hold: Held::new(from, ask.call, parts, &slots),
                    would,
                }
            }
        }
    }
}

#[cfg(test)]
mod tests;
