//! Policies, by page: the list, a new one, and the views of one draft (`draft` the document, `tools` and `entry` by form,
//! `settings`, `trial` a call tried on it, `changes` what it would change), with its versions.

mod changes;
mod chosen;
mod draft;
mod entry;
pub mod place;
mod settings;
mod tools;
mod trial;
mod version;

pub use changes::changes;
pub use draft::{one, save};
pub use entry::{edit_entry, entry};
pub use settings::{save_settings, settings};
pub use tools::{choose, tools};
pub use trial::{try_call, trying};
pub use version::{roll_back, version};

use super::act::{self, PolicyError};
use super::outline::Hints;
use super::version::Publication;
use super::{EMPTY, NewPolicy, Policy, edit};
use crate::access::Action;
use crate::app::App;
use crate::catalog::{self, Preset};
use crate::http::read::Query;
use crate::page::{Form, Frame, Trouble, Turn, Visit, answer, choice, ok, show, slug_of, then};
use crate::problem::Problem;
use crate::server::{self, Server, tool::Tool};
use ::policy::{Finding, Level};
use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use serde::Deserialize;
use serde_json::value::RawValue;
use std::collections::HashMap;
use uuid::Uuid;

const ALLOW: &str = "{\n  \"version\": \"1\",\n  \"default\": \"allow\",\n  \"tools\": {}\n}";
const DENY: &str = "{\n  \"version\": \"1\",\n  \"default\": \"deny\",\n  \"tools\": {}\n}";

#[derive(Debug, Template)]
#[template(path = "policy/list.html")]
struct List {
    frame: Frame,
    policies: Vec<Policy>,
    next: Option<String>,
    may_write: bool,
}

#[derive(Debug, Template)]
#[template(path = "policy/new.html")]
struct New {
    frame: Frame,
    trouble: Trouble,
    form: NewForm,
    servers: Vec<Server>,
}

#[derive(Debug, Default, Deserialize)]
pub struct NewForm {
    #[serde(default)]
    name: String,
    #[serde(default)]
    slug: String,
    /// `deny`, `allow`, or `tools`: what is recommended for those of `server`.
    #[serde(default)]
    start: String,
    #[serde(default)]
    server: String,
}

pub async fn list(
    State(app): State<App>,
    visit: Visit,
    Query(turn): Query<Turn>,
) -> Result<Response, Problem> {
    let listed = act::list(&app, &visit.caller, turn.page()?).await?;
    Ok(ok(&List {
        may_write: visit.caller.role().may(Action::WritePolicies),
        frame: visit.frame(&app, "policies", "Policies"),
        policies: listed.items,
        next: listed.next_cursor,
    }))
}

/// `?server=` offers to begin with what is recommended for that server's tools.
pub async fn new(
    State(app): State<App>,
    visit: Visit,
    Query(mut form): Query<NewForm>,
) -> Result<Response, Problem> {
    visit.caller.allow(Action::WritePolicies)?;
    if form.start.is_empty() && !form.server.is_empty() {
        "tools".clone_into(&mut form.start);
    }
    new_page(&app, &visit, form, (StatusCode::OK, Trouble::default())).await
}

pub async fn create(
    State(app): State<App>,
    visit: Visit,
    Form(form): Form<NewForm>,
) -> Result<Response, Problem> {
    let created = match form.read(&app, &visit).await {
        Ok(new) => act::create(&app, &visit.caller, new)
            .await
            .map_err(Problem::from),
        Err(problem) => Err(problem),
    };
    match created {
        Ok(policy) => {
            let view = if form.start == "tools" {
                format!("/tools?server={}&done=created", form.server)
            } else {
                "?done=created".to_owned()
            };
            Ok(then(
                &visit.path(&format!("/policies/{}{view}", policy.slug)),
            ))
        }
        Err(problem) => {
            let trouble = Trouble::of(problem)?;
            new_page(&app, &visit, form, trouble).await
        }
    }
}

async fn new_page(
    app: &App,
    visit: &Visit,
    form: NewForm,
    (status, trouble): (StatusCode, Trouble),
) -> Result<Response, Problem> {
    let page = New {
        servers: server::act::list(app, &visit.caller, choice()?)
            .await?
            .items,
        frame: visit.frame(app, "policies", "New policy"),
        trouble,
        form,
    };
    Ok(answer(status, &page))
}

impl NewForm {
    async fn read(&self, app: &App, visit: &Visit) -> Result<NewPolicy, Problem> {
        let text = match self.start.as_str() {
            "tools" => self.starter(app, visit).await?,
            "allow" => ALLOW.to_owned(),
            _ => DENY.to_owned(),
        };
        Ok(NewPolicy {
            slug: slug_of(&self.slug, &self.name)?,
            name: self.name.trim().to_owned(),
            document: RawValue::from_string(text).ok(),
        })
    }

