//! The JSON door of counts.

use super::{By, Span, Usage, act};
use crate::app::App;
use crate::call::filter::time;
use crate::caller::Caller;
use crate::http::read::Query;
use crate::problem::{Problem, ProblemBody};
use axum::Json;
use axum::extract::State;
use serde::Deserialize;
use utoipa::IntoParams;

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub struct Asked {
    /// `verdict` (every hour), `server`, `tool`, `grant` or `rule` (those with the most calls, at most 200).
    pub by: Option<String>,
    /// RFC 3339: from the hour of that time on, by tool, grant and rule from the day on; 24 hours or two days before `until`
    /// when left out.
    pub since: Option<String>,
    /// RFC 3339: up to the end of that hour or day; now when left out. At most 31 days after `since`.
    pub until: Option<String>,
}

/// How many calls there were, by hour and verdict or by what they were about. By tool, names that no server has are left
/// out; by rule, those that refused.
#[utoipa::path(get, path = "/v1/orgs/{org}/usage", tag = "calls", params(Asked, ("org" = String, Path)),
    responses((status = 200, body = Usage), (status = "default", body = ProblemBody)))]
pub async fn show(
    State(app): State<App>,
    caller: Caller,
    Query(asked): Query<Asked>,
) -> Result<Json<Usage>, Problem> {
    let by = By::read(asked.by.as_deref())?;
    let (since, until) = (asked.since.as_deref(), asked.until.as_deref());
    let span = Span::of(
        by,
        time(since, "since")?,
        time(until, "until")?,
        app.now().time(),
    )?;
    Ok(Json(act::show(&app, &caller, by, span).await?))
}
