use super::*;
use crate::org::{Attachment, Grant, Org, OrgBundle, PolicyVersion};
use crate::sign::Statement;
use ids::{GrantId, OrgId, ServerId};
use proptest::prelude::*;
use seal::SigningKey;

fn key(seed: u8) -> SigningKey {
    // PKCS#8 v2 as in RFC 8410, made with a fixed seed, so that every run signs alike.
    let pair = aws_lc_rs::signature::Ed25519KeyPair::from_seed_unchecked(&[seed; 32]).unwrap();
    let der =
        aws_lc_rs::encoding::AsDer::<aws_lc_rs::encoding::Pkcs8V1Der<'_>>::as_der(&pair).unwrap();
    let text = base64::Engine::encode(&base64::engine::general_purpose::STANDARD, der.as_ref());
    SigningKey::from_pem(&format!(
        "-----BEGIN PRIVATE KEY-----\n{text}\n-----END PRIVATE KEY-----"
    ))
    .unwrap()
}

fn bundle(document: &str) -> OrgBundle {
    let policy = ids::PolicyId::new(1, [2; 10]);
    OrgBundle {
        org: Org {
            id: OrgId::new(1, [1; 10]),
            slug: "acme".parse().unwrap(),
            is_open: true,
            max_stale_ms: None,
            dashboard: None,
            capture: None,
        },
        version: 7,
        servers: vec![],
        policies: vec![PolicyVersion {
            id: policy,
            slug: "refunds".parse().unwrap(),
            number: 3,
            document: document.into(),
        }],
        grants: vec![Grant {
            id: GrantId::new(1, [3; 10]),
            name: "agent".into(),
            labels: std::collections::BTreeMap::default(),
            user: None,
            is_open: true,
            expires_at: None,
            tokens: vec![],
            attachments: vec![Attachment {
                server: ServerId::new(1, [4; 10]),
                policy: Some((policy, 3)),
            }],
        }],
    }
}

fn signed(bundle: &OrgBundle, key: &SigningKey) -> (Signed, Vec<u8>) {
    let bytes = serde_json::to_vec(bundle).unwrap();
    let statement = Statement {
        org: bundle.org.id,
        version: bundle.version,
        sha256: seal::to_hex(&seal::sha256(&bytes)),
        format: FORMAT,
    };
    (statement.sign(key, &key.verifying().unwrap().id()), bytes)
}

const DENY_ALL: &str = r#"{"version":"1","default":"deny"}"#;

#[test]
fn a_signed_bundle_opens_with_its_policies_compiled() {
    let key = key(1);
    let (signed, bytes) = signed(&bundle(DENY_ALL), &key);
    let opened = open(&signed, &bytes, &[key.verifying().unwrap()]).unwrap();
    assert_eq!(opened.policies.len(), 1);
}

#[test]
fn a_foreign_key_a_newer_format_and_a_faulty_policy_are_refused() {
    let (ours, other) = (key(1), key(2));
    let trusted = [ours.verifying().unwrap()];
    let refused = |signed: &Signed, bytes: &[u8]| open(signed, bytes, &trusted).unwrap_err();

    let (by_other, bytes) = signed(&bundle(DENY_ALL), &other);
    assert_eq!(refused(&by_other, &bytes), CannotOpen::Signature);

    let (good, bytes) = signed(&bundle(DENY_ALL), &ours);
    let newer = Statement {
        format: FORMAT + 1,
        ..good.statement.clone()
    }
    .sign(&ours, &good.key);
    assert_eq!(refused(&newer, &bytes), CannotOpen::Format(FORMAT + 1));
    let older = Statement {
        version: 6,
        ..good.statement.clone()
    }
    .sign(&ours, &good.key);
    assert_eq!(refused(&older, &bytes), CannotOpen::OtherStatement);

    let (faulty, bytes) = signed(&bundle("{}"), &ours);
    assert!(matches!(
        refused(&faulty, &bytes),
        CannotOpen::Policy { number: 3, .. }
    ));

    let mut missing = bundle(DENY_ALL);
    missing.policies.clear();
    let (missing, bytes) = signed(&missing, &ours);
    assert_eq!(refused(&missing, &bytes), CannotOpen::MissingPolicy);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(10_000))]

    #[test]
    fn no_changed_byte_of_a_bundle_is_accepted(at: proptest::sample::Index, flip in 1_u8..) {
        let key = key(1);
        let (signed, mut bytes) = signed(&bundle(DENY_ALL), &key);
        let at = at.index(bytes.len());
        bytes[at] ^= flip;
        prop_assert_eq!(open(&signed, &bytes, &[key.verifying().unwrap()]).unwrap_err(), CannotOpen::Digest);
    }
}
