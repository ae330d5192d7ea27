use super::*;
use proptest::prelude::*;

const HOUR: u64 = 3_600_000;

proptest! {
    #![proptest_config(ProptestConfig::with_cases(10_000))]

    #[test]
    fn the_shares_of_a_fleet_never_exceed_the_budget(replicas in 1..40_u32, max in 0..10_000_u64) {
        let total: u64 = (0..replicas)
            .map(|rank| Split { replicas, rank }.share_of(max))
            .sum();
        prop_assert!(total <= max);
        prop_assert!(total + u64::from(replicas) > max, "no more than a unit each is lost");
    }

    #[test]
    fn no_fewer_replicas_are_assumed_than_were_heard_of_within_the_window(
        told in proptest::collection::vec((0..200_000_i64, 1..200_u32), 1..200),
        window in 0..LONGEST_MEMORY_MS,
        later in 0..HOUR.cast_signed(),
    ) {
        let (mut known, mut now) = (Known::default(), 0);
        let mut history = Vec::new();
        for (pause, replicas) in told {
            now += pause;
            known.heard(replicas, now);
            history.push((now, replicas));
        }
        now += later;
        let since = now - window.max(SHORTEST_MEMORY_MS);
        let most = history.iter().filter(|(at, _)| *at >= since).map(|(_, replicas)| *replicas).max();
        let last = history.last().unwrap().1;
        let assumed = known.split(window.unsigned_abs(), now).unwrap().replicas;
        prop_assert!(assumed >= most.unwrap_or(last));
        prop_assert!(known.counts.len() <= MOST_COUNTS);
        prop_assert!(known.counts.iter().is_sorted_by(|a, b| a.replicas > b.replicas && a.at <= b.at));
    }
}

#[test]
fn a_replica_that_fell_silent_is_counted_for_a_window_and_then_not() {
    let mut known = Known::default();
    known.heard(3, 0);
    known.heard(2, 5_000);
    let split = |window, now| known.split(window, now).unwrap().replicas;
    assert_eq!(split(HOUR, HOUR.cast_signed()), 3);
    assert_eq!(split(HOUR, HOUR.cast_signed() + 1), 2);
    assert_eq!(
        split(1_000, 60_000),
        3,
        "it may serve on without being heard of"
    );
    assert_eq!(split(1_000, 60_001), 2);
}

#[test]
fn what_was_said_last_holds_however_long_ago() {
    let mut known = Known::default();
    known.heard(3, 0);
    assert_eq!(
        known.split(1_000, LONGEST_MEMORY_MS * 2).unwrap().replicas,
        3
    );
}

#[test]
fn nobody_has_a_share_before_it_is_said_among_how_many() {
    let fleet = Fleet::default();
    assert!(fleet.is_unknown());
    assert_eq!(fleet.split(HOUR), None);
    assert!(fleet.heard(1, 0));
    assert!(!fleet.heard(1, 0), "the same again is no news");
    assert!(fleet.heard(2, 1));
    assert_eq!(
        fleet.split(HOUR),
        Some(Split {
            replicas: 2,
            rank: 1
        })
    );
}

#[test]
fn a_start_goes_on_from_what_was_kept() {
    let fleet = Fleet::default();
    fleet.heard(5, 0);
    fleet.heard(3, 2);
    let kept = serde_json::to_string(&fleet.kept()).unwrap();
    let next = Fleet::default();
    next.restore(&serde_json::from_str(&kept).unwrap());
    assert_eq!(
        next.split(HOUR),
        Some(Split {
            replicas: 5,
            rank: 2
        })
    );
    assert!(!next.heard(3, 2));
}
