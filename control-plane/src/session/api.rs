//! The JSON door of accounts.

use super::act::{self, SignInError, SignUpError, SignedIn};
use super::attempts::TooMany;
use super::store::User;
use super::{Account, SessionToken};
use crate::app::App;
use crate::http::layers::Source;
use crate::http::read::Body;
use crate::org::{self, NewOrg, Org};
use crate::problem::{Kind, Problem, ProblemBody};
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::SET_COOKIE;
use axum::response::{AppendHeaders, IntoResponse};
use ids::UserId;
use seal::Secret;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SignUpBody {
    email: String,
    #[schema(value_type = String)]
    password: Secret,
    name: String,
    org: Option<NewOrg>,
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SignInBody {
    email: String,
    #[schema(value_type = String)]
    password: Secret,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct Me {
    user: UserBody,
    /// Present after a sign-up that made one.
    #[serde(skip_serializing_if = "Option::is_none")]
    org: Option<Org>,
    /// For the header `X-CSRF-Token` of every unsafe request by cookie.
    csrf_token: String,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct UserBody {
    #[schema(value_type = String)]
    id: UserId,
    email: String,
    name: String,
}

/// Creates an account, and an organisation where one is named, and signs in.
#[utoipa::path(post, path = "/v1/signup", tag = "account", security(()), request_body = SignUpBody,
    responses((status = 201, body = Me), (status = "default", body = ProblemBody)))]
pub async fn sign_up(
    State(app): State<App>,
    source: Source,
    Body(body): Body<SignUpBody>,
) -> Result<impl IntoResponse, Problem> {
    let wish = act::SignUp {
        email: body.email,
        password: body.password,
        name: body.name,
        org: body.org,
    };
    let (signed_in, org) = act::sign_up(&app, source.0, wish).await?;
    Ok((
        StatusCode::CREATED,
        cookie(&app, &signed_in),
        Json(me(&app, signed_in.user, org, &signed_in.session)),
    ))
}

/// Signs in.
#[utoipa::path(post, path = "/v1/login", tag = "account", security(()), request_body = SignInBody,
    responses((status = 200, body = Me), (status = "default", body = ProblemBody)))]
pub async fn sign_in(
    State(app): State<App>,
    source: Source,
    Body(body): Body<SignInBody>,
) -> Result<impl IntoResponse, Problem> {
    let signed_in = act::sign_in(&app, source.0, &body.email, &body.password).await?;
    Ok((
        cookie(&app, &signed_in),
        Json(me(&app, signed_in.user, None, &signed_in.session)),
    ))
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
pub async fn show(State(app): State<App>, account: Account) -> Json<Me> {
    let user = User {
        id: account.id,
        email: account.email,
        name: account.name,
    };
    Json(me(&app, user, None, &account.session))
}

fn me(app: &App, user: User, org: Option<org::Org>, session: &SessionToken) -> Me {
    Me {
        user: UserBody {
            id: user.id,
            email: user.email,
            name: user.name,
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
            SignUpError::TooMany(wait) => wait.into(),
            SignUpError::Db(error) => error.into(),
        }
    }
}

impl From<SignInError> for Problem {
    fn from(error: SignInError) -> Self {
        let text = error.to_string();
        match error {
            SignInError::Wrong => Self::new(Kind::Unauthorized, text),
            SignInError::TooMany(wait) => wait.into(),
            SignInError::Db(error) => error.into(),
        }
    }
}

impl From<TooMany> for Problem {
    fn from(wait: TooMany) -> Self {
        Self::new(
            Kind::TooManyRequests,
            "too many tries; wait, then try again",
        )
        .with_retry_after(wait.retry_after_s)
    }
}
