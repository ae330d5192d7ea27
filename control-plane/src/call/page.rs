//! Calls, by page: the list with its filters in the URL, and one call.

use super::act;
use super::filter::ListCalls;
use super::{Call, CallDetail};
use crate::access::Action;
use crate::app::App;
use crate::grant::{self, Grant};
use crate::http::read::{Path, Query};
use crate::page::{Frame, Visit, choice, ok, show};
use crate::problem::Problem;
use crate::server::{self, Server};
use askama::Template;
use axum::extract::State;
use axum::response::Response;
use ids::CallId;
use serde::Deserialize;

const VERDICTS: [&str; 6] = ["allow", "deny", "limit", "hold", "unknown_tool", "invalid"];

#[derive(Debug, Template)]
#[template(path = "call/list.html")]
struct List {
    frame: Frame,
    asked: Asked,
    calls: Vec<Call>,
    servers: Vec<Server>,
    grants: Vec<Grant>,
    /// Where the older ones are.
    more: Option<String>,
    may_export: bool,
}

#[derive(Debug, Template)]
#[template(path = "call/show.html")]
struct Show<'a> {
    frame: Frame,
    call: &'a Call,
    detail: &'a CallDetail,
}

/// The filters, as a form sends them: an empty one is none.
#[derive(Debug, Default, Deserialize)]
pub struct Asked {
    #[serde(default)]
    server: String,
    #[serde(default)]
    grant: String,
    #[serde(default)]
    tool: String,
    #[serde(default)]
    verdict: String,
    #[serde(default)]
    since: String,
    #[serde(default)]
    until: String,
    #[serde(default)]
    cursor: String,
}

impl Asked {
    fn is_any(&self) -> bool {
        self.said().is_empty()
    }

    /// What is filtered by, for a URL.
    fn said(&self) -> String {
        let mut query = url::form_urlencoded::Serializer::new(String::new());
        for (name, value) in self.filters().filter(|(_, value)| !value.is_empty()) {
            query.append_pair(name, value);
        }
        query.finish()
    }

    fn filters(&self) -> impl Iterator<Item = (&'static str, &str)> {
        [
            ("server", &self.server),
            ("grant", &self.grant),
            ("tool", &self.tool),
            ("verdict", &self.verdict),
            ("since", &self.since),
            ("until", &self.until),
        ]
        .map(|(name, value)| (name, value.trim()))
        .into_iter()
    }

    fn list(&self) -> ListCalls {
        let mut filters = self
            .filters()
            .map(|(_, value)| (!value.is_empty()).then(|| value.to_owned()));
        let mut next = || filters.next().flatten();
        ListCalls {
            server: next(),
            grant: next(),
            tool: next(),
            verdict: next(),
            since: next(),
            until: next(),
            limit: None,
            cursor: (!self.cursor.is_empty()).then(|| self.cursor.clone()),
        }
    }
}

impl List {
    fn is_of(&self, grant: &Grant) -> bool {
        self.asked.grant == grant.id.to_string()
    }

    fn server_name(&self, call: &Call) -> String {
        let server = self.servers.iter().find(|server| server.id == call.server);
        server.map_or_else(|| "removed".to_owned(), |server| server.name.clone())
    }

    fn grant_name(&self, call: &Call) -> String {
        let grant = self.grants.iter().find(|grant| grant.id == call.grant);
        grant.map_or_else(|| call.grant.to_string(), |grant| grant.name.clone())
    }
}

pub async fn list(
    State(app): State<App>,
    visit: Visit,
    Query(asked): Query<Asked>,
) -> Result<Response, Problem> {
    let caller = &visit.caller;
    let query = asked.list();
    let listed = act::list(&app, caller, &query.filter()?, query.list().page()?).await?;
    let more = listed.next_cursor.map(|cursor| {
        let said = asked.said();
        let cursor: String = url::form_urlencoded::byte_serialize(cursor.as_bytes()).collect();
        if said.is_empty() {
            format!("?cursor={cursor}")
        } else {
            format!("?{said}&cursor={cursor}")
        }
    });
    Ok(ok(&List {
        servers: server::act::list(&app, caller, choice()?).await?.items,
        grants: grant::act::list(&app, caller, choice()?).await?.items,
        may_export: caller.role().may(Action::Export),
        frame: visit.frame(&app, "calls", "Calls"),
        calls: listed.items,
        asked,
        more,
    }))
}

pub async fn one(
    State(app): State<App>,
    visit: Visit,
    Path((_, call)): Path<(String, CallId)>,
) -> Result<Response, Problem> {
    let detail = act::show(&app, &visit.caller, call).await?;
    let detail = detail.ok_or_else(Problem::not_found)?;
    let title = detail
        .call
        .tool
        .clone()
        .unwrap_or_else(|| detail.call.method.clone());
    Ok(ok(&Show {
        frame: visit.frame(&app, "calls", title),
        call: &detail.call,
        detail: &detail,
    }))
}
