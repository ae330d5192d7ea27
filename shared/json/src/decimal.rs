//! Exact decimals, read from the text of a JSON number and compared without a float and without an allocation.
//!
//! Not here: arithmetic. What a policy needs is order, equality, one canonical spelling, and units of a scale.

use std::borrow::Cow;
use std::cmp::Ordering;

/// The largest exponent, in scientific notation, that is read; its negative is the smallest.
const MOST_EXPONENT: u64 = 400;
/// The most digits that are read, leading zeros aside.
const MOST_DIGITS: usize = 400;

/// A number that borrows its digits. `1`, `1.0` and `10e-1` are equal, and so are `0`, `-0` and `0e999`.
#[derive(Debug, Clone, Copy)]
pub struct Decimal<'a> {
    negative: bool,
    /// From the first digit that is not zero to the last, perhaps with the point between; empty for zero.
    digits: &'a str,
    /// Of the first digit, in scientific notation.
    exponent: i32,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a number beyond exponent 400 or with more than 400 digits")]
pub struct OutOfRange;

impl<'a> Decimal<'a> {
    /// Reads the text of a JSON number. A text that is none is out of range: nobody can say what it is worth.
    pub fn parse(text: &'a str) -> Result<Self, OutOfRange> {
        let (negative, unsigned) = match text.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, text),
        };
        let (mantissa, power) = match unsigned.split_once(['e', 'E']) {
            Some((mantissa, power)) => (mantissa, Some(power)),
            None => (unsigned, None),
        };
        let point = mantissa.find('.').unwrap_or(mantissa.len());
        let is_number = mantissa.bytes().any(|byte| byte.is_ascii_digit())
            && mantissa
                .bytes()
                .enumerate()
                .all(|(at, byte)| byte.is_ascii_digit() || at == point);
        if !is_number {
            return Err(OutOfRange);
        }
        let nonzero = |byte: char| matches!(byte, '1'..='9');
        let (Some(first), Some(last)) = (mantissa.find(nonzero), mantissa.rfind(nonzero)) else {
            // Zero has no exponent, however large the one that was written.
            return Ok(Self {
                negative: false,
                digits: "",
                exponent: 0,
            });
        };
        let point_follows = usize::from(point > first && point < mantissa.len());
        if mantissa.len() - first - point_follows > MOST_DIGITS {
            return Err(OutOfRange);
        }
        let power = power.map_or(Ok(0), |power| power.parse::<i64>().map_err(|_| OutOfRange))?;
        let shift = signed(point)? - signed(first)? - i64::from(first < point);
        let exponent = power.checked_add(shift).ok_or(OutOfRange)?;
        if exponent.unsigned_abs() > MOST_EXPONENT {
            return Err(OutOfRange);
        }
        Ok(Self {
            negative,
            digits: mantissa.get(first..=last).ok_or(OutOfRange)?,
            exponent: i32::try_from(exponent).map_err(|_| OutOfRange)?,
        })
    }

    pub fn is_zero(&self) -> bool {
        self.digits.is_empty()
    }

    pub fn is_negative(&self) -> bool {
        self.negative
    }

    fn digits(&self) -> impl Iterator<Item = u8> + use<'a> {
        self.digits.bytes().filter(|byte| *byte != b'.')
    }

    /// How many units of `10^-scale` this is, a rest rounded up; `None` below zero and beyond 64 bits.
    pub fn units_up(&self, scale: u8) -> Option<u64> {
        let (units, rest) = self.units(scale)?;
        units.checked_add(u64::from(rest))
    }

    /// The whole number that this is exactly; `None` where it is none, below zero or beyond 64 bits.
    pub fn whole(&self) -> Option<u64> {
        match self.units(0)? {
            (units, false) => Some(units),
            (_, true) => None,
        }
    }

    fn units(&self, scale: u8) -> Option<(u64, bool)> {
        if self.is_zero() {
            return Some((0, false));
        }
        if self.negative {
            return None;
        }
        let Ok(kept) = usize::try_from(self.exponent + i32::from(scale) + 1) else {
            return Some((0, true));
        };
        // Twenty-one digits are beyond 64 bits whatever they are.
        if kept > 20 {
            return None;
        }
        let mut digits = self.digits();
        let mut units = 0u64;
        for _ in 0..kept {
            let digit = u64::from(digits.next().map_or(0, |byte| byte - b'0'));
            units = units.checked_mul(10)?.checked_add(digit)?;
        }
        Some((units, digits.next().is_some()))
    }

    /// The one spelling of this number: plain where that is short, else with an exponent (as ECMAScript prints).
    pub fn canonical(&self) -> String {
        if self.is_zero() {
            return "0".to_owned();
        }
        let digits: String = self.digits().map(char::from).collect();
        let sign = if self.negative { "-" } else { "" };
        let length = i32::try_from(digits.len()).unwrap_or(i32::MAX);
        let fill = |count: i32| "0".repeat(usize::try_from(count).unwrap_or(0));
        match self.exponent {
            below @ -7..=-1 => format!("{sign}0.{}{digits}", fill(-below - 1)),
            exponent @ 0..=20 if length <= exponent + 1 => {
                format!("{sign}{digits}{}", fill(exponent + 1 - length))
            }
            exponent @ 0..=20 => {
                let (whole, rest) = digits.split_at(usize::try_from(exponent + 1).unwrap_or(0));
                format!("{sign}{whole}.{rest}")
            }
            exponent => {
                let (first, rest) = digits.split_at(1);
                let point = if rest.is_empty() { "" } else { "." };
                format!("{sign}{first}{point}{rest}e{exponent:+}")
            }
        }
    }

    /// The one spelling of a number's text; a text that is out of range is left as it is.
    pub fn respell(text: &str) -> Cow<'_, str> {
        Decimal::parse(text).map_or(Cow::Borrowed(text), |number| Cow::Owned(number.canonical()))
    }
}

fn signed(length: usize) -> Result<i64, OutOfRange> {
    i64::try_from(length).map_err(|_| OutOfRange)
}

impl Ord for Decimal<'_> {
    fn cmp(&self, other: &Self) -> Ordering {
        let sign = |number: &Self| match (number.is_zero(), number.negative) {
            (true, _) => 0,
            (false, true) => -1,
            (false, false) => 1,
        };
        let size = || {
            self.exponent
                .cmp(&other.exponent)
                .then_with(|| self.digits().cmp(other.digits()))
        };
        sign(self).cmp(&sign(other)).then_with(|| match sign(self) {
            0 => Ordering::Equal,
            1 => size(),
            _ => size().reverse(),
        })
    }
}

impl PartialOrd for Decimal<'_> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Decimal<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Decimal<'_> {}

#[cfg(test)]
mod tests;
