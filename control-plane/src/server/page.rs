//! The servers of an organisation, by page: the list, and one with its tabs. Adding one is in [`new`], changing one in
//! [`settings`].

pub mod new;
pub mod settings;

use super::act::{self, ServerError};
use super::tool::change::ToolChange;
use super::tool::class::Source;
use super::tool::find::{ListTools, Tally};
use super::tool::{self, AcceptAll, Review, Severity, Tool};
use super::{Auth, Server, Status, discover};
use crate::access::Action;
use crate::app::App;
use crate::call::usage::{self, By, Latency, Span, Used};
use crate::call::{self, Call, CallFilter, Named};
use crate::grant::act::{Judge, Sought};
use crate::grant::{self, Grant, Pin, State as GrantState};
use crate::http::list::ListQuery;
use crate::http::read::{Path, Query};
use crate::page::{Form, Frame, Trouble, Visit, answer, ok, older, show, then};
use crate::problem::{Kind, Problem};
use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use ids::GrantId;
use serde::Deserialize;
use serde_json::{Map, Value, json};

/// Rows of tools on one page.
const ROWS: u16 = 100;
/// The places of a change that the forms have a field for.
const FIELDS: &[&str] = &[
    "/name",
    "/url",
    "/auth",
    "/auth/headers",
    "/timeouts/connect_ms",
    "/timeouts/first_byte_ms",
    "/timeouts/call_first_byte_ms",
    "/timeouts/idle_ms",
    "/timeouts/whole_ms",
];

#[derive(Debug, Template)]
#[template(path = "server/list.html")]
struct List {
    frame: Frame,
    servers: Vec<Server>,
    query: String,
    /// Where the older ones are.
    more: Option<String>,
    may_write: bool,
}

#[derive(Debug, Template)]
#[template(path = "server/show.html")]
struct Show {
    frame: Frame,
    server: Server,
    tab: Tab,
    query: String,
    filter: Filter,
    /// What went wrong just now.
    problem: Option<String>,
    trouble: Trouble,
    may_write: bool,
}

#[derive(Debug)]
enum Tab {
    Tools {
        tools: Vec<Tool>,
        /// Where those after these are.
        more: Option<String>,
        tally: Tally,
    },
    History {
        changes: Vec<ToolChange>,
        next: Option<String>,
    },
    Access {
        grants: Vec<Grant>,
        judges: Vec<Judge>,
        next: Option<String>,
    },
    Calls {
        calls: Vec<Call>,
        names: call::act::Names,
        hours: Vec<Used>,
        latency: Option<Latency>,
    },
    Settings(Box<settings::Forms>),
}

/// What a page of one server is asked for, and what it has to say of the last act.
#[derive(Debug, Default)]
struct Said {
    tab: String,
    query: String,
    filter: Filter,
    cursor: Option<String>,
    problem: Option<String>,
    trouble: Trouble,
    /// The form that was sent in vain.
    typed: Option<settings::Typed>,
}

#[derive(Debug, Default, Deserialize)]
pub struct Asked {
    #[serde(default)]
    tab: String,
    #[serde(default)]
    q: String,
    #[serde(default)]
    category: String,
    #[serde(default)]
    severity: String,
    #[serde(default)]
    changed: String,
    cursor: Option<String>,
}

/// Which tools are shown, as the URL says it.
#[derive(Debug, Default)]
struct Filter {
    category: String,
    severity: String,
    changed: String,
}

#[derive(Debug, Deserialize)]
pub struct Sure {
    #[serde(default)]
    sure: String,
}

#[derive(Debug, Deserialize)]
pub struct AcceptEvery {
    waiting: String,
}

#[derive(Debug, Deserialize)]
pub struct Accept {
    #[serde(default)]
    name: String,
    #[serde(default)]
    digest: String,
}

impl Said {
    fn on(tab: &str) -> Self {
        Self {
            tab: tab.to_owned(),
            ..Self::default()
        }
    }

    fn problem(said: String) -> Self {
        Self {
            problem: Some(said),
            ..Self::default()
        }
    }
}

