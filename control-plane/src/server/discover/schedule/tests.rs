use super::*;
use time::macros::datetime;

const HOUR: Duration = Duration::from_hours(1);

#[test]
fn the_next_reading_is_a_tenth_earlier_or_later_than_the_time_is_up() {
    let now = datetime!(2026-01-01 00:00 UTC);
    let after = |chance| next(now, HOUR, 0, chance) - now;
    assert_eq!(after(0), time::Duration::minutes(54));
    assert_eq!(after(u16::MAX), time::Duration::minutes(66));
    assert!(after(1_000) < after(2_000));
}

#[test]
fn a_server_that_fails_is_asked_less_and_less_often_and_once_a_day_at_least() {
    let now = datetime!(2026-01-01 00:00 UTC);
    let middle = |failures| {
        let wait = next(now, HOUR, failures, u16::MAX / 2) - now;
        wait.whole_minutes()
    };
    assert_eq!([0, 1, 2, 3].map(middle), [59, 119, 239, 479]);
    assert_eq!(middle(4), middle(3) * 2 + 1);
    assert_eq!(middle(40), middle(5));
    assert!(next(now, HOUR, i32::MAX, u16::MAX) - now <= time::Duration::hours(27));
    let week = Duration::from_hours(168);
    assert!(
        next(now, week, 3, 0) - now > time::Duration::days(6),
        "never sooner than it is asked for"
    );
}
