//! Bundles: only the bytes that were signed open, and whatever is signed opens to something whole or not at all.

use super::genuine::{BYTES, RING, SIGNED, TRUSTED, signed};
use crate::parts::{choice, parts};
use bundle::{Opened, OrgBundle, Signed};
use data_plane::bundles::Org;

pub fn run(data: &[u8]) {
    let (kind, data) = choice(data, 2);
    if kind == 0 {
        forged(data);
    } else if let Ok(bundle) = serde_json::from_slice::<OrgBundle>(data) {
        faulty(&bundle, data);
    }
}

/// A statement and bytes of a stranger's making, beside the genuine ones.
fn forged(data: &[u8]) {
    let [statement, bytes] = parts(data);
    let theirs = serde_json::from_slice::<Signed>(statement).ok();
    for signed in theirs.iter().chain([&*SIGNED]) {
        for bytes in [bytes, &BYTES[1..]] {
            let is_genuine = signed.statement == SIGNED.statement && bytes == &BYTES[1..];
            let opened = bundle::open(signed, bytes, &TRUSTED);
            assert!(opened.is_err() || is_genuine, "{signed:?}");
        }
    }
}

/// Signed by the right key, made by a mistaken program.
fn faulty(bundle: &OrgBundle, bytes: &[u8]) {
    let Ok(opened) = bundle::open(&signed(bundle, bytes), bytes, &TRUSTED) else {
        return;
    };
    whole(&opened);
    let version = opened.bundle.version;
    let org = Org::new(opened);
    assert_eq!(org.version(), version);
    for server in &org.bundle().servers {
        for tool in server.tools.iter().flatten() {
            assert!(
                org.tool(server.id, &tool.name)
                    .is_some_and(|found| found.name == tool.name)
            );
        }
        if let Some(credential) = &server.credential {
            // Sealed by nobody with the key; in any case no panic.
            let _ = credential.open(org.bundle().org.id, server.id, &RING);
        }
    }
}

fn whole(opened: &Opened) {
    for attachment in opened
        .bundle
        .grants
        .iter()
        .flat_map(|grant| &grant.attachments)
    {
        assert!(
            attachment
                .policy
                .is_none_or(|policy| opened.policies.contains_key(&policy))
        );
    }
    let again = serde_json::to_vec(&opened.bundle).expect("a bundle is JSON");
    let again: OrgBundle = serde_json::from_slice(&again).expect("and reads as a bundle");
    assert_eq!(again.version, opened.bundle.version);
    assert_eq!(again.grants.len(), opened.bundle.grants.len());
}
