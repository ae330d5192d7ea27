//! Whether somebody who has been failing is asked at all: Redis by the budgets, a server by the relay. PURE: time and chance
//! are arguments.
//!
//! Too many bad answers open it for a while; then one probe decides. What counts as bad is its user's to say.

/// When it opens, and for how long.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Manner {
    pub trip: Trip,
    pub rest_ms: u64,
    /// Each failed probe doubles the rest, up to here.
    pub longest_rest_ms: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trip {
    /// More than half of a window's answers were bad, and at least so many.
    Half { window_ms: u64, enough: u32 },
    /// So many in a row.
    Row { enough: u32 },
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Breaker {
    manner: Manner,
    state: State,
    /// Grows with every change of the state, so that an answer tells only of the state it was asked in.
    turn: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Closed {
        since: u64,
        asked: u32,
        bad: u32,
    },
    Open {
        until: u64,
        rest: u64,
    },
    /// One is asking. If it has not come back by then, another may.
    Probing {
        until: u64,
        rest: u64,
    },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    Well,
    Badly,
}

/// Leave to ask once. Whoever holds it owes a `report` or an `abandon`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Leave {
    turn: u64,
}

impl Breaker {
    pub const fn new(manner: Manner) -> Self {
        Self {
            manner,
            state: State::Closed {
                since: 0,
                asked: 0,
                bad: 0,
            },
            turn: 0,
        }
    }

    /// Whether to ask now.
    pub fn admits(&mut self, now: u64) -> Option<Leave> {
        match self.state {
            State::Closed { .. } => {}
            State::Open { until, rest } | State::Probing { until, rest } if now >= until => {
                self.turn_to(State::Probing {
                    until: now.saturating_add(rest),
                    rest,
                });
            }
            State::Open { .. } | State::Probing { .. } => return None,
        }
        Some(Leave { turn: self.turn })
    }

    /// Answers whether this report opened it. `jitter` keeps replicas from probing in step.
    pub fn report(&mut self, leave: Leave, now: u64, outcome: Outcome, jitter: u64) -> bool {
        if leave.turn != self.turn {
            return false;
        }
        let rest = match (self.state, outcome) {
            (
                State::Closed {
                    since, asked, bad, ..
                },
                _,
            ) => {
                let (counted, trips) = self.manner.trip.count(now, since, asked, bad, outcome);
                self.state = counted;
                if !trips {
                    return false;
                }
                self.manner.rest_ms
            }
            (State::Probing { .. }, Outcome::Well) => {
                self.turn_to(State::Closed {
                    since: now,
                    asked: 0,
                    bad: 0,
                });
                return false;
            }
            (State::Probing { rest, .. }, Outcome::Badly) => {
                rest.saturating_mul(2).min(self.manner.longest_rest_ms)
            }
            // Nobody is given leave in this state.
            (State::Open { .. }, _) => return false,
        };
        self.turn_to(State::Open {
            until: now.saturating_add(rest).saturating_add(jitter),
            rest,
        });
        true
    }

    /// A probe whose caller went away: the next call may be it.
    pub fn abandon(&mut self, leave: Leave, now: u64) {
        if let State::Probing { rest, .. } = self.state
            && leave.turn == self.turn
        {
            self.turn_to(State::Open { until: now, rest });
        }
    }

    /// How long nobody is asked, as far as is known now; none where it is closed.
    pub fn rests_ms(&self, now: u64) -> Option<u64> {
        match self.state {
            State::Closed { .. } => None,
            State::Open { until, .. } | State::Probing { until, .. } => {
                Some(until.saturating_sub(now))
            }
        }
    }

    fn turn_to(&mut self, state: State) {
        self.state = state;
        self.turn += 1;
    }
}

impl Trip {
    /// One more answer counted, and whether it is one too many.
    fn count(self, now: u64, since: u64, asked: u32, bad: u32, outcome: Outcome) -> (State, bool) {
        let bad_now = u32::from(outcome == Outcome::Badly);
        match self {
            Self::Half { window_ms, enough } => {
                let is_over = now.saturating_sub(since) >= window_ms;
                let (since, asked, bad) = if is_over {
                    (now, 0, 0)
                } else {
                    (since, asked, bad)
                };
                let asked = asked.saturating_add(1);
                let bad = bad.saturating_add(bad_now);
                let trips = bad >= enough && bad > asked / 2;
                (State::Closed { since, asked, bad }, trips)
            }
            Self::Row { enough } => {
                let bad = if outcome == Outcome::Badly {
                    bad.saturating_add(1)
                } else {
                    0
                };
                let trips = bad >= enough;
                (State::Closed { since, asked, bad }, trips)
            }
        }
    }
}

#[cfg(test)]
mod tests;
