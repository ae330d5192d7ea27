//! The JSON door of an account's identities.

use super::Identity;
use super::act::{self, IdentityError};
use crate::app::App;
use crate::http::read::Path;
use crate::problem::{Kind, Problem, ProblemBody};
use crate::session::Account;
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use ids::IdentityId;
use serde::Serialize;
use utoipa::ToSchema;

#[derive(Debug, Serialize, ToSchema)]
pub struct Identities {
    items: Vec<Identity>,
}

/// The sign-ins with other providers that open the account.
#[utoipa::path(get, path = "/v1/me/identities", tag = "account",
    responses((status = 200, body = Identities), (status = "default", body = ProblemBody)))]
pub async fn list(State(app): State<App>, account: Account) -> Result<Json<Identities>, Problem> {
    let items = act::list(&app, &account).await?;
    Ok(Json(Identities { items }))
}

/// Removes one of them; never the last way into the account.
#[utoipa::path(delete, path = "/v1/me/identities/{identity}", tag = "account", params(("identity" = String, Path)),
    responses((status = 204), (status = "default", body = ProblemBody)))]
pub async fn remove(
    State(app): State<App>,
    account: Account,
    Path(identity): Path<IdentityId>,
) -> Result<StatusCode, Problem> {
    act::remove(&app, &account, identity).await?;
    Ok(StatusCode::NO_CONTENT)
}

impl From<IdentityError> for Problem {
    fn from(error: IdentityError) -> Self {
        let text = error.to_string();
        match error {
            IdentityError::NoSuchIdentity => Self::not_found(),
            IdentityError::LastWayIn => Self::new(Kind::Conflict, text),
            IdentityError::Forbidden(forbidden) => forbidden.into(),
            IdentityError::Db(error) => error.into(),
        }
    }
}