impl Show {
    fn tab(&self) -> &'static str {
        match self.tab {
            Tab::Tools { .. } => "",
            Tab::Access { .. } => "access",
            Tab::Calls { .. } => "calls",
            Tab::Settings(_) => "settings",
            Tab::History { .. } => "history",
        }
    }

    fn headers(&self) -> &[String] {
        match &self.server.auth {
            Auth::None => &[],
            Auth::Headers { headers } => headers,
        }
    }
}

pub async fn list(
    State(app): State<App>,
    visit: Visit,
    Query(asked): Query<Asked>,
) -> Result<Response, Problem> {
    let wanted = Some(asked.q.trim()).filter(|query| !query.is_empty());
    let page = ListQuery {
        limit: None,
        cursor: asked.cursor.clone(),
    };
    let listed = act::find(&app, &visit.caller, page.page()?, wanted).await?;
    Ok(ok(&List {
        may_write: visit.caller.role().may(Action::WriteServers),
        frame: visit.frame(&app, "servers", "Servers"),
        servers: listed.items,
        more: listed
            .next_cursor
            .map(|cursor| older(&cursor, &[("q", &asked.q)])),
        query: asked.q,
    }))
}

pub async fn one(
    State(app): State<App>,
    visit: Visit,
    Path((_, named)): Path<(String, String)>,
    Query(asked): Query<Asked>,
) -> Result<Response, Problem> {
    let server = act::glance(&app, &visit.caller, &named).await?;
    let said = Said {
        tab: asked.tab,
        query: asked.q,
        filter: Filter {
            category: asked.category,
            severity: asked.severity,
            changed: asked.changed,
        },
        cursor: asked.cursor,
        ..Said::default()
    };
    Ok(ok(&page(&app, &visit, server, said).await?))
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

/// Takes a tool that is new or changed as it is now.
pub async fn accept(
    State(app): State<App>,
    visit: Visit,
    Path((_, named)): Path<(String, String)>,
    Form(form): Form<Accept>,
) -> Result<Response, Problem> {
    let review = Review {
        accept: Some(true),
        digest: Some(form.digest),
        ..Review::default()
    };
    match tool::act::review(&app, &visit.caller, &named, &form.name, review).await {
        Ok(_) => Ok(then(
            &visit.path(&format!("/servers/{named}?done=accepted")),
        )),
        Err(ServerError::Stale) => {
            let server = act::glance(&app, &visit.caller, &named).await?;
            let said =
                "Nothing was accepted: the tool has changed since you looked at it.".to_owned();
            let page = page(&app, &visit, server, Said::problem(said)).await?;
            Ok(answer(StatusCode::CONFLICT, &page))
        }
        Err(error) => Err(error.into()),
    }
}

/// Takes every tool that is new or changed as it is now.
pub async fn accept_all(
    State(app): State<App>,
    visit: Visit,
    Path((_, named)): Path<(String, String)>,
    Form(form): Form<AcceptEvery>,
) -> Result<Response, Problem> {
    let all = AcceptAll {
        waiting: Some(form.waiting),
    };
    match tool::act::accept_all(&app, &visit.caller, &named, all).await {
        Ok(_) => Ok(then(
            &visit.path(&format!("/servers/{named}?done=all-accepted")),
        )),
        Err(ServerError::Stale) => {
            let server = act::glance(&app, &visit.caller, &named).await?;
            let said =
                "Nothing was accepted: other tools wait by now than you looked at.".to_owned();
            let page = page(&app, &visit, server, Said::problem(said)).await?;
            Ok(answer(StatusCode::CONFLICT, &page))
        }
        Err(error) => Err(error.into()),
    }
}

pub async fn remove(
    State(app): State<App>,
    visit: Visit,
    Path((_, named)): Path<(String, String)>,
    Form(form): Form<Sure>,
) -> Result<Response, Problem> {
    let server = act::glance(&app, &visit.caller, &named).await?;
    if form.sure.trim() != server.slug.as_str() {
        let said = Said {
            problem: Some(format!(
                "Nothing was removed: type `{}` to remove it.",
                server.slug
            )),
            ..Said::on("settings")
        };
        let page = page(&app, &visit, server, said).await?;
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
    let server = act::glance(app, &visit.caller, named).await?;
    let said = format!("Its tools could not be read: {}", problem.detail);
    let page = page(app, visit, server, Said::problem(said)).await?;
    Ok(answer(problem.kind.status(), &page))
}

async fn page(app: &App, visit: &Visit, server: Server, said: Said) -> Result<Show, Problem> {
    let caller = &visit.caller;
    let tab = match said.tab.as_str() {
        "access" => {
            let list = ListQuery {
                limit: None,
                cursor: said.cursor,
            };
            let sought = Sought {
                server: Some(server.id),
                ..Sought::default()
            };
            let grants = grant::act::find(app, caller, list.page::<GrantId>()?, sought).await?;
            Tab::Access {
                next: grants.next_cursor,
                grants: grants.items,
                judges: grant::act::judges(app, caller, server.id).await?,
            }
        }
        "calls" => {
            let filter = CallFilter {
                server: Some(Named::Id(server.id)),
                ..CallFilter::default()
            };
            let newest = ListQuery {
                limit: Some(20),
                cursor: None,
            };
            let calls = call::act::list(app, caller, &filter, newest.page()?)
                .await?
                .items;
            let day = Span::of(By::Server, None, None, app.now().time())?;
            let (hours, latency) = usage::act::of_server(app, caller, server.id, day).await?;
            Tab::Calls {
                names: call::act::names(app, caller, &calls).await?,
                calls,
                hours,
                latency,
            }
        }
        "settings" => Tab::Settings(Box::new(settings::Forms::of(&server, said.typed))),
        "history" => {
            let list = ListQuery {
                limit: None,
                cursor: said.cursor,
            };
            let named = server.id.to_string();
            let changes = tool::act::changes(app, caller, &named, list.page()?).await?;
            Tab::History {
                changes: changes.items,
                next: changes.next_cursor,
            }
        }
        _ => tools(app, visit, &server, &said).await?,
    };
    Ok(Show {
        may_write: caller.role().may(Action::WriteServers),
        frame: visit.frame(app, "servers", server.name.clone()),
        server,
        tab,
        query: said.query,
        filter: said.filter,
        problem: said.problem,
        trouble: said.trouble,
    })
}

/// A filter that is no word is as none: the URL may be anyone's.
async fn tools(app: &App, visit: &Visit, server: &Server, said: &Said) -> Result<Tab, Problem> {
    let query: String = said.query.chars().take(200).collect();
    let listed = ListTools {
        limit: Some(ROWS),
        cursor: said.cursor.clone(),
        q: Some(query.replace('\0', "")),
        category: Some(said.filter.category.clone())
            .filter(|word| policy::Category::from_word(word).is_some()),
        severity: Some(said.filter.severity.clone()).filter(|word| Severity::parse(word).is_some()),
        changed: said.filter.changed.parse().ok(),
        signal: None,
    };
    let named = server.id.to_string();
    let found = tool::act::find(
        app,
        &visit.caller,
        &named,
        &listed.sought()?,
        listed.page()?,
    )
    .await?;
    let sought = [
        ("q", said.query.as_str()),
        ("category", &said.filter.category),
        ("severity", &said.filter.severity),
        ("changed", &said.filter.changed),
    ];
    Ok(Tab::Tools {
        tools: found.items,
        more: found.next_cursor.map(|cursor| older(&cursor, &sought)),
        tally: tool::act::tally(app, &visit.caller, server.id).await?,
    })
}

/// Rows of a form as the API takes them: those that are left empty are none.
fn header_of(pairs: &[(&str, &str)]) -> Value {
    let headers: Map<String, Value> = pairs
        .iter()
        .filter(|(name, value)| !name.is_empty() || !value.is_empty())
        .map(|(name, value)| ((*name).to_owned(), json!(value)))
        .collect();
    if headers.is_empty() {
        json!({"type": "none"})
    } else {
        json!({"type": "headers", "headers": headers})
    }
}
