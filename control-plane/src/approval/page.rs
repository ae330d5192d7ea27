//! Approvals, by page: what waits, one of them with everything that a person decides by, and the forms that decide.
//! A GET decides nothing.

mod arguments;
mod words;

use super::before::{self, Before};
use super::{Approval, Approve, Lasts, MOST_USES, Said, State, act};
use crate::access::Action;
use crate::app::App;
use crate::call::{self, Call, CallFilter};
use crate::grant::{self, Grant};
use crate::http::list::{ListQuery, Page};
use crate::http::read::{Path, Query};
use crate::page::{Form, Frame, Trouble, Visit, answer, choice, ok, older, reveal, show, then};
use crate::policy::page::place;
use crate::problem::{Kind, Problem};
use crate::server::tool::{Severity, Tool};
use crate::server::{self, Server};
use arguments::Arguments;
use askama::Template;
use axum::extract::State as Held;
use axum::http::StatusCode;
use axum::response::Response;
use ids::{ApprovalId, CallId, ServerId};
use policy::Category;
use serde::Deserialize;
use std::collections::BTreeMap;
use time::OffsetDateTime;

/// So many of the grant's last calls are shown.
const LATELY: u16 = 10;
/// The places of the commands that the forms have a field for.
const FIELDS: &[&str] = &["/note", "/uses", "/for"];

#[derive(Debug, Template)]
#[template(path = "approval/list.html")]
struct List {
    frame: Frame,
    /// Which state is asked for; empty: all, the waiting ones first.
    state: String,
    parts: Vec<Part>,
    servers: BTreeMap<ServerId, String>,
    now: OffsetDateTime,
}

/// A table of the list.
#[derive(Debug)]
struct Part {
    id: &'static str,
    title: &'static str,
    approvals: Vec<Approval>,
    /// Where the older ones are.
    more: Option<String>,
}

#[derive(Debug, Template)]
#[template(path = "approval/show.html")]
struct Show {
    frame: Frame,
    approval: Approval,
    arguments: Option<Arguments>,
    grant: Option<Grant>,
    server: Option<Server>,
    tool: Option<Tool>,
    /// The rule's place in its policy version.
    line: Option<u32>,
    lately: Vec<Call>,
    before: Vec<Before>,
    trouble: Trouble,
    filled: Filled,
    may_decide: bool,
    may_withdraw: bool,
    has_agreed: bool,
    now: OffsetDateTime,
}

#[derive(Debug, Default, Deserialize)]
pub struct Asked {
    #[serde(default)]
    state: String,
    #[serde(default)]
    cursor: String,
}

/// A form as it was sent.
#[derive(Debug, Default, Deserialize)]
pub struct Filled {
    #[serde(default)]
    note: String,
    /// Empty and absent are the same: this very call, once, for as long as the rule says.
    #[serde(default)]
    uses: String,
    #[serde(default)]
    minutes: String,
    #[serde(default)]
    vary: Vec<String>,
}

impl Filled {
    /// Whether it is about more than this very call.
    fn is_wide(&self) -> bool {
        !(self.uses.is_empty() && self.minutes.is_empty() && self.vary.is_empty())
    }

    fn approve(&self) -> Result<Approve, Problem> {
        let number = |text: &str, pointer: &'static str, expected: String| match text.trim() {
            "" => Ok(None),
            text => text
                .parse::<u32>()
                .map(Some)
                .map_err(|_| Problem::invalid(pointer, expected)),
        };
        let uses = number(&self.uses, "/uses", format!("expected 1 to {MOST_USES}"))?;
        let minutes = "expected a whole number of minutes".to_owned();
        let minutes = number(&self.minutes, "/for", minutes)?;
        Ok(Approve {
            note: self.note.trim().to_owned(),
            uses,
            lasts: minutes.map(Lasts::Minutes),
            vary: self.vary.clone(),
        })
    }

    fn said(&self) -> Said {
        Said {
            note: self.note.trim().to_owned(),
        }
    }
}

impl List {
    fn server(&self, approval: &Approval) -> String {
        let name = self.servers.get(&approval.server);
        name.cloned().unwrap_or_else(|| approval.server.to_string())
    }

