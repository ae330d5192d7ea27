//! The JSON door of approvals, for people and their own bots.

use super::act::{self, ApprovalError};
use super::{Approval, Approve, Said, State as Standing};
use crate::app::App;
use crate::caller::Caller;
use crate::http::list::{ListQuery, Listed};
use crate::http::read::{Body, OptionalBody, Path, Query};
use crate::problem::{Kind, Problem, ProblemBody};
use axum::Json;
use axum::extract::State;
use ids::ApprovalId;
use serde::Deserialize;
use utoipa::IntoParams;

#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub struct ListApprovals {
    #[param(schema_with = crate::http::described::approval_state)]
    pub state: Option<String>,
    /// How many, 1 to 200; 50 by default.
    pub limit: Option<u16>,
    /// `next_cursor` of the page before.
    pub cursor: Option<String>,
}

impl ListApprovals {
    fn state(&self) -> Result<Option<Standing>, Problem> {
        let Some(word) = &self.state else {
            return Ok(None);
        };
        Standing::of(word).map(Some).ok_or_else(|| {
            let got: String = word.chars().take(64).collect();
            let words = Standing::ALL.map(Standing::word).join(", ");
            let detail = format!("`state` is one of {words}, got `{got}`");
            Problem::new(Kind::BadRequest, detail)
        })
    }
}

/// Calls that wait, or waited, for people, newest first.
#[utoipa::path(get, path = "/v1/orgs/{org}/approvals", tag = "approvals", params(ListApprovals, ("org" = String, Path)),
    responses((status = 200, body = Listed<Approval>), (status = "default", body = ProblemBody)))]
pub async fn list(
    State(app): State<App>,
    caller: Caller,
    Query(query): Query<ListApprovals>,
) -> Result<Json<Listed<Approval>>, Problem> {
    let state = query.state()?;
    let (limit, cursor) = (query.limit, query.cursor);
    let page = ListQuery { limit, cursor }.page()?;
    Ok(Json(act::list(&app, &caller, state, page).await?))
}

/// One of them, with its arguments exactly.
#[utoipa::path(get, path = "/v1/orgs/{org}/approvals/{approval}", tag = "approvals",
    params(("org" = String, Path), ("approval" = String, Path)),
    responses((status = 200, body = Approval), (status = "default", body = ProblemBody)))]
pub async fn show(
    State(app): State<App>,
    caller: Caller,
    Path((_org, approval)): Path<(String, ApprovalId)>,
) -> Result<Json<Approval>, Problem> {
    Ok(Json(act::show(&app, &caller, approval).await?))
}

/// Lets exactly this call through, once; or calls of the tool of which some arguments may vary, so many times for so
/// long. Never for one's own grant: one's own is a grant whose user one is, or that one made.
#[utoipa::path(post, path = "/v1/orgs/{org}/approvals/{approval}/approve", tag = "approvals",
    params(("org" = String, Path), ("approval" = String, Path)), request_body = Option<Approve>,
    responses((status = 200, body = Approval), (status = "default", body = ProblemBody)))]
pub async fn approve(
    State(app): State<App>,
    caller: Caller,
    Path((_org, approval)): Path<(String, ApprovalId)>,
    OptionalBody(said): OptionalBody<Approve>,
) -> Result<Json<Approval>, Problem> {
    Ok(Json(act::approve(&app, &caller, approval, said).await?))
}

/// Lets it not through. The agent is shown the note.
#[utoipa::path(post, path = "/v1/orgs/{org}/approvals/{approval}/refuse", tag = "approvals",
    params(("org" = String, Path), ("approval" = String, Path)), request_body = Said,
    responses((status = 200, body = Approval), (status = "default", body = ProblemBody)))]
pub async fn refuse(
    State(app): State<App>,
    caller: Caller,
    Path((_org, approval)): Path<(String, ApprovalId)>,
    Body(said): Body<Said>,
) -> Result<Json<Approval>, Problem> {
    Ok(Json(act::refuse(&app, &caller, approval, said).await?))
}

/// Takes a request back, or what is left of an approval. The person whose grant asks may, and who may write grants.
#[utoipa::path(post, path = "/v1/orgs/{org}/approvals/{approval}/withdraw", tag = "approvals",
    params(("org" = String, Path), ("approval" = String, Path)), request_body = Option<Said>,
    responses((status = 200, body = Approval), (status = "default", body = ProblemBody)))]
pub async fn withdraw(
    State(app): State<App>,
    caller: Caller,
    Path((_org, approval)): Path<(String, ApprovalId)>,
    OptionalBody(said): OptionalBody<Said>,
) -> Result<Json<Approval>, Problem> {
    Ok(Json(act::withdraw(&app, &caller, approval, said).await?))
}

impl From<ApprovalError> for Problem {
    fn from(error: ApprovalError) -> Self {
        let text = error.to_string();
        match error {
            ApprovalError::Invalid(errors) => Self {
                errors,
                ..Self::new(Kind::Invalid, text)
            },
            ApprovalError::NoSuchApproval => Self::not_found(),
            ApprovalError::OnesOwn => Self::new(Kind::Forbidden, text),
            ApprovalError::CannotDecide(_) => Self::new(Kind::Conflict, text),
            ApprovalError::Forbidden(forbidden) => forbidden.into(),
            ApprovalError::Db(error) => error.into(),
        }
    }
}
