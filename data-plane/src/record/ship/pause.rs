//! How long to wait after a batch was not acknowledged: longer each time, and never the same as other replicas.

use std::time::Duration;

const FIRST: Duration = Duration::from_millis(200);
const LONGEST: Duration = Duration::from_secs(15);
/// What the control plane may ask for at most.
const ASKED: Duration = Duration::from_mins(1);

#[derive(Debug, Default)]
pub struct Pause {
    failures: u32,
}

impl Pause {
    pub fn reset(&mut self) {
        self.failures = 0;
    }

    pub fn next(&mut self, asked: Option<Duration>) -> Duration {
        self.after(asked, rand::random())
    }

    /// `chance` in 0..1 spreads the wait over its upper half.
    fn after(&mut self, asked: Option<Duration>, chance: f64) -> Duration {
        let most = FIRST
            .saturating_mul(1 << self.failures.min(16))
            .min(LONGEST);
        self.failures = self.failures.saturating_add(1);
        let own = most.mul_f64(0.5 + chance.clamp(0.0, 1.0) / 2.0);
        own.max(asked.unwrap_or_default().min(ASKED))
    }
}

#[cfg(test)]
mod tests;
