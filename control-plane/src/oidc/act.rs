//! Going to a provider, and coming back as somebody.

use super::provider::{Known, Metadata, Provider};
use super::store::{self, Journey};
use super::token::{self, Told};
use super::{Claims, Held, Untrusted, redirect_uri};
use crate::account;
use crate::app::App;
use crate::db::{DbError, Reason, SystemTx};
use crate::http::read::Faults;
use crate::mail::Letter;
use crate::now::Now;
use crate::page::Next;
use crate::session::act::{PER_SOURCE, Step, begin, is_address};
use crate::session::attempts::{self, Exhausted, TooMany};
use crate::session::browser::Browser;
use crate::session::store::{User, insert_user};
use crate::session::ticket::Ticket;
use crate::totp;
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use ids::UserId;
use serde::{Deserialize, Serialize};
use std::net::IpAddr;
use std::sync::Arc;
use time::{Duration, OffsetDateTime};
use url::Url;

/// Whom the provider asked longer ago is signed in, and has proved nothing: it may have known their browser.
const ASKED_WITHIN: Duration = Duration::minutes(5);
/// For so long a provider that did not answer is not asked again.
const REST: Duration = Duration::seconds(10);
/// For so long a journey may take.
const JOURNEY: Duration = Duration::minutes(10);

#[derive(Debug, thiserror::Error)]
pub enum OidcError {
    #[error("this instance knows no such provider")]
    NoSuchProvider,
    #[error(
        "the way back does not belong to this browser, was used, or took longer than ten minutes: sign in again"
    )]
    Lost,
    #[error("the provider says no: {0}")]
    Denied(String),
    #[error("the provider did not answer as it should; the log has the cause")]
    Untrusted(Untrusted),
    #[error("the provider does not vouch for your e-mail address")]
    Unverified,
    #[error(
        "there is an account of this address that has not confirmed it: sign in with its password, confirm it, then come again"
    )]
    Unconfirmed,
    #[error("too many tries")]
    TooMany(TooMany),
    #[error(transparent)]
    Db(#[from] DbError),
}

/// Where the browser goes, and what it keeps meanwhile.
#[derive(Debug)]
pub struct Departure {
    pub to: Url,
    pub browser: Ticket,
}

/// What a browser comes back with.
#[derive(Debug, Default, Deserialize)]
pub struct Return {
    pub code: Option<String>,
    pub state: Option<String>,
    pub iss: Option<String>,
    pub error: Option<String>,
}

/// Known to us alone between leaving and coming back.
#[derive(Serialize, Deserialize)]
pub struct Kept {
    nonce: String,
    verifier: String,
    /// The page that somebody wanted to see who had to sign in first.
    #[serde(default)]
    pub next: Next,
    /// Whether they left to prove once more who they are.
    #[serde(default)]
    pub is_again: bool,
}

/// Who came back.
#[derive(Debug)]
pub struct Arrival {
    pub step: Step,
    /// Whether the provider asked them who they are, and lately.
    pub is_proven: bool,
}

impl std::fmt::Debug for Kept {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("[secret]")
    }
}

#[derive(Deserialize)]
struct Tokens {
    id_token: String,
    #[serde(default)]
    access_token: Option<String>,
}

pub async fn depart(
    app: &App,
    source: IpAddr,
    name: &str,
    next: Next,
    is_again: bool,
) -> Result<Departure, OidcError> {
    let provider = app
        .providers()
        .named(name)
        .ok_or(OidcError::NoSuchProvider)?;
    attempts::count_source(app, "oidc", source, PER_SOURCE).await?;
    let known = known(app, provider, false).await?;
    let now = app.now().time();
    let fresh = || URL_SAFE_NO_PAD.encode(app.random().bytes::<32>());
    let (state, browser) = (
        Ticket::new(app.random().bytes()),
        Ticket::new(app.random().bytes()),
    );
    let kept = Kept {
        nonce: fresh(),
        verifier: fresh(),
        next,
        is_again,
    };
    let plain = serde_json::to_vec(&kept).map_err(|error| DbError::Stored(error.to_string()))?;
    let sealed = app
        .keys()
        .credentials
        .seal(app.random().bytes(), &bound_to(&state), &plain)
        .ok_or_else(|| DbError::Stored("a journey cannot be sealed".to_owned()))?;
    let mut tx = app.db().system(Reason::SignIn).await?;
    let journey = Journey {
        digest: state.digest(),
        browser: browser.digest(),
        provider: &provider.name,
        sealed: &sealed,
        until: now + JOURNEY,
    };
    store::depart(&mut tx, &journey, now).await?;
    tx.commit().await?;

    let mut to = known.metadata.authorization_endpoint.clone();
    let challenge = URL_SAFE_NO_PAD.encode(seal::sha256(kept.verifier.as_bytes()));
    to.query_pairs_mut()
        .append_pair("response_type", "code")
        .append_pair("client_id", &provider.client_id)
        .append_pair("redirect_uri", &redirect_uri(&app.site().public_url, name))
        .append_pair("scope", "openid email profile")
        .append_pair("state", state.expose())
        .append_pair("nonce", &kept.nonce)
        .append_pair("code_challenge", &challenge)
        .append_pair("code_challenge_method", "S256");
    if is_again {
        // Without these a provider answers for a browser that it knows, whoever sits there.
        to.query_pairs_mut()
            .append_pair("prompt", "login")
            .append_pair("max_age", "0");
    }
    Ok(Departure { to, browser })
}

