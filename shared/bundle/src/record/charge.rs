//! What a call charged to one budget, as its record keeps it: enough to count the budget anew. One short text each, since
//! every call under a long window carries it.

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::fmt;
use std::str::FromStr;

/// `LIMIT.SUBJECT.SLOT_MSxSLOTS.SLOT.COST`, and `.f` of what is forwarded: the first two in hexadecimal digits, as in the
/// name of the budget in Redis.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Charge {
    pub limit: [u8; 16],
    pub subject: [u8; 16],
    /// How the window is cut: `slots` of `slot_ms`, and one more is retained.
    pub slot_ms: u64,
    pub slots: u64,
    /// Since 1970, by the clock that counted.
    pub slot: u64,
    pub cost: u64,
    /// Given back where nothing went upstream.
    pub is_of_forwarded: bool,
}

impl Charge {
    /// The last millisecond of its slot.
    pub const fn end_ms(&self) -> u64 {
        self.slot
            .saturating_add(1)
            .saturating_mul(self.slot_ms)
            .saturating_sub(1)
    }

    /// Unix milliseconds from which on it counts no more.
    pub const fn over_ms(&self) -> u64 {
        self.slot
            .saturating_add(self.slots)
            .saturating_add(1)
            .saturating_mul(self.slot_ms)
    }
}

impl fmt::Display for Charge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (limit, subject) = (seal::to_hex(&self.limit), seal::to_hex(&self.subject));
        let Self {
            slot_ms,
            slots,
            slot,
            cost,
            ..
        } = self;
        let end = if self.is_of_forwarded { ".f" } else { "" };
        write!(f, "{limit}.{subject}.{slot_ms}x{slots}.{slot}.{cost}{end}")
    }
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no charge: expected `LIMIT.SUBJECT.SLOT_MSxSLOTS.SLOT.COST`")]
pub struct NoCharge(String);

impl FromStr for Charge {
    type Err = NoCharge;

    fn from_str(text: &str) -> Result<Self, NoCharge> {
        read(text).ok_or_else(|| NoCharge(text.chars().take(200).collect()))
    }
}

fn read(text: &str) -> Option<Charge> {
    let mut parts = text.split('.');
    let (limit, subject) = (digest(parts.next()?)?, digest(parts.next()?)?);
    let (slot_ms, slots) = parts.next()?.split_once('x')?;
    let charge = Charge {
        limit,
        subject,
        slot_ms: number(slot_ms)?,
        slots: number(slots)?,
        slot: number(parts.next()?)?,
        cost: number(parts.next()?)?,
        is_of_forwarded: match parts.next() {
            None => false,
            Some("f") => true,
            Some(_) => return None,
        },
    };
    let is_whole = parts.next().is_none() && charge.slot_ms > 0;
    // What ends beyond the range of a time could not be filed.
    (is_whole && charge.over_ms() <= GREATEST).then_some(charge)
}

/// What a double holds exactly: costs are counted in those.
const GREATEST: u64 = (1 << 53) - 1;

fn number(text: &str) -> Option<u64> {
    let is_plain = text.bytes().all(|byte| byte.is_ascii_digit());
    let number = text.parse().ok().filter(|number| *number <= GREATEST);
    number.filter(|_| is_plain)
}

fn digest(text: &str) -> Option<[u8; 16]> {
    seal::from_hex(text)?.try_into().ok()
}

impl Serialize for Charge {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Charge {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?
            .parse()
            .map_err(D::Error::custom)
    }
}

#[cfg(test)]
mod tests;
