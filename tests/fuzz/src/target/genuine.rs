//! One bundle that is signed, and the keys around it: what a forger would start from.

use bundle::{FORMAT, OrgBundle, Signed, Statement};
use seal::{KeyRing, SigningKey, VerifyingKey};
use std::sync::LazyLock;

pub static KEY: LazyLock<SigningKey> = LazyLock::new(|| {
    // From a fixed seed, so that every run signs alike. It signs nothing else.
    let pair = aws_lc_rs::signature::Ed25519KeyPair::from_seed_unchecked(&[7; 32]).expect("a key");
    let der = aws_lc_rs::encoding::AsDer::<aws_lc_rs::encoding::Pkcs8V1Der<'_>>::as_der(&pair)
        .expect("a key");
    let text = base64::Engine::encode(&base64::engine::general_purpose::STANDARD, der.as_ref());
    let label = "PRIVATE KEY";
    SigningKey::from_pem(&format!(
        "-----BEGIN {label}-----\n{text}\n-----END {label}-----"
    ))
    .expect("a key")
});

pub static TRUSTED: LazyLock<Vec<VerifyingKey>> =
    LazyLock::new(|| vec![KEY.verifying().expect("a key")]);

pub static RING: LazyLock<KeyRing> =
    LazyLock::new(|| KeyRing::parse(&format!("1 {}", "5a".repeat(32))).expect("a key ring"));

/// The bytes of a bundle, as the corpus has them.
pub static BYTES: &[u8] = include_bytes!("../../corpus/bundle/genuine.json");

pub static SIGNED: LazyLock<Signed> = LazyLock::new(|| {
    let bundle: OrgBundle = serde_json::from_slice(&BYTES[1..]).expect("a bundle");
    signed(&bundle, &BYTES[1..])
});

/// Signs what is said to be this bundle.
pub fn signed(bundle: &OrgBundle, bytes: &[u8]) -> Signed {
    let statement = Statement {
        org: bundle.org.id,
        version: bundle.version,
        sha256: seal::to_hex(&seal::sha256(bytes)),
        format: FORMAT,
    };
    statement.sign(&KEY, &TRUSTED[0].id())
}
