//! Session ids and request states: bytes have one meaning, and a seal opens for its bearer, in its time, for its
//! question, and in no other way.

use super::genuine::RING;
use crate::parts::{choice, parts, text};
use data_plane::upstream::session::Seals;
use mcp::Revision;
use mcp::sealed::{Bearer, Session, State};

const NOW: u64 = 1_800_000_000_000;
const LONG: u64 = 365 * 24 * 3_600_000;
const BEARER: Bearer = Bearer {
    org: [1; 16],
    server: [2; 16],
    grant: [3; 16],
};

pub fn run(data: &[u8]) {
    let (kind, data) = choice(data, 3);
    match kind {
        0 => layout(data),
        1 => foreign(data),
        _ => sealed(data),
    }
}

/// Read and written again, the bytes are the same.
fn layout(data: &[u8]) {
    if let Some(session) = Session::from_bytes(data) {
        assert_eq!(session.to_bytes(), data);
        assert!(State::from_bytes(data).is_none());
    }
    if let Some(state) = State::from_bytes(data) {
        assert_eq!(state.to_bytes(), data);
    }
}

/// Text that nobody here has sealed.
fn foreign(data: &[u8]) {
    let seals = Seals::new(RING.clone());
    assert_eq!(seals.open_session(data, &BEARER, 0), None);
    if let Some(text) = text(data) {
        assert_eq!(seals.open_state(text, &BEARER, &[0; 32], 0), None);
    }
}

fn sealed(data: &[u8]) {
    let [name, change, upstream] = parts(data);
    let (Some(name), Some(upstream)) = (text(name), text(upstream)) else {
        return;
    };
    let seals = Seals::new(RING.clone());
    let session = Session {
        bearer: BEARER,
        expires_ms: 0,
        revision: Revision::V2025_11_25,
        client_name: Some(name.to_owned()),
        client_version: None,
        upstream: upstream.to_owned(),
        opens_urls: false,
    };
    let Some(id) = seals.session(session, NOW, [9; 12]) else {
        return;
    };
    let opened = seals.open_session(id.as_bytes(), &BEARER, NOW);
    assert!(opened.is_some_and(|opened| opened.upstream == upstream));
    let digest = seal::sha256(upstream.as_bytes());
    let state = State {
        bearer: BEARER,
        expires_ms: 0,
        digest,
        approval: None,
        upstream: upstream.to_owned(),
    };
    let state = seals.state(state, NOW, [8; 12]).expect("a short state");
    assert!(seals.open_state(&state, &BEARER, &digest, NOW).is_some());

    let other = Bearer {
        grant: [4; 16],
        ..BEARER
    };
    for (bearer, now) in [(other, NOW), (BEARER, NOW + LONG)] {
        assert_eq!(seals.open_session(id.as_bytes(), &bearer, now), None);
        assert_eq!(seals.open_state(&state, &bearer, &digest, now), None);
    }
    assert_eq!(seals.open_state(&state, &BEARER, &[0; 32], NOW), None);
    // Neither opens as the other, nor changed in any letter.
    assert_eq!(seals.open_session(state.as_bytes(), &BEARER, NOW), None);
    assert_eq!(seals.open_state(&id, &BEARER, &digest, NOW), None);
    if let [at, letter, ..] = change {
        let mut wrong = id.clone().into_bytes();
        let at = usize::from(*at) % wrong.len();
        wrong[at] = *letter;
        let differs = wrong != id.as_bytes();
        assert_eq!(seals.open_session(&wrong, &BEARER, NOW).is_none(), differs);
    }
}
