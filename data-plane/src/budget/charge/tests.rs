use super::*;
use proptest::prelude::*;

fn refusal() -> impl Strategy<Value = Refusal> {
    let wait = prop_oneof![Just(None), (0..4_u64).prop_map(Some), Just(Some(u64::MAX))];
    (0..6_usize, wait).prop_map(|(part, wait)| Refusal { part, wait })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(10_000))]

    #[test]
    fn the_worst_refusal_does_not_depend_on_the_order_they_are_met(
        one in refusal(), mut other in refusal(),
    ) {
        if other.part == one.part {
            other.part += 6;
        }
        let (here, there) = (Refusal::worst(Some(one), Some(other)), Refusal::worst(Some(other), Some(one)));
        prop_assert_eq!(here, there);
        let worst = here.unwrap();
        for each in [one, other] {
            let longer = worst.wait.is_none() || each.wait.is_some_and(|wait| Some(wait) <= worst.wait);
            prop_assert!(longer);
            prop_assert!(each.wait != worst.wait || worst.part <= each.part);
        }
    }
}
