//! The doors of signing in with another provider: a browser walks through them, so they answer with places to go.

use super::act::{self, OidcError, Return};
use super::page;
use crate::app::App;
use crate::http::layers::Source;
use crate::http::read::{Path, Query};
use crate::page::{Next, then};
use crate::problem::{Kind, Problem, ProblemBody};
use crate::session::act::Step;
use crate::session::browser::Browser;
use crate::session::ticket::Ticket;
use axum::Json;
use axum::extract::State;
use axum::http::header::{ACCEPT, COOKIE, LOCATION, SET_COOKIE};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{AppendHeaders, IntoResponse, Response};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A provider that one may sign in with.
#[derive(Debug, Serialize, ToSchema)]
pub struct ProviderBody {
    /// For `GET /v1/login/oidc/{provider}`.
    name: String,
    title: String,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct ProvidersBody {
    items: Vec<ProviderBody>,
}

/// The providers that one may sign in with here.
#[utoipa::path(get, path = "/v1/login/providers", tag = "account", security(()),
    responses((status = 200, body = ProvidersBody), (status = "default", body = ProblemBody)))]
pub async fn list(State(app): State<App>) -> Json<ProvidersBody> {
    let all = app.providers().all().iter();
    let items = all.map(|provider| ProviderBody {
        name: provider.name.clone(),
        title: provider.title.clone(),
    });
    Json(ProvidersBody {
        items: items.collect(),
    })
}

#[derive(Debug, Deserialize)]
pub struct Wish {
    #[serde(default)]
    next: Next,
    #[serde(default)]
    again: bool,
}

/// Sends the browser to the provider. Where that fails, whoever accepts `text/html` is led to `/login`, which says why.
#[utoipa::path(get, path = "/v1/login/oidc/{provider}", tag = "account", security(()),
    params(("provider" = String, Path),
        ("next" = Option<String>, Query, description = "The page of this site to go on to, as `/acme/calls`"),
        ("again" = Option<bool>, Query, description = "Whether the provider is to ask once more who it is")),
    responses((status = 303), (status = "default", body = ProblemBody)))]
pub async fn depart(
    State(app): State<App>,
    source: Source,
    headers: HeaderMap,
    Path(provider): Path<String>,
    Query(wish): Query<Wish>,
) -> Result<Response, Problem> {
    let departure =
        match act::depart(&app, source.0, &provider, wish.next.clone(), wish.again).await {
            Ok(departure) => departure,
            Err(error) => return refused(&headers, error, &wish.next),
        };
    let headers = [
        (LOCATION, departure.to.to_string()),
        (SET_COOKIE, cookie(&app, departure.browser.expose(), 600)),
    ];
    Ok((StatusCode::SEE_OTHER, AppendHeaders(headers)).into_response())
}

/// Where the provider sends the browser back to. Signs in, and goes on to the page that was wished for; or to `/login/code`,
/// where the account asks for codes. Where that fails, whoever accepts `text/html` is led to `/login`, which says why.
#[utoipa::path(get, path = "/v1/login/oidc/{provider}/callback", tag = "account", security(()),
    params(("provider" = String, Path)),
    responses((status = 303), (status = "default", body = ProblemBody)))]
pub async fn arrive(
    State(app): State<App>,
    source: Source,
    agent: Browser,
    headers: HeaderMap,
    Path(provider): Path<String>,
    Query(back): Query<Return>,
) -> Result<Response, Problem> {
    let browser = browser(&app, &headers);
    let (browser, state) = (browser.as_ref(), back.state.as_deref());
    let kept = match act::come_back(&app, source.0, &provider, browser, state).await {
        Ok(kept) => kept,
        Err(error) => return refused(&headers, error, &Next::default()),
    };
    let arrival = match act::arrive(&app, &agent, &provider, &kept, back).await {
        Ok(arrival) => arrival,
        Err(error) => return refused(&headers, error, &kept.next),
    };
    let forget = (SET_COOKIE, cookie(&app, "", 0));
    let (to, session) = match arrival.step {
        Step::Done(signed_in) => (
            if kept.is_again && !arrival.is_proven {
                kept.next.on("/login/again?refused=unproven")
            } else {
                kept.next.page().to_owned()
            },
            Some((SET_COOKIE, signed_in.session.cookie(&app))),
        ),
        Step::Code(challenge) => (
            kept.next
                .on(&format!("/login/code?challenge={}", challenge.expose())),
            None,
        ),
    };
    let headers = [Some((LOCATION, to)), Some(forget), session];
    let headers: Vec<_> = headers.into_iter().flatten().collect();
    Ok((StatusCode::SEE_OTHER, AppendHeaders(headers)).into_response())
}

/// A browser is led back to the form, which says why; a program gets the problem.
fn refused(headers: &HeaderMap, error: OidcError, next: &Next) -> Result<Response, Problem> {
    let accepts = headers
        .get(ACCEPT)
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default();
    match page::word(&error).filter(|_| accepts.contains("text/html")) {
        Some(word) => Ok(then(&next.on(&format!("/login?refused={word}")))),
        None => Err(error.into()),
    }
}

fn cookie_name(app: &App) -> &'static str {
    if app.site().is_local {
        "portcullis-journey"
    } else {
        "__Host-portcullis-journey"
    }
}

/// Sent along when the provider sends the browser back, hence `Lax`.
fn cookie(app: &App, value: &str, seconds: u32) -> String {
    let secure = if app.site().is_local { "" } else { "; Secure" };
    let name = cookie_name(app);
    format!("{name}={value}; Path=/; HttpOnly; SameSite=Lax; Max-Age={seconds}{secure}")
}

fn browser(app: &App, headers: &HeaderMap) -> Option<Ticket> {
    let values = headers.get_all(COOKIE).iter();
    let mut pairs = values
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(';'))
        .filter_map(|pair| pair.trim().split_once('='));
    let found = pairs.find(|(name, _)| *name == cookie_name(app));
    found.map(|(_, value)| Ticket::of(value))
}

impl From<OidcError> for Problem {
    fn from(error: OidcError) -> Self {
        let text = error.to_string();
        match error {
            OidcError::NoSuchProvider => Self::not_found(),
            OidcError::Lost | OidcError::Denied(_) => Self::new(Kind::Unauthorized, text),
            OidcError::Untrusted(_) => Self::new(Kind::Unavailable, text),
            OidcError::Unverified | OidcError::Unconfirmed => Self::new(Kind::Conflict, text),
            OidcError::TooMany(wait) => wait.into(),
            OidcError::Db(error) => error.into(),
        }
    }
}
