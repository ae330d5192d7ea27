use super::*;

fn org(number: u8) -> OrgId {
    OrgId::new(1, [number; 10])
}

#[test]
fn one_organisation_leaves_some_to_the_next_and_gets_back_what_it_gives_back() {
    static SHARES: Shares = Shares::new("files", 5, 2);
    let first = SHARES.take(org(1)).unwrap();
    let _second = SHARES.take(org(1)).unwrap();
    let full = SHARES.take(org(1)).unwrap_err();
    assert_eq!(full.kind, Kind::TooManyRequests, "{}", full.detail);
    let _others = [2, 3].map(|number| SHARES.take(org(number)).unwrap());
    drop(first);
    let _again = SHARES.take(org(1)).unwrap();
    let _last = SHARES.take(org(4)).unwrap();
    let full = SHARES.take(org(5)).unwrap_err();
    assert_eq!(full.kind, Kind::Unavailable, "{}", full.detail);
}

#[test]
fn an_organisation_without_a_share_is_not_remembered() {
    static SHARES: Shares = Shares::new("files", 1, 1);
    drop(SHARES.take(org(1)).unwrap());
    let _one = SHARES.take(org(2)).unwrap();
    SHARES.take(org(3)).unwrap_err();
    assert_eq!(SHARES.taken().len(), 1);
}
