//! The JSON door of sessions.

use super::act::{self, SignInError, SignedIn, Step};
use super::browser::Browser;
use super::sign_up::{self, SignUpError};
use super::step_up::{self, StepUpError};
use super::store::Profile;
use super::ticket::Ticket;
use super::{Account, Session, SessionToken};
use crate::app::App;
use crate::http::layers::Source;
use crate::http::read::{Body, Path};
use crate::org::{self, NewOrg, Org};
use crate::problem::{Kind, Problem, ProblemBody};
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::SET_COOKIE;
use axum::response::{AppendHeaders, IntoResponse, Response};
use ids::{SessionId, UserId};
use seal::Secret;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SignUpBody {
    email: String,
    /// At least 10 characters, and none that anybody tries first.
    #[schema(value_type = String)]
    password: Secret,
    name: String,
    org: Option<NewOrg>,
    /// What the link of an invitation carries; it has to be for this address.
    #[schema(value_type = Option<String>)]
    invitation: Option<Ticket>,
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SignInBody {
    email: String,
    #[schema(value_type = String)]
    password: Secret,
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CodeBody {
    #[schema(value_type = String)]
    challenge: Ticket,
    /// Six digits, or a recovery code.
    #[schema(value_type = String)]
    code: Secret,
}

/// What the account proves itself with: a code where it asks for codes, else the password.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct StepUpBody {
    #[schema(value_type = Option<String>)]
    password: Option<Secret>,
    #[schema(value_type = Option<String>)]
    code: Option<Secret>,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct Me {
    user: UserBody,
    /// After a sign-up the organisation that it founded or entered; afterwards the account's own, where it is in one alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    org: Option<Org>,
    /// For the header `X-CSRF-Token` of every unsafe request by cookie.
    csrf_token: String,
}

#[expect(clippy::struct_excessive_bools, reason = "each is a fact of its own")]
#[derive(Debug, Serialize, ToSchema)]
pub struct UserBody {
    #[schema(value_type = String)]
    id: UserId,
    email: String,
    name: String,
    /// Whether the address is confirmed: mail to others waits for it.
    is_confirmed: bool,
    /// False for who signs in with another provider alone.
    has_password: bool,
    /// Whether signing in asks for a code.
    has_second_factor: bool,
    /// Whether one is told by mail that calls wait.
    approval_mails: bool,
}

/// The password was right, and a code is asked for besides.
#[derive(Debug, Serialize, ToSchema)]
pub struct Challenge {
    /// For `POST /v1/login/code`, within five minutes.
    challenge: String,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct Sessions {
    items: Vec<Session>,
}

/// Creates an account, and an organisation where one is named, and signs in.
#[utoipa::path(post, path = "/v1/signup", tag = "account", security(()), request_body = SignUpBody,
    responses((status = 201, body = Me), (status = "default", body = ProblemBody)))]
pub async fn sign_up(
    State(app): State<App>,
    source: Source,
    browser: Browser,
    Body(body): Body<SignUpBody>,
) -> Result<impl IntoResponse, Problem> {
    let wish = sign_up::SignUp {
        email: body.email,
        password: body.password,
        name: body.name,
        org: body.org,
        invitation: body.invitation,
    };
    let (signed_in, org) = sign_up::sign_up(&app, source.0, &browser, wish).await?;
    Ok((
        StatusCode::CREATED,
        cookie(&app, &signed_in),
        Json(me(&app, signed_in.profile, org, &signed_in.session)),
    ))
}

/// Signs in; or, where the account asks for codes, says what to bring one with.
#[utoipa::path(post, path = "/v1/login", tag = "account", security(()), request_body = SignInBody,
    responses((status = 200, body = Me), (status = 202, body = Challenge), (status = "default", body = ProblemBody)))]
pub async fn sign_in(
    State(app): State<App>,
    source: Source,
    browser: Browser,
    Body(body): Body<SignInBody>,
) -> Result<Response, Problem> {
    let step = act::sign_in(&app, source.0, &browser, &body.email, &body.password).await?;
    Ok(match step {
        Step::Done(signed_in) => admitted(&app, signed_in).await?.into_response(),
        Step::Code(challenge) => {
            let challenge = challenge.expose().to_owned();
            (StatusCode::ACCEPTED, Json(Challenge { challenge })).into_response()
        }
    })
}

/// The second step of signing in.
#[utoipa::path(post, path = "/v1/login/code", tag = "account", security(()), request_body = CodeBody,
    responses((status = 200, body = Me), (status = "default", body = ProblemBody)))]
pub async fn sign_in_with_code(
    State(app): State<App>,
    source: Source,
    browser: Browser,
    Body(body): Body<CodeBody>,
) -> Result<impl IntoResponse, Problem> {
    let signed_in =
        act::sign_in_with_code(&app, source.0, &browser, &body.challenge, &body.code).await?;
    admitted(&app, signed_in).await
}

/// Proves once more who sits before the session, which what is sensitive asks for. The session gets a new cookie.
#[utoipa::path(post, path = "/v1/step-up", tag = "account", request_body = StepUpBody,
    responses((status = 200, body = Me), (status = "default", body = ProblemBody)))]
