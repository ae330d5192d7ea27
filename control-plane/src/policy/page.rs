//! Policies, by page: the list, a new one, the draft with its findings and a call tried on it, and the versions.

use super::act::{self, PolicyError};
use super::explain::{Explain, explain};
use super::version::{self, Publication, Rollback, Version};
use super::{EMPTY, NewPolicy, Policy};
use crate::access::Action;
use crate::app::App;
use crate::http::read::{self, Path, Query};
use crate::page::{Form, Frame, Trouble, Turn, Visit, answer, choice, ok, show, slug_of, then};
use crate::problem::Problem;
use crate::server::{self, Server};
use ::policy::{Explanation, Finding, Level};
use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Value, json};
use uuid::Uuid;

const ALLOW: &str = "{\n  \"version\": \"1\",\n  \"default\": \"allow\",\n  \"tools\": {}\n}\n";
const DENY: &str = "{\n  \"version\": \"1\",\n  \"default\": \"deny\",\n  \"tools\": {}\n}\n";

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
}

#[derive(Debug, Template)]
#[template(path = "policy/show.html")]
struct Show {
    frame: Frame,
    policy: Policy,
    /// The draft, or what the reader has made of it and could not save.
    text: String,
    findings: Vec<Finding>,
    note: String,
    problem: Option<String>,
    is_stale: bool,
    servers: Vec<Server>,
    tried: Tried,
    answer: Option<Answer>,
    versions: Vec<Version>,
    may_write: bool,
}

#[derive(Debug, Template)]
#[template(path = "policy/version.html")]
struct OneVersion {
    frame: Frame,
    policy: Policy,
    version: Version,
    words: Vec<String>,
    text: String,
    may_write: bool,
}

impl OneVersion {
    fn is_in_force(&self) -> bool {
        self.policy.published == Some(self.version.number)
    }
}

#[derive(Debug, Default, Deserialize)]
pub struct NewForm {
    #[serde(default)]
    name: String,
    #[serde(default)]
    slug: String,
    #[serde(default)]
    start: String,
}

#[derive(Debug, Deserialize)]
pub struct Draft {
    document: String,
    etag: Option<Uuid>,
    #[serde(default)]
    note: String,
    /// `save` or `publish`: which button was pressed.
    #[serde(default)]
    act: String,
}

#[derive(Debug, Default, Deserialize)]
pub struct Tried {
    #[serde(default)]
    server: String,
    #[serde(default)]
    tool: String,
    #[serde(default)]
    arguments: String,
}

/// What the policy would say, in the words of the page.
#[derive(Debug)]
struct Answer {
    verdict: &'static str,
    rule: Option<String>,
    message: Option<String>,
    limits: Vec<String>,
    trace: Vec<String>,
}

