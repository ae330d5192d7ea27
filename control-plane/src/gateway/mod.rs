//! Data-plane replicas: who they are, what each has applied. Replicas call with a short-lived JWT of their own signing.

pub mod act;
pub mod api;
pub mod door;
pub mod store;

use crate::app::App;
use crate::problem::Problem;
use axum::extract::FromRequestParts;
use axum::http::header::AUTHORIZATION;
use axum::http::request::Parts;
use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode};
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use utoipa::ToSchema;

/// Who a token for the control plane is meant for.
const AUDIENCE: &str = "portcullis-control-plane";
/// A token that is good for longer than this is not one of ours.
const LONGEST_S: u64 = 60;
/// Between two clocks.
const LEEWAY_S: u64 = 10;

/// The replica that calls, by its name.
#[derive(Debug, Clone)]
pub struct Replica(pub String);

#[derive(Deserialize)]
struct Claims {
    sub: String,
    iat: u64,
    exp: u64,
}

impl FromRequestParts<App> for Replica {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        let token = parts
            .headers
            .get(AUTHORIZATION)
            .and_then(|value| value.to_str().ok()?.strip_prefix("Bearer "));
        let now = app.now().unix_ms() / 1000;
        verify(
            token.unwrap_or_default(),
            &app.keys().gateway_verify_pem,
            now,
        )
        .ok_or_else(Problem::unauthorized)
    }
}

fn verify(token: &str, pem: &str, now: u64) -> Option<Replica> {
    let key = DecodingKey::from_ed_pem(pem.as_bytes()).ok()?;
    let mut validation = Validation::new(Algorithm::EdDSA);
    validation.set_audience(&[AUDIENCE]);
    validation.set_required_spec_claims(&["exp", "aud", "sub"]);
    // Times are checked below, by the clock that was handed in.
    validation.validate_exp = false;
    let claims: Claims = decode(token, &key, &validation).ok()?.claims;
    let is_live = claims.exp.saturating_add(LEEWAY_S) >= now && claims.iat <= now + LEEWAY_S;
    let is_short = claims.exp.saturating_sub(claims.iat) <= LONGEST_S;
    let is_named = (1..=100).contains(&claims.sub.len()) && !claims.sub.contains(char::is_control);
    (is_live && is_short && is_named).then_some(Replica(claims.sub))
}

/// A replica, as an organisation sees it.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Gateway {
    pub name: String,
    pub address: String,
    pub software: String,
    /// `shared` (Redis) or `memory` (this replica alone).
    pub limiter: String,
    /// Heard of within the last 30 seconds.
    pub is_live: bool,
    /// Lives on its snapshot: the feed has not answered since it started.
    pub is_stale: bool,
    #[serde(with = "time::serde::rfc3339")]
    pub seen_at: OffsetDateTime,
    /// The bundle version of this organisation that the replica enforces; null: none yet.
    pub applied_version: Option<u64>,
    #[serde(with = "time::serde::rfc3339::option")]
    pub applied_at: Option<OffsetDateTime>,
    /// The newest version there is.
    pub newest_version: u64,
    /// Why the replica refused a newer version, if it did.
    pub error: Option<String>,
    /// Records of calls, of whichever organisation, that the replica has numbered and that have not come for more than a
    /// minute after later ones: lost, or on a disk that is away.
    pub missing_records: u64,
}

#[cfg(test)]
mod tests;
