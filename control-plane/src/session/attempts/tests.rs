use super::*;

const THREE: Allowance = Allowance {
    tries: 3,
    within: Duration::minutes(1),
};

fn at(seconds: i64) -> OffsetDateTime {
    OffsetDateTime::UNIX_EPOCH + Duration::seconds(seconds)
}

#[test]
fn the_fourth_try_in_a_minute_waits_until_the_first_is_a_minute_old() {
    let attempts = Attempts::default();
    for second in [0, 10, 20] {
        assert_eq!(attempts.count("a", THREE, at(second)), Ok(()));
    }
    assert_eq!(
        attempts.count("a", THREE, at(30)),
        Err(TooMany { retry_after_s: 31 })
    );
    assert_eq!(attempts.count("b", THREE, at(30)), Ok(()));
    assert_eq!(attempts.count("a", THREE, at(60)), Ok(()));
}

#[test]
fn a_proven_account_starts_afresh() {
    let attempts = Attempts::default();
    for _ in 0..3 {
        attempts.count("a", THREE, at(0)).unwrap();
    }
    attempts.forgive("a");
    assert_eq!(attempts.count("a", THREE, at(1)), Ok(()));
}
