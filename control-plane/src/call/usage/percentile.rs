//! How long most calls took, out of a histogram. PURE.

use super::Latency;
use crate::call::count::BOUNDS;
use std::collections::BTreeMap;

/// Calls by bucket, as `count` stores them.
pub type Histogram = BTreeMap<i16, u64>;

/// None where nothing was counted.
pub fn latency(histogram: &Histogram) -> Option<Latency> {
    let all: u64 = histogram.values().sum();
    (all > 0).then(|| Latency {
        p50: percentile(histogram, all, 50),
        p95: percentile(histogram, all, 95),
        p99: percentile(histogram, all, 99),
    })
}

/// Milliseconds: the place in the bucket that the call in question would have, were the bucket's calls spread evenly in it.
fn percentile(histogram: &Histogram, all: u64, percent: u64) -> f64 {
    let rank = (all * percent).div_ceil(100).max(1);
    let mut before = 0;
    for (bucket, calls) in histogram {
        if before + calls >= rank {
            return within(*bucket, rank - before, *calls);
        }
        before += calls;
    }
    0.0
}

#[expect(
    clippy::cast_precision_loss,
    reason = "a part of a bucket, shown to three digits"
)]
fn within(bucket: i16, place: u64, calls: u64) -> f64 {
    let bucket = usize::try_from(bucket).unwrap_or(0);
    let lower = bucket
        .checked_sub(1)
        .and_then(|below| BOUNDS.get(below))
        .copied()
        .unwrap_or(0);
    // Beyond the last bound nothing is known but that it was passed.
    let upper = BOUNDS.get(bucket).copied().unwrap_or(lower).max(lower);
    let part = place as f64 / calls as f64;
    (lower as f64 + (upper - lower) as f64 * part) / 1_000.0
}

#[cfg(test)]
mod tests;
