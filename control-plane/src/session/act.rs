//! Signing in and out, and what an account's owner sees of its sessions.

use super::attempts::{self, Allowance, Exhausted, TooMany};
use super::browser::Browser;
use super::store::{self, Profile};
use super::ticket::Ticket;
use super::{Account, Session, SessionToken};
use crate::app::App;
use crate::db::{DbError, Reason, SystemTx};
use crate::now::Now;
use crate::totp;
use ids::{SessionId, UserId};
use seal::Secret;
use std::net::IpAddr;
use time::{Duration, OffsetDateTime};

/// A fresh session, and what its owner is told.
#[derive(Debug)]
pub struct SignedIn {
    pub profile: Profile,
    pub session: SessionToken,
}

/// Where a right password leads.
#[derive(Debug)]
pub enum Step {
    Done(SignedIn),
    /// A code is asked for besides; whoever brings it brings this along.
    Code(Ticket),
}

#[derive(Debug, thiserror::Error)]
pub enum SignInError {
    #[error("the e-mail address or the password is wrong")]
    Wrong,
    #[error("the code is wrong, or it came too late: sign in again")]
    WrongCode,
    #[error("too many tries")]
    TooMany(TooMany),
    #[error(transparent)]
    Db(#[from] DbError),
}

/// Guesses at one account, from wherever they come.
pub const GUESSES: [Allowance; 2] = [
    Allowance {
        tries: 10,
        within: Duration::minutes(15),
    },
    Allowance {
        tries: 20,
        within: Duration::days(1),
    },
];
pub const PER_SOURCE: Allowance = Allowance {
    tries: 100,
    within: Duration::minutes(15),
};

pub async fn sign_in(
    app: &App,
    source: IpAddr,
    browser: &Browser,
    email: &str,
    password: &Secret,
) -> Result<Step, SignInError> {
    let now = app.now();
    let email = email.trim().to_lowercase();
    // What no account can have is neither looked up nor remembered: it may be as long as a body.
    if !is_address(&email) {
        attempts::count_source(app, "sign-in", source, PER_SOURCE).await?;
        return Err(SignInError::Wrong);
    }
    let subject = guesses_at(&email);
    attempts::look(app, &subject, &GUESSES).await?;
    attempts::count_source(app, "sign-in", source, PER_SOURCE).await?;
    attempts::count(app, &subject, &GUESSES).await?;

    let mut tx = app.db().system(Reason::SignIn).await?;
    let stored = store::by_email(&mut tx, &email).await?;
    drop(tx);
    let (user, hash) = stored
        .map(|stored| (stored.user, stored.password_hash))
        .unzip();
    let is_right = app.passwords().verify(password, hash.flatten()).await;
    let user = user.filter(|_| is_right).ok_or(SignInError::Wrong)?;

    let mut tx = app.db().system(Reason::SignIn).await?;
    attempts::forgive(&mut tx, app, &subject).await?;
    let step = if totp::store::is_on(&mut tx, user.id).await? {
        Step::Code(totp::act::challenge(app, &mut tx, user.id, &now).await?)
    } else {
        Step::Done(begin(app, &mut tx, user.id, browser, Some(now.time()), &now).await?)
    };
    tx.commit().await?;
    Ok(step)
}

/// The second step of signing in.
pub async fn sign_in_with_code(
    app: &App,
    source: IpAddr,
    browser: &Browser,
    challenge: &Ticket,
    code: &Secret,
) -> Result<SignedIn, SignInError> {
    let now = app.now();
    attempts::count_source(app, "code", source, PER_SOURCE).await?;
    let mut tx = app.db().system(Reason::SignIn).await?;
    let user = totp::store::challenged(&mut tx, &challenge.digest(), now.time()).await?;
    drop(tx);
    let user = user.ok_or(SignInError::WrongCode)?;
    attempts::count(app, &totp::act::guesses_at(user), &totp::act::GUESSES).await?;

    let mut tx = app.db().system(Reason::SignIn).await?;
    // Of two who bring the same challenge at once, one finds it.
    if !totp::store::end_challenge(&mut tx, &challenge.digest()).await?
        || !totp::act::accepts(app, &mut tx, user, code, now.time()).await?
    {
        return Err(SignInError::WrongCode);
    }
    attempts::forgive(&mut tx, app, &totp::act::guesses_at(user)).await?;
    let signed_in = begin(app, &mut tx, user, browser, Some(now.time()), &now).await?;
    tx.commit().await?;
    Ok(signed_in)
}

/// Begins a session, in the transaction of what lets them in. `proven_at`: none where another provider let them in that did not
/// ask them who they are.
pub async fn begin(
    app: &App,
    tx: &mut SystemTx,
    user: UserId,
    browser: &Browser,
    proven_at: Option<OffsetDateTime>,
    now: &Now,
) -> Result<SignedIn, DbError> {
    let session = SessionToken::new(app.random().bytes());
    store::begin(tx, user, &session.digest(), &browser.0, proven_at, now).await?;
    let profile = store::profile(tx, user).await?.ok_or(DbError::Gone)?;
    Ok(SignedIn { profile, session })
}

pub async fn sign_out(app: &App, account: &Account) -> Result<(), DbError> {
    let mut tx = app.db().system(Reason::SignIn).await?;
    store::end(&mut tx, &account.session.digest()).await?;
    tx.commit().await
}

pub async fn profile(app: &App, account: &Account) -> Result<Profile, DbError> {
    let mut tx = app.db().system(Reason::SignIn).await?;
    let profile = store::profile(&mut tx, account.id).await?;
    profile.ok_or(DbError::Gone)
}

pub async fn list(app: &App, account: &Account) -> Result<Vec<Session>, DbError> {
    let mut tx = app.db().system(Reason::SignIn).await?;
    let now = app.now().time();
    store::list(&mut tx, account.id, account.session_id, now).await
}

/// Ends one session of the account. False: it has no such session.
pub async fn end(app: &App, account: &Account, session: SessionId) -> Result<bool, DbError> {
    let mut tx = app.db().system(Reason::SignIn).await?;
    let has_ended = store::end_one(&mut tx, account.id, session).await?;
    tx.commit().await?;
    Ok(has_ended)
}

/// Ends every other session of the account.
pub async fn end_others(app: &App, account: &Account) -> Result<(), DbError> {
    let mut tx = app.db().system(Reason::SignIn).await?;
    store::end_all(&mut tx, account.id, Some(account.session_id)).await?;
    tx.commit().await
}

/// Under this name guesses at an account's password are counted where anybody may guess.
pub fn guesses_at(email: &str) -> String {
    format!("sign-in {email}")
}

/// Under this one, those of whoever is in a session of the account: strangers who guess must not keep its owner from what is
/// sensitive there.
pub fn guesses_inside(user: UserId) -> String {
    format!("password {user}")
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

impl From<Exhausted> for SignInError {
    fn from(error: Exhausted) -> Self {
        match error {
            Exhausted::TooMany(wait) => Self::TooMany(wait),
            Exhausted::Db(error) => Self::Db(error),
        }
    }
}
