use super::*;
use Outcome::{Badly, Well};

const HALF: Manner = Manner {
    trip: Trip::Half {
        window_ms: 1_000,
        enough: 4,
    },
    rest_ms: 1_000,
    longest_rest_ms: 1_000,
};
const ROW: Manner = Manner {
    trip: Trip::Row { enough: 5 },
    rest_ms: 1_000,
    longest_rest_ms: 6_000,
};

/// Asks and hears the answer at once.
fn ask(breaker: &mut Breaker, now: u64, outcome: Outcome) -> bool {
    let leave = breaker.admits(now).expect("it is closed");
    breaker.report(leave, now, outcome, 0)
}

fn opened(manner: Manner, now: u64) -> Breaker {
    let mut breaker = Breaker::new(manner);
    let enough = match manner.trip {
        Trip::Half { enough, .. } | Trip::Row { enough } => enough,
    };
    for number in 1..=enough {
        let leave = breaker.admits(now).expect("not before the last");
        let opens = breaker.report(leave, now, Badly, 100);
        assert_eq!(opens, number == enough, "it opens at the last");
    }
    breaker
}

#[test]
fn half_bad_answers_leave_it_closed_and_one_more_opens_it() {
    let mut breaker = Breaker::new(HALF);
    for _ in 0..50 {
        assert!(!ask(&mut breaker, 5_000, Well));
        assert!(!ask(&mut breaker, 5_000, Badly));
    }
    assert!(ask(&mut breaker, 5_000, Badly));
    assert_eq!(breaker.admits(5_000), None);
}

#[test]
fn a_few_bad_answers_say_nothing() {
    for (manner, few) in [(HALF, 3), (ROW, 4)] {
        let mut breaker = Breaker::new(manner);
        for _ in 0..few {
            assert!(!ask(&mut breaker, 0, Badly));
        }
        assert!(breaker.admits(0).is_some());
        assert_eq!(breaker.rests_ms(0), None);
    }
}

#[test]
fn the_window_before_does_not_count() {
    let mut breaker = Breaker::new(HALF);
    for _ in 0..3 {
        ask(&mut breaker, 0, Badly);
    }
    assert!(!ask(&mut breaker, 1_000, Badly));
}

#[test]
fn one_good_answer_ends_a_row_however_long_ago_it_began() {
    let mut breaker = Breaker::new(ROW);
    for round in 0..10 {
        for _ in 0..4 {
            assert!(!ask(&mut breaker, round * 10_000, Badly));
        }
        assert!(!ask(&mut breaker, round * 10_000, Well));
    }
    for hour in 1..5 {
        assert!(!ask(&mut breaker, hour * 3_600_000, Badly));
    }
    assert!(ask(&mut breaker, 5 * 3_600_000, Badly));
}

#[test]
fn after_its_time_one_probe_asks_and_decides() {
    for manner in [HALF, ROW] {
        let mut breaker = opened(manner, 0);
        assert_eq!(breaker.rests_ms(0), Some(1_100));
        assert_eq!(breaker.admits(1_099), None, "the jitter counts");
        let probe = breaker.admits(1_100).unwrap();
        assert_eq!(breaker.admits(1_100), None, "one probe at a time");
        assert!(breaker.report(probe, 1_120, Badly, 0), "open again");
        assert_eq!(breaker.admits(1_120), None);
        let later = 1_120 + manner.longest_rest_ms;
        let probe = breaker.admits(later).unwrap();
        assert!(!breaker.report(probe, later, Well, 0));
        assert!(breaker.admits(later).is_some() && breaker.admits(later).is_some());
    }
}

#[test]
fn each_failed_probe_doubles_the_rest_up_to_the_longest_and_a_good_one_forgets_it() {
    let mut breaker = opened(ROW, 0);
    let mut now = 1_100;
    for rest in [2_000, 4_000, 6_000, 6_000] {
        let probe = breaker.admits(now).unwrap();
        assert!(breaker.report(probe, now, Badly, 0));
        assert_eq!(breaker.rests_ms(now), Some(rest));
        now += rest;
    }
    let probe = breaker.admits(now).unwrap();
    breaker.report(probe, now, Well, 0);
    for _ in 0..5 {
        ask(&mut breaker, now, Badly);
    }
    assert_eq!(breaker.rests_ms(now), Some(1_000));
}

#[test]
fn a_probe_that_went_away_leaves_its_turn_to_the_next() {
    let mut breaker = opened(ROW, 0);
    let probe = breaker.admits(2_000).unwrap();
    breaker.abandon(probe, 2_001);
    assert!(breaker.admits(2_001).is_some());
}

#[test]
fn a_probe_that_takes_long_is_not_waited_for() {
    let mut breaker = opened(ROW, 0);
    let slow = breaker.admits(2_000).unwrap();
    assert_eq!(breaker.admits(2_999), None);
    let next = breaker.admits(3_000).unwrap();
    assert!(!breaker.report(next, 3_001, Well, 0));
    // What the first one comes back with is of another time.
    assert!(!breaker.report(slow, 9_000, Badly, 0));
    assert!(breaker.admits(9_000).is_some());
}

#[test]
fn answers_to_questions_from_before_change_nothing() {
    for manner in [HALF, ROW] {
        let mut breaker = Breaker::new(manner);
        let old = breaker.admits(0).unwrap();
        while !ask(&mut breaker, 0, Badly) {}
        let now = breaker.rests_ms(0).unwrap();
        for outcome in [Well, Badly] {
            assert!(!breaker.report(old, 10, outcome, 0));
        }
        breaker.abandon(old, 10);
        assert_eq!(breaker.admits(10), None);
        let probe = breaker.admits(now).unwrap();
        assert!(
            !breaker.report(old, now, Badly, 0),
            "only the probe decides"
        );
        breaker.abandon(old, now);
        assert_eq!(breaker.admits(now), None);
        assert!(!breaker.report(probe, now, Well, 0));
        assert!(breaker.admits(now).is_some());
    }
}
