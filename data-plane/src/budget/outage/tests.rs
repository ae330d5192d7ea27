use super::*;
use proptest::prelude::*;

proptest! {
    #[test]
    fn the_shares_of_a_fleet_never_exceed_the_budget(replicas in 1..40_u32, max in 0..10_000_u64) {
        let total: u64 = (0..replicas)
            .map(|rank| Fleet { replicas, rank }.share_of(max))
            .sum();
        prop_assert!(total <= max);
        prop_assert!(total + u64::from(replicas) > max, "no more than a unit each is lost");
    }
}
