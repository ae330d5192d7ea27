use super::*;

const ALLOWANCES: [Allowance; 2] = [
    Allowance {
        tries: 3,
        within: Duration::minutes(1),
    },
    Allowance {
        tries: 5,
        within: Duration::hours(1),
    },
];

fn at(seconds: i64) -> OffsetDateTime {
    OffsetDateTime::UNIX_EPOCH + Duration::seconds(seconds)
}

/// How the tries at these seconds end: in seconds to wait, 0 for one that counts.
fn outcomes(seconds: &[i64]) -> Vec<u64> {
    let mut tries = Vec::new();
    let outcome = |second: &i64| match judge(tries.clone(), &ALLOWANCES, at(*second)) {
        Ok(kept) => {
            tries = kept;
            tries.push(at(*second));
            0
        }
        Err(wait) => wait.retry_after_s,
    };
    seconds.iter().map(outcome).collect()
}

#[test]
fn the_fourth_try_in_a_minute_waits_until_the_first_is_a_minute_old() {
    assert_eq!(outcomes(&[0, 10, 20, 30, 60]), [0, 0, 0, 31, 0]);
}

#[test]
fn the_sixth_try_in_an_hour_waits_for_the_hour_however_slow_it_comes() {
    assert_eq!(
        outcomes(&[0, 100, 200, 300, 400, 500, 3_599, 3_600]),
        [0, 0, 0, 0, 0, 3_101, 2, 0]
    );
}

#[test]
fn one_line_of_version_six_is_one_source() {
    let network = |text: &str| network(text.parse().unwrap()).to_string();
    assert_eq!(network("2001:db8:1:2:3:4:5:6"), "2001:db8:1:2::");
    assert_eq!(network("::ffff:192.0.2.7"), "192.0.2.7");
    assert_eq!(network("192.0.2.7"), "192.0.2.7");
}
