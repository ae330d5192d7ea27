//! What the system tests measure with. The tests themselves lie in `system/`, what they stand on in `testbed/`.

pub mod abuse;
pub mod conformance;
pub mod differential;
pub mod faults;
pub mod fleet;
pub mod history;
pub mod streams;
