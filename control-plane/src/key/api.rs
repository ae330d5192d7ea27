//! The JSON door of API keys.

use super::act::{self, KeyError};
use super::{Key, MadeKey, NewKey};
use crate::app::App;
use crate::caller::Caller;
use crate::http::list::{ListQuery, Listed};
use crate::http::read::{Body, Path, Query};
use crate::problem::{Kind, Problem, ProblemBody};
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use ids::KeyId;

/// The API keys, without their secrets.
#[utoipa::path(get, path = "/v1/orgs/{org}/api-keys", tag = "API keys", params(ListQuery, ("org" = String, Path)),
    responses((status = 200, body = Listed<Key>), (status = "default", body = ProblemBody)))]
pub async fn list(
    State(app): State<App>,
    caller: Caller,
    Query(query): Query<ListQuery>,
) -> Result<Json<Listed<Key>>, Problem> {
    Ok(Json(act::list(&app, &caller, query.page()?).await?))
}

/// Makes a key. Its secret is in this answer and nowhere else.
#[utoipa::path(post, path = "/v1/orgs/{org}/api-keys", tag = "API keys", params(("org" = String, Path)),
    request_body = NewKey, responses((status = 201, body = MadeKey), (status = "default", body = ProblemBody)))]
pub async fn make(
    State(app): State<App>,
    caller: Caller,
    Body(new): Body<NewKey>,
) -> Result<(StatusCode, Json<MadeKey>), Problem> {
    Ok((
        StatusCode::CREATED,
        Json(act::make(&app, &caller, new).await?),
    ))
}

/// Deletes a key: from now on it opens nothing.
#[utoipa::path(delete, path = "/v1/orgs/{org}/api-keys/{key}", tag = "API keys",
    params(("org" = String, Path), ("key" = String, Path)),
    responses((status = 204), (status = "default", body = ProblemBody)))]
pub async fn delete(
    State(app): State<App>,
    caller: Caller,
    Path((_org, key)): Path<(String, KeyId)>,
) -> Result<StatusCode, Problem> {
    act::delete(&app, &caller, key).await?;
    Ok(StatusCode::NO_CONTENT)
}

impl From<KeyError> for Problem {
    fn from(error: KeyError) -> Self {
        let text = error.to_string();
        match error {
            KeyError::Invalid(errors) => Self {
                errors,
                ..Self::new(Kind::Invalid, text)
            },
            KeyError::TooMany => Self::new(Kind::Conflict, text),
            KeyError::NoSuchKey => Self::not_found(),
            KeyError::Forbidden(forbidden) => forbidden.into(),
            KeyError::Db(error) => error.into(),
        }
    }
}
