use super::*;
use mcp::Revision;

const BEARER: Bearer = Bearer {
    org: [1; 16],
    server: [2; 16],
    grant: [3; 16],
};

fn seals(key: &str) -> Seals {
    Seals::new(KeyRing::parse(&format!("1 {}", key.repeat(32))).unwrap())
}

fn session() -> Session {
    Session {
        bearer: BEARER,
        expires_ms: 0,
        revision: Revision::V2025_11_25,
        client_name: Some("a client".into()),
        client_version: None,
        opens_urls: false,
        upstream: "theirs".into(),
    }
}

#[test]
fn a_session_opens_for_its_bearer_until_it_ends_and_for_nobody_else() {
    let seals = seals("ab");
    let id = seals.session(session(), 1_000, [7; 12]).unwrap();
    assert!(id.bytes().all(|byte| (0x21..=0x7e).contains(&byte)));
    assert!(!id.contains("theirs"));
    let open = |bearer: &Bearer, now| seals.open_session(id.as_bytes(), bearer, now);
    assert_eq!(open(&BEARER, 2_000).unwrap().upstream, "theirs");
    assert!(open(&BEARER, 1_000 + SESSION_LIFE_MS).is_none());
    for other in [
        Bearer {
            org: [9; 16],
            ..BEARER
        },
        Bearer {
            server: [9; 16],
            ..BEARER
        },
        Bearer {
            grant: [9; 16],
            ..BEARER
        },
    ] {
        assert!(open(&other, 2_000).is_none());
    }
    for index in 0..id.len() {
        let mut changed = id.clone().into_bytes();
        changed[index] = if changed[index] == b'A' { b'B' } else { b'A' };
        if changed != id.as_bytes() {
            assert!(
                seals.open_session(&changed, &BEARER, 2_000).is_none(),
                "byte {index}"
            );
        }
    }
    assert!(
        super::tests::seals("cd")
            .open_session(id.as_bytes(), &BEARER, 2_000)
            .is_none()
    );
}

#[test]
fn a_state_belongs_to_its_question_and_is_no_session() {
    let seals = seals("ab");
    let state = State {
        bearer: BEARER,
        expires_ms: 0,
        digest: [5; 32],
        approval: None,
        upstream: "opaque".into(),
    };
    let text = seals.state(state, 1_000, [7; 12]).unwrap();
    assert_eq!(
        seals
            .open_state(&text, &BEARER, &[5; 32], 2_000)
            .unwrap()
            .upstream,
        "opaque"
    );
    assert!(seals.open_state(&text, &BEARER, &[6; 32], 2_000).is_none());
    assert!(
        seals
            .open_state(&text, &BEARER, &[5; 32], 1_000 + STATE_LIFE_MS)
            .is_none()
    );
    assert!(
        seals
            .open_session(text.as_bytes(), &BEARER, 2_000)
            .is_none()
    );
}
