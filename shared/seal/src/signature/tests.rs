use super::*;
use aws_lc_rs::rand::SystemRandom;

#[test]
fn a_signature_verifies_under_its_key_alone() {
    let key = || {
        let pkcs8 = Ed25519KeyPair::generate_pkcs8(&SystemRandom::new()).unwrap();
        let pem = format!(
            "-----BEGIN PRIVATE KEY-----\n{}\n-----END PRIVATE KEY-----",
            STANDARD.encode(pkcs8)
        );
        SigningKey::from_pem(&pem).unwrap()
    };
    let (ours, other) = (key(), key());
    let public = VerifyingKey::from_pem(&ours.verifying().unwrap().to_pem()).unwrap();
    let signature = ours.sign(b"bundle");
    assert!(public.verifies(b"bundle", &signature));
    assert!(!public.verifies(b"bundles", &signature));
    assert!(!other.verifying().unwrap().verifies(b"bundle", &signature));
    assert_eq!(format!("{ours:?}"), "[secret]");
}

#[test]
fn what_is_no_key_is_refused() {
    assert_eq!(VerifyingKey::from_pem("").unwrap_err(), BadKey);
    assert_eq!(
        SigningKey::from_pem("-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----")
            .unwrap_err(),
        BadKey
    );
}
