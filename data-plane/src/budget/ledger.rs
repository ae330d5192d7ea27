//! What the budgets want to know of the records, and of nobody else: how much of a window is used by what is on record.

use bundle::budget::{Ask, Used};
use std::fmt;
use std::future::Future;
use std::pin::Pin;

pub type Told = Pin<Box<dyn Future<Output = Result<Used, Untold>> + Send>>;

/// The control plane's table of charges, and how far this replica's own records are on their way there.
pub trait Ledger: fmt::Debug + Send + Sync {
    fn used(&self, ask: Ask) -> Told;
    fn progress(&self) -> Progress;
}

/// Of this replica's records, in bytes since its start.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Progress {
    pub written: u64,
    /// Never more than was written.
    pub stored: u64,
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("nobody says what is on record: {0}")]
pub struct Untold(pub String);
