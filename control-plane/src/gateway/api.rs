//! The JSON door of replicas, for people.

use super::{Gateway, act};
use crate::app::App;
use crate::caller::Caller;
use crate::http::list::Listed;
use crate::problem::{Problem, ProblemBody};
use axum::Json;
use axum::extract::State;

/// Replicas, what each has applied of this organisation, and how old it is.
#[utoipa::path(get, path = "/v1/orgs/{org}/gateways", tag = "gateways", params(("org" = String, Path)),
    responses((status = 200, body = Listed<Gateway>), (status = "default", body = ProblemBody)))]
pub async fn list(State(app): State<App>, caller: Caller) -> Result<Json<Listed<Gateway>>, Problem> {
    Ok(Json(Listed { items: act::list(&app, &caller).await?, next_cursor: None }))
}
