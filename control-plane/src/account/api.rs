//! The JSON door of what people do about their own account.

use super::act::{self, AccountError};
use super::delete::{self, NotDeleted};
use crate::app::App;
use crate::http::layers::Source;
use crate::http::read::Body;
use crate::page::Guest;
use crate::problem::{Kind, Problem, ProblemBody};
use crate::session::api::{Me, admitted};
use crate::session::ticket::Ticket;
use crate::session::{self, Account, SessionToken};
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::SET_COOKIE;
use axum::response::{AppendHeaders, IntoResponse};
use seal::Secret;
use serde::Deserialize;
use utoipa::ToSchema;

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ConfirmBody {
    /// What the link of the mail carries.
    #[schema(value_type = String)]
    token: Ticket,
    /// The account's, where its session is not the one that asks.
    #[schema(value_type = Option<String>)]
    password: Option<Secret>,
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ForgotBody {
    email: String,
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ResetBody {
    /// What the link of the mail carries.
    #[schema(value_type = String)]
    token: Ticket,
    #[schema(value_type = String)]
    password: Secret,
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PasswordBody {
    /// The one so far, where the account has one.
    #[schema(value_type = Option<String>)]
    password: Option<Secret>,
    #[schema(value_type = String)]
    new_password: Secret,
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ChangeBody {
    #[serde(default)]
    name: Option<String>,
    /// Whether one is told by mail that calls wait.
    #[serde(default)]
    approval_mails: Option<bool>,
}

/// Confirms the address that the link was sent to, in a session of its account or with its password: a link alone shows who
/// reads the mailbox, and anybody may have signed up with it.
#[utoipa::path(post, path = "/v1/confirm", tag = "account", security(()), request_body = ConfirmBody,
    responses((status = 204), (status = "default", body = ProblemBody)))]
pub async fn confirm(
    State(app): State<App>,
    source: Source,
    guest: Guest,
    Body(body): Body<ConfirmBody>,
) -> Result<StatusCode, Problem> {
    let (account, password) = (guest.0.as_ref(), body.password.as_ref());
    act::confirm(&app, source.0, &body.token, account, password).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Sends the link that confirms the account's address once more.
#[utoipa::path(post, path = "/v1/me/confirmation", tag = "account",
    responses((status = 204), (status = "default", body = ProblemBody)))]
pub async fn ask_again(State(app): State<App>, account: Account) -> Result<StatusCode, Problem> {
    act::ask_again(&app, &account).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Sends a link for a new password, if there is an account of this address. The answer is the same if there is none.
#[utoipa::path(post, path = "/v1/forgot", tag = "account", security(()), request_body = ForgotBody,
    responses((status = 204), (status = "default", body = ProblemBody)))]
pub async fn forgot(
    State(app): State<App>,
    source: Source,
    Body(body): Body<ForgotBody>,
) -> Result<StatusCode, Problem> {
    act::forgot(&app, source.0, &body.email).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Sets a new password by the link of a mail. Every session of the account ends.
#[utoipa::path(post, path = "/v1/reset", tag = "account", security(()), request_body = ResetBody,
    responses((status = 204), (status = "default", body = ProblemBody)))]
pub async fn reset(
    State(app): State<App>,
    source: Source,
    Body(body): Body<ResetBody>,
) -> Result<StatusCode, Problem> {
    act::reset(&app, source.0, &body.token, &body.password).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Changes the account's own name.
#[utoipa::path(patch, path = "/v1/me", tag = "account", request_body = ChangeBody,
    responses((status = 200, body = Me), (status = "default", body = ProblemBody)))]
pub async fn rename(
    State(app): State<App>,
    account: Account,
    Body(body): Body<ChangeBody>,
) -> Result<Json<Me>, Problem> {
    if let Some(name) = &body.name {
        act::rename(&app, &account, name).await?;
    }
    if let Some(wants) = body.approval_mails {
        act::want_approval_mails(&app, &account, wants).await?;
    }
    session::api::show(State(app), account).await
}

/// Deletes the account, its sessions, its seats in organisations, and the API keys and invitations that it made there. Whoever
/// alone owns an organisation makes somebody else an owner first, or deletes it.
#[utoipa::path(delete, path = "/v1/me", tag = "account",
    responses((status = 204), (status = "default", body = ProblemBody)))]
pub async fn delete(
    State(app): State<App>,
    account: Account,
) -> Result<impl IntoResponse, Problem> {
    delete::delete(&app, &account).await?;
    let forget = [(SET_COOKIE, SessionToken::no_cookie(&app))];
    Ok((StatusCode::NO_CONTENT, AppendHeaders(forget)))
}

/// Chooses another password. Every other session of the account ends, and this one gets a new cookie.
#[utoipa::path(post, path = "/v1/me/password", tag = "account", request_body = PasswordBody,
    responses((status = 200, body = Me), (status = "default", body = ProblemBody)))]
pub async fn change_password(
    State(app): State<App>,
    account: Account,
    Body(body): Body<PasswordBody>,
) -> Result<impl IntoResponse, Problem> {
    let old = body.password.as_ref();
    let signed_in = act::change_password(&app, &account, old, &body.new_password).await?;
    admitted(&app, signed_in).await
}

impl From<AccountError> for Problem {
    fn from(error: AccountError) -> Self {
        let text = error.to_string();
        match error {
            AccountError::Invalid(errors) => Self {
                errors,
                ..Self::new(Kind::Invalid, text)
            },
            AccountError::NoSuchTicket => Self::invalid("/token", text),
            AccountError::WrongPassword | AccountError::NotTheirs => {
                Self::invalid("/password", text)
            }
            AccountError::IsConfirmed => Self::new(Kind::Conflict, text),
            AccountError::TooMany(wait) => wait.into(),
            AccountError::Forbidden(forbidden) => forbidden.into(),
            AccountError::Db(error) => error.into(),
        }
    }
}

impl From<NotDeleted> for Problem {
    fn from(error: NotDeleted) -> Self {
        let text = error.to_string();
        match error {
            NotDeleted::LastOwner(_) => Self::new(Kind::Conflict, text),
            NotDeleted::Forbidden(forbidden) => forbidden.into(),
            NotDeleted::Db(error) => error.into(),
        }
    }
}
