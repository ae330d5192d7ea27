//! Proving once more who one is, before what is sensitive: by a code where the account has a second factor, else by the
//! password. The session gets another token with it.

use super::act::{GUESSES, PER_SOURCE, SignedIn, guesses_inside};
use super::attempts::{self, Exhausted, TooMany};
use super::{Account, SessionToken, store};
use crate::app::App;
use crate::db::{DbError, Reason};
use crate::totp;
use seal::Secret;
use std::net::IpAddr;

#[derive(Debug, thiserror::Error)]
pub enum StepUpError {
    #[error("expected {}", .0.expected())]
    Missing(Proof),
    #[error("{} is wrong", .0.expected())]
    Wrong(Proof),
    #[error("this account has neither a password nor codes: sign in again with your provider")]
    SignInAgain,
    #[error("too many tries")]
    TooMany(TooMany),
    #[error(transparent)]
    Db(#[from] DbError),
}

/// What an account proves itself with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Proof {
    Password,
    Code,
}

impl Proof {
    pub const fn field(self) -> &'static str {
        match self {
            Self::Password => "/password",
            Self::Code => "/code",
        }
    }

    const fn expected(self) -> &'static str {
        match self {
            Self::Password => "the password",
            Self::Code => "the code",
        }
    }
}

/// What this account is asked for; none: it has to sign in anew.
pub async fn wanted(app: &App, account: &Account) -> Result<Option<Proof>, DbError> {
    let profile = super::act::profile(app, account).await?;
    Ok(if profile.has_second_factor {
        Some(Proof::Code)
    } else {
        profile.has_password.then_some(Proof::Password)
    })
}

pub async fn step_up(
    app: &App,
    source: IpAddr,
    account: &Account,
    password: Option<&Secret>,
    code: Option<&Secret>,
) -> Result<SignedIn, StepUpError> {
    attempts::count_source(app, "step-up", source, PER_SOURCE).await?;
    let wanted = wanted(app, account).await?;
    let wanted = wanted.ok_or(StepUpError::SignInAgain)?;
    let given = match wanted {
        Proof::Password => password,
        Proof::Code => code,
    };
    let given = given.ok_or(StepUpError::Missing(wanted))?;
    let (now, subject) = (
        app.now().time(),
        match wanted {
            Proof::Password => guesses_inside(account.id),
            Proof::Code => totp::act::guesses_at(account.id),
        },
    );
    let allowances = match wanted {
        Proof::Password => &GUESSES,
        Proof::Code => &totp::act::GUESSES,
    };
    attempts::count(app, &subject, allowances).await?;
    if wanted == Proof::Password {
        let mut tx = app.db().system(Reason::SignIn).await?;
        let hash = store::password_hash(&mut tx, account.id).await?;
        drop(tx);
        if !app.passwords().verify(given, hash).await {
            return Err(StepUpError::Wrong(wanted));
        }
    }
    let mut tx = app.db().system(Reason::SignIn).await?;
    if wanted == Proof::Code && !totp::act::accepts(app, &mut tx, account.id, given, now).await? {
        return Err(StepUpError::Wrong(wanted));
    }
    attempts::forgive(&mut tx, app, &subject).await?;
    let session = SessionToken::new(app.random().bytes());
    let is_live = store::renew(&mut tx, &account.session.digest(), &session.digest(), now).await?;
    let profile = store::profile(&mut tx, account.id).await?;
    let profile = profile.filter(|_| is_live).ok_or(DbError::Gone)?;
    tx.commit().await?;
    Ok(SignedIn { profile, session })
}

impl From<Exhausted> for StepUpError {
    fn from(error: Exhausted) -> Self {
        match error {
            Exhausted::TooMany(wait) => Self::TooMany(wait),
            Exhausted::Db(error) => Self::Db(error),
        }
    }
}
