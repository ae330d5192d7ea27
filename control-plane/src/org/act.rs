//! What can be done with organisations: found one, look, change, delete.

use super::{MOST, NewOrg, Org, OrgChange, store};
use crate::access::Action;
use crate::app::App;
use crate::caller::{Actor, Anyone, Caller, Forbidden, Refused};
use crate::db::{DbError, Reason};
use crate::event::{Event, difference};
use crate::http::list::{Listed, Page};
use crate::http::read::Faults;
use crate::problem::Fault;
use crate::session::Account;
use ids::{OrgId, UserId};
use serde_json::{Map, json};

#[derive(Debug, thiserror::Error)]
pub enum OrgError {
    #[error("the request has faults")]
    Invalid(Vec<Fault>),
    #[error("the slug `{0}` is taken")]
    SlugTaken(String),
    #[error("an account owns at most {MOST} organisations; delete one that is not used")]
    TooMany,
    #[error(transparent)]
    Forbidden(#[from] Forbidden),
    #[error(transparent)]
    Db(#[from] DbError),
}

pub async fn found(app: &App, account: &Account, new: NewOrg) -> Result<Org, OrgError> {
    let mut faults = Faults::default();
    faults.name("/name", &new.name);
    faults.into_result().map_err(OrgError::Invalid)?;
    let (now, slug) = (app.now(), new.slug.to_string());
    let mut tx = app.db().system(Reason::CreateOrg).await?;
    if store::owned(&mut tx, account.id).await? >= MOST {
        return Err(OrgError::TooMany);
    }
    let (org, event) = store::found(&mut tx, new, account.id, &now)
        .await
        .map_err(|error| match error.constraint() {
            Some("orgs_slug_key") => OrgError::SlugTaken(slug),
            _ => error.into(),
        })?;
    tx.say(org.id, &Actor::from(account), &now, &event).await?;
    tx.commit().await?;
    Ok(org)
}

/// A person's organisations; a key's is one.
pub async fn list(app: &App, anyone: &Anyone, page: Page<OrgId>) -> Result<Listed<Org>, Refused> {
    let account = match anyone {
        Anyone::Person(account) => account,
        Anyone::Key(caller) => {
            let own = if page.before.is_none() {
                vec![show(app, caller).await?]
            } else {
                Vec::new()
            };
            return Ok(page.listed(own, |org| org.id.to_string()));
        }
    };
    let mut tx = app.db().system(Reason::WhoCalls).await?;
    let orgs = store::of_user(&mut tx, account.id, &page).await?;
    Ok(page.listed(orgs, |org| org.id.to_string()))
}

/// The organisation of somebody who is in one alone: then there is no other they could mean.
pub async fn only(app: &App, user: UserId) -> Result<Option<Org>, DbError> {
    let mut tx = app.db().system(Reason::WhoCalls).await?;
    let mut orgs = store::of_user(&mut tx, user, &Page::first()).await?;
    let last = orgs.pop();
    Ok(last.filter(|_| orgs.is_empty()))
}

pub async fn show(app: &App, caller: &Caller) -> Result<Org, Refused> {
    let mut tx = app.db().read(caller.allow(Action::Read)?).await?;
    Ok(store::own(&mut tx, caller.role()).await?)
}

pub async fn change(app: &App, caller: &Caller, change: OrgChange) -> Result<Org, OrgError> {
    let mut faults = Faults::default();
    if let Some(name) = &change.name {
        faults.name("/name", name);
    }
    if let Some(Some(seconds)) = change.max_stale_seconds
        && !(60..=31_536_000).contains(&seconds)
    {
        faults.add("/max_stale_seconds", "expected 60 to 31536000, or null");
    }
    faults.into_result().map_err(OrgError::Invalid)?;
    let mut tx = app
        .db()
        .write(caller.allow(Action::Administer)?, app.now())
        .await?;
    let (before, after) = store::change(&mut tx, &change).await?;
    let said = |it: &OrgChange| {
        Map::from_iter([
            ("name".to_owned(), json!(it.name)),
            (
                "max_stale_seconds".to_owned(),
                json!(it.max_stale_seconds.flatten()),
            ),
        ])
    };
    let (before, after) = difference(said(&before), said(&after));
    let event = Event::OrgChanged {
        org: caller.org(),
        before,
        after,
    };
    tx.commit(event).await?;
    Ok(show(app, caller).await?)
}

/// The events go with the organisation: there is no one left to read them.
pub async fn delete(app: &App, caller: &Caller) -> Result<(), Refused> {
    let allowed = caller.allow_proven(Action::DeleteOrg, app.now().time())?;
    let mut tx = app.db().system(Reason::DeleteOrg).await?;
    store::delete(&mut tx, allowed.org(), &app.now()).await?;
    tx.commit().await?;
    Ok(())
}

impl From<Refused> for OrgError {
    fn from(refused: Refused) -> Self {
        match refused {
            Refused::Forbidden(forbidden) => Self::Forbidden(forbidden),
            Refused::Db(error) => Self::Db(error),
        }
    }
}
