//! The JSON door of tools.

use super::{Review, Tool, act};
use crate::app::App;
use crate::caller::Caller;
use crate::http::list::{ListQuery, Listed};
use crate::http::read::{Body, Path, Query};
use crate::problem::{Problem, ProblemBody};
use axum::Json;
use axum::extract::State;

/// The recorded tools of a server, in its own order.
#[utoipa::path(get, path = "/v1/orgs/{org}/servers/{server}/tools", tag = "servers",
    params(ListQuery, ("org" = String, Path), ("server" = String, Path)),
    responses((status = 200, body = Listed<Tool>), (status = "default", body = ProblemBody)))]
pub async fn list(
    State(app): State<App>,
    caller: Caller,
    Path((_org, server)): Path<(String, String)>,
    Query(query): Query<ListQuery>,
) -> Result<Json<Listed<Tool>>, Problem> {
    Ok(Json(
        act::list(&app, &caller, &server, query.page()?).await?,
    ))
}

/// Names a tool's category, or accepts its definition as it is recorded now.
#[utoipa::path(patch, path = "/v1/orgs/{org}/servers/{server}/tools/{tool}", tag = "servers",
    params(("org" = String, Path), ("server" = String, Path), ("tool" = String, Path)), request_body = Review,
    responses((status = 200, body = Tool), (status = "default", body = ProblemBody)))]
pub async fn review(
    State(app): State<App>,
    caller: Caller,
    Path((_org, server, tool)): Path<(String, String, String)>,
    Body(review): Body<Review>,
) -> Result<Json<Tool>, Problem> {
    Ok(Json(
        act::review(&app, &caller, &server, &tool, review).await?,
    ))
}
