use super::*;

fn org() -> OrgId {
    OrgId::new(1, [7; 10])
}

#[test]
fn what_is_written_is_read_again() {
    for what in [
        Taken::Org,
        Taken::Grant(GrantId::new(2, [1; 10])),
        Taken::Server(ServerId::new(3, [2; 10])),
    ] {
        let one = Revocation {
            org: org(),
            what,
            version: 12,
        };
        let [org, field, version] = one.entry();
        assert_eq!(Taken::parse(&field), Some(what));
        assert_eq!(Revocation::read([&org, &field, &version]), Some(one));
    }
}

#[test]
fn what_has_no_word_here_takes_the_whole_organisation() {
    let id = org().uuid().to_string();
    for unknown in ["t:1234", "g:nobody", "killed", "", "srv"] {
        let read = Revocation::read([&id, unknown, "4"]).unwrap();
        assert_eq!((read.what, read.version), (Taken::Org, 4), "{unknown}");
    }
    for [org, version] in [["nobody", "4"], [id.as_str(), "-1"], [id.as_str(), ""]] {
        assert_eq!(Revocation::read([org, "kill", version]), None);
    }
}

#[test]
fn the_key_stands_beside_the_budgets_of_its_organisation() {
    assert_eq!(key(org()), format!("rev:{{{}}}", org().uuid()));
}
