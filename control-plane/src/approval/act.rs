//! What people do with approvals: look, approve, refuse, take back.

use super::store::{self, Kept, Word};
use super::{
    Approval, Approve, CannotDecide, LONGEST_LISTED, MOST_USES, MOST_VARY, Person, Said, Standing,
    State, Terms, open,
};
use crate::access::Action;
use crate::app::App;
use crate::caller::{Caller, Forbidden, Refused};
use crate::db::{DbError, OrgTx, Reason};
use crate::event::Event;
use crate::http::list::{Listed, Page};
use crate::http::read::Faults;
use crate::problem::Fault;
use bundle::approval::{Ask, Pointer};
use bundle::record::PolicyVersion;
use ids::{ApprovalId, OrgId};
use policy::Category;
use serde_json::value::RawValue;
use std::collections::BTreeSet;

const LONGEST_NOTE: usize = 1_000;

#[derive(Debug, thiserror::Error)]
pub enum ApprovalError {
    #[error("the request has faults")]
    Invalid(Vec<Fault>),
    #[error("there is no such approval")]
    NoSuchApproval,
    #[error("nobody decides what their own grant asks; somebody else must")]
    OnesOwn,
    #[error(transparent)]
    CannotDecide(#[from] CannotDecide),
    #[error(transparent)]
    Forbidden(#[from] Forbidden),
    #[error(transparent)]
    Db(DbError),
}

pub async fn list(
    app: &App,
    caller: &Caller,
    state: Option<State>,
    page: Page<ApprovalId>,
) -> Result<Listed<Approval>, Refused> {
    let allowed = caller.allow(Action::ReadApprovals)?;
    let person = person(app, caller).await?;
    let mut tx = app.db().read(allowed).await?;
    let org = tx.org();
    let kept = store::list(&mut tx, state, &page, app.now().time()).await?;
    drop(tx);
    let each = kept.into_iter().map(|kept| {
        let mut shown = shown(app, org, kept, person.as_ref(), caller)?;
        let is_long = |text: &RawValue| text.get().len() > LONGEST_LISTED;
        if shown.arguments.as_deref().is_some_and(is_long) {
            shown.arguments = None;
        }
        Ok(shown)
    });
    let shown = each.collect::<Result<Vec<_>, DbError>>()?;
    Ok(page.listed(shown, |approval| approval.id.to_string()))
}

/// For those who may look at approvals, and for whoever's own grant asks, whatever they may besides.
pub async fn show(app: &App, caller: &Caller, id: ApprovalId) -> Result<Approval, ApprovalError> {
    let (allowed, looks_at_all) = match caller.allow(Action::ReadApprovals) {
        Ok(allowed) => (allowed, Ok(())),
        Err(forbidden) => (caller.allow(Action::Read)?, Err(forbidden)),
    };
    let person = person(app, caller).await?;
    let mut tx = app.db().read(allowed).await?;
    let org = tx.org();
    let kept = store::by_id(tx.sql(), org, id, app.now().time()).await?;
    let Some(kept) = kept else {
        looks_at_all?;
        return Err(ApprovalError::NoSuchApproval);
    };
    let member = caller.member().to_string();
    if !person
        .as_ref()
        .is_some_and(|person| kept.whose.is(person, &member))
    {
        looks_at_all?;
    }
    Ok(shown(app, org, kept, person.as_ref(), caller)?)
}

/// How many wait, for whoever may decide them.
pub async fn waiting(app: &App, caller: &Caller) -> Result<i64, Refused> {
    let mut tx = app.db().read(caller.allow(Action::ReadApprovals)?).await?;
    Ok(store::count_waiting(&mut tx, app.now().time()).await?)
}

/// One more person agrees. When they are enough, calls may spend it.
pub async fn approve(
    app: &App,
    caller: &Caller,
    id: ApprovalId,
    said: Approve,
) -> Result<Approval, ApprovalError> {
    let now = app.now();
    let allowed = caller.allow_proven(Action::DecideApprovals, now.time())?;
    let person = person(app, caller).await?;
    let person = person.ok_or(ApprovalError::NoSuchApproval)?;
    let mut tx = app.db().write(allowed, now).await?;
    let (kept, standing) = lock(&mut tx, id).await?;
    if kept.whose.is(&person, &caller.member().to_string()) {
        return Err(ApprovalError::OnesOwn);
    }
    let arguments = open::open(app, tx.org(), id, &kept.sealed)?;
    let terms = terms(&said, &kept, &arguments)?;
    let standing = standing.agree(
        person.user,
        terms.clone(),
        kept.approval.approvers,
        tx.now().time(),
    )?;
    let word = Word {
        decision: "approve",
        person: &person,
        member: caller.member(),
        note: &said.note,
        terms: Some(&terms),
    };
    store::say(&mut tx, id, word).await?;
    if let Standing::Approved { terms, until, .. } = &standing {
        let vary: Vec<Pointer> = terms.vary.iter().cloned().collect();
        let digest = bound(tx.org(), &kept, arguments).digest(&vary);
        let digest = digest.map_err(|error| DbError::Stored(error.to_string()))?;
        let ends = (Some(digest), Some(*until));
        store::decide(&mut tx, id, &standing, &said.note, ends).await?;
    }
    let event = Event::ApprovalApproved {
        approval: id,
        tool: kept.approval.tool,
        note: said.note,
        uses: terms.uses,
        lasts_s: terms.lasts.whole_seconds().unsigned_abs(),
        vary: terms.vary.iter().map(|it| it.as_str().to_owned()).collect(),
        is_enough: standing.state() == State::Approved,
    };
    finish(app, caller, tx, id, event).await
}

/// No, and the agent is told why. One no is enough.
pub async fn refuse(
    app: &App,
    caller: &Caller,
    id: ApprovalId,
    said: Said,
) -> Result<Approval, ApprovalError> {
    let now = app.now();
    let allowed = caller.allow(Action::DecideApprovals)?;
    let person = person(app, caller).await?;
    let person = person.ok_or(ApprovalError::NoSuchApproval)?;
    let mut faults = Faults::default();
    note(&mut faults, &said.note);
    faults.into_result().map_err(ApprovalError::Invalid)?;
    let mut tx = app.db().write(allowed, now).await?;
    let (kept, standing) = lock(&mut tx, id).await?;
    if kept.whose.is(&person, &caller.member().to_string()) {
        return Err(ApprovalError::OnesOwn);
    }
    let standing = standing.refuse(tx.now().time())?;
    let word = Word {
        decision: "refuse",
        person: &person,
        member: caller.member(),
        note: &said.note,
        terms: None,
    };
    store::say(&mut tx, id, word).await?;
    // It stands for as long as a request would have waited.
    let until = tx.now().time() + kept.timeout;
    store::decide(&mut tx, id, &standing, &said.note, (None, Some(until))).await?;
    let event = Event::ApprovalRefused {
        approval: id,
        tool: kept.approval.tool,
        note: said.note,
    };
    finish(app, caller, tx, id, event).await
}

/// Takes a request back, or what is left of an approval: whose grant asks, and who may write grants.
pub async fn withdraw(
    app: &App,
    caller: &Caller,
    id: ApprovalId,
    said: Said,
) -> Result<Approval, ApprovalError> {
    let now = app.now();
    let allowed = caller.allow(Action::Read)?;
    let person = person(app, caller).await?;
    let person = person.ok_or(ApprovalError::NoSuchApproval)?;
    let mut faults = Faults::default();
    note(&mut faults, &said.note);
    faults.into_result().map_err(ApprovalError::Invalid)?;
    let mut tx = app.db().write(allowed, now).await?;
    let found = lock(&mut tx, id).await;
    let is_own =
        matches!(&found, Ok((kept, _)) if kept.whose.is(&person, &caller.member().to_string()));
    if !is_own {
        caller.allow(Action::WriteGrants)?;
    }
    let (kept, standing) = found?;
    let standing = standing.withdraw(tx.now().time())?;
    let word = Word {
        decision: "withdraw",
        person: &person,
        member: caller.member(),
        note: &said.note,
        terms: None,
    };
    store::say(&mut tx, id, word).await?;
    store::decide(&mut tx, id, &standing, &said.note, (None, None)).await?;
    let event = Event::ApprovalWithdrawn {
        approval: id,
        tool: kept.approval.tool,
        note: said.note,
    };
    finish(app, caller, tx, id, event).await
}

/// Says it, and shows what has become of it.
async fn finish(
    app: &App,
    caller: &Caller,
    mut tx: OrgTx,
    id: ApprovalId,
    event: Event,
) -> Result<Approval, ApprovalError> {
    let (org, now) = (tx.org(), tx.now().time());
    let kept = store::by_id(tx.sql(), org, id, now).await?;
    let kept = kept.ok_or(ApprovalError::NoSuchApproval)?;
    tx.commit(event).await?;
    let person = person(app, caller).await?;
    Ok(shown(app, org, kept, person.as_ref(), caller)?)
}

/// The request, and how it stands, which nobody else changes before the end of this transaction.
async fn lock(tx: &mut OrgTx, id: ApprovalId) -> Result<(Kept, Standing), ApprovalError> {
    if !store::lock(tx, id).await? {
        return Err(ApprovalError::NoSuchApproval);
    }
    let (org, now) = (tx.org(), tx.now().time());
    let kept = store::by_id(tx.sql(), org, id, now).await?;
    let kept = kept.ok_or(ApprovalError::NoSuchApproval)?;
    let standing = store::held(tx, &kept).await?;
    Ok((kept, standing))
}

/// What is agreed to, if it can be.
fn terms(said: &Approve, kept: &Kept, arguments: &RawValue) -> Result<Terms, ApprovalError> {
    let mut faults = Faults::default();
    note(&mut faults, &said.note);
    let uses = said.uses.unwrap_or(1);
    if !(1..=MOST_USES).contains(&uses) {
        faults.add("/uses", format!("expected 1 to {MOST_USES}"));
    }
    let lasts = match &said.lasts {
        None => kept.timeout,
        Some(lasts) => lasts.duration().unwrap_or_else(|| {
            let expected = "expected minutes, or a whole number and `s`, `m`, `h` or `d`, more than nothing and at most `7d`";
            faults.add("/for", expected);
            kept.timeout
        }),
    };
    if said.vary.len() > MOST_VARY {
        faults.add("/vary", format!("expected at most {MOST_VARY}"));
    }
    let tree = bundle::approval::parse(arguments.get());
    let tree = tree.map_err(|error| DbError::Stored(error.to_string()))?;
    let mut vary = BTreeSet::new();
    for (at, text) in said.vary.iter().take(MOST_VARY).enumerate() {
        match Pointer::parse(text) {
            Err(bad) => faults.add(format!("/vary/{at}"), bad.to_string()),
            Ok(pointer) if pointer.leads_to_a_member(&tree) => {
                vary.insert(pointer);
            }
            Ok(_) => faults.add(
                format!("/vary/{at}"),
                "expected an argument that this call has, or a member of one",
            ),
        }
    }
    // What cannot be undone is looked at each time.
    let is_destructive = kept.approval.category == Category::Destructive.word();
    if is_destructive && (uses > 1 || !vary.is_empty()) {
        let pointer = if uses > 1 { "/uses" } else { "/vary" };
        faults.add(
            pointer,
            "the tool is destructive: each call is approved by itself",
        );
    }
    faults.into_result().map_err(ApprovalError::Invalid)?;
    Ok(Terms { uses, lasts, vary })
}

fn note(faults: &mut Faults, note: &str) {
    let is_line = |it: char| !it.is_control() || it == '\n' || it == '\t' || it == '\r';
    if note.chars().count() > LONGEST_NOTE || !note.chars().all(is_line) {
        let expected = format!("expected at most {LONGEST_NOTE} characters of text");
        faults.add("/note", expected);
    }
}

/// What an approval of this request is bound to, as it was asked.
fn bound(org: OrgId, kept: &Kept, arguments: Box<RawValue>) -> Ask {
    let approval = &kept.approval;
    Ask {
        org,
        grant: approval.grant,
        server: approval.server,
        tool: approval.tool.clone(),
        definition: approval.definition.clone(),
        category: Category::Unknown,
        arguments,
        policy: PolicyVersion {
            id: approval.policy,
            version: approval.version,
        },
        rule: approval.rule.clone(),
        message: None,
        approvers: approval.approvers,
        timeout_s: 0,
        call: approval.call,
        client: None,
        round: None,
    }
}

fn shown(
    app: &App,
    org: OrgId,
    kept: Kept,
    person: Option<&Person>,
    caller: &Caller,
) -> Result<Approval, DbError> {
    let mut approval = kept.approval;
    approval.arguments = Some(open::open(app, org, approval.id, &kept.sealed)?);
    let member = caller.member().to_string();
    approval.is_own = person.is_some_and(|person| kept.whose.is(person, &member));
    Ok(approval)
}

/// Who calls, or whose key does; none where the membership has ended meanwhile.
async fn person(app: &App, caller: &Caller) -> Result<Option<Person>, DbError> {
    let mut tx = app.db().system(Reason::NameMember).await?;
    store::person(&mut tx, caller.org(), caller.member()).await
}

impl From<DbError> for ApprovalError {
    fn from(error: DbError) -> Self {
        match error.constraint() {
            Some("approval_decisions_not_ones_own") => Self::OnesOwn,
            _ => Self::Db(error),
        }
    }
}
