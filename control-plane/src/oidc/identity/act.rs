//! Seeing and removing what opens one's account.

use super::{Identity, store};
use crate::account;
use crate::app::App;
use crate::caller::Forbidden;
use crate::db::{DbError, Reason};
use crate::mail::Letter;
use crate::session::{self, Account};
use ids::IdentityId;

#[derive(Debug, thiserror::Error)]
pub enum IdentityError {
    #[error("there is no such sign-in")]
    NoSuchIdentity,
    #[error("it is the only way into the account: set a password first")]
    LastWayIn,
    #[error(transparent)]
    Forbidden(#[from] Forbidden),
    #[error(transparent)]
    Db(#[from] DbError),
}

pub async fn list(app: &App, account: &Account) -> Result<Vec<Identity>, DbError> {
    let mut tx = app.db().system(Reason::Account).await?;
    let stored = store::list(&mut tx, account.id).await?;
    Ok(stored.into_iter().map(|one| named(app, one)).collect())
}

pub async fn remove(app: &App, account: &Account, id: IdentityId) -> Result<(), IdentityError> {
    let now = app.now();
    account.proven(now.time())?;
    let mut tx = app.db().system(Reason::Account).await?;
    // Of two that are removed at once, one stays.
    if !account::store::hold(&mut tx, account.id).await? {
        return Err(DbError::Gone.into());
    }
    let all = store::list(&mut tx, account.id).await?;
    let (gone, rest): (Vec<_>, Vec<_>) = all.into_iter().partition(|one| one.id == id);
    let gone = gone.into_iter().next();
    let gone = named(app, gone.ok_or(IdentityError::NoSuchIdentity)?);
    let is_open = rest.into_iter().any(|one| named(app, one).is_offered);
    let hash = session::store::password_hash(&mut tx, account.id).await?;
    if !is_open && hash.is_none() {
        return Err(IdentityError::LastWayIn);
    }
    store::remove(&mut tx, account.id, id).await?;
    let letter = Letter::SignInRemoved {
        provider: &gone.title,
    };
    account::act::tell(app, &mut tx, letter, &account.email, &now).await?;
    Ok(tx.commit().await?)
}

fn named(app: &App, stored: store::Stored) -> Identity {
    let mut all = app.providers().all().iter();
    let provider = all.find(|provider| provider.issuer_text == stored.issuer);
    Identity {
        id: stored.id,
        title: provider.map_or_else(|| stored.issuer.clone(), |it| it.title.clone()),
        is_offered: provider.is_some(),
        issuer: stored.issuer,
        created_at: stored.created_at,
    }
}
