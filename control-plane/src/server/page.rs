//! The servers of an organisation, by page: the list, adding one, one with its tools.

use super::act::{self, ServerError};
use super::tool::Tool;
use super::{Auth, NewServer, Server, Status, TimeoutsChange, auth, discover};
use crate::access::Action;
use crate::app::App;
use crate::http::read::{Path, Query};
use crate::page::{Form, Frame, Trouble, Turn, Visit, answer, ok, show, slug_of, then};
use crate::problem::{Kind, Problem};
use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use serde::Deserialize;
use serde_json::json;

/// The places of the command that the form has a field for.
const FIELDS: &[&str] = &["/name", "/url", "/slug", "/auth", "/auth/headers"];

#[derive(Debug, Template)]
#[template(path = "server/list.html")]
struct List {
    frame: Frame,
    servers: Vec<Server>,
    next: Option<String>,
    may_write: bool,
}

#[derive(Debug, Template)]
#[template(path = "server/new.html")]
struct New {
    frame: Frame,
    trouble: Trouble,
    form: NewForm,
}

#[derive(Debug, Template)]
#[template(path = "server/show.html")]
struct Show {
    frame: Frame,
    server: Server,
    tools: Vec<Tool>,
    query: String,
    /// What went wrong just now.
    problem: Option<String>,
    may_write: bool,
}

#[derive(Debug, Default, Deserialize)]
pub struct NewForm {
    #[serde(default)]
    name: String,
    #[serde(default)]
    url: String,
    #[serde(default)]
    slug: String,
    #[serde(default)]
    header: String,
    #[serde(default)]
    value: Option<seal::Secret>,
}

#[derive(Debug, Default, Deserialize)]
pub struct Find {
    #[serde(default)]
    q: String,
}

#[derive(Debug, Deserialize)]
pub struct Sure {
    #[serde(default)]
    sure: String,
}

pub async fn list(
    State(app): State<App>,
    visit: Visit,
    Query(turn): Query<Turn>,
) -> Result<Response, Problem> {
    let listed = act::list(&app, &visit.caller, turn.page()?).await?;
    Ok(ok(&List {
        may_write: visit.caller.role().may(Action::WriteServers),
        frame: visit.frame(&app, "servers", "Servers"),
        servers: listed.items,
        next: listed.next_cursor,
    }))
}

pub async fn new(State(app): State<App>, visit: Visit) -> Result<Response, Problem> {
    visit.caller.allow(Action::WriteServers)?;
    Ok(ok(&New {
        frame: visit.frame(&app, "servers", "Add a server"),
        trouble: Trouble::default(),
        form: NewForm::default(),
    }))
}

/// Added, and its tools read: a server that does not answer is there all the same, and its page says what it said.
pub async fn add(
    State(app): State<App>,
    visit: Visit,
    Form(form): Form<NewForm>,
) -> Result<Response, Problem> {
    let added = match form.read() {
        Ok(new) => act::add(&app, &visit.caller, new)
            .await
            .map_err(Problem::from),
        Err(problem) => Err(problem),
    };
    match added {
        Ok(server) => {
            let named = server.id.to_string();
            match discover::discover(&app, &visit.caller, &named).await {
                Ok(_) => Ok(then(
                    &visit.path(&format!("/servers/{}?done=created", server.slug)),
                )),
                Err(error) => unread(&app, &visit, &named, error).await,
            }
        }
        Err(problem) => {
            let (status, trouble) = Trouble::of(problem)?;
            let page = New {
                frame: visit.frame(&app, "servers", "Add a server"),
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
    Query(find): Query<Find>,
) -> Result<Response, Problem> {
    let server = act::show(&app, &visit.caller, &named).await?;
    Ok(ok(&page(&app, &visit, server, find.q, None)))
}

pub async fn discover(
    State(app): State<App>,
    visit: Visit,
    Path((_, named)): Path<(String, String)>,
) -> Result<Response, Problem> {
    match discover::discover(&app, &visit.caller, &named).await {
        Ok(server) => Ok(then(
            &visit.path(&format!("/servers/{}?done=discovered", server.slug)),
        )),
        Err(error) => unread(&app, &visit, &named, error).await,
    }
}

pub async fn remove(
    State(app): State<App>,
    visit: Visit,
    Path((_, named)): Path<(String, String)>,
    Form(form): Form<Sure>,
) -> Result<Response, Problem> {
    let server = act::show(&app, &visit.caller, &named).await?;
    if form.sure.trim() != server.slug.as_str() {
        let said = format!("Nothing was removed: type `{}` to remove it.", server.slug);
        let page = page(&app, &visit, server, String::new(), Some(said));
        return Ok(answer(StatusCode::UNPROCESSABLE_ENTITY, &page));
    }
    act::remove(&app, &visit.caller, &named, None).await?;
    Ok(then(&visit.path("/servers?done=deleted")))
}

/// The server's page, with what kept its tools from being read.
async fn unread(
    app: &App,
    visit: &Visit,
    named: &str,
    error: ServerError,
) -> Result<Response, Problem> {
    let problem = Problem::from(error);
    if problem.kind != Kind::Upstream {
        return Err(problem);
    }
    let server = act::show(app, &visit.caller, named).await?;
    let said = format!("Its tools could not be read: {}", problem.detail);
    let page = page(app, visit, server, String::new(), Some(said));
    Ok(answer(problem.kind.status(), &page))
}

fn page(
    app: &App,
    visit: &Visit,
    mut server: Server,
    query: String,
    problem: Option<String>,
) -> Show {
    let wanted = query.trim().to_lowercase();
    let tools = server.tools.take().unwrap_or_default();
    let has = |text: &str| text.to_lowercase().contains(&wanted);
    let tools = tools
        .into_iter()
        .filter(|tool| has(&tool.name) || tool.description.as_deref().is_some_and(has))
        .collect();
    Show {
        may_write: visit.caller.role().may(Action::WriteServers),
        frame: visit.frame(app, "servers", server.name.clone()),
        server,
        tools,
        query,
        problem,
    }
}

impl NewForm {
    fn read(&self) -> Result<NewServer, Problem> {
        let header = self.header.trim();
        let value = self.value.as_ref().map_or("", seal::Secret::expose);
        let auth = if header.is_empty() && value.is_empty() {
            json!({"type": "none"})
        } else {
            json!({"type": "headers", "headers": {header: value}})
        };
        Ok(NewServer {
            slug: slug_of(&self.slug, &self.name)?,
            name: self.name.trim().to_owned(),
            url: self.url.trim().to_owned(),
            auth: auth::NewAuth::of(auth),
            timeouts: TimeoutsChange::default(),
            pinning: None,
            sampling: None,
            elicitation: None,
        })
    }
}
