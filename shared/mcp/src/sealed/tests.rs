use super::*;
use proptest::prelude::*;

const BEARER: Bearer = Bearer {
    org: [1; 16],
    server: [2; 16],
    grant: [3; 16],
};

fn session(name: Option<String>, upstream: String) -> Session {
    Session {
        bearer: BEARER,
        expires_ms: 1_700_000_000_000,
        revision: Revision::V2025_11_25,
        client_name: name,
        client_version: None,
        upstream,
        opens_urls: false,
    }
}

#[test]
fn a_long_name_is_shortened_between_characters() {
    let read = Session::from_bytes(&session(Some("ä".repeat(100)), "s".into()).to_bytes()).unwrap();
    assert_eq!(read.client_name, Some("ä".repeat(64)));
}

#[test]
fn a_session_is_no_state() {
    let bytes = session(None, "s".into()).to_bytes();
    assert!(Session::from_bytes(&bytes).is_some());
    assert!(State::from_bytes(&bytes).is_none());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(10_000))]

    #[test]
    fn what_goes_in_comes_out(name in proptest::option::of("[a-z ä]{0,20}"), upstream in "[!-~]{0,80}", approval in proptest::option::of((any::<[u8; 16]>(), any::<bool>())), digest in any::<[u8; 32]>(), opens_urls in any::<bool>()) {
        let session = Session { opens_urls, ..session(name, upstream.clone()) };
        let approval = approval.map(|(id, is_spent)| if is_spent { Approval::Spent(id) } else { Approval::Asked(id) });
        prop_assert_eq!(Session::from_bytes(&session.to_bytes()), Some(session));
        let state = State { bearer: BEARER, expires_ms: 1, digest, approval, upstream };
        prop_assert_eq!(State::from_bytes(&state.to_bytes()), Some(state));
    }

    #[test]
    fn any_bytes_are_a_session_or_nothing(mut bytes in proptest::collection::vec(any::<u8>(), 0..120)) {
        let _ = (Session::from_bytes(&bytes), State::from_bytes(&bytes));
        if let Some(kind) = bytes.first_mut() {
            *kind = 1;
            let _ = Session::from_bytes(&bytes);
        }
    }
}
