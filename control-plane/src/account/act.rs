//! Confirming an address, replacing a forgotten password, choosing another one.

use super::Purpose;
use super::store;
use crate::app::App;
use crate::caller::{Actor, Forbidden};
use crate::db::{DbError, Reason, SystemTx};
use crate::event::Event;
use crate::http::read::Faults;
use crate::mail::{self, Letter};
use crate::now::Now;
use crate::problem::Fault;
use crate::session::act::{GUESSES, PER_SOURCE, SignedIn, guesses_at, guesses_inside, is_address};
use crate::session::attempts::{self, Allowance, Exhausted, TooMany};
use crate::session::store::User;
use crate::session::ticket::Ticket;
use crate::session::{self, Account, SessionToken, password};
use crate::totp;
use seal::Secret;
use std::net::IpAddr;
use time::Duration;

#[derive(Debug, thiserror::Error)]
pub enum AccountError {
    #[error("the request has faults")]
    Invalid(Vec<Fault>),
    #[error("the link was used before, has expired, or never was one: ask for another")]
    NoSuchTicket,
    #[error("the password is wrong")]
    WrongPassword,
    #[error(
        "expected the account's password, or its session: reading a mailbox makes nobody the account's owner"
    )]
    NotTheirs,
    #[error("the address is confirmed already")]
    IsConfirmed,
    #[error("too many tries")]
    TooMany(TooMany),
    #[error(transparent)]
    Forbidden(#[from] Forbidden),
    #[error(transparent)]
    Db(#[from] DbError),
}

/// Mails that one address may ask for.
const MAILS: [Allowance; 2] = [
    Allowance {
        tries: 5,
        within: Duration::hours(1),
    },
    Allowance {
        tries: 20,
        within: Duration::days(1),
    },
];

/// Sends the link that proves that the account's owner reads its mailbox.
pub async fn ask_to_confirm(
    app: &App,
    tx: &mut SystemTx,
    user: &User,
    now: &Now,
) -> Result<(), DbError> {
    let ticket = Ticket::new(app.random().bytes());
    store::insert_ticket(tx, &ticket, user.id, Purpose::Confirm, now.time()).await?;
    let letter = Letter::Confirm {
        ticket: ticket.expose(),
    };
    let mail = letter.to(&user.email, &app.site().public_url);
    mail::outbox::put(app, tx.sql(), now, &mail).await
}

/// Sends that link once more.
pub async fn ask_again(app: &App, account: &Account) -> Result<(), AccountError> {
    if session::act::profile(app, account).await?.is_confirmed {
        return Err(AccountError::IsConfirmed);
    }
    attempts::count(app, &format!("confirm {}", account.email), &MAILS).await?;
    let user = User {
        id: account.id,
        email: account.email.clone(),
        name: account.name.clone(),
    };
    let mut tx = app.db().system(Reason::Account).await?;
    ask_to_confirm(app, &mut tx, &user, &app.now()).await?;
    Ok(tx.commit().await?)
}

/// The address is confirmed: mail to others that waited for it goes out. The link shows that whoever brings it reads the
/// mailbox, not that the account is theirs: anybody may have signed up with the address. So the account's session is wanted
/// besides, or its password.
pub async fn confirm(
    app: &App,
    source: IpAddr,
    ticket: &Ticket,
    account: Option<&Account>,
    password: Option<&Secret>,
) -> Result<(), AccountError> {
    let user = holder(app, source, ticket, Purpose::Confirm).await?;
    let is_own = account.is_some_and(|account| account.id == user.id);
    if !is_own {
        let password = password.ok_or(AccountError::NotTheirs)?;
        verify(app, &user, password, &guesses_at(&user.email)).await?;
    }
    let now = app.now().time();
    let mut tx = app.db().system(Reason::Account).await?;
    if !is_own {
        attempts::forgive(&mut tx, app, &guesses_at(&user.email)).await?;
    }
    store::spend(&mut tx, ticket, Purpose::Confirm, now)
        .await?
        .ok_or(AccountError::NoSuchTicket)?;
    store::confirm(&mut tx, user.id, now).await?;
    Ok(tx.commit().await?)
}

/// Whose account the link is for.
pub async fn holder(
    app: &App,
    source: IpAddr,
    ticket: &Ticket,
    purpose: Purpose,
) -> Result<User, AccountError> {
    attempts::count_source(app, "ticket", source, PER_SOURCE).await?;
    let mut tx = app.db().system(Reason::Account).await?;
    let user = store::ticket_of(&mut tx, ticket, purpose, app.now().time()).await?;
    user.ok_or(AccountError::NoSuchTicket)
}

/// One guess at the account's password, counted under `subject`.
async fn verify(
    app: &App,
    user: &User,
    password: &Secret,
    subject: &str,
) -> Result<(), AccountError> {
    attempts::count(app, subject, &GUESSES).await?;
    let mut tx = app.db().system(Reason::Account).await?;
    let hash = session::store::password_hash(&mut tx, user.id).await?;
    drop(tx);
    if app.passwords().verify(password, hash).await {
        Ok(())
    } else {
        Err(AccountError::WrongPassword)
    }
}

/// Notes that someone forgot their password. Nobody has looked yet whether there is such an account: what is answered, and
/// when, cannot depend on it.
pub async fn forgot(app: &App, source: IpAddr, email: &str) -> Result<(), AccountError> {
    let email = email.trim().to_lowercase();
    attempts::count_source(app, "forgot", source, PER_SOURCE).await?;
    if !is_address(&email) {
        return Err(AccountError::Invalid(vec![Fault {
            pointer: "/email".to_owned(),
            detail: "expected an e-mail address".to_owned(),
        }]));
    }
    attempts::count(app, &format!("forgot {email}"), &MAILS).await?;
    let mut tx = app.db().system(Reason::Account).await?;
    store::wish(&mut tx, &email, &app.now()).await?;
    Ok(tx.commit().await?)
}

/// A new password, by the link of a mail: every session ends, and the account may be tried again.
pub async fn reset(
    app: &App,
    source: IpAddr,
    ticket: &Ticket,
    new: &Secret,
) -> Result<(), AccountError> {
    let user = holder(app, source, ticket, Purpose::Reset).await?;
    let now = app.now();
    check(new, "/password", &user)?;
    let hash = app.passwords().hash(new, app.random()).await;
    let actor = Actor {
        id: user.id.to_string(),
        name: user.name.clone(),
    };

    let mut tx = app.db().system(Reason::Account).await?;
    // Spent only now, so that a weak password does not cost the link; of two who bring it at once, one finds it.
    store::spend(&mut tx, ticket, Purpose::Reset, now.time())
        .await?
        .ok_or(AccountError::NoSuchTicket)?;
    store::set_password(&mut tx, user.id, &hash).await?;
    if store::confirm(&mut tx, user.id, now.time()).await? {
        // Until now anybody may have signed up with this address, and left themselves a way in.
        totp::store::end(&mut tx, user.id).await?;
        for (org, left) in store::leave_nothing(&mut tx, user.id).await? {
            tx.say(org, &actor, &now, &left).await?;
        }
    }
    session::store::end_all(&mut tx, user.id, None).await?;
    attempts::forgive(&mut tx, app, &guesses_at(&user.email)).await?;
    attempts::forgive(&mut tx, app, &guesses_inside(user.id)).await?;
    tell(app, &mut tx, Letter::PasswordChanged, &user.email, &now).await?;
    Ok(tx.commit().await?)
}

/// Another password: every other session ends, and this one gets a new token.
pub async fn change_password(
    app: &App,
    account: &Account,
    old: Option<&Secret>,
    new: &Secret,
) -> Result<SignedIn, AccountError> {
    let now = app.now();
    let user = User {
        id: account.id,
        email: account.email.clone(),
        name: account.name.clone(),
    };
    check(new, "/new_password", &user)?;
    let mut tx = app.db().system(Reason::Account).await?;
    let hash = session::store::password_hash(&mut tx, account.id).await?;
    drop(tx);
    match (hash, old) {
        // Who has none signed in with another provider, and lately.
        (None, _) => account.proven(now.time())?,
        (Some(_), old) => {
            let old = old.ok_or(AccountError::WrongPassword)?;
            verify(app, &user, old, &guesses_inside(user.id)).await?;
        }
    }
    let hash = app.passwords().hash(new, app.random()).await;

    let mut tx = app.db().system(Reason::Account).await?;
    store::set_password(&mut tx, account.id, &hash).await?;
    session::store::end_all(&mut tx, account.id, Some(account.session_id)).await?;
    // Nobody has guessed at the new one.
    attempts::forgive(&mut tx, app, &guesses_at(&account.email)).await?;
    attempts::forgive(&mut tx, app, &guesses_inside(account.id)).await?;
    tell(app, &mut tx, Letter::PasswordChanged, &account.email, &now).await?;
    let token = SessionToken::new(app.random().bytes());
    let old = account.session.digest();
    let is_live = session::store::renew(&mut tx, &old, &token.digest(), now.time()).await?;
    let profile = session::store::profile(&mut tx, account.id).await?;
    let profile = profile.filter(|_| is_live).ok_or(DbError::Gone)?;
    tx.commit().await?;
    Ok(SignedIn {
        profile,
        session: token,
    })
}

/// Another name, which everybody sees who sits in an organisation with the account.
pub async fn rename(app: &App, account: &Account, name: &str) -> Result<(), AccountError> {
    let (name, now) = (name.trim(), app.now());
    let mut faults = Faults::default();
    faults.name("/name", name);
    faults.into_result().map_err(AccountError::Invalid)?;
    if name == account.name {
        return Ok(());
    }
    let mut tx = app.db().system(Reason::Account).await?;
    if !store::hold(&mut tx, account.id).await? {
        return Err(DbError::Gone.into());
    }
    store::rename(&mut tx, account.id, name).await?;
    for seat in store::seats(&mut tx, account.id).await? {
        let event = Event::MemberRenamed {
            member: seat.member,
            email: account.email.clone(),
            before: account.name.clone(),
            after: name.to_owned(),
        };
        tx.say(seat.org, &Actor::from(account), &now, &event)
            .await?;
    }
    Ok(tx.commit().await?)
}

/// Whether one is told by mail that calls wait, in all one's organisations.
pub async fn want_approval_mails(
    app: &App,
    account: &Account,
    wants: bool,
) -> Result<(), AccountError> {
    let mut tx = app.db().system(Reason::Account).await?;
    if !store::hold(&mut tx, account.id).await? {
        return Err(DbError::Gone.into());
    }
    store::want_approval_mails(&mut tx, account.id, wants).await?;
    Ok(tx.commit().await?)
}

/// Tells an account's owner what was done with it, in the transaction of the deed.
pub async fn tell(
    app: &App,
    tx: &mut SystemTx,
    letter: Letter<'_>,
    email: &str,
    now: &Now,
) -> Result<(), DbError> {
    let mail = letter.to(email, &app.site().public_url);
    mail::outbox::put(app, tx.sql(), now, &mail).await
}

fn check(new: &Secret, pointer: &str, user: &User) -> Result<(), AccountError> {
    password::check(new, &[&user.email, &user.name]).map_err(|weak| {
        AccountError::Invalid(vec![Fault {
            pointer: pointer.to_owned(),
            detail: weak.to_string(),
        }])
    })
}

impl From<Exhausted> for AccountError {
    fn from(error: Exhausted) -> Self {
        match error {
            Exhausted::TooMany(wait) => Self::TooMany(wait),
            Exhausted::Db(error) => Self::Db(error),
        }
    }
}
