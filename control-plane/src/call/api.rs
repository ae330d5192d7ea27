//! The JSON door of calls.

use super::chain::file::{self, Part};
use super::export::Format;
use super::filter::{ExportCalls, FollowCalls, ListCalls};
use super::{Call, CallDetail, act, export, stream};
use crate::app::App;
use crate::caller::Caller;
use crate::http::list::Listed;
use crate::http::read::{Path, Query};
use crate::problem::{Kind, Problem, ProblemBody};
use axum::Json;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};

/// Calls, newest first.
#[utoipa::path(get, path = "/v1/orgs/{org}/calls", tag = "calls", params(ListCalls, ("org" = String, Path)),
    responses((status = 200, body = Listed<Call>), (status = "default", body = ProblemBody)))]
pub async fn list(
    State(app): State<App>,
    caller: Caller,
    Query(query): Query<ListCalls>,
) -> Result<Json<Listed<Call>>, Problem> {
    let (filter, page) = (query.filter()?, query.list().page()?);
    Ok(Json(act::list(&app, &caller, &filter, page).await?))
}

/// One call, with all that is known of it.
#[utoipa::path(get, path = "/v1/orgs/{org}/calls/{call}", tag = "calls",
    params(("org" = String, Path), ("call" = String, Path)),
    responses((status = 200, body = CallDetail), (status = "default", body = ProblemBody)))]
pub async fn show(
    State(app): State<App>,
    caller: Caller,
    Path(path): Path<(String, String)>,
) -> Result<Json<CallDetail>, Problem> {
    let id = path.1.parse().map_err(|_| Problem::not_found())?;
    let found = act::show(&app, &caller, id).await?;
    found.map(Json).ok_or_else(Problem::not_found)
}

/// Calls as they are recorded: an event `call` for each that is new, and again when its outcome is known. A client that
/// comes back with `Last-Event-ID` misses nothing of the last day.
#[utoipa::path(get, path = "/v1/orgs/{org}/calls/stream", tag = "calls", params(FollowCalls, ("org" = String, Path)),
    responses((status = 200, content_type = "text/event-stream", body = String),
        (status = "default", body = ProblemBody)))]
pub async fn follow(
    State(app): State<App>,
    caller: Caller,
    headers: HeaderMap,
    Query(query): Query<FollowCalls>,
) -> Result<Response, Problem> {
    let last = headers
        .get("last-event-id")
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.parse().ok());
    Ok(stream::follow(app, caller, query.filter()?, last)
        .await?
        .into_response())
}

/// Calls as a file, newest first: JSON lines, or CSV whose cells a spreadsheet does not run. `chain` is every record with its
/// place in its chain, and every checkpoint: what `portcullis verify` reads; `checkpoints` is these alone, to be kept elsewhere.
#[utoipa::path(get, path = "/v1/orgs/{org}/calls/export", tag = "calls", params(ExportCalls, ("org" = String, Path)),
    responses((status = 200, content_type = "application/jsonl", body = String),
        (status = "default", body = ProblemBody)))]
pub async fn export(
    State(app): State<App>,
    caller: Caller,
    Query(query): Query<ExportCalls>,
) -> Result<Response, Problem> {
    if let Some(part) = Part::read(query.format.as_deref()) {
        if query.is_filtered() {
            let detail =
                "a chain is proven as a whole: `format` chain and checkpoints go with no filter";
            return Err(Problem::new(Kind::BadRequest, detail));
        }
        let headers = [
            (CONTENT_TYPE, "application/jsonl"),
            (CONTENT_DISPOSITION, part.content_disposition()),
        ];
        return Ok((headers, file::file(app, caller, part).await?).into_response());
    }
    let (filter, format) = (query.filter()?, Format::read(query.format.as_deref())?);
    let body = export::file(app, caller, filter, format).await?;
    let headers = [
        (CONTENT_TYPE, format.content_type()),
        (CONTENT_DISPOSITION, format.content_disposition()),
    ];
    Ok((headers, body).into_response())
}
