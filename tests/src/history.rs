//! Judges a limiter by what its callers saw: never more than the maximum in any window, and no refusal without
//! cause. Knows nothing of how limits are kept, only how coarsely (slots a window). PURE.
//!
//! A caller knows when it asked and when it was answered; the decision fell in between. Both bounds are
//! judged in the limiter's favour by that much and no more, so a fault found is a fault.

/// One call, in milliseconds of one clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Call {
    pub sent: u64,
    pub answered: u64,
    pub cost: u64,
    pub passed: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limit {
    pub max: u64,
    pub window_ms: u64,
    /// The limiter may hold a refusal for one slot, a window's `slots`th part, beyond the window.
    pub slots: u64,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bounds {
    /// The most that certainly passed within one window.
    pub worst: u64,
    pub admitted: u64,
    /// What must have passed if there was always somebody asking: `max` for each whole window and slot.
    pub least: u64,
    /// Refusals while there was room even by the coarse count.
    pub unjust: Vec<Call>,
}

impl Limit {
    /// A window and a slot, rounded up as the limiter does.
    fn retained_ms(&self) -> u64 {
        self.window_ms.div_ceil(self.slots) * (self.slots + 1)
    }
}

pub fn bounds(history: &[Call], limit: &Limit) -> Bounds {
    let admitted: Vec<Call> = history.iter().copied().filter(|call| call.passed).collect();
    let began = history.iter().map(|call| call.sent).min().unwrap_or(0);
    let ended = history.iter().map(|call| call.answered).max().unwrap_or(0);
    Bounds {
        worst: worst_window(&admitted, limit.window_ms),
        admitted: admitted.iter().map(|call| call.cost).sum(),
        least: (ended - began) / limit.retained_ms() * limit.max,
        unjust: unjust(history, &admitted, limit),
    }
}

/// A fullest window begins with some call that passed.
fn worst_window(admitted: &[Call], window_ms: u64) -> u64 {
    let mut by_start = admitted.to_vec();
    by_start.sort_unstable_by_key(|call| call.sent);
    let from = |at: usize| {
        let end = by_start[at].sent + window_ms;
        by_start[at..]
            .iter()
            .take_while(|call| call.sent < end)
            .filter(|call| call.answered < end)
            .map(|call| call.cost)
            .sum()
    };
    (0..by_start.len()).map(from).max().unwrap_or(0)
}

fn unjust(history: &[Call], admitted: &[Call], limit: &Limit) -> Vec<Call> {
    let sent = Running::new(admitted, |call| call.sent);
    let answered = Running::new(admitted, |call| call.answered);
    let could_count = |refused: &Call| {
        let since = refused.sent.saturating_sub(limit.retained_ms());
        sent.until(refused.answered) - answered.before(since)
    };
    let refused = history.iter().filter(|call| !call.passed);
    refused
        .filter(|call| could_count(call) + call.cost <= limit.max)
        .copied()
        .collect()
}

/// Costs summed up in order of a time.
struct Running {
    times: Vec<u64>,
    sums: Vec<u64>,
}

impl Running {
    fn new(calls: &[Call], time: impl Fn(&Call) -> u64) -> Self {
        let mut calls: Vec<(u64, u64)> = calls.iter().map(|call| (time(call), call.cost)).collect();
        calls.sort_unstable();
        let add = |sum: &mut u64, (_, cost): &(u64, u64)| {
            *sum += cost;
            Some(*sum)
        };
        Self {
            times: calls.iter().map(|(time, _)| *time).collect(),
            sums: calls.iter().scan(0, add).collect(),
        }
    }

    fn first(&self, count: usize) -> u64 {
        count.checked_sub(1).map_or(0, |last| self.sums[last])
    }

    fn until(&self, time: u64) -> u64 {
        self.first(self.times.partition_point(|at| *at <= time))
    }

    fn before(&self, time: u64) -> u64 {
        self.first(self.times.partition_point(|at| *at < time))
    }
}

#[cfg(test)]
mod tests;