    async fn starter(&self, app: &App, visit: &Visit) -> Result<String, Problem> {
        let said = |text: &str| Problem::invalid("/server", text);
        if self.server.is_empty() {
            return Err(said("choose the server whose tools it begins with"));
        }
        let tools = catalog::recommend::own(app, &visit.caller, &self.server, None)
            .await
            .map_err(|_| said("there is no such server"))?;
        if tools.is_empty() {
            return Err(said(
                "no tool of this server is known yet; read its tools first",
            ));
        }
        let tools = tools.iter();
        Ok(Preset::Recommended.document(tools.map(|(name, category)| (name.as_str(), *category))))
    }
}

/// What the tool's own definition claims; a claim that is no claim counts as none.
fn hints(tool: &Tool) -> Hints {
    tool.annotations
        .as_deref()
        .and_then(|raw| serde_json::from_str(raw.get()).ok())
        .unwrap_or_default()
}

/// What stands above every view of one policy.
#[derive(Debug)]
struct Head {
    policy: Policy,
    /// The draft as it is saved.
    text: String,
    findings: Vec<Finding>,
    view: &'static str,
    may_write: bool,
    /// What went wrong just now.
    problem: Option<String>,
    /// Somebody else has saved the draft since the reader opened it.
    is_stale: bool,
    note: String,
}

impl Head {
    async fn of(
        app: &App,
        visit: &Visit,
        named: &str,
        view: &'static str,
    ) -> Result<Self, Problem> {
        let mut policy = act::show(app, &visit.caller, named).await?;
        let text = policy
            .draft
            .document
            .as_deref()
            .map_or(EMPTY, RawValue::get);
        Ok(Self {
            text: text.to_owned(),
            findings: policy.draft.findings.take().unwrap_or_default(),
            view,
            may_write: visit.caller.role().may(Action::WritePolicies),
            problem: None,
            is_stale: false,
            note: String::new(),
            policy,
        })
    }

    fn errors(&self) -> usize {
        self.findings
            .iter()
            .filter(|finding| finding.level == Level::Error)
            .count()
    }

    fn warnings(&self) -> usize {
        self.findings.len() - self.errors()
    }
}

/// Saves an edited draft, and publishes it where that is asked. What is not done is said, and nothing is half done.
enum Kept {
    Saved,
    Stale,
    /// Saved, and not published.
    Unpublished(StatusCode, String),
}

async fn keep(
    app: &App,
    visit: &Visit,
    named: &str,
    (etag, text): (Option<Uuid>, &str),
    publication: Option<&str>,
) -> Result<Kept, Problem> {
    let document = RawValue::from_string(text.to_owned())
        .map_err(|error| Problem::invalid("", format!("this is no JSON: {error}")))?;
    let saved = match act::save_draft(app, &visit.caller, named, etag, &document).await {
        Ok(saved) => saved,
        Err(PolicyError::Stale) => return Ok(Kept::Stale),
        Err(error) => return Err(error.into()),
    };
    let Some(note) = publication else {
        return Ok(Kept::Saved);
    };
    let publication = Publication {
        note: note.trim().to_owned(),
        etag: Some(saved.etag),
    };
    match super::version::act::publish(app, &visit.caller, named, None, publication).await {
        Ok(_) => Ok(Kept::Saved),
        Err(PolicyError::Faulty(_)) => Ok(Kept::Unpublished(
            StatusCode::UNPROCESSABLE_ENTITY,
            "Saved, and not published: the draft has errors.".to_owned(),
        )),
        Err(error) => {
            let problem = Problem::from(error);
            let status = problem.kind.status();
            let (_, trouble) = Trouble::of(problem)?;
            let said = trouble
                .message()
                .or(trouble.at("/note"))
                .unwrap_or_default();
            Ok(Kept::Unpublished(
                status,
                format!("Saved, and not published: {said}"),
            ))
        }
    }
}

/// What an edit would make worse: errors that the document did not have, and comparisons that can never hold.
async fn made_worse(
    app: &App,
    visit: &Visit,
    (before, after): (&str, &str),
    server: Option<&str>,
) -> Result<Vec<Finding>, Problem> {
    let mut known: HashMap<(String, &str, String), usize> = HashMap::new();
    for finding in checked(app, visit, before, server).await? {
        *known
            .entry((finding.pointer, finding.code, finding.message))
            .or_default() += 1;
    }
    let mut worse = checked(app, visit, after, server).await?;
    worse.retain(|finding| {
        let is_meant = finding.level == Level::Error || finding.code == "type_never_met";
        let key = (
            finding.pointer.clone(),
            finding.code,
            finding.message.clone(),
        );
        let is_old = known
            .get_mut(&key)
            .filter(|count| **count > 0)
            .map(|count| *count -= 1);
        is_meant && is_old.is_none()
    });
    Ok(worse)
}

async fn checked(
    app: &App,
    visit: &Visit,
    text: &str,
    server: Option<&str>,
) -> Result<Vec<Finding>, Problem> {
    let document = RawValue::from_string(text.to_owned())
        .map_err(|error| Problem::invalid("", format!("this is no JSON: {error}")))?;
    Ok(act::check(app, &visit.caller, &document, server).await?)
}

/// Applies edits one after the other.
fn edited(text: &str, edits: &[edit::Edit]) -> Result<String, edit::CannotEdit> {
    edits
        .iter()
        .try_fold(text.to_owned(), |text, edit| edit.apply(&text))
}
