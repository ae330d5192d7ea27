//! The JSON door of tools.

use super::change::ToolChange;
use super::find::ListTools;
use super::{AcceptAll, Accepted, Review, Tool, act};
use crate::app::App;
use crate::caller::Caller;
use crate::http::list::{ListQuery, Listed};
use crate::http::read::{Body, Path, Query};
use crate::problem::{Problem, ProblemBody};
use axum::Json;
use axum::extract::State;

/// The recorded tools of a server, in its own order.
#[utoipa::path(get, path = "/v1/orgs/{org}/servers/{server}/tools", tag = "servers",
    params(ListTools, ("org" = String, Path), ("server" = String, Path)),
    responses((status = 200, body = Listed<Tool>), (status = "default", body = ProblemBody)))]
pub async fn list(
    State(app): State<App>,
    caller: Caller,
    Path((_org, server)): Path<(String, String)>,
    Query(query): Query<ListTools>,
) -> Result<Json<Listed<Tool>>, Problem> {
    let (sought, page) = (query.sought()?, query.page()?);
    Ok(Json(
        act::find(&app, &caller, &server, &sought, page).await?,
    ))
}

/// What became of a server's tools: added, changed, removed, accepted; newest first.
#[utoipa::path(get, path = "/v1/orgs/{org}/servers/{server}/changes", tag = "servers",
    params(ListQuery, ("org" = String, Path), ("server" = String, Path)),
    responses((status = 200, body = Listed<ToolChange>), (status = "default", body = ProblemBody)))]
pub async fn changes(
    State(app): State<App>,
    caller: Caller,
    Path((_org, server)): Path<(String, String)>,
    Query(query): Query<ListQuery>,
) -> Result<Json<Listed<ToolChange>>, Problem> {
    Ok(Json(
        act::changes(&app, &caller, &server, query.page()?).await?,
    ))
}

/// Accepts every definition that waits for a review, as it is recorded now.
#[utoipa::path(post, path = "/v1/orgs/{org}/servers/{server}/accept", tag = "servers",
    params(("org" = String, Path), ("server" = String, Path)), request_body = AcceptAll,
    responses((status = 200, body = Accepted), (status = "default", body = ProblemBody)))]
pub async fn accept_all(
    State(app): State<App>,
    caller: Caller,
    Path((_org, server)): Path<(String, String)>,
    Body(all): Body<AcceptAll>,
) -> Result<Json<Accepted>, Problem> {
    Ok(Json(act::accept_all(&app, &caller, &server, all).await?))
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
