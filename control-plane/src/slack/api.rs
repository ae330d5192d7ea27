//! The JSON door of an organisation's app, and the one that the app itself comes in by.

use super::act::{self, SlackError};
use super::{NewSlack, Slack, answer};
use crate::app::App;
use crate::caller::Caller;
use crate::http::read::{Body, Path};
use crate::problem::{Kind, Problem, ProblemBody};
use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use ids::OrgId;

/// How it stands with the organisation's app, and who in Slack is whom: everybody, for those who administer; else the caller.
#[utoipa::path(get, path = "/v1/orgs/{org}/slack", tag = "webhooks", params(("org" = String, Path)),
    responses((status = 200, body = Slack), (status = "default", body = ProblemBody)))]
pub async fn show(
    State(app): State<App>,
    caller: Caller,
    Path(_org): Path<String>,
) -> Result<Json<Slack>, Problem> {
    Ok(Json(act::show(&app, &caller).await?))
}

/// Sets the app up: messages have buttons from now on, and what is signed with this secret is from there.
#[utoipa::path(put, path = "/v1/orgs/{org}/slack", tag = "webhooks", params(("org" = String, Path)),
    request_body = NewSlack, responses((status = 200, body = Slack), (status = "default", body = ProblemBody)))]
pub async fn set_up(
    State(app): State<App>,
    caller: Caller,
    Path(_org): Path<String>,
    Body(new): Body<NewSlack>,
) -> Result<Json<Slack>, Problem> {
    Ok(Json(act::set_up(&app, &caller, &new).await?))
}

/// Forgets the app. Messages have no buttons from now on, and nothing that comes is from there.
#[utoipa::path(delete, path = "/v1/orgs/{org}/slack", tag = "webhooks", params(("org" = String, Path)),
    responses((status = 204), (status = "default", body = ProblemBody)))]
pub async fn remove(
    State(app): State<App>,
    caller: Caller,
    Path(_org): Path<String>,
) -> Result<StatusCode, Problem> {
    act::remove(&app, &caller).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// What this user clicks is nobody's word any more. One's own, or, for those who administer, anybody's.
#[utoipa::path(delete, path = "/v1/orgs/{org}/slack/links/{team}/{user}", tag = "webhooks",
    params(("org" = String, Path), ("team" = String, Path), ("user" = String, Path)),
    responses((status = 204), (status = "default", body = ProblemBody)))]
pub async fn unlink(
    State(app): State<App>,
    caller: Caller,
    Path((_org, team, user)): Path<(String, String, String)>,
) -> Result<StatusCode, Problem> {
    act::unlink(&app, &caller, (&team, &user)).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// For Slack alone, whose signature is asked for: a click on a button of a message, or the app's command.
#[utoipa::path(post, path = "/v1/slack/{org}", tag = "webhooks", security(()), params(("org" = String, Path)),
    request_body(content = String, content_type = "application/x-www-form-urlencoded"),
    responses((status = 200), (status = "default", body = ProblemBody)))]
pub async fn take(
    State(app): State<App>,
    Path(org): Path<OrgId>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Problem> {
    let said = answer::take(&app, org, &headers, &body).await?;
    Ok(match said {
        Some(said) => Json(said).into_response(),
        None => StatusCode::OK.into_response(),
    })
}

impl From<SlackError> for Problem {
    fn from(error: SlackError) -> Self {
        let text = error.to_string();
        match error {
            SlackError::Invalid(errors) => Self {
                errors,
                ..Self::new(Kind::Invalid, text)
            },
            SlackError::NotAPerson => Self::new(Kind::Forbidden, text),
            SlackError::Forbidden(forbidden) => forbidden.into(),
            SlackError::Db(error) => error.into(),
        }
    }
}
