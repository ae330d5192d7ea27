//! Grants, by page: the list, minting one, its token this once, and one with what can be done to it.

use super::act::{self, Sought};
use super::snippet::{self, Snippet};
use super::{Choice, Grant, Labels, Minted, NewGrant, Pin, Rotation, State, Wanted};
use crate::access::Action;
use crate::app::App;
use crate::http::list::ListQuery;
use crate::http::read::{Path, Query};
use crate::page::{Form, Frame, Trouble, Visit, answer, choice, end_of_day, ok, older, show, then};
use crate::policy::{self, Policy};
use crate::problem::Problem;
use askama::Template;
use axum::extract::State as Held;
use axum::http::StatusCode;
use axum::response::Response;
use ids::GrantId;
use serde::Deserialize;

/// The places of the command that the form has a field for.
const FIELDS: &[&str] = &["/name", "/servers", "/expires_at", "/user"];

#[derive(Debug, Template)]
#[template(path = "grant/list.html")]
struct List {
    frame: Frame,
    grants: Vec<Grant>,
    query: String,
    /// Where the older ones are.
    more: Option<String>,
    may_write: bool,
}

#[derive(Debug, Template)]
#[template(path = "grant/new.html")]
struct New {
    frame: Frame,
    trouble: Trouble,
    name: String,
    user: String,
    expires: String,
    /// Each with the policy that was chosen for it so far.
    servers: Vec<(Choice, String)>,
    query: String,
    /// There are more servers than these.
    is_more: bool,
    policies: Vec<Policy>,
}

#[derive(Debug, Template)]
#[template(path = "grant/minted.html")]
struct Once<'a> {
    frame: Frame,
    grant: &'a Grant,
    token: &'a str,
    snippets: Vec<Snippet>,
}

#[derive(Debug, Template)]
#[template(path = "grant/show.html")]
struct Show {
    frame: Frame,
    grant: Grant,
    problem: Option<String>,
    may_write: bool,
}

/// The fields of the form: which servers are chosen, and `policy:SLUG` for each.
type Fields = Vec<(String, String)>;

#[derive(Debug, Default, Deserialize)]
pub struct Find {
    #[serde(default)]
    q: String,
    cursor: Option<String>,
}

#[derive(Debug, Deserialize)]
pub struct Rotate {
    #[serde(default)]
    overlap: String,
}

#[derive(Debug, Deserialize)]
pub struct Sure {
    #[serde(default)]
    sure: String,
}

pub async fn list(
    Held(app): Held<App>,
    visit: Visit,
    Query(asked): Query<Find>,
) -> Result<Response, Problem> {
    let sought = Sought {
        name: Some(asked.q.trim()).filter(|query| !query.is_empty()),
        ..Sought::default()
    };
    let page = ListQuery {
        limit: None,
        cursor: asked.cursor.clone(),
    };
    let listed = act::find(&app, &visit.caller, page.page()?, sought).await?;
    Ok(ok(&List {
        may_write: visit.caller.role().may(Action::WriteGrants),
        frame: visit.frame(&app, "grants", "Grants"),
        grants: listed.items,
        more: listed
            .next_cursor
            .map(|cursor| older(&cursor, &[("q", &asked.q)])),
        query: asked.q,
    }))
}

pub async fn new(Held(app): Held<App>, visit: Visit) -> Result<Response, Problem> {
    visit.caller.allow(Action::WriteGrants)?;
    Ok(ok(
        &form(&app, &visit, &Fields::new(), Trouble::default()).await?
    ))
}

/// No redirect: the token is in this answer and nowhere else.
pub async fn mint(
    Held(app): Held<App>,
    visit: Visit,
    Form(fields): Form<Fields>,
) -> Result<Response, Problem> {
    // Looking for a server keeps what was filled in, with scripts and without.
    if said(&fields, "act") == "find" {
        return Ok(ok(&form(&app, &visit, &fields, Trouble::default()).await?));
    }
    let minted = match wish(&fields) {
        Ok(new) => act::mint(&app, &visit.caller, new)
            .await
            .map_err(Problem::from),
        Err(problem) => Err(problem),
    };
    match minted {
        Ok(minted) => Ok(once(&app, &visit, &minted)),
        Err(problem) => {
            let (status, trouble) = Trouble::of(problem)?;
            Ok(answer(status, &form(&app, &visit, &fields, trouble).await?))
        }
    }
}

pub async fn one(
    Held(app): Held<App>,
    visit: Visit,
    Path((_, grant)): Path<(String, GrantId)>,
) -> Result<Response, Problem> {
    let grant = act::show(&app, &visit.caller, grant).await?;
    Ok(ok(&page(&app, &visit, grant, None)))
}

