//! The ID token: whose it has to be, whom it has to be for, and by which keys (`OpenID` Connect Core, 3.1.3.7).

use super::provider::{Known, Provider};
use super::{Claims, Untrusted};
use jsonwebtoken::jwk::{AlgorithmParameters, EllipticCurve, Jwk, PublicKeyUse};
use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode, decode_header};
use serde::Deserialize;
use subtle::ConstantTimeEq;
use time::{Duration, OffsetDateTime};

/// Clocks differ by so many seconds.
const LEEWAY: i64 = 60;
const LONGEST_SUBJECT: usize = 255;

#[derive(Debug, Deserialize)]
struct IdToken {
    iss: String,
    aud: Audience,
    #[serde(default)]
    azp: Option<String>,
    exp: i64,
    iat: i64,
    #[serde(default)]
    nonce: Option<String>,
    #[serde(default)]
    auth_time: Option<i64>,
    #[serde(flatten)]
    claims: Claims,
}

#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Audience {
    One(String),
    Many(Vec<String>),
}

impl Audience {
    fn list(&self) -> &[String] {
        match self {
            Self::One(one) => std::slice::from_ref(one),
            Self::Many(many) => many,
        }
    }
}

/// What a token says that is to be believed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Told {
    pub claims: Claims,
    /// When the provider last asked them who they are, where it says so.
    pub asked_at: Option<OffsetDateTime>,
}

impl Told {
    /// Whether the provider asked them who they are within this time, and did not just know their browser.
    pub fn was_asked(&self, within: Duration, now: OffsetDateTime) -> bool {
        let leeway = Duration::seconds(LEEWAY);
        self.asked_at
            .is_some_and(|at| now - at <= within && at - now <= leeway)
    }
}

/// Whether a key for it is known; where none is, keys may have been changed since they were read.
pub fn has_key(known: &Known, token: &str) -> bool {
    decode_header(token).is_ok_and(|header| key(known, header.kid.as_deref(), header.alg).is_some())
}

/// What the token says of who signed in, where it is to be believed.
pub fn read(
    provider: &Provider,
    known: &Known,
    token: &str,
    nonce: &str,
    now: OffsetDateTime,
) -> Result<Told, Untrusted> {
    let refused = Untrusted::Token;
    let header = decode_header(token).map_err(|_| refused("it is none"))?;
    let key = key(known, header.kid.as_deref(), header.alg).ok_or(refused("no key for it"))?;
    let decoding = DecodingKey::from_jwk(key).map_err(|_| refused("its key cannot be used"))?;
    let mut validation = Validation::new(header.alg);
    // Judged below, by our own clock and by the letter.
    validation.validate_exp = false;
    validation.validate_aud = false;
    validation.required_spec_claims.clear();
    let decoded = decode::<IdToken>(token, &decoding, &validation);
    let token = decoded
        .map_err(|_| refused("its signature or its form"))?
        .claims;

    let seconds = now.unix_timestamp();
    let ours = &provider.client_id;
    if token.iss != provider.issuer_text {
        return Err(refused("another issuer"));
    }
    if !token.aud.list().contains(ours) {
        return Err(refused("for another audience"));
    }
    let is_azp_ours = token.azp.as_ref().is_none_or(|azp| azp == ours);
    if !is_azp_ours || token.aud.list().len() > 1 && token.azp.is_none() {
        return Err(refused("for another party"));
    }
    if token.exp <= seconds - LEEWAY || token.iat > seconds + LEEWAY {
        return Err(refused("not of this time"));
    }
    let is_answer = token
        .nonce
        .is_some_and(|said| said.as_bytes().ct_eq(nonce.as_bytes()).into());
    if !is_answer {
        return Err(refused("not the answer to this question"));
    }
    if !(1..=LONGEST_SUBJECT).contains(&token.claims.subject.len()) {
        return Err(refused("it names nobody"));
    }
    Ok(Told {
        claims: token.claims,
        asked_at: token
            .auth_time
            .and_then(|second| OffsetDateTime::from_unix_timestamp(second).ok()),
    })
}

/// The provider's key of this id that is meant for this algorithm. What is signed with a shared secret, or not at all, has
/// no key here.
fn key<'a>(known: &'a Known, kid: Option<&str>, algorithm: Algorithm) -> Option<&'a Jwk> {
    let mut fitting = known.keys.iter().filter(|key| {
        let common = &key.common;
        let is_named = kid.is_none_or(|kid| common.key_id.as_deref() == Some(kid));
        let signs = common
            .public_key_use
            .as_ref()
            .is_none_or(|it| *it == PublicKeyUse::Signature);
        let says = common.key_algorithm.map(|it| it.to_string());
        let is_meant = says.is_none_or(|says| says == format!("{algorithm:?}"));
        is_named && signs && is_meant && fits(&key.algorithm, algorithm)
    });
    let found = fitting.next()?;
    // Without an id, one of several keys would be a guess.
    (kid.is_some() || fitting.next().is_none()).then_some(found)
}

fn fits(key: &AlgorithmParameters, algorithm: Algorithm) -> bool {
    use Algorithm::{ES256, ES384, EdDSA, PS256, PS384, PS512, RS256, RS384, RS512};
    match key {
        AlgorithmParameters::RSA(_) => {
            matches!(algorithm, RS256 | RS384 | RS512 | PS256 | PS384 | PS512)
        }
        AlgorithmParameters::EllipticCurve(key) => matches!(
            (&key.curve, algorithm),
            (EllipticCurve::P256, ES256) | (EllipticCurve::P384, ES384)
        ),
        AlgorithmParameters::OctetKeyPair(_) => algorithm == EdDSA,
        _ => false,
    }
}

#[cfg(test)]
mod tests;
