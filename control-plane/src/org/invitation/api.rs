//! The JSON door of invitations.

use super::act::{self, InvitationError, NotAccepted};
use super::{Invitation, NewInvitation, Offer};
use crate::app::App;
use crate::caller::Caller;
use crate::http::layers::Source;
use crate::http::list::{ListQuery, Listed};
use crate::http::read::{Body, Path, Query};
use crate::org::Org;
use crate::problem::{Kind, Problem, ProblemBody};
use crate::session::Account;
use crate::session::act::PER_SOURCE;
use crate::session::attempts;
use crate::session::ticket::Ticket;
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use ids::InvitationId;

/// The invitations that are open.
#[utoipa::path(get, path = "/v1/orgs/{org}/invitations", tag = "people", params(ListQuery, ("org" = String, Path)),
    responses((status = 200, body = Listed<Invitation>), (status = "default", body = ProblemBody)))]
pub async fn list(
    State(app): State<App>,
    caller: Caller,
    Query(query): Query<ListQuery>,
) -> Result<Json<Listed<Invitation>>, Problem> {
    Ok(Json(act::list(&app, &caller, query.page()?).await?))
}

/// Invites someone, by mail; in the place of an earlier invitation for the same address. The mail leaves once the
/// caller's own address is confirmed.
#[utoipa::path(post, path = "/v1/orgs/{org}/invitations", tag = "people", params(("org" = String, Path)),
    request_body = NewInvitation,
    responses((status = 201, body = Invitation), (status = "default", body = ProblemBody)))]
pub async fn invite(
    State(app): State<App>,
    caller: Caller,
    Body(new): Body<NewInvitation>,
) -> Result<(StatusCode, Json<Invitation>), Problem> {
    Ok((
        StatusCode::CREATED,
        Json(act::invite(&app, &caller, new).await?),
    ))
}

/// Withdraws an invitation.
#[utoipa::path(delete, path = "/v1/orgs/{org}/invitations/{invitation}", tag = "people",
    params(("org" = String, Path), ("invitation" = String, Path)),
    responses((status = 204), (status = "default", body = ProblemBody)))]
pub async fn withdraw(
    State(app): State<App>,
    caller: Caller,
    Path((_org, invitation)): Path<(String, InvitationId)>,
) -> Result<StatusCode, Problem> {
    act::withdraw(&app, &caller, invitation).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// What an invitation offers, to whoever holds its link.
#[utoipa::path(get, path = "/v1/invitations/{token}", tag = "people", security(()),
    params(("token" = String, Path)),
    responses((status = 200, body = Offer), (status = "default", body = ProblemBody)))]
pub async fn offer(
    State(app): State<App>,
    source: Source,
    Path(token): Path<String>,
) -> Result<Json<Offer>, Problem> {
    attempts::count_source(&app, "ticket", source.0, PER_SOURCE).await?;
    let offer = act::offer(&app, &Ticket::of(&token)).await?;
    offer.map(Json).ok_or_else(Problem::not_found)
}

/// Takes the seat, as the person who is signed in; the invitation is for their address alone.
#[utoipa::path(post, path = "/v1/invitations/{token}/accept", tag = "people", params(("token" = String, Path)),
    responses((status = 200, body = Org), (status = "default", body = ProblemBody)))]
pub async fn accept(
    State(app): State<App>,
    account: Account,
    Path(token): Path<String>,
) -> Result<Json<Org>, Problem> {
    Ok(Json(
        act::accept(&app, &account, &Ticket::of(&token)).await?,
    ))
}

impl From<InvitationError> for Problem {
    fn from(error: InvitationError) -> Self {
        let text = error.to_string();
        match error {
            InvitationError::Invalid(errors) => Self {
                errors,
                ..Self::new(Kind::Invalid, text)
            },
            InvitationError::IsMember(_) | InvitationError::TooManyOpen => {
                Self::new(Kind::Conflict, text)
            }
            InvitationError::TooMany(wait) => wait.into(),
            InvitationError::NoSuchInvitation => Self::not_found(),
            InvitationError::Forbidden(forbidden) => forbidden.into(),
            InvitationError::Db(error) => error.into(),
        }
    }
}

impl From<NotAccepted> for Problem {
    fn from(error: NotAccepted) -> Self {
        let text = error.to_string();
        match error {
            NotAccepted::NoSuchInvitation => Self::new(Kind::NotFound, text),
            NotAccepted::OtherAddress => Self::new(Kind::Forbidden, text),
            NotAccepted::IsMember | NotAccepted::Full => Self::new(Kind::Conflict, text),
            NotAccepted::Db(error) => error.into(),
        }
    }
}