pub async fn step_up(
    State(app): State<App>,
    source: Source,
    account: Account,
    Body(body): Body<StepUpBody>,
) -> Result<impl IntoResponse, Problem> {
    let (password, code) = (body.password.as_ref(), body.code.as_ref());
    let signed_in = step_up::step_up(&app, source.0, &account, password, code).await?;
    admitted(&app, signed_in).await
}

/// Ends the session.
#[utoipa::path(post, path = "/v1/logout", tag = "account",
    responses((status = 204), (status = "default", body = ProblemBody)))]
pub async fn sign_out(
    State(app): State<App>,
    account: Account,
) -> Result<impl IntoResponse, Problem> {
    act::sign_out(&app, &account).await?;
    Ok((
        StatusCode::NO_CONTENT,
        AppendHeaders([(SET_COOKIE, SessionToken::no_cookie(&app))]),
    ))
}

/// Who is signed in.
#[utoipa::path(get, path = "/v1/me", tag = "account",
    responses((status = 200, body = Me), (status = "default", body = ProblemBody)))]
pub async fn show(State(app): State<App>, account: Account) -> Result<Json<Me>, Problem> {
    let profile = act::profile(&app, &account).await?;
    let org = org::act::only(&app, account.id).await?;
    Ok(Json(me(&app, profile, org, &account.session)))
}

/// The account's sessions, at most 50; the one that was seen last comes first.
#[utoipa::path(get, path = "/v1/me/sessions", tag = "account",
    responses((status = 200, body = Sessions), (status = "default", body = ProblemBody)))]
pub async fn list(State(app): State<App>, account: Account) -> Result<Json<Sessions>, Problem> {
    let items = act::list(&app, &account).await?;
    Ok(Json(Sessions { items }))
}

/// Ends one of the account's sessions.
#[utoipa::path(delete, path = "/v1/me/sessions/{session}", tag = "account", params(("session" = String, Path)),
    responses((status = 204), (status = "default", body = ProblemBody)))]
pub async fn end(
    State(app): State<App>,
    account: Account,
    Path(session): Path<SessionId>,
) -> Result<StatusCode, Problem> {
    if act::end(&app, &account, session).await? {
        Ok(StatusCode::NO_CONTENT)
    } else {
        Err(Problem::not_found())
    }
}

/// Ends every session of the account but the one that asks.
#[utoipa::path(delete, path = "/v1/me/sessions", tag = "account",
    responses((status = 204), (status = "default", body = ProblemBody)))]
pub async fn end_others(State(app): State<App>, account: Account) -> Result<StatusCode, Problem> {
    act::end_others(&app, &account).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// The answer to whoever begins or renews a session.
pub(crate) async fn admitted(
    app: &App,
    signed_in: SignedIn,
) -> Result<impl IntoResponse + use<>, Problem> {
    let org = org::act::only(app, signed_in.profile.user.id).await?;
    Ok((
        cookie(app, &signed_in),
        Json(me(app, signed_in.profile, org, &signed_in.session)),
    ))
}

fn me(app: &App, profile: Profile, org: Option<Org>, session: &SessionToken) -> Me {
    Me {
        user: UserBody {
            id: profile.user.id,
            email: profile.user.email,
            name: profile.user.name,
            is_confirmed: profile.is_confirmed,
            has_password: profile.has_password,
            has_second_factor: profile.has_second_factor,
            approval_mails: profile.approval_mails,
        },
        org,
        csrf_token: session.csrf(app),
    }
}

fn cookie(app: &App, signed_in: &SignedIn) -> AppendHeaders<[(axum::http::HeaderName, String); 1]> {
    AppendHeaders([(SET_COOKIE, signed_in.session.cookie(app))])
}

impl From<SignUpError> for Problem {
    fn from(error: SignUpError) -> Self {
        let text = error.to_string();
        match error {
            SignUpError::Invalid(errors) => Self {
                errors,
                ..Self::new(Kind::Invalid, text)
            },
            SignUpError::EmailTaken | SignUpError::SlugTaken(_) => Self::new(Kind::Conflict, text),
            SignUpError::Invitation(refused) => refused.into(),
            SignUpError::TooMany(wait) => wait.into(),
            SignUpError::Db(error) => error.into(),
        }
    }
}

impl From<SignInError> for Problem {
    fn from(error: SignInError) -> Self {
        let text = error.to_string();
        match error {
            SignInError::Wrong | SignInError::WrongCode => Self::new(Kind::Unauthorized, text),
            SignInError::TooMany(wait) => wait.into(),
            SignInError::Db(error) => error.into(),
        }
    }
}

impl From<StepUpError> for Problem {
    fn from(error: StepUpError) -> Self {
        let text = error.to_string();
        match error {
            StepUpError::Missing(proof) | StepUpError::Wrong(proof) => {
                Self::invalid(proof.field(), text)
            }
            StepUpError::SignInAgain => Self::new(Kind::StepUp, text),
            StepUpError::TooMany(wait) => wait.into(),
            StepUpError::Db(error) => error.into(),
        }
    }
}