    fn left(&self, approval: &Approval) -> Option<String> {
        words::left(approval, self.now)
    }

    fn is_empty(&self) -> bool {
        self.parts.iter().all(|part| part.approvals.is_empty())
    }
}

impl Show {
    fn left(&self) -> Option<String> {
        words::left(&self.approval, self.now)
    }

    fn severity(&self) -> Severity {
        severity(&self.approval.category)
    }

    fn is_destructive(&self) -> bool {
        self.approval.category == Category::Destructive.word()
    }

    /// Whether the tool is still what it was when the call asked.
    fn has_changed(&self) -> bool {
        let tool = self.tool.as_ref();
        tool.is_some_and(|tool| tool.digest != self.approval.definition)
    }

    fn agreed(&self) -> usize {
        let decisions = self.approval.decisions.iter();
        decisions.filter(|it| it.decision == "approve").count()
    }

    fn is_open(&self, pointer: &str) -> bool {
        self.filled.vary.iter().any(|it| it == pointer)
    }
}

pub async fn list(
    Held(app): Held<App>,
    visit: Visit,
    Query(asked): Query<Asked>,
) -> Result<Response, Problem> {
    let state = match asked.state.as_str() {
        "" => None,
        word => Some(State::of(word).ok_or_else(|| {
            let words = State::ALL.map(State::word).join(", ");
            Problem::new(Kind::BadRequest, format!("`state` is one of {words}"))
        })?),
    };
    let page = ListQuery {
        limit: None,
        cursor: (!asked.cursor.is_empty()).then(|| asked.cursor.clone()),
    };
    let page: Page<ApprovalId> = page.page()?;
    let mut parts = Vec::new();
    if state.is_none() && asked.cursor.is_empty() {
        let waiting = State::Waiting;
        parts.push(part(&app, &visit, ("waiting", "Waiting"), Some(waiting), page).await?);
        let mut rest = part(&app, &visit, ("others", "Earlier"), None, page).await?;
        rest.approvals.retain(|it| it.state != State::Waiting);
        parts.push(rest);
    } else {
        parts.push(part(&app, &visit, ("found", "Found"), state, page).await?);
    }
    let servers = server::act::list(&app, &visit.caller, choice()?).await?;
    Ok(ok(&List {
        frame: visit.frame(&app, "approvals", "Approvals"),
        state: asked.state,
        parts,
        servers: servers
            .items
            .into_iter()
            .map(|it| (it.id, it.name))
            .collect(),
        now: app.now().time(),
    }))
}

async fn part(
    app: &App,
    visit: &Visit,
    (id, title): (&'static str, &'static str),
    state: Option<State>,
    page: Page<ApprovalId>,
) -> Result<Part, Problem> {
    let listed = act::list(app, &visit.caller, state, page).await?;
    let word = state.map_or("", State::word);
    let more = listed.next_cursor;
    Ok(Part {
        id,
        title,
        approvals: listed.items,
        more: more.map(|cursor| older(&cursor, &[("state", word)])),
    })
}

pub async fn one(
    Held(app): Held<App>,
    visit: Visit,
    Path((_, id)): Path<(String, ApprovalId)>,
) -> Result<Response, Problem> {
    let page = page(&app, &visit, id, Trouble::default(), Filled::default()).await?;
    Ok(ok(&page))
}

pub async fn approve(
    Held(app): Held<App>,
    visit: Visit,
    Path((_, id)): Path<(String, ApprovalId)>,
    Form(filled): Form<Filled>,
) -> Result<Response, Problem> {
    let approved = match filled.approve() {
        Ok(said) => act::approve(&app, &visit.caller, id, said)
            .await
            .map_err(Problem::from),
        Err(problem) => Err(problem),
    };
    match approved {
        Ok(approval) if approval.state == State::Waiting => Ok(done(&visit, id, "agreed")),
        Ok(_) => Ok(done(&visit, id, "approved")),
        Err(problem) => again(&app, &visit, id, problem, filled).await,
    }
}

