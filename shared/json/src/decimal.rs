//! Exact decimals (in work: the policy crate's author writes this file).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decimal;
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OutOfRange;