#[derive(Debug, Deserialize)]
pub struct Note {
    #[serde(default)]
    note: String,
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

pub async fn new(State(app): State<App>, visit: Visit) -> Result<Response, Problem> {
    visit.caller.allow(Action::WritePolicies)?;
    Ok(ok(&New {
        frame: visit.frame(&app, "policies", "New policy"),
        trouble: Trouble::default(),
        form: NewForm::default(),
    }))
}

pub async fn create(
    State(app): State<App>,
    visit: Visit,
    Form(form): Form<NewForm>,
) -> Result<Response, Problem> {
    let created = match form.read() {
        Ok(new) => act::create(&app, &visit.caller, new)
            .await
            .map_err(Problem::from),
        Err(problem) => Err(problem),
    };
    match created {
        Ok(policy) => Ok(then(
            &visit.path(&format!("/policies/{}?done=created", policy.slug)),
        )),
        Err(problem) => {
            let (status, trouble) = Trouble::of(problem)?;
            let page = New {
                frame: visit.frame(&app, "policies", "New policy"),
                trouble,
                form,
            };
            Ok(answer(status, &page))
        }
    }
}

pub async fn one(
    State(app): State<App>,
    visit: Visit,
    Path((_, named)): Path<(String, String)>,
) -> Result<Response, Problem> {
    Ok(ok(&page(&app, &visit, &named).await?))
}

/// Saves the draft, and publishes it where that button was pressed. What cannot be saved stays in the form.
pub async fn save(
    State(app): State<App>,
    visit: Visit,
    Path((_, named)): Path<(String, String)>,
    Form(form): Form<Draft>,
) -> Result<Response, Problem> {
    let saved = match RawValue::from_string(form.document.clone()) {
        Ok(document) => act::save_draft(&app, &visit.caller, &named, form.etag, &document).await,
        Err(error) => {
            let said = format!("Not saved: this is no JSON: {error}");
            return again(
                &app,
                &visit,
                &named,
                form,
                (StatusCode::UNPROCESSABLE_ENTITY, said),
            )
            .await;
        }
    };
    let saved = match saved {
        Ok(saved) => saved,
        Err(PolicyError::Stale) => {
            let mut page = page(&app, &visit, &named).await?;
            (page.text, page.note, page.is_stale) = (form.document, form.note, true);
            return Ok(answer(StatusCode::PRECONDITION_FAILED, &page));
        }
        Err(error) => return Err(error.into()),
    };
    if form.act != "publish" {
        return Ok(then(&visit.path(&format!("/policies/{named}?done=saved"))));
    }
    let publication = Publication {
        note: form.note.trim().to_owned(),
        etag: Some(saved.etag),
    };
    match version::act::publish(&app, &visit.caller, &named, None, publication).await {
        Ok(_) => Ok(then(
            &visit.path(&format!("/policies/{named}?done=published")),
        )),
        Err(PolicyError::Faulty(_)) => {
            let said = "Saved, and not published: the draft has errors.".to_owned();
            again(
                &app,
                &visit,
                &named,
                form,
                (StatusCode::UNPROCESSABLE_ENTITY, said),
            )
            .await
        }
        Err(error) => {
            let problem = Problem::from(error);
            let status = problem.kind.status();
            let (_, trouble) = Trouble::of(problem)?;
            let said = trouble
                .message()
                .or(trouble.at("/note"))
                .unwrap_or_default();
            let said = format!("Saved, and not published: {said}");
            again(&app, &visit, &named, form, (status, said)).await
        }
    }
}

pub async fn try_call(
    State(app): State<App>,
    visit: Visit,
    Path((_, named)): Path<(String, String)>,
    Form(tried): Form<Tried>,
) -> Result<Response, Problem> {
    let mut page = page(&app, &visit, &named).await?;
    let asked = tried.ask(&page.text);
    let (status, problem) = match asked {
        Ok(asked) => match explain(&app, &visit.caller, asked).await {
            Ok(explanation) => {
                page.answer = Some(Answer::of(&explanation));
                (StatusCode::OK, None)
            }
            Err(PolicyError::Faulty(_)) => (
                StatusCode::UNPROCESSABLE_ENTITY,
                Some("The draft has errors: mend them, then try again.".to_owned()),
            ),
            Err(error) => {
                let (status, trouble) = Trouble::above(error.into());
                (status, trouble.message().map(str::to_owned))
            }
        },
        Err(said) => (StatusCode::UNPROCESSABLE_ENTITY, Some(said)),
    };
    (page.tried, page.problem) = (tried, problem);
    Ok(answer(status, &page))
}

pub async fn version(
    State(app): State<App>,
    visit: Visit,
    Path((_, named, number)): Path<(String, String, u32)>,
) -> Result<Response, Problem> {
    let policy = act::show(&app, &visit.caller, &named).await?;
    let version = version::act::show(&app, &visit.caller, &named, number).await?;
    let words = match number.checked_sub(1).filter(|before| *before > 0) {
        Some(before) => {
            version::act::compare(&app, &visit.caller, &named, before, number)
                .await?
                .words
        }
        None => Vec::new(),
    };
    Ok(ok(&OneVersion {
        may_write: visit.caller.role().may(Action::WritePolicies),
        frame: visit.frame(
            &app,
            "policies",
            format!("{}, version {number}", policy.name),
        ),
        text: version
            .document
            .as_deref()
            .map_or("", RawValue::get)
            .to_owned(),
        policy,
        version,
        words,
    }))
}

pub async fn roll_back(
    State(app): State<App>,
    visit: Visit,
    Path((_, named, number)): Path<(String, String, u32)>,
    Form(form): Form<Note>,
) -> Result<Response, Problem> {
    let rollback = Rollback {
        version: number,
        note: form.note.trim().to_owned(),
    };
    version::act::roll_back(&app, &visit.caller, &named, None, rollback).await?;
    Ok(then(
        &visit.path(&format!("/policies/{named}?done=rolled-back")),
    ))
}

/// The page with the reader's own text in it.
async fn again(
    app: &App,
    visit: &Visit,
    named: &str,
    form: Draft,
    (status, said): (StatusCode, String),
) -> Result<Response, Problem> {
    let mut page = page(app, visit, named).await?;
    (page.text, page.note, page.problem) = (form.document, form.note, Some(said));
    Ok(answer(status, &page))
}

async fn page(app: &App, visit: &Visit, named: &str) -> Result<Show, Problem> {
    let caller = &visit.caller;
    let mut policy = act::show(app, caller, named).await?;
    Ok(Show {
        text: policy
            .draft
            .document
            .as_deref()
            .map_or(EMPTY, RawValue::get)
            .to_owned(),
        findings: policy.draft.findings.take().unwrap_or_default(),
        note: String::new(),
        problem: None,
        is_stale: false,
        servers: server::act::list(app, caller, choice()?).await?.items,
        tried: Tried {
            arguments: "{}".to_owned(),
            ..Tried::default()
        },
        answer: None,
        versions: version::act::list(app, caller, named, Turn::default().page()?)
            .await?
            .items,
        may_write: caller.role().may(Action::WritePolicies),
        frame: visit.frame(app, "policies", policy.name.clone()),
        policy,
    })
}

impl NewForm {
    fn read(&self) -> Result<NewPolicy, Problem> {
        let text = if self.start == "allow" { ALLOW } else { DENY };
        Ok(NewPolicy {
            slug: slug_of(&self.slug, &self.name)?,
            name: self.name.trim().to_owned(),
            document: RawValue::from_string(text.trim().to_owned()).ok(),
        })
    }
}

impl Tried {
    /// The question in the API's own form; what is no JSON is said to the reader.
    fn ask(&self, draft: &str) -> Result<Explain, String> {
        let arguments = match self.arguments.trim() {
            "" => "{}",
            text => text,
        };
        RawValue::from_string(arguments.to_owned())
            .map_err(|error| format!("The arguments are no JSON: {error}"))?;
        let server = match self.server.as_str() {
            "" => Value::Null,
            slug => json!(slug),
        };
        let tool = json!(self.tool.trim());
        let asked = format!(
            r#"{{"document":{draft},"server":{server},"call":{{"tool":{tool},"arguments":{arguments}}}}}"#
        );
        read::parse(asked.as_bytes()).map_err(|problem| problem.detail)
    }
}

impl Answer {
    fn of(explanation: &Explanation) -> Self {
        let told = json!(explanation);
        let text = |value: &Value, key: &str| value[key].as_str().unwrap_or_default().to_owned();
        let lines = |key: &str, line: &dyn Fn(&Value) -> String| -> Vec<String> {
            told[key]
                .as_array()
                .into_iter()
                .flatten()
                .map(line)
                .collect()
        };
        Self {
            verdict: match told["verdict"].as_str() {
                Some("allow") => "allow",
                Some("deny") => "deny",
                Some("hold") => "hold",
                Some("unknown_tool") => "unknown tool",
                _ => "invalid",
            },
            rule: told["rule"].as_str().map(str::to_owned),
            message: told["message"].as_str().map(str::to_owned),
            limits: lines("limits", &|limit| {
                let window = limit["window"].as_u64();
                let within = window.map_or_else(
                    || " at once".to_owned(),
                    |seconds| format!(" in {seconds} s"),
                );
                format!(
                    "costs {} of {}{within} ({})",
                    limit["cost"],
                    limit["max"],
                    text(limit, "rule")
                )
            }),
            trace: lines("trace", &|step| {
                format!(
                    "{}: {}, {}",
                    text(step, "rule"),
                    text(step, "outcome"),
                    text(step, "why")
                )
            }),
        }
    }
}
