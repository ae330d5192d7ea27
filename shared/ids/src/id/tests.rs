use super::*;
use proptest::prelude::*;

proptest! {
    #![proptest_config(ProptestConfig::with_cases(10_000))]

    #[test]
    fn an_id_reads_back_as_itself(ms in 0_u64..1 << 47, random: [u8; 10]) {
        let id = CallId::new(ms, random);
        prop_assert_eq!(id.to_string().parse::<CallId>(), Ok(id));
        prop_assert_eq!(id.unix_ms(), ms);
        prop_assert!(id.to_string().starts_with("call_"));
    }
}

#[test]
fn another_kind_of_id_is_refused() {
    let policy = PolicyId::new(1, [7; 10]).to_string();
    assert!(policy.parse::<GrantId>().is_err());
    assert!(policy.to_uppercase().parse::<PolicyId>().is_err());
    assert!("pol_".parse::<PolicyId>().is_err());
}
