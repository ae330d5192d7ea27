//! What can be done with policies: create one, look, change, delete, draft, check.

use super::{
    EMPTY, MOST, NewPolicy, Policy, PolicyChange, Saved, compile, is_current, known, store,
};
use crate::access::Action;
use crate::app::App;
use crate::caller::{Caller, Forbidden, Refused};
use crate::db::DbError;
use crate::event::{Event, difference};
use crate::http::list::{Listed, Page};
use crate::http::read::Faults;
use crate::problem::Fault;
use ::policy::Finding;
use ids::PolicyId;
use serde_json::value::RawValue;
use serde_json::{Map, json};
use uuid::Uuid;

#[derive(Debug, thiserror::Error)]
pub enum PolicyError {
    #[error("the request has faults")]
    Invalid(Vec<Fault>),
    #[error("the document does not compile")]
    Faulty(Vec<Finding>),
    #[error("the slug `{0}` is taken")]
    SlugTaken(String),
    #[error("an organisation has at most {MOST} policies; delete one that is not used")]
    TooMany,
    #[error("there is no such policy, version or server")]
    NoSuchPolicy,
    #[error("it has changed since you read it; read it again and send the newer etag")]
    Stale,
    #[error(
        "the grant `{0}` is attached to it; attach that to another policy, or revoke it, first"
    )]
    Attached(String),
    #[error(transparent)]
    Forbidden(#[from] Forbidden),
    #[error(transparent)]
    Db(#[from] DbError),
}

pub async fn create(app: &App, caller: &Caller, new: NewPolicy) -> Result<Policy, PolicyError> {
    let allowed = caller.allow(Action::WritePolicies)?;
    let mut faults = Faults::default();
    faults.name("/name", &new.name);
    faults.into_result().map_err(PolicyError::Invalid)?;
    let draft = new
        .document
        .as_deref()
        .map_or(EMPTY, RawValue::get)
        .to_owned();
    let findings = compile::check(draft.clone(), None).await;
    let mut tx = app.db().write(allowed, app.now()).await?;
    if store::count(&mut tx).await? >= MOST {
        return Err(PolicyError::TooMany);
    }
    let id = tx.now().id(PolicyId::new);
    store::insert(&mut tx, id, &new, &draft)
        .await
        .map_err(|error| taken(error, new.slug.as_str()))?;
    let mut policy = by_name(&mut tx, &id.to_string()).await?;
    policy.draft.findings = Some(findings);
    tx.commit(Event::PolicyCreated {
        policy: id,
        slug: new.slug.to_string(),
        name: new.name,
    })
    .await?;
    Ok(policy)
}

pub async fn list(
    app: &App,
    caller: &Caller,
    page: Page<PolicyId>,
) -> Result<Listed<Policy>, Refused> {
    let mut tx = app.db().read(caller.allow(Action::Read)?).await?;
    let policies = store::list(&mut tx, &page).await?;
    Ok(page.listed(policies, |policy| policy.id.to_string()))
}

pub async fn show(app: &App, caller: &Caller, named: &str) -> Result<Policy, PolicyError> {
    let mut tx = app.db().read(caller.allow(Action::Read)?).await?;
    let org = tx.org();
    let mut policy = store::by_name(tx.sql(), org, named)
        .await?
        .ok_or(PolicyError::NoSuchPolicy)?;
    let known = known::of_policy(tx.sql(), org, policy.id, app.now().time()).await?;
    drop(tx);
    let text = policy
        .draft
        .document
        .as_deref()
        .map_or(EMPTY, RawValue::get);
    policy.draft.findings = Some(compile::check(text.to_owned(), known).await);
    Ok(policy)
}

pub async fn change(
    app: &App,
    caller: &Caller,
    named: &str,
    seen: Option<Uuid>,
    change: PolicyChange,
) -> Result<Policy, PolicyError> {
    let allowed = caller.allow(Action::WritePolicies)?;
    let mut faults = Faults::default();
    if let Some(name) = &change.name {
        faults.name("/name", name);
    }
    faults.into_result().map_err(PolicyError::Invalid)?;
    let mut tx = app.db().write(allowed, app.now()).await?;
    let before = store::lock(&mut tx, named)
        .await?
        .ok_or(PolicyError::NoSuchPolicy)?;
    if seen.is_some_and(|seen| seen != before.etag) {
        return Err(PolicyError::Stale);
    }
    let slug = change
        .slug
        .as_ref()
        .map_or_else(String::new, ToString::to_string);
    store::change(&mut tx, &before, &change)
        .await
        .map_err(|error| taken(error, &slug))?;
    let policy = by_name(&mut tx, &before.id.to_string()).await?;
    let said = |slug: &str, name: &str| {
        Map::from_iter([
            ("slug".to_owned(), json!(slug)),
            ("name".to_owned(), json!(name)),
        ])
    };
    let (before, after) = difference(
        said(&before.slug, &before.name),
        said(policy.slug.as_str(), &policy.name),
    );
    let event = Event::PolicyChanged {
        policy: policy.id,
        before,
        after,
    };
    tx.commit(event).await?;
    Ok(policy)
}

pub async fn delete(
    app: &App,
    caller: &Caller,
    named: &str,
    seen: Option<Uuid>,
) -> Result<(), PolicyError> {
    let mut tx = app
        .db()
        .write(caller.allow(Action::WritePolicies)?, app.now())
        .await?;
    let policy = store::lock(&mut tx, named)
        .await?
        .ok_or(PolicyError::NoSuchPolicy)?;
    if seen.is_some_and(|seen| seen != policy.etag) {
        return Err(PolicyError::Stale);
    }
    if let Some(grant) = store::delete(&mut tx, policy.id).await? {
        return Err(PolicyError::Attached(grant));
    }
    tx.commit(Event::PolicyRemoved {
        policy: policy.id,
        slug: policy.slug,
    })
    .await?;
    Ok(())
}

/// Saves any JSON: a draft is allowed to be wrong, and says how.
pub async fn save_draft(
    app: &App,
    caller: &Caller,
    named: &str,
    seen: Option<Uuid>,
    document: &RawValue,
) -> Result<Saved, PolicyError> {
    let allowed = caller.allow(Action::WritePolicies)?;
    let text = document.get();
    let mut tx = app.db().write(allowed, app.now()).await?;
    let policy = store::lock(&mut tx, named)
        .await?
        .ok_or(PolicyError::NoSuchPolicy)?;
    if !is_current(seen, policy.draft_etag, policy.etag) {
        return Err(PolicyError::Stale);
    }
    let etag = store::save_draft(&mut tx, policy.id, text).await?;
    let (org, now) = (tx.org(), tx.now().time());
    let known = known::of_policy(tx.sql(), org, policy.id, now).await?;
    tx.commit(Event::PolicyDrafted {
        policy: policy.id,
        bytes: text.len(),
    })
    .await?;
    Ok(Saved {
        etag,
        findings: compile::check(text.to_owned(), known).await,
    })
}

/// Everything there is to say about a document, for the tools of a server where one is named. Saves nothing.
pub async fn check(
    app: &App,
    caller: &Caller,
    document: &RawValue,
    server: Option<&str>,
) -> Result<Vec<Finding>, PolicyError> {
    let mut tx = app.db().read(caller.allow(Action::WritePolicies)?).await?;
    let known = match server {
        Some(named) => known::of_server(&mut tx, named, app.now().time())
            .await?
            .ok_or_else(|| {
                let detail = format!("this organisation has no server `{named}`");
                PolicyError::Invalid(vec![Fault {
                    pointer: "/server".to_owned(),
                    detail,
                }])
            })?,
        None => None,
    };
    drop(tx);
    Ok(compile::check(document.get().to_owned(), known).await)
}

/// Inside a change, after which the policy is known to be there.
async fn by_name(tx: &mut crate::db::OrgTx, named: &str) -> Result<Policy, PolicyError> {
    let org = tx.org();
    store::by_name(tx.sql(), org, named)
        .await?
        .ok_or(PolicyError::NoSuchPolicy)
}

fn taken(error: DbError, slug: &str) -> PolicyError {
    match error.constraint() {
        Some("policies_org_id_slug_key") => PolicyError::SlugTaken(slug.to_owned()),
        _ => error.into(),
    }
}

impl From<Refused> for PolicyError {
    fn from(refused: Refused) -> Self {
        match refused {
            Refused::Forbidden(forbidden) => Self::Forbidden(forbidden),
            Refused::Db(error) => Self::Db(error),
        }
    }
}
