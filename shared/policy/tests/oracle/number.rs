//! Numbers written out in full: a sign, 401 digits before the point and 801 after it, compared as texts.

use std::cmp::Ordering;

#[derive(Clone, PartialEq, Eq)]
pub struct Number {
    is_negative: bool,
    whole: String,
    fraction: String,
}

impl Number {
    /// None where the number is out of the language's range.
    pub fn read(text: &str) -> Option<Self> {
        let (is_negative, unsigned) = text
            .strip_prefix('-')
            .map_or((false, text), |rest| (true, rest));
        let lower = unsigned.to_lowercase();
        let (mantissa, power) = lower.split_once('e').unwrap_or((&lower, "0"));
        let (before, after) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        let digits = format!("{before}{after}");
        let significant = digits.trim_start_matches('0');
        if significant.is_empty() {
            return Some(Self::written(false, "", ""));
        }
        let power: i64 = power.parse().ok()?;
        // The place of the point in `digits`, and from it the exponent of the first digit that counts.
        let point = i64::try_from(before.len()).ok()?.checked_add(power)?;
        let leading = i64::try_from(digits.len() - significant.len()).ok()?;
        let exponent = point - leading - 1;
        if !(-400..=400).contains(&exponent) || significant.len() > 400 {
            return None;
        }
        let padded = |count: i64| "0".repeat(usize::try_from(count).unwrap_or(0));
        let wide = format!(
            "{}{digits}{}",
            padded(-point),
            padded(point - i64::try_from(digits.len()).ok()?)
        );
        let (whole, fraction) = wide.split_at(usize::try_from(point.max(0)).ok()?);
        Some(Self::written(is_negative, whole, fraction))
    }

    fn written(is_negative: bool, whole: &str, fraction: &str) -> Self {
        let whole = whole.trim_start_matches('0');
        let fraction = fraction.trim_end_matches('0');
        Self {
            is_negative,
            whole: format!("{whole:0>500}"),
            fraction: format!("{fraction:0<1000}"),
        }
    }

    /// Not negative, and at most 2^53 - 1 once it is scaled and rounded up.
    pub fn is_cost(&self, scale: usize) -> bool {
        let (kept, rest) = self.fraction.split_at(scale);
        let units: Result<u128, _> = format!("{}{kept}", self.whole.trim_start_matches('0'))
            .trim_start_matches('0')
            .parse();
        let units = match units {
            Ok(units) => units,
            Err(_)
                if self.whole.bytes().all(|byte| byte == b'0')
                    && kept.bytes().all(|byte| byte == b'0') =>
            {
                0
            }
            Err(_) => return false,
        };
        let rounded = units + u128::from(rest.bytes().any(|byte| byte != b'0'));
        !self.is_negative && rounded < 1 << 53
    }
}

impl Ord for Number {
    fn cmp(&self, other: &Self) -> Ordering {
        let size = (&self.whole, &self.fraction).cmp(&(&other.whole, &other.fraction));
        match (self.is_negative, other.is_negative) {
            (false, false) => size,
            (true, true) => size.reverse(),
            (true, false) => Ordering::Less,
            (false, true) => Ordering::Greater,
        }
    }
}

impl PartialOrd for Number {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}