/// Whose journey it is that comes back, once: `browser` is what the browser kept.
pub async fn come_back(
    app: &App,
    source: IpAddr,
    name: &str,
    browser: Option<&Ticket>,
    state: Option<&str>,
) -> Result<Kept, OidcError> {
    let is_known = app.providers().named(name).is_some();
    is_known.then_some(()).ok_or(OidcError::NoSuchProvider)?;
    attempts::count_source(app, "oidc", source, PER_SOURCE).await?;
    let (browser, state) = browser.zip(state).ok_or(OidcError::Lost)?;
    let state = Ticket::of(state);
    let mut tx = app.db().system(Reason::SignIn).await?;
    let (digests, now) = ((state.digest(), browser.digest()), app.now().time());
    let sealed = store::arrive(&mut tx, &digests.0, &digests.1, name, now).await?;
    tx.commit().await?;
    let kept = sealed.and_then(|sealed| {
        let keys = &app.keys().credentials;
        let plain = keys.open(&bound_to(&state), &sealed).ok()?;
        serde_json::from_slice::<Kept>(&plain).ok()
    });
    kept.ok_or(OidcError::Lost)
}

/// Signs in whom the provider tells of at the end of that journey.
pub async fn arrive(
    app: &App,
    agent: &Browser,
    name: &str,
    kept: &Kept,
    back: Return,
) -> Result<Arrival, OidcError> {
    let provider = app
        .providers()
        .named(name)
        .ok_or(OidcError::NoSuchProvider)?;
    let known = known(app, provider, false).await?;
    let names_issuer = known
        .metadata
        .authorization_response_iss_parameter_supported;
    match &back.iss {
        Some(issuer) if *issuer != provider.issuer_text => {
            return Err(mistrust(provider, Untrusted::OtherIssuer(issuer.clone())));
        }
        None if names_issuer => return Err(mistrust(provider, Untrusted::Lacks("`iss`"))),
        _ => {}
    }
    if let Some(error) = back.error {
        let said = error.chars().filter(char::is_ascii_graphic).take(100);
        return Err(OidcError::Denied(said.collect()));
    }
    let code = back.code.ok_or(OidcError::Lost)?;
    let told = exchange(app, provider, &known, &code, kept).await?;
    let now = app.now();
    let is_proven = told.was_asked(ASKED_WITHIN, now.time());
    let proven_at = is_proven.then(|| now.time());
    let step = enter(app, agent, provider, &told.claims, proven_at, &now).await?;
    Ok(Arrival { step, is_proven })
}

async fn exchange(
    app: &App,
    provider: &Provider,
    known: &Arc<Known>,
    code: &str,
    kept: &Kept,
) -> Result<Told, OidcError> {
    let wire = &app.providers().wire;
    let home = redirect_uri(&app.site().public_url, &provider.name);
    let (authorization, form) = question(provider, &known.metadata, code, &kept.verifier, &home);
    let tokens = wire.post(&known.metadata.token_endpoint, authorization, form);
    let tokens: Tokens = tokens.await.map_err(|error| mistrust(provider, error))?;
    let known = if token::has_key(known, &tokens.id_token) {
        known.clone()
    } else {
        self::known(app, provider, true).await?
    };
    let now = app.now().time();
    let mut read = token::read(provider, &known, &tokens.id_token, &kept.nonce, now)
        .map_err(|error| mistrust(provider, error))?;
    // Some providers tell the address only when they are asked for it.
    if let (None, Some(url), Some(access)) = (
        &read.claims.email,
        &known.metadata.userinfo_endpoint,
        &tokens.access_token,
    ) {
        let told: Claims = wire
            .get(url, Some(access))
            .await
            .map_err(|error| mistrust(provider, error))?;
        if told.subject != read.claims.subject {
            return Err(mistrust(
                provider,
                Untrusted::Token("it is about somebody else"),
            ));
        }
        read.claims = told;
    }
    Ok(read)
}

