//! The JSON door of grants.

use super::act::{self, GrantError};
use super::{Grant, GrantChange, Minted, NewGrant, Rotation};
use crate::app::App;
use crate::caller::Caller;
use crate::http::etag::tagged;
use crate::http::list::{ListQuery, Listed};
use crate::http::read::{Body, IfMatch, OptionalBody, Path, Query};
use crate::problem::{Kind, Problem, ProblemBody};
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::IntoResponse;
use ids::GrantId;

/// The grants, newest first; revoked and expired ones too.
#[utoipa::path(get, path = "/v1/orgs/{org}/grants", tag = "grants", params(ListQuery, ("org" = String, Path)),
    responses((status = 200, body = Listed<Grant>), (status = "default", body = ProblemBody)))]
pub async fn list(
    State(app): State<App>,
    caller: Caller,
    Query(query): Query<ListQuery>,
) -> Result<Json<Listed<Grant>>, Problem> {
    Ok(Json(act::list(&app, &caller, query.page()?).await?))
}

/// Mints a grant. Its token is in this answer and nowhere else.
#[utoipa::path(post, path = "/v1/orgs/{org}/grants", tag = "grants", params(("org" = String, Path)),
    request_body = NewGrant, responses((status = 201, body = Minted), (status = "default", body = ProblemBody)))]
pub async fn mint(
    State(app): State<App>,
    caller: Caller,
    Body(new): Body<NewGrant>,
) -> Result<impl IntoResponse, Problem> {
    Ok(tagged(
        StatusCode::CREATED,
        act::mint(&app, &caller, new).await?,
    ))
}

#[utoipa::path(get, path = "/v1/orgs/{org}/grants/{grant}", tag = "grants",
    params(("org" = String, Path), ("grant" = String, Path)),
    responses((status = 200, body = Grant), (status = "default", body = ProblemBody)))]
pub async fn show(
    State(app): State<App>,
    caller: Caller,
    Path((_org, grant)): Path<(String, GrantId)>,
) -> Result<impl IntoResponse, Problem> {
    Ok(tagged(
        StatusCode::OK,
        act::show(&app, &caller, grant).await?,
    ))
}

/// Changes a grant. A policy manager may change which policy counts on the servers it reaches, and nothing else.
#[utoipa::path(patch, path = "/v1/orgs/{org}/grants/{grant}", tag = "grants",
    params(("org" = String, Path), ("grant" = String, Path), IfMatch), request_body = GrantChange,
    responses((status = 200, body = Grant), (status = "default", body = ProblemBody)))]
pub async fn change(
    State(app): State<App>,
    caller: Caller,
    Path((_org, grant)): Path<(String, GrantId)>,
    IfMatch(seen): IfMatch,
    Body(change): Body<GrantChange>,
) -> Result<impl IntoResponse, Problem> {
    Ok(tagged(
        StatusCode::OK,
        act::change(&app, &caller, grant, seen, change).await?,
    ))
}

/// Gives the grant a new token; the old one stays good for `overlap`.
#[utoipa::path(post, path = "/v1/orgs/{org}/grants/{grant}/rotate", tag = "grants",
    params(("org" = String, Path), ("grant" = String, Path), IfMatch), request_body = Option<Rotation>,
    responses((status = 200, body = Minted), (status = "default", body = ProblemBody)))]
pub async fn rotate(
    State(app): State<App>,
    caller: Caller,
    Path((_org, grant)): Path<(String, GrantId)>,
    IfMatch(seen): IfMatch,
    OptionalBody(rotation): OptionalBody<Rotation>,
) -> Result<impl IntoResponse, Problem> {
    Ok(tagged(
        StatusCode::OK,
        act::rotate(&app, &caller, grant, seen, rotation).await?,
    ))
}

/// Ends the grant for ever.
#[utoipa::path(post, path = "/v1/orgs/{org}/grants/{grant}/revoke", tag = "grants",
    params(("org" = String, Path), ("grant" = String, Path), IfMatch),
    responses((status = 200, body = Grant), (status = "default", body = ProblemBody)))]
pub async fn revoke(
    State(app): State<App>,
    caller: Caller,
    Path((_org, grant)): Path<(String, GrantId)>,
    IfMatch(seen): IfMatch,
) -> Result<impl IntoResponse, Problem> {
    Ok(tagged(
        StatusCode::OK,
        act::revoke(&app, &caller, grant, seen).await?,
    ))
}

impl From<GrantError> for Problem {
    fn from(error: GrantError) -> Self {
        let text = error.to_string();
        match error {
            GrantError::Invalid(errors) => Self {
                errors,
                ..Self::new(Kind::Invalid, text)
            },
            GrantError::NoSuchGrant => Self::not_found(),
            GrantError::Stale => Self::new(Kind::StaleVersion, text),
            GrantError::Revoked | GrantError::TooMany => Self::new(Kind::Conflict, text),
            GrantError::Forbidden(forbidden) => forbidden.into(),
            GrantError::Db(error) => error.into(),
        }
    }
}
