//! The JSON door of kept arguments.

use super::act::{self, CaptureError};
use super::{Capture, Captured};
use crate::app::App;
use crate::caller::Caller;
use crate::http::read::{Body, Path};
use crate::problem::{Kind, Problem, ProblemBody};
use axum::Json;
use axum::extract::State;
use ids::CallId;

/// Whether arguments of calls are kept, for how long, and without what.
#[utoipa::path(get, path = "/v1/orgs/{org}/capture", tag = "calls", params(("org" = String, Path)),
    responses((status = 200, body = Capture), (status = "default", body = ProblemBody)))]
pub async fn show(
    State(app): State<App>,
    caller: Caller,
    Path(_org): Path<String>,
) -> Result<Json<Capture>, Problem> {
    Ok(Json(act::show(&app, &caller).await?))
}

/// Says it anew, all of it. Calls are kept or not as soon as replicas have heard of it.
#[utoipa::path(put, path = "/v1/orgs/{org}/capture", tag = "calls", params(("org" = String, Path)),
    request_body = Capture, responses((status = 200, body = Capture), (status = "default", body = ProblemBody)))]
pub async fn replace(
    State(app): State<App>,
    caller: Caller,
    Path(_org): Path<String>,
    Body(capture): Body<Capture>,
) -> Result<Json<Capture>, Problem> {
    Ok(Json(act::replace(&app, &caller, capture).await?))
}

/// What was kept of the arguments of a call; 404 where nothing was.
#[utoipa::path(get, path = "/v1/orgs/{org}/calls/{call}/arguments", tag = "calls",
    params(("org" = String, Path), ("call" = String, Path)),
    responses((status = 200, body = Captured), (status = "default", body = ProblemBody)))]
pub async fn read(
    State(app): State<App>,
    caller: Caller,
    Path((_org, call)): Path<(String, CallId)>,
) -> Result<Json<Captured>, Problem> {
    let captured = act::read(&app, &caller, call).await?;
    captured.map(Json).ok_or_else(Problem::not_found)
}

impl From<CaptureError> for Problem {
    fn from(error: CaptureError) -> Self {
        let text = error.to_string();
        match error {
            CaptureError::Invalid(errors) => Self {
                errors,
                ..Self::new(Kind::Invalid, text)
            },
            CaptureError::Forbidden(forbidden) => forbidden.into(),
            CaptureError::Db(error) => error.into(),
        }
    }
}
