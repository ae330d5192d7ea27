//! Signing up, in and out.

use super::attempts::{Allowance, TooMany};
use super::store::{self, User};
use super::{Account, SessionToken, password};
use crate::app::App;
use crate::caller::Actor;
use crate::db::{DbError, Reason};
use crate::http::read::Faults;
use crate::org::{self, NewOrg, Org};
use crate::problem::Fault;
use ids::UserId;
use seal::Secret;
use std::net::IpAddr;
use time::Duration;

#[derive(Debug)]
pub struct SignUp {
    pub email: String,
    pub password: Secret,
    pub name: String,
    pub org: Option<NewOrg>,
}

/// A fresh session, and what its owner is told.
#[derive(Debug)]
pub struct SignedIn {
    pub user: User,
    pub session: SessionToken,
}

#[derive(Debug, thiserror::Error)]
pub enum SignUpError {
    #[error("the request has faults")]
    Invalid(Vec<Fault>),
    #[error("there is an account with this e-mail address")]
    EmailTaken,
    #[error("the slug `{0}` is taken")]
    SlugTaken(String),
    #[error("too many tries")]
    TooMany(TooMany),
    #[error(transparent)]
    Db(#[from] DbError),
}

#[derive(Debug, thiserror::Error)]
pub enum SignInError {
    #[error("the e-mail address or the password is wrong")]
    Wrong,
    #[error("too many tries")]
    TooMany(TooMany),
    #[error(transparent)]
    Db(#[from] DbError),
}

const PER_ADDRESS: Allowance = Allowance {
    tries: 10,
    within: Duration::minutes(15),
};
const PER_SOURCE: Allowance = Allowance {
    tries: 100,
    within: Duration::minutes(15),
};

pub async fn sign_up(
    app: &App,
    source: IpAddr,
    wish: SignUp,
) -> Result<(SignedIn, Option<Org>), SignUpError> {
    let now = app.now();
    let email = wish.email.trim().to_lowercase();
    check(&email, &wish).map_err(SignUpError::Invalid)?;
    count_source(app, "sign-up", source).map_err(SignUpError::TooMany)?;
    app.attempts()
        .count(&format!("sign-up {email}"), PER_ADDRESS, now.time())
        .map_err(SignUpError::TooMany)?;

    let hash = app.passwords().hash(&wish.password, app.random()).await;
    let user = User {
        id: now.id(UserId::new),
        email,
        name: wish.name,
    };
    let mut tx = app.db().system(Reason::SignUp).await?;
    store::insert_user(&mut tx, &user, &hash, &now)
        .await
        .map_err(|error| match error.constraint() {
            Some("users_email_key") => SignUpError::EmailTaken,
            _ => error.into(),
        })?;
    let org = match wish.org {
        None => None,
        Some(new) => {
            let slug = new.slug.to_string();
            let (org, event) = org::store::found(&mut tx, new, user.id, &now)
                .await
                .map_err(|error| match error.constraint() {
                    Some("orgs_slug_key") => SignUpError::SlugTaken(slug),
                    _ => error.into(),
                })?;
            let actor = Actor {
                id: user.id.to_string(),
                name: user.name.clone(),
            };
            tx.say(org.id, &actor, &now, &event).await?;
            Some(org)
        }
    };
    let session = SessionToken::new(app.random().bytes());
    store::begin(&mut tx, user.id, &session.digest(), now.time()).await?;
    tx.commit().await?;
    Ok((SignedIn { user, session }, org))
}

pub async fn sign_in(
    app: &App,
    source: IpAddr,
    email: &str,
    password: &Secret,
) -> Result<SignedIn, SignInError> {
    let now = app.now();
    let email = email.trim().to_lowercase();
    count_source(app, "sign-in", source).map_err(SignInError::TooMany)?;
    // What no account can have is neither looked up nor remembered: it may be as long as a body.
    if !is_address(&email) {
        return Err(SignInError::Wrong);
    }
    let subject = format!("sign-in {email}");
    app.attempts()
        .count(&subject, PER_ADDRESS, now.time())
        .map_err(SignInError::TooMany)?;

    let mut tx = app.db().system(Reason::SignIn).await?;
    let stored = store::by_email(&mut tx, &email).await?;
    drop(tx);
    let (user, hash) = stored
        .map(|stored| (stored.user, stored.password_hash))
        .unzip();
    let is_right = app.passwords().verify(password, hash).await;
    let user = user.filter(|_| is_right).ok_or(SignInError::Wrong)?;

    app.attempts().forgive(&subject);
    let session = SessionToken::new(app.random().bytes());
    let mut tx = app.db().system(Reason::SignIn).await?;
    store::begin(&mut tx, user.id, &session.digest(), now.time()).await?;
    tx.commit().await?;
    Ok(SignedIn { user, session })
}

pub async fn sign_out(app: &App, account: &Account) -> Result<(), DbError> {
    let mut tx = app.db().system(Reason::SignIn).await?;
    store::end(&mut tx, &account.session.digest()).await?;
    tx.commit().await
}

/// A local instance is its owner's own machine, where everyone has the same address.
fn count_source(app: &App, what: &str, source: IpAddr) -> Result<(), TooMany> {
    if app.site().is_local && source.is_loopback() {
        return Ok(());
    }
    app.attempts().count(
        &format!("{what} from {source}"),
        PER_SOURCE,
        app.now().time(),
    )
}

fn check(email: &str, wish: &SignUp) -> Result<(), Vec<Fault>> {
    let mut faults = Faults::default();
    if !is_address(email) {
        faults.add("/email", "expected an e-mail address");
    }
    faults.name("/name", &wish.name);
    if let Err(weak) = password::check(&wish.password) {
        faults.add("/password", weak.to_string());
    }
    if let Some(new) = &wish.org {
        faults.name("/org/name", &new.name);
    }
    faults.into_result()
}

/// One `@` with something on both sides, nothing that a mail header could take for more than one address.
pub(crate) fn is_address(email: &str) -> bool {
    let forbidden = |c: char| c.is_whitespace() || c.is_control() || ",;:<>()\"\\[]".contains(c);
    let parts = email.split_once('@');
    email.len() <= 254
        && !email.contains(forbidden)
        && parts.is_some_and(|(local, domain)| {
            !local.is_empty() && !domain.is_empty() && !domain.contains('@')
        })
}
