//! Sessions: signing up, in and out, the list of them, and the proof that a person is still who they were. What else an
//! account has is `account`'s business, which organisations it belongs to `org`'s.

pub mod act;
pub mod api;
pub mod attempts;
pub mod browser;
pub mod page;
pub mod password;
pub mod sign_up;
pub mod step_up;
pub mod store;
pub mod ticket;

use crate::app::App;
use crate::caller::Forbidden;
use crate::db::Reason;
use crate::problem::{Kind, Problem};
use axum::extract::FromRequestParts;
use axum::http::header::{AUTHORIZATION, COOKIE};
use axum::http::request::Parts;
use axum::http::{HeaderMap, Method};
use ids::{SessionId, UserId};
use serde::Serialize;
use subtle::ConstantTimeEq;
use time::{Duration, OffsetDateTime};
use utoipa::ToSchema;

/// A session ends after this long without a request.
pub const IDLE: Duration = Duration::hours(12);
/// How many sessions an account has; the one that was idle longest goes first.
pub const MOST: i64 = 50;
/// What is sensitive wants a sign-in, or a proof, that is not older.
pub const PROOF: Duration = Duration::minutes(15);
pub const CSRF_HEADER: &str = "x-csrf-token";

/// A signed-in person. Taken from the cookie; an unsafe request carries the CSRF token besides.
#[derive(Debug, Clone)]
pub struct Account {
    pub id: UserId,
    pub email: String,
    pub name: String,
    pub session: SessionToken,
    pub session_id: SessionId,
    /// When they last proved who they are, in this session.
    pub proven_at: Option<OffsetDateTime>,
    /// Whether somebody has confirmed the address.
    pub is_confirmed: bool,
}

/// A session as its owner sees it.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Session {
    #[schema(value_type = String)]
    pub id: SessionId,
    /// The browser, in a few words.
    pub agent: String,
    /// Whether it is the one that asks.
    pub is_current: bool,
    #[serde(with = "time::serde::rfc3339")]
    pub created_at: OffsetDateTime,
    /// To the minute.
    #[serde(with = "time::serde::rfc3339")]
    pub seen_at: OffsetDateTime,
}

/// The value of the cookie: 256 random bits in hexadecimal digits. Only its digest is stored.
#[derive(Clone)]
pub struct SessionToken(String);

impl SessionToken {
    pub fn new(random: [u8; 32]) -> Self {
        Self(seal::to_hex(&random))
    }

    fn parse(text: &str) -> Option<Self> {
        (text.len() == 64 && seal::from_hex(text).is_some()).then(|| Self(text.to_owned()))
    }

    pub fn digest(&self) -> [u8; 32] {
        seal::sha256(self.0.as_bytes())
    }

    /// Belongs to this session alone and cannot be made without the instance's key.
    pub fn csrf(&self, app: &App) -> String {
        seal::to_hex(&app.keys().pepper.digest(&format!("csrf {}", self.0)))
    }

    /// The `Set-Cookie` that begins the session.
    pub fn cookie(&self, app: &App) -> String {
        format!(
            "{}={}; Path=/; HttpOnly; SameSite=Lax{}",
            cookie_name(app),
            self.0,
            secure(app)
        )
    }

    /// The `Set-Cookie` that ends any session.
    pub fn no_cookie(app: &App) -> String {
        format!(
            "{}=; Path=/; HttpOnly; SameSite=Lax; Max-Age=0{}",
            cookie_name(app),
            secure(app)
        )
    }
}

impl std::fmt::Debug for SessionToken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("[secret]")
    }
}

impl Account {
    /// Whether they have proved who they are so lately that what is sensitive may be done.
    pub fn is_proven(&self, now: OffsetDateTime) -> bool {
        self.proven_at.is_some_and(|at| now - at <= PROOF)
    }

    pub fn proven(&self, now: OffsetDateTime) -> Result<(), Forbidden> {
        self.is_proven(now).then_some(()).ok_or(Forbidden::Unproven)
    }
}

fn cookie_name(app: &App) -> &'static str {
    if app.site().is_local {
        "portcullis"
    } else {
        "__Host-portcullis"
    }
}

fn secure(app: &App) -> &'static str {
    if app.site().is_local { "" } else { "; Secure" }
}

impl FromRequestParts<App> for Account {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        // Whoever sends an `Authorization` header is judged by it, and no account has one.
        if parts.headers.contains_key(AUTHORIZATION) {
            return Err(Problem::unauthorized());
        }
        let session =
            session_cookie(&parts.headers, cookie_name(app)).ok_or_else(Problem::unauthorized)?;
        let now = app.now().time();
        let mut tx = app.db().system(Reason::SignIn).await?;
        let live = store::by_session(&mut tx, &session.digest(), now)
            .await?
            .ok_or_else(Problem::unauthorized)?;
        tx.commit().await?;
        let is_safe = matches!(parts.method, Method::GET | Method::HEAD | Method::OPTIONS);
        if !is_safe && !carries_csrf(&parts.headers, &session.csrf(app)) {
            return Err(Problem::new(
                Kind::Forbidden,
                "expected the session's `csrf_token` in the header `X-CSRF-Token`",
            ));
        }
        Ok(Self {
            id: live.user.id,
            email: live.user.email,
            name: live.user.name,
            session,
            session_id: live.id,
            proven_at: live.proven_at,
            is_confirmed: live.is_confirmed,
        })
    }
}

fn session_cookie(headers: &HeaderMap, name: &str) -> Option<SessionToken> {
    headers
        .get_all(COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .find(|(key, _)| *key == name)
        .and_then(|(_, value)| SessionToken::parse(value))
}

fn carries_csrf(headers: &HeaderMap, expected: &str) -> bool {
    headers
        .get(CSRF_HEADER)
        .is_some_and(|sent| sent.as_bytes().ct_eq(expected.as_bytes()).into())
}