pub async fn refuse(
    Held(app): Held<App>,
    visit: Visit,
    Path((_, id)): Path<(String, ApprovalId)>,
    Form(filled): Form<Filled>,
) -> Result<Response, Problem> {
    match act::refuse(&app, &visit.caller, id, filled.said()).await {
        Ok(_) => Ok(done(&visit, id, "refused")),
        Err(error) => again(&app, &visit, id, error.into(), filled).await,
    }
}

pub async fn withdraw(
    Held(app): Held<App>,
    visit: Visit,
    Path((_, id)): Path<(String, ApprovalId)>,
    Form(filled): Form<Filled>,
) -> Result<Response, Problem> {
    match act::withdraw(&app, &visit.caller, id, filled.said()).await {
        Ok(_) => Ok(done(&visit, id, "withdrawn")),
        Err(error) => again(&app, &visit, id, error.into(), filled).await,
    }
}

fn done(visit: &Visit, id: ApprovalId, word: &str) -> Response {
    then(&visit.path(&format!("/approvals/{id}?done={word}")))
}

/// What was typed once more, with what is wrong; or how it stands meanwhile, where somebody was faster.
async fn again(
    app: &App,
    visit: &Visit,
    id: ApprovalId,
    problem: Problem,
    filled: Filled,
) -> Result<Response, Problem> {
    let problem = match problem.kind {
        Kind::Conflict => Problem {
            detail: format!("Nothing was changed: {}.", problem.detail),
            ..problem
        },
        _ => problem,
    };
    let (status, trouble): (StatusCode, Trouble) = Trouble::of(problem)?;
    let page = page(app, visit, id, trouble, filled).await?;
    Ok(answer(status, &page))
}

async fn page(
    app: &App,
    visit: &Visit,
    id: ApprovalId,
    trouble: Trouble,
    filled: Filled,
) -> Result<Show, Problem> {
    let (caller, now) = (&visit.caller, app.now().time());
    let approval = act::show(app, caller, id).await?;
    let server = server::act::show(app, caller, &approval.server.to_string()).await;
    let mut server = there(server.map_err(Problem::from))?;
    let tools = server.as_mut().and_then(|server| server.tools.take());
    let mut tools = tools.unwrap_or_default().into_iter();
    let grant = grant::act::show(app, caller, approval.grant).await;
    let lately = CallFilter {
        grant: Some(approval.grant),
        ..CallFilter::default()
    };
    let few = ListQuery {
        limit: Some(LATELY),
        cursor: None,
    };
    let lately = call::act::list(app, caller, &lately, few.page::<CallId>()?).await?;
    let version = (approval.policy, approval.version);
    let actor = &caller.actor().id;
    let mut decisions = approval.decisions.iter();
    let has_agreed = decisions.any(|it| it.decision == "approve" && it.actor == *actor);
    let role = caller.role();
    let is_running = matches!(approval.state, State::Waiting | State::Approved);
    Ok(Show {
        frame: visit.frame(app, "approvals", approval.tool.clone()),
        arguments: approval
            .arguments
            .as_ref()
            .and_then(|text| Arguments::read(text.get())),
        grant: there(grant.map_err(Problem::from))?,
        server,
        tool: tools.find(|tool| tool.name == approval.tool),
        line: place::line_of(app, visit, version, &approval.rule).await?,
        lately: lately.items,
        before: if role.may(Action::ReadApprovals) {
            before::show(app, caller, id).await?
        } else {
            Vec::new()
        },
        trouble,
        filled,
        may_decide: role.may(Action::DecideApprovals)
            && approval.state == State::Waiting
            && !approval.is_own
            && !has_agreed,
        may_withdraw: is_running && (approval.is_own || role.may(Action::WriteGrants)),
        has_agreed,
        approval,
        now,
    })
}

/// None where it is gone since.
fn there<T>(found: Result<T, Problem>) -> Result<Option<T>, Problem> {
    match found {
        Ok(found) => Ok(Some(found)),
        Err(problem) if problem.kind == Kind::NotFound => Ok(None),
        Err(problem) => Err(problem),
    }
}

/// That of a category's stored word.
fn severity(word: &str) -> Severity {
    let mut all = Category::ALL.iter().copied();
    let category = all.find(|category| category.word() == word);
    Severity::of(category.unwrap_or(Category::Unknown))
}