/// What turns the code into tokens: the `Authorization` that shows who we are, and the form.
fn question(
    provider: &Provider,
    metadata: &Metadata,
    code: &str,
    verifier: &str,
    home: &str,
) -> (Option<String>, String) {
    let mut form = url::form_urlencoded::Serializer::new(String::new());
    form.append_pair("grant_type", "authorization_code")
        .append_pair("code", code)
        .append_pair("redirect_uri", home)
        .append_pair("code_verifier", verifier);
    let takes = |method: &str| {
        let methods = metadata.token_endpoint_auth_methods_supported.as_ref();
        methods.is_some_and(|all| all.iter().any(|it| it == method))
    };
    let is_in_body = takes("client_secret_post") && !takes("client_secret_basic");
    let mut authorization = None;
    match &provider.client_secret {
        None => {
            form.append_pair("client_id", &provider.client_id);
        }
        Some(secret) if is_in_body => {
            form.append_pair("client_id", &provider.client_id)
                .append_pair("client_secret", secret.expose());
        }
        Some(secret) => {
            let escape = |text: &str| -> String {
                url::form_urlencoded::byte_serialize(text.as_bytes()).collect()
            };
            let (id, secret) = (escape(&provider.client_id), escape(secret.expose()));
            authorization = Some(format!(
                "Basic {}",
                STANDARD.encode(format!("{id}:{secret}"))
            ));
        }
    }
    (authorization, form.finish())
}

/// Whose account it is: the one that has come this way before; else the one of the address, where provider and account both
/// vouch for it; else a new one.
async fn enter(
    app: &App,
    agent: &Browser,
    provider: &Provider,
    claims: &Claims,
    proven_at: Option<OffsetDateTime>,
    now: &Now,
) -> Result<Step, OidcError> {
    let mut tx = app.db().system(Reason::SignIn).await?;
    let (issuer, subject) = (provider.issuer_text.as_str(), claims.subject.as_str());
    let user = if let Some(user) = store::user_of(&mut tx, issuer, subject).await? {
        user
    } else {
        let user = adopt(app, &mut tx, provider, claims, now).await?;
        store::link(&mut tx, issuer, subject, user, now).await?;
        user
    };
    let step = if totp::store::is_on(&mut tx, user).await? {
        Step::Code(totp::act::challenge(app, &mut tx, user, now).await?)
    } else {
        Step::Done(begin(app, &mut tx, user, agent, proven_at, now).await?)
    };
    tx.commit().await?;
    Ok(step)
}

async fn adopt(
    app: &App,
    tx: &mut SystemTx,
    provider: &Provider,
    claims: &Claims,
    now: &Now,
) -> Result<UserId, OidcError> {
    let email = claims.verified_email().filter(|email| is_address(email));
    let email = email.ok_or(OidcError::Unverified)?;
    match store::user_at(tx, &email).await? {
        Some((user, true)) => {
            let letter = Letter::SignInLinked {
                provider: &provider.title,
            };
            account::act::tell(app, tx, letter, &email, now).await?;
            Ok(user)
        }
        // Anybody may have signed up with it, and would sit in the account of whoever comes now.
        Some((_, false)) => Err(OidcError::Unconfirmed),
        None => {
            let user = User {
                id: now.id(UserId::new),
                name: name(claims, &email),
                email,
            };
            insert_user(tx, &user, None, now).await?;
            account::store::confirm(tx, user.id, now.time()).await?;
            Ok(user.id)
        }
    }
}

/// What the provider calls them, where it can be a name here.
fn name(claims: &Claims, email: &str) -> String {
    let fits = |name: &str| {
        let mut faults = Faults::default();
        faults.name("", name);
        faults.into_result().is_ok()
    };
    let told = claims.name.as_deref().map(str::trim);
    let local = email.split('@').next().unwrap_or(email);
    let chosen = told.filter(|name| fits(name)).unwrap_or(local);
    chosen.chars().take(100).collect()
}

/// What the provider says of itself. Whoever asks meanwhile waits for this one provider and for no other.
async fn known(app: &App, provider: &Provider, is_anew: bool) -> Result<Arc<Known>, OidcError> {
    let providers = app.providers();
    let held = providers.held.get(&provider.name);
    let mut held = held.ok_or(OidcError::NoSuchProvider)?.lock().await;
    let now = app.now().time();
    if let Some(known) = &held.known
        && known.is_fresh(now)
        && !is_anew
    {
        return Ok(known.clone());
    }
    if let Some((at, cause)) = &held.failed
        && now - *at < REST
    {
        return Err(OidcError::Untrusted(cause.clone()));
    }
    match provider.ask(&providers.wire, now).await {
        Ok(known) => {
            let known = Arc::new(known);
            *held = Held {
                known: Some(known.clone()),
                failed: None,
            };
            Ok(known)
        }
        Err(cause) => {
            held.failed = Some((app.now().time(), cause.clone()));
            Err(mistrust(provider, cause))
        }
    }
}

/// Said once, for whoever runs the instance.
fn mistrust(provider: &Provider, cause: Untrusted) -> OidcError {
    tracing::warn!(provider = provider.name, %cause, "a sign-in with another provider failed");
    OidcError::Untrusted(cause)
}

fn bound_to(state: &Ticket) -> Vec<u8> {
    let mut bound = b"oidc journey\n".to_vec();
    bound.extend_from_slice(&state.digest());
    bound
}

impl From<Exhausted> for OidcError {
    fn from(error: Exhausted) -> Self {
        match error {
            Exhausted::TooMany(wait) => Self::TooMany(wait),
            Exhausted::Db(error) => Self::Db(error),
        }
    }
}
