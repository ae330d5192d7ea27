//! What can be done with API keys: make one, look, delete.

use super::{Key, MOST, MadeKey, NewKey, store};
use crate::access::{Action, Role};
use crate::app::App;
use crate::caller::{Caller, Forbidden, Refused};
use crate::db::DbError;
use crate::event::Event;
use crate::http::list::{Listed, Page};
use crate::http::read::Faults;
use crate::problem::Fault;
use ids::KeyId;
use ids::token::{Token, TokenKind};

#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    #[error("the request has faults")]
    Invalid(Vec<Fault>),
    #[error("an organisation has at most {MOST} API keys; delete one that is not used")]
    TooMany,
    #[error("there is no such key")]
    NoSuchKey,
    #[error(transparent)]
    Forbidden(#[from] Forbidden),
    #[error(transparent)]
    Db(#[from] DbError),
}

pub async fn list(app: &App, caller: &Caller, page: Page<KeyId>) -> Result<Listed<Key>, Refused> {
    let mut tx = app.db().read(caller.allow(Action::Administer)?).await?;
    let keys = store::list(&mut tx, &page).await?;
    Ok(page.listed(keys, |key| key.id.to_string()))
}

pub async fn make(app: &App, caller: &Caller, new: NewKey) -> Result<MadeKey, KeyError> {
    let now = app.now();
    let allowed = caller.allow_proven(Action::Administer, now.time())?;
    let mut faults = Faults::default();
    faults.name("/name", &new.name);
    if new.role == Role::Owner || !caller.role().covers(new.role) {
        faults.add(
            "/role",
            "expected a role that is neither `owner` nor above your own",
        );
    }
    if new.expires_at.is_some_and(|end| end <= now.time()) {
        faults.add("/expires_at", "expected a time that is still to come");
    }
    faults.into_result().map_err(KeyError::Invalid)?;

    let secret = Token::new(TokenKind::ApiKey, app.random().bytes());
    let key = Key {
        id: now.id(KeyId::new),
        name: new.name,
        role: new.role,
        hint: secret.hint().to_owned(),
        made_by: caller.member(),
        expires_at: new.expires_at,
        last_used_at: None,
        created_at: now.time(),
    };
    let mut tx = app.db().write(allowed, now).await?;
    if store::count(&mut tx).await? >= MOST {
        return Err(KeyError::TooMany);
    }
    let key = store::insert(&mut tx, key, &app.keys().pepper.digest(secret.expose())).await?;
    tx.commit(Event::KeyMade {
        key: key.id,
        name: key.name.clone(),
        role: key.role,
    })
    .await?;
    Ok(MadeKey { key, secret })
}

pub async fn delete(app: &App, caller: &Caller, key: KeyId) -> Result<(), KeyError> {
    let now = app.now();
    let allowed = caller.allow_proven(Action::Administer, now.time())?;
    let mut tx = app.db().write(allowed, now).await?;
    let name = store::delete(&mut tx, key)
        .await?
        .ok_or(KeyError::NoSuchKey)?;
    tx.commit(Event::KeyDeleted { key, name }).await?;
    Ok(())
}
