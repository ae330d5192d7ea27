//! Times, and what is said of many of them.

use std::fmt;
use std::time::Duration;

#[derive(Debug, Clone, Default)]
pub struct Times(Vec<Duration>);

impl Extend<Duration> for Times {
    fn extend<I: IntoIterator<Item = Duration>>(&mut self, times: I) {
        self.0.extend(times);
    }
}

impl Times {
    pub fn count(&self) -> usize {
        self.0.len()
    }

    /// The time that so many of a hundred do not exceed; nothing of none.
    pub fn percentile(&self, percent: usize) -> Duration {
        let mut sorted = self.0.clone();
        sorted.sort_unstable();
        let rank = (sorted.len() * percent).div_ceil(100).max(1);
        sorted.get(rank - 1).copied().unwrap_or_default()
    }
}

impl fmt::Display for Times {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ms = |percent| self.percentile(percent).as_secs_f64() * 1000.0;
        write!(
            f,
            "{:>6} {:>9.1} {:>9.1} {:>9.1}",
            self.count(),
            ms(50),
            ms(99),
            ms(100)
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_percentile_is_one_of_the_times_and_the_hundredth_the_longest() {
        let mut times = Times::default();
        assert_eq!(times.percentile(99), Duration::ZERO);
        times.extend((1..=200).rev().map(Duration::from_millis));
        let ms = |percent| times.percentile(percent).as_millis();
        assert_eq!([ms(50), ms(99), ms(100)], [100, 198, 200]);
        assert_eq!(times.count(), 200);
    }
}
