//! The door of the export.

use crate::app::App;
use crate::caller::Caller;
use crate::problem::{Problem, ProblemBody};
use axum::extract::State;
use axum::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};

/// The organisation with everything in it but its secrets, as one JSON document: people, servers with their tools, policies
/// with all versions, grants, events, calls.
#[utoipa::path(get, path = "/v1/orgs/{org}/export", tag = "organisations", params(("org" = String, Path)),
    responses((status = 200, content_type = "application/json", body = String),
        (status = "default", body = ProblemBody)))]
pub async fn export(State(app): State<App>, caller: Caller) -> Result<Response, Problem> {
    let name = format!("attachment; filename=\"{}.json\"", caller.org_slug());
    let body = super::document(app, caller).await?;
    let headers = [
        (CONTENT_TYPE, "application/json".to_owned()),
        (CONTENT_DISPOSITION, name),
    ];
    Ok((headers, body).into_response())
}
