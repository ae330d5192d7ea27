//! The JSON door of members.

use super::act::{self, MemberError};
use super::{Member, MemberChange};
use crate::app::App;
use crate::caller::Caller;
use crate::http::list::{ListQuery, Listed};
use crate::http::read::{Body, Path, Query};
use crate::problem::{Kind, Problem, ProblemBody};
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use ids::MemberId;

/// The people of the organisation.
#[utoipa::path(get, path = "/v1/orgs/{org}/members", tag = "people", params(ListQuery, ("org" = String, Path)),
    responses((status = 200, body = Listed<Member>), (status = "default", body = ProblemBody)))]
pub async fn list(
    State(app): State<App>,
    caller: Caller,
    Query(query): Query<ListQuery>,
) -> Result<Json<Listed<Member>>, Problem> {
    Ok(Json(act::list(&app, &caller, query.page()?).await?))
}

/// Gives a member another role.
#[utoipa::path(patch, path = "/v1/orgs/{org}/members/{member}", tag = "people",
    params(("org" = String, Path), ("member" = String, Path)),
    request_body = MemberChange, responses((status = 200, body = Member), (status = "default", body = ProblemBody)))]
pub async fn change(
    State(app): State<App>,
    caller: Caller,
    Path((_org, member)): Path<(String, MemberId)>,
    Body(change): Body<MemberChange>,
) -> Result<Json<Member>, Problem> {
    Ok(Json(act::change(&app, &caller, member, change.role).await?))
}

/// Removes a member; one's own membership, anybody may end. API keys end with the membership of their maker.
#[utoipa::path(delete, path = "/v1/orgs/{org}/members/{member}", tag = "people",
    params(("org" = String, Path), ("member" = String, Path)),
    responses((status = 204), (status = "default", body = ProblemBody)))]
pub async fn remove(
    State(app): State<App>,
    caller: Caller,
    Path((_org, member)): Path<(String, MemberId)>,
) -> Result<StatusCode, Problem> {
    act::remove(&app, &caller, member).await?;
    Ok(StatusCode::NO_CONTENT)
}

impl From<MemberError> for Problem {
    fn from(error: MemberError) -> Self {
        let text = error.to_string();
        match error {
            MemberError::NoSuchMember => Self::not_found(),
            MemberError::LastOwner => Self::new(Kind::Conflict, text),
            MemberError::Forbidden(forbidden) => forbidden.into(),
            MemberError::Db(error) => error.into(),
        }
    }
}
