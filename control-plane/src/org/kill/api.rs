//! The JSON door of the kill switch.

use super::act::{self, KillError};
use super::{Switch, Switched};
use crate::app::App;
use crate::caller::Caller;
use crate::http::read::Body;
use crate::problem::{Kind, Problem, ProblemBody};
use axum::Json;
use axum::extract::State;

/// Stops the calls of the organisation, a server or a grant, or lets them go on.
#[utoipa::path(post, path = "/v1/orgs/{org}/kill", tag = "organisations", params(("org" = String, Path)),
    request_body = Switch, responses((status = 200, body = Switched), (status = "default", body = ProblemBody)))]
pub async fn switch(
    State(app): State<App>,
    caller: Caller,
    Body(switch): Body<Switch>,
) -> Result<Json<Switched>, Problem> {
    Ok(Json(act::switch(&app, &caller, switch).await?))
}

impl From<KillError> for Problem {
    fn from(error: KillError) -> Self {
        let text = error.to_string();
        match error {
            KillError::Invalid(errors) => Self {
                errors,
                ..Self::new(Kind::Invalid, text)
            },
            KillError::NoSuchTarget => Self::not_found(),
            KillError::Forbidden(forbidden) => forbidden.into(),
            KillError::Db(error) => error.into(),
        }
    }
}
