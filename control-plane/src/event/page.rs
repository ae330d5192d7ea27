//! Events, by page: who changed what.

use super::{Told, act};
use crate::app::App;
use crate::http::read::Query;
use crate::page::{Frame, Turn, Visit, ok, show};
use crate::problem::Problem;
use askama::Template;
use axum::extract::State;
use axum::response::Response;

#[derive(Debug, Template)]
#[template(path = "event/list.html")]
struct List {
    frame: Frame,
    events: Vec<Told>,
    next: Option<String>,
}

pub async fn list(
    State(app): State<App>,
    visit: Visit,
    Query(turn): Query<Turn>,
) -> Result<Response, Problem> {
    let listed = act::list(&app, &visit.caller, turn.page()?).await?;
    Ok(ok(&List {
        frame: visit.frame(&app, "events", "Events"),
        events: listed.items,
        next: listed.next_cursor,
    }))
}
