use super::*;
use ids::{GrantId, ServerId};

fn org(number: u8) -> OrgId {
    OrgId::new(1, [number; 10])
}

fn grant(number: u64) -> Taken {
    Taken::Grant(GrantId::new(number, [1; 10]))
}

fn of(org: OrgId, what: Taken, version: u64) -> Revocation {
    Revocation { org, what, version }
}

#[test]
fn it_counts_for_bundles_that_are_older_and_for_no_others() {
    let server = Taken::Server(ServerId::new(1, [3; 10]));
    let mut taken = TakenBack::default();
    taken.add(&[of(org(1), server, 7)], |_| Some(5));
    for (version, is_taken) in [(0, true), (6, true), (7, false), (9, false)] {
        assert_eq!(taken.has(org(1), server, version), is_taken, "{version}");
    }
    assert!(!taken.has(org(1), Taken::Org, 0), "nothing else of it");
    assert!(!taken.has(org(2), server, 0), "nothing of others");
}

#[test]
fn told_in_any_order_the_greatest_version_stays() {
    for versions in [[4, 9, 6], [9, 4, 6], [6, 9, 4]] {
        let mut taken = TakenBack::default();
        for version in versions {
            taken.add(&[of(org(1), grant(1), version)], |_| None);
        }
        assert!(taken.has(org(1), grant(1), 8));
        assert!(!taken.has(org(1), grant(1), 9));
    }
}

#[test]
fn what_the_bundle_knows_is_not_kept_and_what_it_comes_to_know_is_forgotten() {
    let mut taken = TakenBack::default();
    taken.add(&[of(org(1), grant(1), 5)], |_| Some(5));
    assert!(!taken.concerns(org(1)));
    taken.add(&[of(org(1), grant(1), 6), of(org(1), grant(2), 8)], |_| {
        Some(5)
    });
    assert_eq!(taken.count(|_| true), 2);
    assert_eq!(taken.count(|_| false), 0);
    assert!(taken.settle(org(1), 6));
    assert!(!taken.has(org(1), grant(1), 5) && taken.has(org(1), grant(2), 6));
    assert!(!taken.settle(org(1), 7));
    assert!(taken.settle(org(1), 8) && !taken.concerns(org(1)));
}

#[test]
fn more_than_are_kept_take_the_organisation_until_its_bundle_comes() {
    let mut taken = TakenBack::default();
    let many = u64::try_from(MOST).unwrap() + 1;
    let news: Vec<_> = (1..=many).map(|at| of(org(1), grant(at), at)).collect();
    taken.add(&news, |_| Some(0));
    assert!(taken.has(org(1), Taken::Org, many - 1));
    assert!(!taken.has(org(1), Taken::Org, many));
    assert_eq!(taken.count(|_| true), 1);
}
