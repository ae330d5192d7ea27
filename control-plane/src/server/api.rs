//! The JSON door of servers.

use super::act::{self, ServerError};
use super::discover::{self, Busy};
use super::{NewServer, Server, ServerChange};
use crate::app::App;
use crate::caller::Caller;
use crate::http::etag::tagged;
use crate::http::list::{ListQuery, Listed};
use crate::http::read::{Body, IfMatch, Path, Query};
use crate::problem::{Kind, Problem, ProblemBody};
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::IntoResponse;

/// The servers of the organisation, without their tools.
#[utoipa::path(get, path = "/v1/orgs/{org}/servers", tag = "servers", params(ListQuery, ("org" = String, Path)),
    responses((status = 200, body = Listed<Server>), (status = "default", body = ProblemBody)))]
pub async fn list(
    State(app): State<App>,
    caller: Caller,
    Query(query): Query<ListQuery>,
) -> Result<Json<Listed<Server>>, Problem> {
    Ok(Json(act::list(&app, &caller, query.page()?).await?))
}

/// Adds a server. The values of its headers are written here and never read back.
#[utoipa::path(post, path = "/v1/orgs/{org}/servers", tag = "servers", params(("org" = String, Path)),
    request_body = NewServer, responses((status = 201, body = Server), (status = "default", body = ProblemBody)))]
pub async fn add(
    State(app): State<App>,
    caller: Caller,
    Body(new): Body<NewServer>,
) -> Result<impl IntoResponse, Problem> {
    Ok(tagged(
        StatusCode::CREATED,
        act::add(&app, &caller, new).await?,
    ))
}

/// One server, with its recorded tools.
#[utoipa::path(get, path = "/v1/orgs/{org}/servers/{server}", tag = "servers",
    params(("org" = String, Path), ("server" = String, Path)),
    responses((status = 200, body = Server), (status = "default", body = ProblemBody)))]
pub async fn show(
    State(app): State<App>,
    caller: Caller,
    Path((_org, server)): Path<(String, String)>,
) -> Result<impl IntoResponse, Problem> {
    Ok(tagged(
        StatusCode::OK,
        act::show(&app, &caller, &server).await?,
    ))
}

#[utoipa::path(patch, path = "/v1/orgs/{org}/servers/{server}", tag = "servers",
    params(("org" = String, Path), ("server" = String, Path), IfMatch), request_body = ServerChange,
    responses((status = 200, body = Server), (status = "default", body = ProblemBody)))]
pub async fn change(
    State(app): State<App>,
    caller: Caller,
    Path((_org, server)): Path<(String, String)>,
    IfMatch(etag): IfMatch,
    Body(change): Body<ServerChange>,
) -> Result<impl IntoResponse, Problem> {
    Ok(tagged(
        StatusCode::OK,
        act::change(&app, &caller, &server, change, etag).await?,
    ))
}

/// Removes a server: no grant reaches it any more.
#[utoipa::path(delete, path = "/v1/orgs/{org}/servers/{server}", tag = "servers",
    params(("org" = String, Path), ("server" = String, Path), IfMatch),
    responses((status = 204), (status = "default", body = ProblemBody)))]
pub async fn remove(
    State(app): State<App>,
    caller: Caller,
    Path((_org, server)): Path<(String, String)>,
    IfMatch(etag): IfMatch,
) -> Result<StatusCode, Problem> {
    act::remove(&app, &caller, &server, etag).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Reads the tools that the server lists now. Answers when it is done, within thirty seconds.
#[utoipa::path(post, path = "/v1/orgs/{org}/servers/{server}/discover", tag = "servers",
    params(("org" = String, Path), ("server" = String, Path)),
    responses((status = 200, body = Server), (status = "default", body = ProblemBody)))]
pub async fn discover(
    State(app): State<App>,
    caller: Caller,
    Path((_org, server)): Path<(String, String)>,
) -> Result<impl IntoResponse, Problem> {
    Ok(tagged(
        StatusCode::OK,
        discover::discover(&app, &caller, &server).await?,
    ))
}

impl From<ServerError> for Problem {
    fn from(error: ServerError) -> Self {
        let text = error.to_string();
        match error {
            ServerError::Invalid(errors) => Self {
                errors,
                ..Self::new(Kind::Invalid, text)
            },
            ServerError::SlugTaken(_)
            | ServerError::TooMany
            | ServerError::ChangedMeanwhile
            | ServerError::Credential
            | ServerError::Busy(Busy::ThisServer) => Self::new(Kind::Conflict, text),
            ServerError::Busy(Busy::ThisOrg) => {
                Self::new(Kind::TooManyRequests, text).with_retry_after(10)
            }
            ServerError::Busy(Busy::Everyone) => {
                Self::new(Kind::Unavailable, text).with_retry_after(10)
            }
            ServerError::NoSuchServer | ServerError::NoSuchTool => Self::not_found(),
            ServerError::Stale => Self::new(Kind::StaleVersion, text),
            ServerError::Failed(_) => Self::new(Kind::Upstream, text),
            ServerError::Forbidden(forbidden) => forbidden.into(),
            ServerError::Db(error) => error.into(),
        }
    }
}
