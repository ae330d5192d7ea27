//! The JSON door of who is told.

use super::Routing;
use super::act::{self, RoutingError};
use crate::app::App;
use crate::caller::Caller;
use crate::http::read::{Body, Path};
use crate::problem::{Kind, Problem, ProblemBody};
use axum::Json;
use axum::extract::State;

/// Who is told that calls wait.
#[utoipa::path(get, path = "/v1/orgs/{org}/approval-routing", tag = "approvals", params(("org" = String, Path)),
    responses((status = 200, body = Routing), (status = "default", body = ProblemBody)))]
pub async fn show(
    State(app): State<App>,
    caller: Caller,
    Path(_org): Path<String>,
) -> Result<Json<Routing>, Problem> {
    Ok(Json(act::show(&app, &caller).await?))
}

/// Says it anew, all of it. Requests that wait already go the way that stood when they were asked.
#[utoipa::path(put, path = "/v1/orgs/{org}/approval-routing", tag = "approvals", params(("org" = String, Path)),
    request_body = Routing, responses((status = 200, body = Routing), (status = "default", body = ProblemBody)))]
pub async fn replace(
    State(app): State<App>,
    caller: Caller,
    Path(_org): Path<String>,
    Body(routing): Body<Routing>,
) -> Result<Json<Routing>, Problem> {
    Ok(Json(act::replace(&app, &caller, routing).await?))
}

impl From<RoutingError> for Problem {
    fn from(error: RoutingError) -> Self {
        let text = error.to_string();
        match error {
            RoutingError::Invalid(errors) => Self {
                errors,
                ..Self::new(Kind::Invalid, text)
            },
            RoutingError::Forbidden(forbidden) => forbidden.into(),
            RoutingError::Db(error) => error.into(),
        }
    }
}
