//! The JSON door of the inventory.

use super::{Entry, ExportInventory, ListInventory, act, export};
use crate::app::App;
use crate::call::export::Format;
use crate::caller::Caller;
use crate::http::list::Listed;
use crate::http::read::Query;
use crate::problem::{Problem, ProblemBody};
use axum::Json;
use axum::extract::State;
use axum::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};

/// Everything the organisation's agents can call: each tool, which grants reach it, and under which rule.
#[utoipa::path(get, path = "/v1/orgs/{org}/inventory", tag = "inventory", params(ListInventory, ("org" = String, Path)),
    responses((status = 200, body = Listed<Entry>), (status = "default", body = ProblemBody)))]
pub async fn list(
    State(app): State<App>,
    caller: Caller,
    Query(query): Query<ListInventory>,
) -> Result<Json<Listed<Entry>>, Problem> {
    let (filter, page) = (query.filter()?, query.page()?);
    Ok(Json(act::list(&app, &caller, &filter, page).await?))
}

/// The inventory as a file: JSON lines, or CSV whose cells a spreadsheet does not run.
#[utoipa::path(get, path = "/v1/orgs/{org}/inventory/export", tag = "inventory",
    params(ExportInventory, ("org" = String, Path)),
    responses((status = 200, content_type = "application/jsonl", body = String),
        (status = "default", body = ProblemBody)))]
pub async fn export(
    State(app): State<App>,
    caller: Caller,
    Query(query): Query<ExportInventory>,
) -> Result<Response, Problem> {
    let (filter, format) = (query.filter()?, Format::read(query.format.as_deref())?);
    let body = export::file(app, caller, filter, format).await?;
    let name = match format {
        Format::Jsonl => "attachment; filename=\"inventory.jsonl\"",
        Format::Csv => "attachment; filename=\"inventory.csv\"",
    };
    let headers = [
        (CONTENT_TYPE, format.content_type()),
        (CONTENT_DISPOSITION, name),
    ];
    Ok((headers, body).into_response())
}
