//! The JSON door of policies.

use super::act::{self, PolicyError};
use super::explain::{self, Explain};
use super::{NewPolicy, Policy, PolicyChange, Saved, shape};
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
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use utoipa::ToSchema;

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DraftBody {
    /// Any JSON, kept byte for byte.
    #[schema(value_type = serde_json::Value)]
    document: Box<RawValue>,
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CheckBody {
    #[schema(value_type = serde_json::Value)]
    document: Box<RawValue>,
    /// The slug or id of the server it is meant for: findings then know its tools.
    server: Option<String>,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct Found {
    #[schema(value_type = Vec<shape::Finding>)]
    findings: Vec<::policy::Finding>,
}

/// The policies, newest first, without their documents.
#[utoipa::path(get, path = "/v1/orgs/{org}/policies", tag = "policies", params(ListQuery, ("org" = String, Path)),
    responses((status = 200, body = Listed<Policy>), (status = "default", body = ProblemBody)))]
pub async fn list(
    State(app): State<App>,
    caller: Caller,
    Query(query): Query<ListQuery>,
) -> Result<Json<Listed<Policy>>, Problem> {
    Ok(Json(act::list(&app, &caller, query.page()?).await?))
}

/// Creates a policy. Nothing is published yet.
#[utoipa::path(post, path = "/v1/orgs/{org}/policies", tag = "policies", params(("org" = String, Path)),
    request_body = NewPolicy, responses((status = 201, body = Policy), (status = "default", body = ProblemBody)))]
pub async fn create(
    State(app): State<App>,
    caller: Caller,
    Body(new): Body<NewPolicy>,
) -> Result<impl IntoResponse, Problem> {
    Ok(tagged(
        StatusCode::CREATED,
        act::create(&app, &caller, new).await?,
    ))
}

#[utoipa::path(get, path = "/v1/orgs/{org}/policies/{policy}", tag = "policies",
    params(("org" = String, Path), ("policy" = String, Path)),
    responses((status = 200, body = Policy), (status = "default", body = ProblemBody)))]
pub async fn show(
    State(app): State<App>,
    caller: Caller,
    Path((_org, policy)): Path<(String, String)>,
) -> Result<impl IntoResponse, Problem> {
    Ok(tagged(
        StatusCode::OK,
        act::show(&app, &caller, &policy).await?,
    ))
}

/// Changes the name or the slug.
#[utoipa::path(patch, path = "/v1/orgs/{org}/policies/{policy}", tag = "policies",
    params(("org" = String, Path), ("policy" = String, Path), IfMatch), request_body = PolicyChange,
    responses((status = 200, body = Policy), (status = "default", body = ProblemBody)))]
pub async fn change(
    State(app): State<App>,
    caller: Caller,
    Path((_org, policy)): Path<(String, String)>,
    IfMatch(seen): IfMatch,
    Body(change): Body<PolicyChange>,
) -> Result<impl IntoResponse, Problem> {
    Ok(tagged(
        StatusCode::OK,
        act::change(&app, &caller, &policy, seen, change).await?,
    ))
}

/// Deletes a policy with its versions; 409 while a grant is attached to it.
#[utoipa::path(delete, path = "/v1/orgs/{org}/policies/{policy}", tag = "policies",
    params(("org" = String, Path), ("policy" = String, Path), IfMatch),
    responses((status = 204), (status = "default", body = ProblemBody)))]
pub async fn delete(
    State(app): State<App>,
    caller: Caller,
    Path((_org, policy)): Path<(String, String)>,
    IfMatch(seen): IfMatch,
) -> Result<StatusCode, Problem> {
    act::delete(&app, &caller, &policy, seen).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Saves the draft, also a faulty one, byte for byte.
#[utoipa::path(put, path = "/v1/orgs/{org}/policies/{policy}/draft", tag = "policies",
    params(("org" = String, Path), ("policy" = String, Path), IfMatch), request_body = DraftBody,
    responses((status = 200, body = Saved), (status = "default", body = ProblemBody)))]
pub async fn save_draft(
    State(app): State<App>,
    caller: Caller,
    Path((_org, policy)): Path<(String, String)>,
    IfMatch(seen): IfMatch,
    Body(body): Body<DraftBody>,
) -> Result<impl IntoResponse, Problem> {
    Ok(tagged(
        StatusCode::OK,
        act::save_draft(&app, &caller, &policy, seen, &body.document).await?,
    ))
}

/// Says what is wrong with a document, and saves nothing.
#[utoipa::path(post, path = "/v1/orgs/{org}/policies/check", tag = "policies", params(("org" = String, Path)),
    request_body = CheckBody, responses((status = 200, body = Found), (status = "default", body = ProblemBody)))]
pub async fn check(
    State(app): State<App>,
    caller: Caller,
    Body(body): Body<CheckBody>,
) -> Result<Json<Found>, Problem> {
    let findings = act::check(&app, &caller, &body.document, body.server.as_deref()).await?;
    Ok(Json(Found { findings }))
}

/// Says what would become of a call, and why. Charges nothing.
#[utoipa::path(post, path = "/v1/orgs/{org}/policies/explain", tag = "policies", params(("org" = String, Path)),
    request_body = Explain, responses((status = 200, body = shape::Explanation), (status = "default", body = ProblemBody)))]
pub async fn explain(
    State(app): State<App>,
    caller: Caller,
    Body(asked): Body<Explain>,
) -> Result<Json<::policy::Explanation>, Problem> {
    Ok(Json(explain::explain(&app, &caller, asked).await?))
}

impl From<PolicyError> for Problem {
    fn from(error: PolicyError) -> Self {
        let text = error.to_string();
        match error {
            PolicyError::Invalid(errors) => Self {
                errors,
                ..Self::new(Kind::Invalid, text)
            },
            PolicyError::Faulty(findings) => Self {
                findings,
                ..Self::new(Kind::Invalid, text)
            },
            PolicyError::SlugTaken(_) | PolicyError::TooMany | PolicyError::Attached(_) => {
                Self::new(Kind::Conflict, text)
            }
            PolicyError::NoSuchPolicy => Self::not_found(),
            PolicyError::Stale => Self::new(Kind::StaleVersion, text),
            PolicyError::Forbidden(forbidden) => forbidden.into(),
            PolicyError::Db(error) => error.into(),
        }
    }
}
