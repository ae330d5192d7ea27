//! Events, by page: who changed what, with what it was before and after.

use super::filter::ListEvents;
use super::{KINDS, Told, act, words};
use crate::app::App;
use crate::http::read::Query;
use crate::page::{Frame, Visit, ok, older, show};
use crate::problem::Problem;
use askama::Template;
use axum::extract::State;
use axum::response::Response;
use serde::Deserialize;

#[derive(Debug, Template)]
#[template(path = "event/list.html")]
struct List {
    frame: Frame,
    asked: Asked,
    events: Vec<Told>,
    /// Where the older ones are.
    more: Option<String>,
}

/// The filters, as a form sends them: an empty one is none.
#[derive(Debug, Default, Deserialize)]
pub struct Asked {
    #[serde(default)]
    action: String,
    #[serde(default)]
    actor: String,
    #[serde(default)]
    target: String,
    #[serde(default)]
    since: String,
    #[serde(default)]
    until: String,
    #[serde(default)]
    cursor: String,
}

impl Asked {
    fn filters(&self) -> [(&'static str, &str); 5] {
        [
            ("action", &self.action),
            ("actor", &self.actor),
            ("target", &self.target),
            ("since", &self.since),
            ("until", &self.until),
        ]
        .map(|(name, value)| (name, value.trim()))
    }

    fn is_any(&self) -> bool {
        self.filters().iter().all(|(_, value)| value.is_empty())
    }

    fn list(&self) -> ListEvents {
        let said = |value: &str| (!value.is_empty()).then(|| value.to_owned());
        let [action, actor, target, since, until] = self.filters().map(|(_, value)| said(value));
        ListEvents {
            action,
            actor,
            target,
            since: since.map(|since| show::in_full(&since)),
            until: until.map(|until| show::in_full(&until)),
            limit: None,
            cursor: said(&self.cursor),
        }
    }
}

impl List {
    /// Where what was changed is looked at, where there is such a page.
    fn place(&self, told: &Told) -> Option<String> {
        let (kind, _) = told.target.split_once('_')?;
        let section = match kind {
            "srv" => "servers",
            "pol" => "policies",
            "grt" => "grants",
            "apr" => "approvals",
            "whk" if self.frame.may_administer() => "settings/webhooks",
            _ => return None,
        };
        let is_gone = told.action.ends_with(".removed");
        (!is_gone).then(|| format!("/{}/{section}/{}", self.frame.slug(), told.target))
    }
}

pub async fn list(
    State(app): State<App>,
    visit: Visit,
    Query(asked): Query<Asked>,
) -> Result<Response, Problem> {
    let query = asked.list();
    let page = query.list().page()?;
    let listed = act::list(&app, &visit.caller, &query.filter()?, page).await?;
    Ok(ok(&List {
        frame: visit.frame(&app, "events", "Events"),
        events: listed.items,
        more: listed
            .next_cursor
            .map(|cursor| older(&cursor, &asked.filters())),
        asked,
    }))
}
