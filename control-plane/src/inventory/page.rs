//! The inventory by page.

use super::{Entry, ListInventory, act};
use crate::access::Action;
use crate::app::App;
use crate::grant;
use crate::grant::Grant;
use crate::http::read::Query;
use crate::page::{Frame, Visit, choice, ok, older, show};
use crate::problem::Problem;
use crate::server::tool::Severity;
use crate::server::{self, Server};
use askama::Template;
use axum::extract::State;
use axum::response::Response;
use ids::{GrantId, ServerId};
use policy::Category;
use serde::Deserialize;

const ROWS: u16 = 100;

#[derive(Debug, Template)]
#[template(path = "inventory/list.html")]
struct List {
    frame: Frame,
    entries: Vec<Entry>,
    asked: Asked,
    servers: Vec<Server>,
    grants: Vec<Grant>,
    more: Option<String>,
    may_export: bool,
    /// What of the URL was not understood.
    said: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
pub struct Asked {
    #[serde(default)]
    server: String,
    #[serde(default)]
    category: String,
    #[serde(default)]
    severity: String,
    #[serde(default)]
    grant: String,
    #[serde(default)]
    covered: String,
    cursor: Option<String>,
}

impl Asked {
    fn filters(&self) -> [(&'static str, &str); 5] {
        [
            ("server", self.server.trim()),
            ("category", self.category.trim()),
            ("severity", self.severity.trim()),
            ("grant", self.grant.trim()),
            ("covered", self.covered.trim()),
        ]
    }

    fn is_any(&self) -> bool {
        self.filters().iter().all(|(_, value)| value.is_empty())
    }

    /// The filters, for a link.
    fn said(&self) -> String {
        let mut query = url::form_urlencoded::Serializer::new(String::new());
        query.extend_pairs(self.filters().iter().filter(|(_, value)| !value.is_empty()));
        query.finish()
    }

    fn list(&self) -> ListInventory {
        let [server, category, severity, grant, covered] =
            self.filters().map(|(_, value)| Some(value.to_owned()));
        ListInventory {
            limit: Some(ROWS),
            cursor: self.cursor.clone(),
            server,
            category,
            severity,
            grant,
            covered,
        }
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
    let wanted = asked.list();
    let (filter, said) = match wanted.filter() {
        Ok(filter) => (filter, None),
        Err(problem) => (super::Filter::default(), Some(problem.detail)),
    };
    let found = act::list(&app, caller, &filter, wanted.page()?).await?;
    let servers = server::act::list(&app, caller, choice::<ServerId>()?).await?;
    let grants = grant::act::list(&app, caller, choice::<GrantId>()?).await?;
    Ok(ok(&List {
        may_export: caller.role().may(Action::Export),
        frame: visit.frame(&app, "inventory", "Inventory"),
        more: found
            .next_cursor
            .map(|cursor| older(&cursor, &asked.filters())),
        entries: found.items,
        servers: servers.items,
        grants: grants.items,
        asked,
        said,
    }))
}
