//! The JSON door of replicas, for people.

use super::{Gateway, act};
use crate::app::App;
use crate::caller::Caller;
use crate::http::list::{ListQuery, Listed};
use crate::http::read::Query;
use crate::problem::{Problem, ProblemBody};
use axum::Json;
use axum::extract::State;

/// Replicas by name, what each has applied of this organisation, and how old it is.
#[utoipa::path(get, path = "/v1/orgs/{org}/gateways", tag = "gateways", params(ListQuery, ("org" = String, Path)),
    responses((status = 200, body = Listed<Gateway>), (status = "default", body = ProblemBody)))]
pub async fn list(
    State(app): State<App>,
    caller: Caller,
    Query(query): Query<ListQuery>,
) -> Result<Json<Listed<Gateway>>, Problem> {
    Ok(Json(act::list(&app, &caller, query.page()?).await?))
}
