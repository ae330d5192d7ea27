//! Calls, by page: the list with its filters in the URL, and one call.

use super::act::{self, Names};
use super::capture::{self, Captured};
use super::filter::ListCalls;
use super::{Call, CallDetail};
use crate::access::Action;
use crate::app::App;
use crate::grant::act::Sought;
use crate::grant::{self, Grant};
use crate::http::read::{Path, Query};
use crate::page::{Frame, Visit, choice, ok, older, reveal, show};
use crate::policy::page::place;
use crate::problem::Problem;
use crate::server::{self, Server};
use askama::Template;
use axum::extract::State;
use axum::response::Response;
use ids::{CallId, GrantId};
use serde::Deserialize;

const VERDICTS: [&str; 6] = ["allow", "deny", "limit", "hold", "unknown_tool", "invalid"];

#[derive(Debug, Template)]
#[template(path = "call/list.html")]
struct List {
    frame: Frame,
    asked: Asked,
    calls: Vec<Call>,
    names: Names,
    /// What a form offers; none where there are more than fit one.
    servers: Option<Vec<Server>>,
    grants: Option<Vec<Grant>>,
    /// What keeps the filters from meaning anything.
    said: Option<String>,
    /// Where new ones are told; none where old ones are looked at.
    stream: Option<String>,
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
    names: Names,
    /// The deciding rule's place in its policy version.
    line: Option<u32>,
    /// Whether whoever looks may read arguments, and what was kept of them.
    may_read: bool,
    captured: Option<Captured>,
}

/// The filters, as a form sends them: an empty one is none.
#[derive(Debug, Default, Deserialize)]
pub struct Asked {
    #[serde(default)]
    server: String,
    /// An id, or a name.
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

    /// Times as the API takes them: a form's fields have no seconds and no zone, and mean UTC.
    fn with_times(mut self) -> Self {
        for time in [&mut self.since, &mut self.until] {
            *time = show::in_full(time);
        }
        self
    }
}

impl List {
    fn is_of(&self, grant: &Grant) -> bool {
        self.asked.grant == grant.id.to_string()
    }
}

pub async fn list(
    State(app): State<App>,
    visit: Visit,
    Query(asked): Query<Asked>,
) -> Result<Response, Problem> {
    let caller = &visit.caller;
    let (asked, said) = with_grant(&app, &visit, asked.with_times()).await?;
    let query = asked.list();
    let listed = match &said {
        None => act::list(&app, caller, &query.filter()?, query.list().page()?).await?,
        Some(_) => query
            .list()
            .page::<CallId>()?
            .listed(Vec::new(), |_| String::new()),
    };
    let filters: Vec<_> = asked.filters().collect();
    let more = listed
        .next_cursor
        .as_ref()
        .map(|cursor| older(cursor, &filters));
    let is_newest = asked.cursor.is_empty() && asked.until.is_empty() && said.is_none();
    let stream = format!(
        "/v1/orgs/{}/calls/stream?{}",
        caller.org_slug(),
        asked.said()
    );
    let servers = server::act::list(&app, caller, choice()?).await?;
    let grants = grant::act::list(&app, caller, choice()?).await?;
    Ok(ok(&List {
        names: act::names(&app, caller, &listed.items).await?,
        servers: servers.next_cursor.is_none().then_some(servers.items),
        grants: grants.next_cursor.is_none().then_some(grants.items),
        may_export: caller.role().may(Action::Export),
        frame: visit.frame(&app, "calls", "Calls"),
        calls: listed.items,
        asked,
        said,
        stream: is_newest.then_some(stream),
        more,
    }))
}

/// With the id of the grant whose name was typed, or what to say where that is not one.
async fn with_grant(
    app: &App,
    visit: &Visit,
    mut asked: Asked,
) -> Result<(Asked, Option<String>), Problem> {
    let typed = asked.grant.trim().to_owned();
    if typed.is_empty() || typed.parse::<GrantId>().is_ok() {
        return Ok((asked, None));
    }
    let sought = Sought {
        name: Some(&typed),
        ..Sought::default()
    };
    let found = grant::act::find(app, &visit.caller, choice()?, sought)
        .await?
        .items;
    let exact: Vec<&Grant> = found.iter().filter(|grant| grant.name == typed).collect();
    let one = match (exact.as_slice(), found.as_slice()) {
        ([one], _) => one.id,
        (_, [one]) => one.id,
        (_, []) => return Ok((asked, Some(format!("No grant has “{typed}” in its name.")))),
        _ => {
            let said = format!(
                "More than one grant has “{typed}” in its name: open one of them under Grants, and follow “Its calls”."
            );
            return Ok((asked, Some(said)));
        }
    };
    asked.grant = one.to_string();
    Ok((asked, None))
}

pub async fn one(
    State(app): State<App>,
    visit: Visit,
    Path((_, call)): Path<(String, CallId)>,
) -> Result<Response, Problem> {
    let detail = act::show(&app, &visit.caller, call).await?;
    let detail = detail.ok_or_else(Problem::not_found)?;
    let call = &detail.call;
    let may_read = visit.caller.role().may(Action::ReadEvents);
    let captured = if may_read {
        capture::act::read(&app, &visit.caller, call.id).await?
    } else {
        None
    };
    let title = call.tool.clone().unwrap_or_else(|| call.method.clone());
    Ok(ok(&Show {
        line: line_of_rule(&app, &visit, call).await?,
        names: act::names(&app, &visit.caller, std::slice::from_ref(call)).await?,
        frame: visit.frame(&app, "calls", title),
        call,
        detail: &detail,
        may_read,
        captured,
    }))
}

/// None where no rule decided, or it has no place any more.
async fn line_of_rule(app: &App, visit: &Visit, call: &Call) -> Result<Option<u32>, Problem> {
    let (Some(policy), Some(number), Some(rule)) = (call.policy, call.version, &call.rule) else {
        return Ok(None);
    };
    place::line_of(app, visit, (policy, number), rule).await
}
