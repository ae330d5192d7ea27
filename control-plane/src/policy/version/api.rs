//! The JSON door of versions.

use super::act;
use super::{Publication, Published, Rollback, Version};
use crate::app::App;
use crate::caller::Caller;
use crate::http::list::{ListQuery, Listed};
use crate::http::read::{Body, IfMatch, Path, Query};
use crate::policy::diff::Diff;
use crate::problem::{Problem, ProblemBody};
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;

/// Publishes the draft as the next version. 412 where it has moved on, 422 with findings where it does not compile.
#[utoipa::path(post, path = "/v1/orgs/{org}/policies/{policy}/publish", tag = "policies",
    params(("org" = String, Path), ("policy" = String, Path), IfMatch), request_body = Publication,
    responses((status = 201, body = Published), (status = "default", body = ProblemBody)))]
pub async fn publish(
    State(app): State<App>,
    caller: Caller,
    Path((_org, policy)): Path<(String, String)>,
    IfMatch(seen): IfMatch,
    Body(publication): Body<Publication>,
) -> Result<(StatusCode, Json<Published>), Problem> {
    let published = act::publish(&app, &caller, &policy, seen, publication).await?;
    Ok((StatusCode::CREATED, Json(published)))
}

/// Publishes the document of an old version as the next one. The draft stays as it is.
#[utoipa::path(post, path = "/v1/orgs/{org}/policies/{policy}/rollback", tag = "policies",
    params(("org" = String, Path), ("policy" = String, Path), IfMatch), request_body = Rollback,
    responses((status = 201, body = Published), (status = "default", body = ProblemBody)))]
pub async fn roll_back(
    State(app): State<App>,
    caller: Caller,
    Path((_org, policy)): Path<(String, String)>,
    IfMatch(seen): IfMatch,
    Body(rollback): Body<Rollback>,
) -> Result<(StatusCode, Json<Published>), Problem> {
    let published = act::roll_back(&app, &caller, &policy, seen, rollback).await?;
    Ok((StatusCode::CREATED, Json(published)))
}

/// The published versions, newest first, without their documents.
#[utoipa::path(get, path = "/v1/orgs/{org}/policies/{policy}/versions", tag = "policies",
    params(ListQuery, ("org" = String, Path), ("policy" = String, Path)),
    responses((status = 200, body = Listed<Version>), (status = "default", body = ProblemBody)))]
pub async fn list(
    State(app): State<App>,
    caller: Caller,
    Path((_org, policy)): Path<(String, String)>,
    Query(query): Query<ListQuery>,
) -> Result<Json<Listed<Version>>, Problem> {
    Ok(Json(
        act::list(&app, &caller, &policy, query.page()?).await?,
    ))
}

/// One version with its document.
#[utoipa::path(get, path = "/v1/orgs/{org}/policies/{policy}/versions/{number}", tag = "policies",
    params(("org" = String, Path), ("policy" = String, Path), ("number" = u32, Path)),
    responses((status = 200, body = Version), (status = "default", body = ProblemBody)))]
pub async fn show(
    State(app): State<App>,
    caller: Caller,
    Path((_org, policy, number)): Path<(String, String, u32)>,
) -> Result<Json<Version>, Problem> {
    Ok(Json(act::show(&app, &caller, &policy, number).await?))
}

/// What changed from one version to another.
#[utoipa::path(get, path = "/v1/orgs/{org}/policies/{policy}/versions/{number}/diff/{other}", tag = "policies",
    params(("org" = String, Path), ("policy" = String, Path), ("number" = u32, Path), ("other" = u32, Path)),
    responses((status = 200, body = Diff), (status = "default", body = ProblemBody)))]
pub async fn compare(
    State(app): State<App>,
    caller: Caller,
    Path((_org, policy, number, other)): Path<(String, String, u32, u32)>,
) -> Result<Json<Diff>, Problem> {
    Ok(Json(
        act::compare(&app, &caller, &policy, number, other).await?,
    ))
}
