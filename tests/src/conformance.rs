//! The official conformance suite, run against one server directly and through the gateway: what holds there must hold
//! here. What the suite checks is its own affair; a gateway that nobody notices makes no check worse.

mod checks;
mod hop;
mod suite;
mod table;

pub use checks::{Check, Difference, Kind, Status, differences};
pub use hop::Hop;
pub use suite::{Outcome, SUITES, Suite, run};
pub use table::{Comparison, HEADING};
