//! What can be done with versions: publish the draft, publish an old one again, look, compare.

use super::{LONGEST_NOTE, Publication, Published, Rollback, Version, store};
use crate::access::Action;
use crate::app::App;
use crate::caller::Caller;
use crate::event::Event;
use crate::http::list::{Listed, Page};
use crate::http::read::Faults;
use crate::policy::act::PolicyError;
use crate::policy::diff::{Diff, diff};
use crate::policy::{compile, is_current, known, store as policies};
use serde_json::value::RawValue;
use uuid::Uuid;

pub async fn publish(
    app: &App,
    caller: &Caller,
    named: &str,
    seen: Option<Uuid>,
    publication: Publication,
) -> Result<Published, PolicyError> {
    let allowed = caller.allow(Action::WritePolicies)?;
    check_note(&publication.note)?;
    let mut tx = app.db().write(allowed, app.now()).await?;
    let policy = policies::lock(&mut tx, named)
        .await?
        .ok_or(PolicyError::NoSuchPolicy)?;
    for seen in [seen, publication.etag] {
        if !is_current(seen, policy.draft_etag, policy.etag) {
            return Err(PolicyError::Stale);
        }
    }
    let digest = compile::digest(policy.draft.clone())
        .await
        .map_err(PolicyError::Faulty)?;
    let version =
        store::freeze(&mut tx, &policy, &policy.draft, &digest, &publication.note).await?;
    let event = Event::PolicyPublished {
        policy: policy.id,
        version: version.number,
        digest: version.digest.clone(),
        note: publication.note,
    };
    let (org, now) = (tx.org(), tx.now().time());
    let known = known::of_policy(tx.sql(), org, policy.id, now).await?;
    tx.commit(event).await?;
    Ok(Published {
        version,
        findings: compile::check(policy.draft, known).await,
    })
}

/// The draft stays as it is.
pub async fn roll_back(
    app: &App,
    caller: &Caller,
    named: &str,
    seen: Option<Uuid>,
    rollback: Rollback,
) -> Result<Published, PolicyError> {
    let allowed = caller.allow(Action::WritePolicies)?;
    check_note(&rollback.note)?;
    let mut tx = app.db().write(allowed, app.now()).await?;
    let org = tx.org();
    let policy = policies::lock(&mut tx, named)
        .await?
        .ok_or(PolicyError::NoSuchPolicy)?;
    if !is_current(seen, policy.draft_etag, policy.etag) {
        return Err(PolicyError::Stale);
    }
    let mut faults = Faults::default();
    let Some(old) = store::one(tx.sql(), org, policy.id, rollback.version).await? else {
        faults.add(
            "/version",
            format!("the policy has no version `{}`", rollback.version),
        );
        return Err(PolicyError::Invalid(
            faults.into_result().err().unwrap_or_default(),
        ));
    };
    let text = old.document.as_deref().map_or("", RawValue::get).to_owned();
    // What compiled once may not do so today: a newer release can refuse what an older one took.
    let digest = compile::digest(text.clone())
        .await
        .map_err(PolicyError::Faulty)?;
    let version = store::freeze(&mut tx, &policy, &text, &digest, &rollback.note).await?;
    let event = Event::PolicyRolledBack {
        policy: policy.id,
        version: version.number,
        to: rollback.version,
        note: rollback.note,
    };
    let now = tx.now().time();
    let known = known::of_policy(tx.sql(), org, policy.id, now).await?;
    tx.commit(event).await?;
    Ok(Published {
        version,
        findings: compile::check(text, known).await,
    })
}

pub async fn list(
    app: &App,
    caller: &Caller,
    named: &str,
    page: Page<u32>,
) -> Result<Listed<Version>, PolicyError> {
    let mut tx = app.db().read(caller.allow(Action::Read)?).await?;
    let org = tx.org();
    let policy = policies::by_name(tx.sql(), org, named)
        .await?
        .ok_or(PolicyError::NoSuchPolicy)?;
    let versions = store::list(tx.sql(), org, policy.id, &page).await?;
    Ok(page.listed(versions, |version| version.number.to_string()))
}

pub async fn show(
    app: &App,
    caller: &Caller,
    named: &str,
    number: u32,
) -> Result<Version, PolicyError> {
    let mut tx = app.db().read(caller.allow(Action::Read)?).await?;
    let org = tx.org();
    let policy = policies::by_name(tx.sql(), org, named)
        .await?
        .ok_or(PolicyError::NoSuchPolicy)?;
    store::one(tx.sql(), org, policy.id, number)
        .await?
        .ok_or(PolicyError::NoSuchPolicy)
}

/// What changed from version `from` to version `to`, whichever is the older.
pub async fn compare(
    app: &App,
    caller: &Caller,
    named: &str,
    from: u32,
    to: u32,
) -> Result<Diff, PolicyError> {
    let before = show(app, caller, named, from).await?;
    let after = show(app, caller, named, to).await?;
    let text = |version: Version| {
        version
            .document
            .map(|document| document.get().to_owned())
            .unwrap_or_default()
    };
    let (before, after) = (text(before), text(after));
    Ok(compile::aside(move || diff(&before, &after)).await)
}

fn check_note(note: &str) -> Result<(), PolicyError> {
    let mut faults = Faults::default();
    if note.chars().count() > LONGEST_NOTE
        || note.chars().any(|char| char.is_control() && char != '\n')
    {
        faults.add(
            "/note",
            format!(
                "expected at most {LONGEST_NOTE} characters, none a control character but new lines"
            ),
        );
    }
    faults.into_result().map_err(PolicyError::Invalid)
}
