//! What can be done with grants: mint one, look, change, rotate its token, revoke it.

pub use store::{Judge, Sought};

use super::attach::{self, Attached};
use super::store::Locked;
use super::{
    Choice, Grant, GrantChange, MOST, Minted, NewGrant, Pin, Rotation, check, overlap, store,
};
use crate::access::Action;
use crate::app::App;
use crate::caller::{Caller, Forbidden, Refused};
use crate::db::{DbError, OrgTx, Reason};
use crate::event::{Event, difference};
use crate::http::list::{Listed, Page};
use crate::http::read::Faults;
use crate::problem::Fault;
use crate::session;
use ids::token::{Token, TokenKind};
use ids::{GrantId, MemberId, ServerId};
use serde_json::{Map, Value, json};
use std::collections::BTreeSet;
use time::Duration;
use uuid::Uuid;

#[derive(Debug, thiserror::Error)]
pub enum GrantError {
    #[error("the request has faults")]
    Invalid(Vec<Fault>),
    #[error("there is no such grant")]
    NoSuchGrant,
    #[error("it has changed since you read it; read it again and send the newer etag")]
    Stale,
    #[error("the grant is revoked, and that is final; mint another")]
    Revoked,
    #[error("an organisation has at most {MOST} grants; revoke one that is not used")]
    TooMany,
    #[error(transparent)]
    Forbidden(#[from] Forbidden),
    #[error(transparent)]
    Db(#[from] DbError),
}

pub async fn mint(app: &App, caller: &Caller, new: NewGrant) -> Result<Minted, GrantError> {
    let now = app.now();
    let allowed = caller.allow_proven(Action::WriteGrants, now.time())?;
    let mut faults = Faults::default();
    faults.name("/name", &new.name);
    check::labels(&mut faults, &new.labels);
    check::expiry(&mut faults, new.expires_at, now.time());
    let user = person(app, caller, new.user.as_deref(), &mut faults).await?;
    let mut tx = app.db().write(allowed, now).await?;
    let attached = attach::resolve(&mut tx, &new.servers, &mut faults).await?;
    faults.into_result().map_err(GrantError::Invalid)?;
    if store::count(&mut tx).await? >= MOST {
        return Err(GrantError::TooMany);
    }
    let token = Token::new(TokenKind::Grant, app.random().bytes());
    let row = store::Row {
        id: tx.now().id(GrantId::new),
        name: &new.name,
        labels: &new.labels,
        user: user.as_deref(),
        expires_at: new.expires_at,
        digest: app.keys().pepper.digest(token.expose()),
        hint: token.hint(),
        made_by: caller.member(),
    };
    let id = row.id;
    store::insert(&mut tx, row).await?;
    store::attach(&mut tx, id, &attached).await?;
    let grant = by_id(&mut tx, id).await?;
    tx.commit(Event::GrantMinted {
        grant: id,
        name: new.name,
        servers: told(&attached),
    })
    .await?;
    Ok(Minted { grant, token })
}

pub async fn list(
    app: &App,
    caller: &Caller,
    page: Page<GrantId>,
) -> Result<Listed<Grant>, Refused> {
    find(app, caller, page, Sought::default()).await
}

/// Those that are looked for, newest first.
pub async fn find(
    app: &App,
    caller: &Caller,
    page: Page<GrantId>,
    sought: Sought<'_>,
) -> Result<Listed<Grant>, Refused> {
    let mut tx = app.db().read(caller.allow(Action::Read)?).await?;
    let grants = store::list(&mut tx, &page, sought, app.now().time()).await?;
    Ok(page.listed(grants, |grant| grant.id.to_string()))
}

/// The policies that judge the calls of a server.
pub async fn judges(app: &App, caller: &Caller, server: ServerId) -> Result<Vec<Judge>, Refused> {
    let mut tx = app.db().read(caller.allow(Action::Read)?).await?;
    Ok(store::judges(&mut tx, server).await?)
}

/// Servers to mint a grant for; the second says whether there are more.
pub async fn choices(
    app: &App,
    caller: &Caller,
    chosen: &[String],
    query: &str,
) -> Result<(Vec<Choice>, bool), Refused> {
    let mut tx = app.db().read(caller.allow(Action::WriteGrants)?).await?;
    let most = i64::try_from(attach::MOST).unwrap_or(i64::MAX);
    let mut choices = store::choices(&mut tx, chosen, query, most + 1).await?;
    let is_more = choices.len() > attach::MOST;
    choices.truncate(attach::MOST);
    Ok((choices, is_more))
}

pub async fn show(app: &App, caller: &Caller, id: GrantId) -> Result<Grant, GrantError> {
    let mut tx = app.db().read(caller.allow(Action::Read)?).await?;
    let org = tx.org();
    store::by_id(tx.sql(), org, id, app.now().time())
        .await?
        .ok_or(GrantError::NoSuchGrant)
}

/// Who may write policies but no grants may say which policy counts on the servers that the grant reaches already.
pub async fn change(
    app: &App,
    caller: &Caller,
    id: GrantId,
    seen: Option<Uuid>,
    change: GrantChange,
) -> Result<Grant, GrantError> {
    let whole = caller.allow(Action::WriteGrants);
    let may_only_attach = whole.as_ref().err().copied();
    let allowed = match whole {
        Err(_) if change.only_attaches() => caller.allow(Action::WritePolicies)?,
        whole => whole?,
    };
    let now = app.now();
    let mut faults = Faults::default();
    if let Some(name) = &change.name {
        faults.name("/name", name);
    }
    if let Some(labels) = &change.labels {
        check::labels(&mut faults, labels);
    }
    check::expiry(&mut faults, change.expires_at.flatten(), now.time());
    let user = match &change.user {
        Some(named) => Some(person(app, caller, named.as_deref(), &mut faults).await?),
        None => None,
    };
    let mut tx = app.db().write(allowed, now).await?;
    let before = lock(&mut tx, id, seen).await?;
    if before.is_revoked {
        return Err(GrantError::Revoked);
    }
    let attached_before = by_id(&mut tx, id).await?.servers;
    let attached = match &change.servers {
        Some(wanted) => Some(attach::resolve(&mut tx, wanted, &mut faults).await?),
        None => None,
    };
    faults.into_result().map_err(GrantError::Invalid)?;
    if let (Some(forbidden), Some(attached)) = (may_only_attach, &attached) {
        let old: BTreeSet<_> = attached_before.iter().map(|it| it.server_id).collect();
        let new: BTreeSet<_> = attached.iter().map(|it| it.server).collect();
        if old != new {
            return Err(forbidden.into());
        }
    }
    let after = Locked {
        name: change.name.unwrap_or_else(|| before.name.clone()),
        labels: change.labels.unwrap_or_else(|| before.labels.clone()),
        user: user.unwrap_or_else(|| before.user.clone()),
        expires_at: change.expires_at.unwrap_or(before.expires_at),
        ..before.clone()
    };
    store::change(&mut tx, &after).await?;
    if let Some(attached) = &attached {
        store::attach(&mut tx, id, attached).await?;
    }
    let grant = by_id(&mut tx, id).await?;
    let (mut old, mut new) = (said(&before), said(&after));
    old.insert("servers".to_owned(), json!(attached_before));
    new.insert("servers".to_owned(), json!(grant.servers));
    let (before, after) = difference(old, new);
    tx.commit(Event::GrantChanged {
        grant: id,
        before,
        after,
    })
    .await?;
    Ok(grant)
}

/// A new token; the one so far stays good for the overlap, at most.
pub async fn rotate(
    app: &App,
    caller: &Caller,
    id: GrantId,
    seen: Option<Uuid>,
    rotation: Rotation,
) -> Result<Minted, GrantError> {
    let now = app.now();
    let allowed = caller.allow_proven(Action::WriteGrants, now.time())?;
    let kept = match &rotation.overlap {
        None => Duration::ZERO,
        Some(text) => overlap(text).ok_or_else(|| {
            let detail =
                "expected a whole number and `s`, `m`, `h` or `d`, at most `7d`".to_owned();
            GrantError::Invalid(vec![Fault {
                pointer: "/overlap".to_owned(),
                detail,
            }])
        })?,
    };
    let mut tx = app.db().write(allowed, now).await?;
    let grant = lock(&mut tx, id, seen).await?;
    if grant.is_revoked {
        return Err(GrantError::Revoked);
    }
    let token = Token::new(TokenKind::Grant, app.random().bytes());
    let digest = app.keys().pepper.digest(token.expose());
    let old_until = kept.is_positive().then(|| tx.now().time() + kept);
    store::rotate(&mut tx, id, &digest, token.hint(), old_until).await?;
    let grant = by_id(&mut tx, id).await?;
    tx.commit(Event::GrantRotated {
        grant: id,
        overlap_s: kept.whole_seconds().unsigned_abs(),
    })
    .await?;
    Ok(Minted { grant, token })
}

/// For ever. Said again, it is as it was.
pub async fn revoke(
    app: &App,
    caller: &Caller,
    id: GrantId,
    seen: Option<Uuid>,
) -> Result<Grant, GrantError> {
    let mut tx = app
        .db()
        .write(caller.allow(Action::WriteGrants)?, app.now())
        .await?;
    let before = lock(&mut tx, id, seen).await?;
    if before.is_revoked {
        return by_id(&mut tx, id).await;
    }
    store::revoke(&mut tx, id).await?;
    let grant = by_id(&mut tx, id).await?;
    tx.commit(Event::GrantRevoked {
        grant: id,
        name: before.name,
    })
    .await?;
    Ok(grant)
}

async fn lock(tx: &mut OrgTx, id: GrantId, seen: Option<Uuid>) -> Result<Locked, GrantError> {
    let grant = store::lock(tx, id).await?.ok_or(GrantError::NoSuchGrant)?;
    if seen.is_some_and(|seen| seen != grant.etag) {
        return Err(GrantError::Stale);
    }
    Ok(grant)
}

async fn by_id(tx: &mut OrgTx, id: GrantId) -> Result<Grant, GrantError> {
    let (org, now) = (tx.org(), tx.now().time());
    store::by_id(tx.sql(), org, id, now)
        .await?
        .ok_or(GrantError::NoSuchGrant)
}

/// The e-mail address of who is named: by their membership, or by the address itself.
async fn person(
    app: &App,
    caller: &Caller,
    named: Option<&str>,
    faults: &mut Faults,
) -> Result<Option<String>, GrantError> {
    let Some(named) = named else { return Ok(None) };
    let Ok(member) = named.parse::<MemberId>() else {
        let address = named.trim().to_lowercase();
        if session::act::is_address(&address) {
            return Ok(Some(address));
        }
        faults.add("/user", "expected a member's id or an e-mail address");
        return Ok(None);
    };
    let mut tx = app.db().system(Reason::NameMember).await?;
    let address = store::address(&mut tx, caller.org(), member).await?;
    if address.is_none() {
        faults.add(
            "/user",
            format!("this organisation has no member `{named}`"),
        );
    }
    Ok(address)
}

fn said(grant: &Locked) -> Map<String, Value> {
    let expires_at = grant.expires_at.map(|end| {
        end.format(&time::format_description::well_known::Rfc3339)
            .ok()
    });
    let said = [
        ("name", json!(grant.name)),
        ("labels", json!(grant.labels)),
        ("user", json!(grant.user)),
        ("expires_at", json!(expires_at)),
    ];
    said.into_iter()
        .map(|(key, value)| (key.to_owned(), value))
        .collect()
}

fn told(attached: &[Attached]) -> Value {
    let each = attached.iter().map(|it| {
        let (policy, version) = it.policy.map_or((None, None), |(policy, pin): (_, Pin)| {
            (Some(policy), Some(pin))
        });
        json!({ "server_id": it.server, "policy_id": policy, "version": version })
    });
    each.collect()
}

impl From<Refused> for GrantError {
    fn from(refused: Refused) -> Self {
        match refused {
            Refused::Forbidden(forbidden) => Self::Forbidden(forbidden),
            Refused::Db(error) => Self::Db(error),
        }
    }
}
