use super::*;
use crate::budget::charge::Key;
use proptest::prelude::*;
use uuid::Uuid;

fn org() -> OrgId {
    OrgId::from_uuid(Uuid::from_u128(7))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(10_000))]

    #[test]
    fn whatever_an_agent_writes_a_key_stays_in_its_organisation(
        name in any::<String>(), by in prop::collection::vec(any::<String>(), 0..3), counter in any::<String>(),
    ) {
        let key = Key {
            org: org(),
            limit: limit(PolicyId::from_uuid(Uuid::from_u128(3)), &counter),
            subject: subject(Whose::Session(&name), &by),
        };
        for text in [key.ring(), key.lease()] {
            let tag = format!("{{{}}}", org().uuid());
            let (kind, rest) = text.split_once(':').unwrap();
            prop_assert!(kind == "rl" || kind == "cc");
            let rest = rest.strip_prefix(&tag).unwrap();
            prop_assert_eq!(rest.len(), 1 + 36 + 1 + 32);
            let plain = |c: char| c.is_ascii_digit() || ('a'..='f').contains(&c) || c == '-' || c == ':';
            prop_assert!(rest.chars().all(plain), "{}", rest);
        }
    }

    #[test]
    fn two_lists_of_values_never_name_one_budget(
        one in prop::collection::vec("[ab:]{0,3}", 0..3), other in prop::collection::vec("[ab:]{0,3}", 0..3),
    ) {
        let named = |by: &[String]| subject(Whose::Org(org()), by);
        prop_assert_eq!(one == other, named(&one) == named(&other));
    }
}

#[test]
fn the_same_name_in_another_scope_is_another_budget() {
    let id = Uuid::from_u128(9);
    let names = [
        Whose::Org(OrgId::from_uuid(id)),
        Whose::Grant(GrantId::from_uuid(id)),
        Whose::User("x"),
        Whose::Session("x"),
        Whose::Server(ServerId::from_uuid(id)),
        Whose::Tool(ServerId::from_uuid(id), ""),
        Whose::Tool(ServerId::from_uuid(id), "x"),
    ];
    let all: std::collections::HashSet<[u8; 16]> = names
        .iter()
        .map(|whose| subject(*whose, &[] as &[&str]))
        .collect();
    assert_eq!(all.len(), names.len());
}
