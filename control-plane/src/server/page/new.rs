//! Adding a server: it is asked for its tools before anything is kept, so that a typing error is told and not stored.

use super::header_of;
use crate::access::Action;
use crate::app::App;
use crate::http::read::Query;
use crate::page::{Form, Frame, Trouble, Visit, answer, ok, slug_of, then};
use crate::problem::{Kind, Problem};
use crate::server::act::{self, ServerError};
use crate::server::discover::{self, Listing};
use crate::server::{NewServer, TimeoutsChange, auth};
use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use serde::Deserialize;

/// The places of the command that the form has a field for.
const FIELDS: &[&str] = &["/name", "/url", "/slug", "/auth", "/auth/headers"];

#[derive(Debug, Default, Template)]
#[template(path = "server/new.html")]
struct New {
    frame: Frame,
    trouble: Trouble,
    form: NewForm,
    /// Why its tools could not be read.
    unread: Option<String>,
    /// What it listed, where that was all that was asked.
    seen: Option<Listing>,
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
    /// A page of the organisation that waits for the server, as `/ORG/recommended?…`.
    #[serde(default)]
    next: String,
    /// Which button: `look` only looks, `anyway` adds what could not be read.
    #[serde(default)]
    act: String,
}

/// `?name=` and `?next=` come from a page that lacks a server.
#[derive(Debug, Default, Deserialize)]
pub struct Begun {
    #[serde(default)]
    name: String,
    #[serde(default)]
    next: String,
}

pub async fn new(
    State(app): State<App>,
    visit: Visit,
    Query(begun): Query<Begun>,
) -> Result<Response, Problem> {
    visit.caller.allow(Action::WriteServers)?;
    Ok(ok(&New {
        frame: visit.frame(&app, "servers", "Add a server"),
        form: NewForm {
            name: begun.name,
            next: begun.next,
            ..NewForm::default()
        },
        ..New::default()
    }))
}

pub async fn add(
    State(app): State<App>,
    visit: Visit,
    Form(form): Form<NewForm>,
) -> Result<Response, Problem> {
    visit.caller.allow(Action::WriteServers)?;
    let frame = visit.frame(&app, "servers", "Add a server");
    match try_add(&app, &visit, &form).await {
        Ok(Added::Server(slug)) => Ok(then(&onward(&visit, &form.next, &slug))),
        Ok(Added::Seen(listing)) => Ok(ok(&New {
            frame,
            form,
            seen: Some(listing),
            ..New::default()
        })),
        Err(problem) if problem.kind == Kind::Upstream => {
            let page = New {
                frame,
                form,
                unread: Some(problem.detail),
                ..New::default()
            };
            Ok(answer(StatusCode::UNPROCESSABLE_ENTITY, &page))
        }
        Err(problem) => {
            let (status, trouble) = Trouble::of(problem)?;
            let page = New {
                frame,
                trouble,
                form,
                ..New::default()
            };
            Ok(answer(status, &page))
        }
    }
}

/// Back to the page that waits for it, where one does, else to the server's own.
fn onward(visit: &Visit, next: &str, slug: &str) -> String {
    if next.starts_with(&visit.path("/recommended?")) && !next.contains(char::is_control) {
        return format!("{next}&server={slug}");
    }
    visit.path(&format!("/servers/{slug}?done=created"))
}

enum Added {
    Server(String),
    Seen(Listing),
}

async fn try_add(app: &App, visit: &Visit, form: &NewForm) -> Result<Added, Problem> {
    let new = form.read()?;
    let caller = &visit.caller;
    if form.act == "anyway" {
        let server = act::add(app, caller, new).await?;
        // Asked all the same: its page says what it said.
        return match discover::discover(app, caller, &server.id.to_string()).await {
            Ok(_) | Err(ServerError::Failed(_)) => Ok(Added::Server(server.slug.to_string())),
            Err(error) => Err(error.into()),
        };
    }
    let listing = discover::look(app, caller, &new).await?;
    if form.act == "look" {
        return Ok(Added::Seen(listing));
    }
    let server = discover::add(app, caller, new, listing).await?;
    Ok(Added::Server(server.slug.to_string()))
}

impl NewForm {
    fn read(&self) -> Result<NewServer, Problem> {
        let value = self.value.as_ref().map_or("", seal::Secret::expose);
        Ok(NewServer {
            trusted: None,
            slug: slug_of(&self.slug, &self.name)?,
            name: self.name.trim().to_owned(),
            url: self.url.trim().to_owned(),
            auth: auth::NewAuth::of(header_of(&[(self.header.trim(), value)])),
            timeouts: TimeoutsChange::default(),
            pinning: None,
            sampling: None,
            elicitation: None,
        })
    }
}
