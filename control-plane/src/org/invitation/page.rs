//! Invitations, by page: what the link of one leads to, and inviting and withdrawing beside the list of members.

use super::act::{self, NotAccepted};
use super::{NewInvitation, Offer};
use crate::access::Role;
use crate::app::App;
use crate::http::layers::Source;
use crate::http::read::Path;
use crate::oidc::page::{Button, buttons};
use crate::org::member;
use crate::page::{Form, Frame, Guest, Next, Trouble, Visit, answer, show, then};
use crate::problem::Problem;
use crate::session::act::PER_SOURCE;
use crate::session::browser::Browser;
use crate::session::page::with_cookie;
use crate::session::sign_up::{self, SignUp};
use crate::session::ticket::Ticket;
use crate::session::{Account, attempts};
use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use ids::InvitationId;
use seal::Secret;
use serde::Deserialize;

#[derive(Debug, Template)]
#[template(path = "invitation/show.html")]
struct Show {
    frame: Frame,
    trouble: Trouble,
    token: String,
    offer: Offer,
    name: String,
    /// Here, for whoever signs in first.
    next: Next,
    providers: Vec<Button>,
}

#[derive(Debug, Template)]
#[template(path = "invitation/dead_link.html")]
struct DeadLink {
    frame: Frame,
}

#[derive(Debug, Deserialize)]
pub struct SignUpForm {
    #[serde(default)]
    name: String,
    password: Secret,
}

#[derive(Debug, Deserialize)]
pub struct InviteForm {
    #[serde(default)]
    email: String,
    role: Role,
}

/// Says the same whether there is an account of the address or not.
pub async fn show(
    State(app): State<App>,
    source: Source,
    guest: Guest,
    Path(token): Path<String>,
) -> Result<Response, Problem> {
    attempts::count_source(&app, "ticket", source.0, PER_SOURCE).await?;
    let nothing = (StatusCode::OK, Trouble::default());
    page(&app, guest.0.as_ref(), token, String::new(), nothing).await
}

pub async fn accept(
    State(app): State<App>,
    account: Account,
    Path(token): Path<String>,
) -> Result<Response, Problem> {
    match act::accept(&app, &account, &Ticket::of(&token)).await {
        Ok(org) => Ok(then(&format!("/{}?done=joined", org.slug))),
        Err(NotAccepted::Db(error)) => Err(error.into()),
        Err(error) => {
            let trouble = Trouble::above(error.into());
            page(&app, Some(&account), token, String::new(), trouble).await
        }
    }
}

/// An account and the seat in one step: the link came to the address, so it is confirmed.
pub async fn sign_up(
    State(app): State<App>,
    source: Source,
    browser: Browser,
    Path(token): Path<String>,
    Form(form): Form<SignUpForm>,
) -> Result<Response, Problem> {
    let ticket = Ticket::of(&token);
    attempts::count_source(&app, "ticket", source.0, PER_SOURCE).await?;
    let Some(offer) = act::offer(&app, &ticket).await? else {
        return Ok(dead(&app, None));
    };
    let wish = SignUp {
        email: offer.email,
        password: form.password,
        name: form.name.trim().to_owned(),
        org: None,
        invitation: Some(ticket),
    };
    match sign_up::sign_up(&app, source.0, &browser, wish).await {
        Ok((signed_in, _)) => Ok(with_cookie(
            then(&format!("/{}?done=joined", offer.slug)),
            &signed_in.session.cookie(&app),
        )),
        Err(error) => {
            let trouble = Trouble::of(error.into())?;
            page(&app, None, token, form.name, trouble).await
        }
    }
}

async fn page(
    app: &App,
    account: Option<&Account>,
    token: String,
    name: String,
    (status, trouble): (StatusCode, Trouble),
) -> Result<Response, Problem> {
    let Some(offer) = act::offer(app, &Ticket::of(&token)).await? else {
        return Ok(dead(app, account));
    };
    let page = Show {
        frame: Frame::outside(app, format!("Join {}", offer.name), account),
        trouble,
        next: Next::of(&format!("/invitations/{token}")),
        token,
        offer,
        name,
        providers: buttons(app),
    };
    Ok(answer(status, &page))
}

fn dead(app: &App, account: Option<&Account>) -> Response {
    let frame = Frame::outside(app, "This invitation leads nowhere any more", account);
    answer(StatusCode::NOT_FOUND, &DeadLink { frame })
}

pub async fn invite(
    State(app): State<App>,
    visit: Visit,
    Form(form): Form<InviteForm>,
) -> Result<Response, Problem> {
    let new = NewInvitation {
        email: form.email.clone(),
        role: form.role,
    };
    match act::invite(&app, &visit.caller, new).await {
        Ok(_) => Ok(then(&visit.path("/members?done=invited"))),
        Err(error) => {
            let (status, trouble) = Trouble::of(error.into())?;
            member::page::again(&app, &visit, status, trouble, form.email).await
        }
    }
}

pub async fn withdraw(
    State(app): State<App>,
    visit: Visit,
    Path((_, invitation)): Path<(String, InvitationId)>,
) -> Result<Response, Problem> {
    act::withdraw(&app, &visit.caller, invitation).await?;
    Ok(then(&visit.path("/members?done=deleted")))
}
