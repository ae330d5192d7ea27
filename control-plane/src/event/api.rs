//! The JSON door of events.

use super::filter::ListEvents;
use super::{Told, act};
use crate::app::App;
use crate::caller::Caller;
use crate::http::list::Listed;
use crate::http::read::Query;
use crate::problem::{Problem, ProblemBody};
use axum::Json;
use axum::extract::State;

/// Changes, newest first.
#[utoipa::path(get, path = "/v1/orgs/{org}/events", tag = "events", params(ListEvents, ("org" = String, Path)),
    responses((status = 200, body = Listed<Told>), (status = "default", body = ProblemBody)))]
pub async fn list(
    State(app): State<App>,
    caller: Caller,
    Query(query): Query<ListEvents>,
) -> Result<Json<Listed<Told>>, Problem> {
    let (filter, page) = (query.filter()?, query.list().page()?);
    Ok(Json(act::list(&app, &caller, &filter, page).await?))
}
