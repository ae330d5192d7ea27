//! The JSON door of organisations.

use super::act::{self, OrgError};
use super::{NewOrg, Org, OrgChange};
use crate::app::App;
use crate::caller::{Anyone, Caller};
use crate::http::list::{ListQuery, Listed};
use crate::http::read::{Body, Query};
use crate::problem::{Kind, Problem, ProblemBody};
use crate::session::Account;
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;

/// The organisations of the caller: a person's, or the one of an API key.
#[utoipa::path(get, path = "/v1/orgs", tag = "organisations", params(ListQuery),
    responses((status = 200, body = Listed<Org>), (status = "default", body = ProblemBody)))]
pub async fn list(
    State(app): State<App>,
    anyone: Anyone,
    Query(query): Query<ListQuery>,
) -> Result<Json<Listed<Org>>, Problem> {
    Ok(Json(act::list(&app, &anyone, query.page()?).await?))
}

/// Founds an organisation; the caller becomes its owner.
#[utoipa::path(post, path = "/v1/orgs", tag = "organisations", request_body = NewOrg,
    responses((status = 201, body = Org), (status = "default", body = ProblemBody)))]
pub async fn found(
    State(app): State<App>,
    account: Account,
    Body(new): Body<NewOrg>,
) -> Result<(StatusCode, Json<Org>), Problem> {
    Ok((
        StatusCode::CREATED,
        Json(act::found(&app, &account, new).await?),
    ))
}

#[utoipa::path(get, path = "/v1/orgs/{org}", tag = "organisations", params(("org" = String, Path)),
    responses((status = 200, body = Org), (status = "default", body = ProblemBody)))]
pub async fn show(State(app): State<App>, caller: Caller) -> Result<Json<Org>, Problem> {
    Ok(Json(act::show(&app, &caller).await?))
}

/// Changes the name or the settings.
#[utoipa::path(patch, path = "/v1/orgs/{org}", tag = "organisations", params(("org" = String, Path)),
    request_body = OrgChange, responses((status = 200, body = Org), (status = "default", body = ProblemBody)))]
pub async fn change(
    State(app): State<App>,
    caller: Caller,
    Body(change): Body<OrgChange>,
) -> Result<Json<Org>, Problem> {
    Ok(Json(act::change(&app, &caller, change).await?))
}

/// Deletes the organisation with everything in it.
#[utoipa::path(delete, path = "/v1/orgs/{org}", tag = "organisations", params(("org" = String, Path)),
    responses((status = 204), (status = "default", body = ProblemBody)))]
pub async fn delete(State(app): State<App>, caller: Caller) -> Result<StatusCode, Problem> {
    act::delete(&app, &caller).await?;
    Ok(StatusCode::NO_CONTENT)
}

impl From<OrgError> for Problem {
    fn from(error: OrgError) -> Self {
        let text = error.to_string();
        match error {
            OrgError::Invalid(errors) => Self {
                errors,
                ..Self::new(Kind::Invalid, text)
            },
            OrgError::SlugTaken(_) | OrgError::TooMany => Self::new(Kind::Conflict, text),
            OrgError::Forbidden(forbidden) => forbidden.into(),
            OrgError::Db(error) => error.into(),
        }
    }
}
