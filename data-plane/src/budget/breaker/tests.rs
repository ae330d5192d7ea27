use super::*;

fn opened_at(now: u64) -> Breaker {
    let mut breaker = Breaker::new();
    let reports = (0..ENOUGH).map(|_| breaker.report(now, Outcome::Badly, 100));
    assert!(reports.last().unwrap(), "it opens at the last");
    breaker
}

#[test]
fn half_bad_answers_leave_it_closed_and_one_more_opens_it() {
    let mut breaker = Breaker::new();
    for _ in 0..50 {
        assert!(!breaker.report(5_000, Outcome::Well, 0));
        assert!(!breaker.report(5_000, Outcome::Badly, 0));
    }
    assert!(breaker.admits(5_000));
    assert!(breaker.report(5_000, Outcome::Badly, 0));
    assert!(!breaker.admits(5_000));
}

#[test]
fn a_few_bad_answers_say_nothing() {
    let mut breaker = Breaker::new();
    for _ in 1..ENOUGH {
        assert!(!breaker.report(0, Outcome::Badly, 0));
    }
    assert!(breaker.admits(0));
}

#[test]
fn the_second_before_does_not_count() {
    let mut breaker = Breaker::new();
    for _ in 1..ENOUGH {
        breaker.report(0, Outcome::Badly, 0);
    }
    assert!(!breaker.report(WINDOW_MS, Outcome::Badly, 0));
}

#[test]
fn after_its_time_one_probe_asks_and_decides() {
    let mut breaker = opened_at(0);
    assert!(!breaker.admits(OPEN_MS + 99), "the jitter counts");
    assert!(breaker.admits(OPEN_MS + 100));
    assert!(!breaker.admits(OPEN_MS + 100), "one probe at a time");
    assert!(
        breaker.report(OPEN_MS + 120, Outcome::Badly, 0),
        "open again"
    );
    assert!(!breaker.admits(OPEN_MS + 120));
    let later = 2 * OPEN_MS + 120;
    assert!(breaker.admits(later));
    assert!(!breaker.report(later, Outcome::Well, 0));
    assert!(breaker.admits(later) && breaker.admits(later));
}

#[test]
fn a_probe_that_went_away_leaves_its_turn_to_the_next() {
    let mut breaker = opened_at(0);
    assert!(breaker.admits(2_000));
    breaker.abandon(2_001);
    assert!(breaker.admits(2_001));
}

#[test]
fn answers_to_questions_from_before_change_nothing() {
    let mut breaker = opened_at(0);
    assert!(!breaker.report(10, Outcome::Well, 0));
    assert!(!breaker.report(10, Outcome::Badly, 0));
    assert!(!breaker.admits(10));
    breaker.abandon(10);
    assert!(!breaker.admits(10));
}
