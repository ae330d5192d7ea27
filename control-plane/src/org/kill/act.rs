//! Throwing the kill switch. It asks for no proof besides the role: who throws it is in a hurry.

use super::{Switch, Switched, Target, store};
use crate::access::Action;
use crate::app::App;
use crate::caller::{Caller, Forbidden};
use crate::db::DbError;
use crate::event::Event;
use crate::problem::Fault;
use crate::server;
use ids::GrantId;

#[derive(Debug, thiserror::Error)]
pub enum KillError {
    #[error("the request has faults")]
    Invalid(Vec<Fault>),
    #[error("there is no such server or grant")]
    NoSuchTarget,
    #[error(transparent)]
    Forbidden(#[from] Forbidden),
    #[error(transparent)]
    Db(#[from] DbError),
}

/// Said again, it is as it was, and no event tells of it.
pub async fn switch(app: &App, caller: &Caller, wish: Switch) -> Result<Switched, KillError> {
    let allowed = caller.allow(Action::Kill)?;
    let mut tx = app.db().write(allowed, app.now()).await?;
    let (org, is_open) = (tx.org(), !wish.on);
    let named = wish.id.as_deref();
    let (id, done) = match wish.target {
        Target::Org => {
            let own = [org.to_string(), caller.org_slug().to_string()];
            if named.is_some_and(|named| !own.iter().any(|own| own == named)) {
                return Err(KillError::NoSuchTarget);
            }
            (org.to_string(), store::org(&mut tx, is_open).await?)
        }
        Target::Server => {
            let named = named.ok_or_else(missing)?;
            let server = server::store::id(tx.sql(), org, named).await?;
            let server = server.ok_or(KillError::NoSuchTarget)?;
            let done = store::server(&mut tx, server, is_open).await?;
            (server.to_string(), done)
        }
        Target::Grant => {
            let named = named.ok_or_else(missing)?;
            let grant: GrantId = named.parse().map_err(|_| KillError::NoSuchTarget)?;
            let done = store::grant(&mut tx, grant, is_open).await?;
            (grant.to_string(), done)
        }
    };
    let (name, has_changed) = done.ok_or(KillError::NoSuchTarget)?;
    if has_changed {
        tx.commit(Event::Killed {
            target: id.clone(),
            name,
            on: wish.on,
        })
        .await?;
    }
    Ok(Switched {
        target: wish.target,
        id,
        on: wish.on,
    })
}

fn missing() -> KillError {
    KillError::Invalid(vec![Fault {
        pointer: "/id".to_owned(),
        detail: "expected the server or the grant that is meant".to_owned(),
    }])
}