pub async fn rotate(
    Held(app): Held<App>,
    visit: Visit,
    Path((_, grant)): Path<(String, GrantId)>,
    Form(form): Form<Rotate>,
) -> Result<Response, Problem> {
    let overlap = (!form.overlap.is_empty()).then_some(form.overlap);
    let minted = act::rotate(&app, &visit.caller, grant, None, Rotation { overlap }).await?;
    Ok(once(&app, &visit, &minted))
}

pub async fn revoke(
    Held(app): Held<App>,
    visit: Visit,
    Path((_, grant)): Path<(String, GrantId)>,
    Form(form): Form<Sure>,
) -> Result<Response, Problem> {
    if !form.sure.trim().eq_ignore_ascii_case("revoke") {
        let grant = act::show(&app, &visit.caller, grant).await?;
        let said = "Nothing was revoked: type `revoke` to revoke it.".to_owned();
        let page = page(&app, &visit, grant, Some(said));
        return Ok(answer(StatusCode::UNPROCESSABLE_ENTITY, &page));
    }
    act::revoke(&app, &visit.caller, grant, None).await?;
    Ok(then(&visit.path(&format!("/grants/{grant}?done=revoked"))))
}

fn page(app: &App, visit: &Visit, grant: Grant, problem: Option<String>) -> Show {
    Show {
        may_write: visit.caller.role().may(Action::WriteGrants),
        frame: visit.frame(app, "grants", grant.name.clone()),
        grant,
        problem,
    }
}

fn once(app: &App, visit: &Visit, minted: &Minted) -> Response {
    let org = visit.caller.org_slug();
    let servers = minted.grant.servers.iter();
    let urls: Vec<_> = servers
        .map(|attached| {
            (
                attached.server.to_string(),
                app.proxy_url(org, &attached.server),
            )
        })
        .collect();
    ok(&Once {
        frame: visit.frame(app, "grants", minted.grant.name.clone()),
        grant: &minted.grant,
        token: minted.token.expose(),
        snippets: snippet::all(&urls, minted.token.expose()),
    })
}

async fn form(app: &App, visit: &Visit, fields: &Fields, trouble: Trouble) -> Result<New, Problem> {
    let chosen = fields.iter().filter(|(name, _)| name == "server");
    let chosen: Vec<String> = chosen.map(|(_, slug)| slug.clone()).collect();
    let query = said(fields, "q");
    let (servers, is_more) = act::choices(app, &visit.caller, &chosen, query).await?;
    let policies = policy::act::list(app, &visit.caller, choice()?).await?;
    let mut policies = policies.items;
    policies.retain(|policy| policy.published.is_some());
    // Before anything is filled in, where there is no choice it is made.
    let is_fresh = fields.is_empty();
    let only_policy = policies.first().filter(|_| is_fresh && policies.len() == 1);
    let only_policy = only_policy.map(|policy| policy.slug.to_string());
    let is_only_server = is_fresh && servers.len() == 1;
    let with_policy = |choice: Choice| {
        let policy = said(fields, &format!("policy:{}", choice.slug));
        let policy = only_policy.clone().unwrap_or_else(|| policy.to_owned());
        let is_chosen = choice.is_chosen || is_only_server;
        (
            Choice {
                is_chosen,
                ..choice
            },
            policy,
        )
    };
    Ok(New {
        frame: visit.frame(app, "grants", "Mint a grant"),
        trouble,
        name: said(fields, "name").to_owned(),
        user: said(fields, "user").to_owned(),
        expires: said(fields, "expires").to_owned(),
        servers: servers.into_iter().map(with_policy).collect(),
        query: query.to_owned(),
        is_more,
        policies,
    })
}

fn wish(fields: &Fields) -> Result<NewGrant, Problem> {
    let some = |text: &str| (!text.is_empty()).then(|| text.to_owned());
    let chosen = fields.iter().filter(|(name, _)| name == "server");
    let servers: Vec<_> = chosen
        .map(|(_, slug)| Wanted {
            server: slug.clone(),
            policy: some(said(fields, &format!("policy:{slug}"))),
            version: None::<Pin>,
        })
        .collect();
    if servers.is_empty() {
        return Err(Problem::invalid("/servers", "choose at least one server"));
    }
    Ok(NewGrant {
        name: said(fields, "name").to_owned(),
        servers,
        labels: Labels::new(),
        user: some(said(fields, "user")),
        expires_at: end_of_day(said(fields, "expires"))?,
    })
}

/// The first of these fields, without white space around it.
fn said<'a>(fields: &'a Fields, name: &str) -> &'a str {
    let field = fields.iter().find(|(key, _)| key == name);
    field.map_or("", |(_, value)| value.trim())
}
