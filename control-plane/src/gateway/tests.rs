use super::*;
use jsonwebtoken::{EncodingKey, Header, encode};
use serde_json::json;

struct Pair {
    private: String,
    public: String,
}

fn pair(seed: u64) -> Pair {
    let dir =
        std::env::temp_dir().join(format!("portcullis-gateway-{}-{seed}", std::process::id()));
    let _ = std::fs::remove_dir_all(&dir);
    crate::keys::make(&dir, &host::clock::Random::seeded(seed)).unwrap();
    let read = |name: &str| std::fs::read_to_string(dir.join(name)).unwrap();
    let pair = Pair {
        private: read("data-plane/gateway-signing.pem"),
        public: read("control-plane/gateway-verify.pem"),
    };
    std::fs::remove_dir_all(&dir).unwrap();
    pair
}

fn token(pair: &Pair, claims: &serde_json::Value) -> String {
    let key = EncodingKey::from_ed_pem(pair.private.as_bytes()).unwrap();
    encode(&Header::new(Algorithm::EdDSA), claims, &key).unwrap()
}

#[test]
fn a_replica_is_known_by_a_fresh_short_token_meant_for_here() {
    let (ours, other) = (pair(1), pair(2));
    let claims =
        |iat: u64, exp: u64, aud: &str| json!({ "sub": "r1", "iat": iat, "exp": exp, "aud": aud });
    let good = claims(1000, 1060, AUDIENCE);
    assert_eq!(
        verify(&token(&ours, &good), &ours.public, 1030).unwrap().0,
        "r1"
    );

    assert!(
        verify(&token(&other, &good), &ours.public, 1030).is_none(),
        "another key"
    );
    assert!(
        verify(&token(&ours, &good), &ours.public, 1071).is_none(),
        "expired"
    );
    assert!(
        verify(&token(&ours, &good), &ours.public, 900).is_none(),
        "not yet"
    );
    assert!(
        verify(
            &token(&ours, &claims(1000, 5000, AUDIENCE)),
            &ours.public,
            1030
        )
        .is_none(),
        "long"
    );
    assert!(
        verify(
            &token(&ours, &claims(1000, 1060, "elsewhere")),
            &ours.public,
            1030
        )
        .is_none(),
        "audience"
    );
    assert!(verify("", &ours.public, 1030).is_none());
}
