use super::*;
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use std::collections::VecDeque;

const LIMIT: Limit = Limit {
    max: 10,
    window_ms: 1_000,
    slots: 20,
};

fn at(time: u64, passed: bool) -> Call {
    Call {
        sent: time,
        answered: time,
        cost: 1,
        passed,
    }
}

/// A call every millisecond for ten windows, answered by `admits`.
fn saturated(mut admits: impl FnMut(u64) -> bool) -> Vec<Call> {
    (0..10_000).map(|time| at(time, admits(time))).collect()
}

/// The exact limiter: at most `max` in `window_ms`.
fn exact(max: usize, window_ms: u64) -> impl FnMut(u64) -> bool {
    let mut log = VecDeque::new();
    move |now| {
        while log.front().is_some_and(|first| first + window_ms <= now) {
            log.pop_front();
        }
        let fits = log.len() < max;
        if fits {
            log.push_back(now);
        }
        fits
    }
}

#[test]
fn an_exact_limiter_is_within_both_bounds() {
    let bounds = bounds(&saturated(exact(10, 1_000)), &LIMIT);
    assert_eq!((bounds.worst, bounds.admitted), (10, 100));
    assert!(bounds.admitted >= bounds.least && bounds.least > 0);
    assert_eq!(bounds.unjust, []);
}

#[test]
fn one_slot_of_delay_is_within_and_more_is_not() {
    let late = bounds(&saturated(exact(10, 1_050)), &LIMIT);
    assert_eq!((late.worst, late.unjust.len()), (10, 0));
    assert!(late.admitted >= late.least);
    let later = bounds(&saturated(exact(10, 1_052)), &LIMIT);
    assert!(!later.unjust.is_empty());
}

#[test]
fn a_fixed_window_is_caught_admitting_twice() {
    let mut counts = [0; 10];
    // Nobody asks in the first half of a window, so the bursts meet at its edges.
    let history: Vec<Call> = saturated(|time| {
        let (window, within) = (time / 1_000, time % 1_000);
        let is_asked = if window % 2 == 0 {
            within >= 900
        } else {
            within < 100
        };
        let count = &mut counts[usize::try_from(window).unwrap()];
        let passes = is_asked && *count < 10;
        *count += u32::from(passes);
        passes
    });
    assert_eq!(bounds(&history, &LIMIT).worst, 20);
}

#[test]
fn a_limiter_that_refuses_everything_is_caught() {
    let bounds = bounds(&saturated(|_| false), &LIMIT);
    assert_eq!(bounds.unjust.len(), 10_000);
    assert!(bounds.admitted < bounds.least);
}

#[test]
fn a_call_whose_time_is_uncertain_speaks_for_the_limiter() {
    let mut history: Vec<Call> = (0..10).map(|time| at(time, true)).collect();
    history.push(Call {
        sent: 900,
        answered: 1_000,
        cost: 1,
        passed: true,
    });
    assert_eq!(
        bounds(&history, &LIMIT).worst,
        10,
        "it may have passed after the window"
    );
    history.push(at(999, true));
    assert_eq!(bounds(&history, &LIMIT).worst, 11);
}

#[test]
fn costs_count() {
    let history = [
        Call {
            cost: 8,
            ..at(0, true)
        },
        Call {
            cost: 3,
            ..at(1, false)
        },
        Call {
            cost: 2,
            ..at(2, false)
        },
    ];
    let bounds = bounds(&history, &LIMIT);
    assert_eq!((bounds.worst, bounds.admitted), (8, 8));
    assert_eq!(bounds.unjust, [history[2]]);
}

/// The same two questions, asked the long way.
#[test]
fn the_checker_agrees_with_a_slow_reading() {
    let mut random = StdRng::seed_from_u64(7);
    for _ in 0..300 {
        let history: Vec<Call> = (0..60)
            .map(|_| {
                let sent = random.random_range(0..3_000);
                Call {
                    sent,
                    answered: sent + random.random_range(0..200),
                    cost: random.random_range(0..4),
                    passed: random.random(),
                }
            })
            .collect();
        let passed = |call: &&Call| call.passed;
        let worst = (0..3_200_u64)
            .map(|from| {
                let inside = |call: &&Call| call.sent >= from && call.answered < from + 1_000;
                history
                    .iter()
                    .filter(passed)
                    .filter(inside)
                    .map(|call| call.cost)
                    .sum::<u64>()
            })
            .max();
        let unjust: Vec<Call> = history
            .iter()
            .filter(|call| !call.passed)
            .filter(|refused| {
                let since = refused.sent.saturating_sub(1_050);
                let counts = |call: &&Call| call.answered >= since && call.sent <= refused.answered;
                let sum: u64 = history
                    .iter()
                    .filter(passed)
                    .filter(counts)
                    .map(|call| call.cost)
                    .sum();
                sum + refused.cost <= LIMIT.max
            })
            .copied()
            .collect();
        let bounds = bounds(&history, &LIMIT);
        assert_eq!(Some(bounds.worst), worst);
        assert_eq!(bounds.unjust, unjust);
    }
}
