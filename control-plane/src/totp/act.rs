//! Turning codes on and off, and asking for one.

use super::{Enrolment, RECOVERY_CODES, recovery_code, step_of, store, tidy};
use crate::account;
use crate::app::App;
use crate::caller::Forbidden;
use crate::db::{DbError, Reason, SystemTx};
use crate::mail::Letter;
use crate::now::Now;
use crate::session::Account;
use crate::session::attempts::{self, Allowance, Exhausted, TooMany};
use crate::session::ticket::Ticket;
use ids::UserId;
use seal::Secret;
use time::{Duration, OffsetDateTime};

#[derive(Debug, thiserror::Error)]
pub enum TotpError {
    #[error("codes are asked for already: turn them off before you set them up anew")]
    IsOn,
    #[error("codes are not asked for")]
    IsOff,
    #[error("the code is wrong")]
    WrongCode,
    #[error("too many tries")]
    TooMany(TooMany),
    #[error(transparent)]
    Forbidden(#[from] Forbidden),
    #[error(transparent)]
    Db(#[from] DbError),
}

/// Guesses at one account's code. There are a million codes, three of them good at a time.
pub const GUESSES: [Allowance; 2] = [
    Allowance {
        tries: 5,
        within: Duration::minutes(15),
    },
    Allowance {
        tries: 20,
        within: Duration::days(1),
    },
];
/// For so long a right password waits for its code.
const CHALLENGE: Duration = Duration::minutes(5);

/// Under this name guesses at an account's code are counted.
pub fn guesses_at(user: UserId) -> String {
    format!("code {user}")
}

/// A secret to put into an app. Codes are asked for once one of them was shown to us.
pub async fn enrol(app: &App, account: &Account) -> Result<Enrolment, TotpError> {
    let now = app.now().time();
    account.proven(now)?;
    let secret = app.random().bytes::<20>();
    let sealed = app
        .keys()
        .credentials
        .seal(app.random().bytes(), &bound_to(account.id), &secret)
        .ok_or_else(|| DbError::Stored("a secret cannot be sealed".to_owned()))?;
    let mut tx = app.db().system(Reason::Account).await?;
    if !store::begin(&mut tx, account.id, &sealed, now).await? {
        return Err(TotpError::IsOn);
    }
    tx.commit().await?;
    let issuer = app.site().public_url.host_str().unwrap_or("Portcullis");
    Ok(Enrolment::new(&secret, &account.email, issuer))
}

/// Turns codes on, by the first of them; answers the recovery codes, this once.
pub async fn confirm(
    app: &App,
    account: &Account,
    code: &Secret,
) -> Result<Vec<String>, TotpError> {
    let now = app.now().time();
    attempts::count(app, &guesses_at(account.id), &GUESSES).await?;
    let mut tx = app.db().system(Reason::Account).await?;
    let begun = store::begun(&mut tx, account.id).await?;
    let sealed = begun.ok_or(TotpError::IsOff)?;
    let step = open(app, account.id, &sealed)
        .and_then(|secret| step_of(&secret, &tidy(code.expose()), now))
        .ok_or(TotpError::WrongCode)?;
    store::confirm(&mut tx, account.id, step, now).await?;
    let codes = renew(app, &mut tx, account.id).await?;
    attempts::forgive(&mut tx, app, &guesses_at(account.id)).await?;
    tx.commit().await?;
    Ok(codes)
}

/// Fresh recovery codes; the old ones are good for nothing any more.
pub async fn renew_codes(app: &App, account: &Account) -> Result<Vec<String>, TotpError> {
    account.proven(app.now().time())?;
    let mut tx = app.db().system(Reason::Account).await?;
    if !store::is_on(&mut tx, account.id).await? {
        return Err(TotpError::IsOff);
    }
    let codes = renew(app, &mut tx, account.id).await?;
    tx.commit().await?;
    Ok(codes)
}

/// Turns codes off, and says so to the account's owner.
pub async fn disable(app: &App, account: &Account) -> Result<(), TotpError> {
    let now = app.now();
    account.proven(now.time())?;
    let mut tx = app.db().system(Reason::Account).await?;
    if !store::end(&mut tx, account.id).await? {
        return Err(TotpError::IsOff);
    }
    let letter = Letter::SecondFactorOff;
    account::act::tell(app, &mut tx, letter, &account.email, &now).await?;
    Ok(tx.commit().await?)
}

/// What whoever gave the right password brings along with the code.
pub async fn challenge(
    app: &App,
    tx: &mut SystemTx,
    user: UserId,
    now: &Now,
) -> Result<Ticket, DbError> {
    let ticket = Ticket::new(app.random().bytes());
    let until = now.time() + CHALLENGE;
    store::insert_challenge(tx, &ticket.digest(), user, now.time(), until).await?;
    Ok(ticket)
}

/// Whether it is a code of this moment that was not used yet, or a recovery code, which is used up by this.
pub async fn accepts(
    app: &App,
    tx: &mut SystemTx,
    user: UserId,
    code: &Secret,
    now: OffsetDateTime,
) -> Result<bool, DbError> {
    let code = tidy(code.expose());
    if code.len() != 6 {
        let digest = recovery_digest(app, user, &code);
        return store::spend_recovery_code(tx, user, &digest).await;
    }
    let Some((sealed, last_step)) = store::on(tx, user).await? else {
        return Ok(false);
    };
    let step = open(app, user, &sealed).and_then(|secret| step_of(&secret, &code, now));
    match step.filter(|step| *step > last_step) {
        None => Ok(false),
        Some(step) => {
            store::used(tx, user, step).await?;
            Ok(true)
        }
    }
}

async fn renew(app: &App, tx: &mut SystemTx, user: UserId) -> Result<Vec<String>, DbError> {
    let codes: Vec<String> = (0..RECOVERY_CODES)
        .map(|_| recovery_code(app.random().bytes()))
        .collect();
    let digests: Vec<Vec<u8>> = codes
        .iter()
        .map(|code| recovery_digest(app, user, &tidy(code)).to_vec())
        .collect();
    store::replace_recovery_codes(tx, user, &digests).await?;
    Ok(codes)
}

fn recovery_digest(app: &App, user: UserId, tidy: &str) -> [u8; 32] {
    app.keys().pepper.digest(&format!("recovery {user} {tidy}"))
}

fn open(app: &App, user: UserId, sealed: &[u8]) -> Option<Vec<u8>> {
    let opened = app.keys().credentials.open(&bound_to(user), sealed);
    opened.ok().map(|secret| secret.to_vec())
}

fn bound_to(user: UserId) -> Vec<u8> {
    format!("totp\n{user}").into_bytes()
}

impl From<Exhausted> for TotpError {
    fn from(error: Exhausted) -> Self {
        match error {
            Exhausted::TooMany(wait) => Self::TooMany(wait),
            Exhausted::Db(error) => Self::Db(error),
        }
    }
}
