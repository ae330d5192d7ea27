//! The JSON door of codes.

use super::Enrolment;
use super::act::{self, TotpError};
use crate::app::App;
use crate::http::read::Body;
use crate::problem::{Kind, Problem, ProblemBody};
use crate::session::Account;
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use seal::Secret;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct FirstCode {
    /// The six digits that the app shows.
    #[schema(value_type = String)]
    code: Secret,
}

/// Each opens the account once, in the place of a code.
#[derive(Debug, Serialize, ToSchema)]
pub struct RecoveryCodes {
    recovery_codes: Vec<String>,
}

/// Makes a secret for an authenticator app. It is in this answer and nowhere else; codes are asked for once
/// `POST /v1/me/totp/confirm` has seen one.
#[utoipa::path(post, path = "/v1/me/totp", tag = "account",
    responses((status = 201, body = Enrolment), (status = "default", body = ProblemBody)))]
pub async fn enrol(
    State(app): State<App>,
    account: Account,
) -> Result<(StatusCode, Json<Enrolment>), Problem> {
    let enrolment = act::enrol(&app, &account).await?;
    Ok((StatusCode::CREATED, Json(enrolment)))
}

/// Turns codes on, by the first of them. The recovery codes are in this answer and nowhere else.
#[utoipa::path(post, path = "/v1/me/totp/confirm", tag = "account", request_body = FirstCode,
    responses((status = 200, body = RecoveryCodes), (status = "default", body = ProblemBody)))]
pub async fn confirm(
    State(app): State<App>,
    account: Account,
    Body(body): Body<FirstCode>,
) -> Result<Json<RecoveryCodes>, Problem> {
    let recovery_codes = act::confirm(&app, &account, &body.code).await?;
    Ok(Json(RecoveryCodes { recovery_codes }))
}

/// Makes fresh recovery codes; the old ones are good for nothing any more.
#[utoipa::path(post, path = "/v1/me/totp/recovery-codes", tag = "account",
    responses((status = 201, body = RecoveryCodes), (status = "default", body = ProblemBody)))]
pub async fn renew_codes(
    State(app): State<App>,
    account: Account,
) -> Result<(StatusCode, Json<RecoveryCodes>), Problem> {
    let recovery_codes = act::renew_codes(&app, &account).await?;
    Ok((StatusCode::CREATED, Json(RecoveryCodes { recovery_codes })))
}

/// Turns codes off.
#[utoipa::path(delete, path = "/v1/me/totp", tag = "account",
    responses((status = 204), (status = "default", body = ProblemBody)))]
pub async fn disable(State(app): State<App>, account: Account) -> Result<StatusCode, Problem> {
    act::disable(&app, &account).await?;
    Ok(StatusCode::NO_CONTENT)
}

impl From<TotpError> for Problem {
    fn from(error: TotpError) -> Self {
        let text = error.to_string();
        match error {
            TotpError::IsOn | TotpError::IsOff => Self::new(Kind::Conflict, text),
            TotpError::WrongCode => Self::invalid("/code", text),
            TotpError::TooMany(wait) => wait.into(),
            TotpError::Forbidden(forbidden) => forbidden.into(),
            TotpError::Db(error) => error.into(),
        }
    }
}
