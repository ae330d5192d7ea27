//! The newest bundle of every organisation: fetched ([`fetch`]), judged ([`apply`]), held ([`hold`]), kept on disk ([`disk`]);
//! and what was taken back since, told besides ([`listen`]).
//!
//! Nothing gets in but through [`bundle::open`]; nothing older than what is held replaces it.

mod apply;
mod disk;
mod fetch;
mod hold;
mod link;
mod listen;
mod taken_back;

#[cfg(test)]
mod simulation;
#[cfg(test)]
mod tests;

pub use disk::{Disk, DiskError};
pub use fetch::{Fetcher, Parts};
pub use hold::{Holder, Org, Rejected};
pub use link::{ControlPlane, LinkError};
pub use listen::Listener;
