use super::super::provider::Metadata;
use super::*;
use jsonwebtoken::{EncodingKey, Header, encode};
use serde_json::{Value, json};

const NONCE: &str = "n-0S6_WzA2Mj";
const NOW: i64 = 1_795_348_800;

fn at(second: i64) -> OffsetDateTime {
    OffsetDateTime::from_unix_timestamp(second).unwrap()
}

fn provider() -> Provider {
    Provider {
        name: "corp".to_owned(),
        title: "Corp".to_owned(),
        issuer: "https://sso.example.org".parse().unwrap(),
        issuer_text: "https://sso.example.org".to_owned(),
        client_id: "gate".to_owned(),
        client_secret: None,
    }
}

fn signing_key() -> EncodingKey {
    use aws_lc_rs::rand::SystemRandom;
    use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair};
    let (algorithm, random) = (&ECDSA_P256_SHA256_FIXED_SIGNING, SystemRandom::new());
    let pair = EcdsaKeyPair::generate_pkcs8(algorithm, &random).unwrap();
    EncodingKey::from_ec_der(pair.as_ref())
}

/// A provider that has these keys, each under its id.
fn known(keys: &[(&str, &EncodingKey)]) -> Known {
    let url = || "https://sso.example.org/x".parse().unwrap();
    let jwk = |(id, key): &(&str, &EncodingKey)| {
        let mut jwk = Jwk::from_encoding_key(key, Algorithm::ES256).unwrap();
        jwk.common.key_id = Some((*id).to_owned());
        jwk
    };
    Known {
        metadata: Metadata {
            issuer: "https://sso.example.org".to_owned(),
            authorization_endpoint: url(),
            token_endpoint: url(),
            jwks_uri: url(),
            userinfo_endpoint: None,
            token_endpoint_auth_methods_supported: None,
            authorization_response_iss_parameter_supported: true,
        },
        keys: keys.iter().map(jwk).collect(),
        at: at(NOW),
    }
}

fn claims() -> Value {
    json!({ "iss": "https://sso.example.org", "aud": "gate", "sub": "ann", "exp": NOW + 300, "iat": NOW, "nonce": NONCE,
        "email": "Ann@Example.org", "email_verified": true, "name": "Ann" })
}

fn token(key: &EncodingKey, id: Option<&str>, claims: &Value) -> String {
    let mut header = Header::new(Algorithm::ES256);
    header.kid = id.map(ToOwned::to_owned);
    encode(&header, claims, key).unwrap()
}

#[test]
fn a_good_token_says_who_it_is() {
    let key = signing_key();
    let known = known(&[("a", &key), ("b", &signing_key())]);
    let token = token(&key, Some("a"), &claims());
    let read = read(&provider(), &known, &token, NONCE, at(NOW)).unwrap();
    let read = read.claims;
    assert_eq!(read.subject, "ann");
    assert_eq!(read.verified_email().as_deref(), Some("ann@example.org"));
}

#[test]
fn a_token_that_is_not_this_providers_for_us_now_is_refused() {
    let key = signing_key();
    let known = known(&[("a", &key), ("b", &signing_key())]);
    for (why, member, value) in [
        ("another issuer", "iss", json!("https://evil.example.org")),
        ("another issuer", "iss", json!("https://sso.example.org/")),
        ("for another audience", "aud", json!("other")),
        ("for another audience", "aud", json!([])),
        ("for another party", "aud", json!(["gate", "other"])),
        ("for another party", "azp", json!("other")),
        ("not of this time", "exp", json!(NOW - 61)),
        ("not of this time", "iat", json!(NOW + 61)),
        ("not the answer to this question", "nonce", json!("another")),
        ("not the answer to this question", "nonce", Value::Null),
        ("it names nobody", "sub", json!("")),
        ("it names nobody", "sub", json!("x".repeat(256))),
    ] {
        let mut claims = claims();
        claims[member] = value;
        let token = token(&key, Some("a"), &claims);
        let refused = read(&provider(), &known, &token, NONCE, at(NOW)).unwrap_err();
        assert_eq!(
            refused.to_string(),
            format!("the ID token: {why}"),
            "{claims}"
        );
    }
}

#[test]
fn a_token_that_no_key_of_the_provider_signed_is_refused() {
    let (key, strange) = (signing_key(), signing_key());
    let known = known(&[("a", &key), ("b", &signing_key())]);
    let read = |token: &str| read(&provider(), &known, token, NONCE, at(NOW));
    assert!(
        read(&token(&strange, Some("a"), &claims())).is_err(),
        "another's key under its id"
    );
    assert!(
        read(&token(&strange, Some("z"), &claims())).is_err(),
        "an unknown id"
    );
    assert!(!has_key(&known, &token(&strange, Some("z"), &claims())));
    assert!(
        read(&token(&key, None, &claims())).is_err(),
        "no id, and two keys to choose from"
    );
    assert!(
        read(&token(&key, Some("b"), &claims())).is_err(),
        "another key of its own"
    );

    let good = token(&key, Some("a"), &claims());
    let (head, rest) = good.split_once('.').unwrap();
    let (body, _) = rest.split_once('.').unwrap();
    let unsigned = json!({ "alg": "none", "kid": "a" }).to_string();
    let unsigned =
        base64::Engine::encode(&base64::engine::general_purpose::URL_SAFE_NO_PAD, unsigned);
    assert!(read(&format!("{unsigned}.{body}.")).is_err(), "not signed");
    assert!(
        read(&format!("{head}.{body}.")).is_err(),
        "its signature cut off"
    );
    let mut shared = Header::new(Algorithm::HS256);
    shared.kid = Some("a".to_owned());
    let known_to_all = EncodingKey::from_secret(b"gate");
    let symmetric = encode(&shared, &claims(), &known_to_all).unwrap();
    assert!(
        read(&symmetric).is_err(),
        "signed with what everybody knows"
    );
}

#[test]
fn an_address_counts_where_the_provider_vouches_for_it() {
    for (verified, counts) in [
        (json!(true), true),
        (json!("true"), true),
        (json!(false), false),
        (json!("false"), false),
        (Value::Null, false),
    ] {
        let claims = json!({ "sub": "x", "email": "a@example.org", "email_verified": verified });
        let claims: Claims = serde_json::from_value(claims).unwrap();
        assert_eq!(claims.verified_email().is_some(), counts, "{verified}");
    }
}

#[test]
fn only_a_provider_that_says_when_it_asked_lately_proves_who_somebody_is() {
    let key = signing_key();
    let known = known(&[("a", &key)]);
    let minutes = Duration::minutes(5);
    for (asked, was_asked) in [
        (json!(NOW), true),
        (json!(NOW - 300), true),
        (json!(NOW + 60), true),
        (json!(NOW - 301), false),
        (json!(NOW + 61), false),
        (json!(i64::MIN), false),
        (json!(null), false),
    ] {
        let mut claims = claims();
        claims["auth_time"] = asked.clone();
        let token = token(&key, Some("a"), &claims);
        let told = read(&provider(), &known, &token, NONCE, at(NOW)).unwrap();
        assert_eq!(told.was_asked(minutes, at(NOW)), was_asked, "{asked}");
    }
}
