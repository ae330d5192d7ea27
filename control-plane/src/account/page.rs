//! One's own account, by page: the links of its mails, and `/account` with everything that is there to look after.

use super::Purpose;
use super::act::{self, AccountError};
use super::delete::{self, Seat};
use crate::app::App;
use crate::http::layers::Source;
use crate::http::read::{Path, Query};
use crate::mail::Way;
use crate::oidc::identity::{self, Identity};
use crate::page::{Form, Frame, Guest, Told, Trouble, answer, ok, show, then};
use crate::problem::Problem;
use crate::session::page::with_cookie;
use crate::session::store::Profile;
use crate::session::ticket::Ticket;
use crate::session::{self, Account, Session, SessionToken};
use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use seal::Secret;
use serde::Deserialize;

#[derive(Debug, Template)]
#[template(path = "account/forgot.html")]
struct Forgot {
    frame: Frame,
    trouble: Trouble,
    email: String,
    is_sent: bool,
    /// Mails are read on screen here.
    is_kept: bool,
}

#[derive(Debug, Template)]
#[template(path = "account/reset.html")]
struct Reset {
    frame: Frame,
    trouble: Trouble,
    token: String,
    email: String,
}

#[derive(Debug, Template)]
#[template(path = "account/verify.html")]
struct Verify {
    frame: Frame,
    trouble: Trouble,
    token: String,
    email: String,
    /// Signed in to the very account.
    is_own: bool,
}

#[derive(Debug, Template)]
#[template(path = "account/dead_link.html")]
struct DeadLink {
    frame: Frame,
    purpose: Purpose,
}

#[derive(Debug, Template)]
#[template(path = "account/show.html")]
struct Show {
    frame: Frame,
    trouble: Trouble,
    profile: Profile,
    /// As it was typed, where it was.
    name: String,
    identities: Vec<Identity>,
    sessions: Vec<Session>,
    /// The organisations that keep the account from being deleted.
    owned_alone: Vec<Seat>,
}

#[derive(Debug, Deserialize)]
pub struct ForgotForm {
    #[serde(default)]
    email: String,
}

#[derive(Debug, Deserialize)]
pub struct ResetForm {
    password: Secret,
}

#[derive(Debug, Deserialize)]
pub struct VerifyForm {
    password: Option<Secret>,
}

#[derive(Debug, Deserialize)]
pub struct NameForm {
    #[serde(default)]
    name: String,
}

#[derive(Debug, Deserialize)]
pub struct Sure {
    #[serde(default)]
    sure: String,
}

#[derive(Debug, Deserialize)]
pub struct PasswordForm {
    password: Option<Secret>,
    new_password: Secret,
}

pub async fn forgot(State(app): State<App>) -> Response {
    ok(&forgot_page(&app, String::new(), Trouble::default(), false))
}

/// The answer is the same whether there is such an account or not.
pub async fn asked(
    State(app): State<App>,
    source: Source,
    Form(form): Form<ForgotForm>,
) -> Result<Response, Problem> {
    match act::forgot(&app, source.0, &form.email).await {
        Ok(()) => Ok(ok(&forgot_page(&app, form.email, Trouble::default(), true))),
        Err(error) => {
            let (status, trouble) = Trouble::of(error.into())?;
            Ok(answer(
                status,
                &forgot_page(&app, form.email, trouble, false),
            ))
        }
    }
}

fn forgot_page(app: &App, email: String, trouble: Trouble, is_sent: bool) -> Forgot {
    Forgot {
        frame: Frame::outside(app, "Forgotten password", None),
        trouble,
        email,
        is_sent,
        is_kept: matches!(app.mail(), Way::Kept),
    }
}

/// Looking at it uses nothing up: programs that read mail follow links.
pub async fn choose(
    State(app): State<App>,
    source: Source,
    Path(token): Path<String>,
) -> Result<Response, Problem> {
    let found = act::holder(&app, source.0, &Ticket::of(&token), Purpose::Reset).await;
    match found {
        Ok(user) => Ok(ok(&reset_page(&app, token, user.email, Trouble::default()))),
        Err(error) => dead(&app, Purpose::Reset, error),
    }
}

pub async fn chosen(
    State(app): State<App>,
    source: Source,
    Path(token): Path<String>,
    Form(form): Form<ResetForm>,
) -> Result<Response, Problem> {
    let ticket = Ticket::of(&token);
    match act::reset(&app, source.0, &ticket, &form.password).await {
        Ok(()) => Ok(then("/login?done=reset")),
        Err(error @ AccountError::Invalid(_)) => {
            let (status, trouble) = Trouble::of(error.into())?;
            let user = act::holder(&app, source.0, &ticket, Purpose::Reset).await?;
            Ok(answer(
                status,
                &reset_page(&app, token, user.email, trouble),
            ))
        }
        Err(error) => dead(&app, Purpose::Reset, error),
    }
}

fn reset_page(app: &App, token: String, email: String, trouble: Trouble) -> Reset {
    Reset {
        frame: Frame::outside(app, "A new password", None),
        trouble,
        token,
        email,
    }
}

pub async fn verify(
    State(app): State<App>,
    source: Source,
    guest: Guest,
    Path(token): Path<String>,
) -> Result<Response, Problem> {
    match act::holder(&app, source.0, &Ticket::of(&token), Purpose::Confirm).await {
        Ok(user) => {
            let page = Verify {
                is_own: guest.0.as_ref().is_some_and(|it| it.id == user.id),
                frame: Frame::outside(&app, "Confirm your address", guest.0.as_ref()),
                trouble: Trouble::default(),
                token,
                email: user.email,
            };
            Ok(ok(&page))
        }
        Err(error) => dead(&app, Purpose::Confirm, error),
    }
}

pub async fn verified(
    State(app): State<App>,
    source: Source,
    guest: Guest,
    Path(token): Path<String>,
    Form(form): Form<VerifyForm>,
) -> Result<Response, Problem> {
    let (ticket, account) = (Ticket::of(&token), guest.0.as_ref());
    let password = form.password.as_ref().filter(|it| !it.expose().is_empty());
    match act::confirm(&app, source.0, &ticket, account, password).await {
        Ok(()) if account.is_some() => Ok(then("/account?done=confirmed")),
        Ok(()) => Ok(then("/login?done=confirmed")),
        Err(error @ AccountError::NoSuchTicket) => dead(&app, Purpose::Confirm, error),
        Err(error) => {
            let (status, trouble) = Trouble::of(error.into())?;
            let user = act::holder(&app, source.0, &ticket, Purpose::Confirm).await?;
            let page = Verify {
                is_own: account.is_some_and(|it| it.id == user.id),
                frame: Frame::outside(&app, "Confirm your address", account),
                trouble,
                token,
                email: user.email,
            };
            Ok(answer(status, &page))
        }
    }
}

/// A link that leads nowhere any more says what to do instead.
fn dead(app: &App, purpose: Purpose, error: AccountError) -> Result<Response, Problem> {
    if !matches!(error, AccountError::NoSuchTicket) {
        return Err(error.into());
    }
    let page = DeadLink {
        frame: Frame::outside(app, "This link leads nowhere any more", None),
        purpose,
    };
    Ok(answer(StatusCode::NOT_FOUND, &page))
}

pub async fn show(
    State(app): State<App>,
    account: Account,
    Query(told): Query<Told>,
) -> Result<Response, Problem> {
    let mut page = page(&app, &account, Trouble::default()).await?;
    page.frame = page.frame.told(&told.done);
    Ok(ok(&page))
}

/// Sends the link that confirms the address once more.
pub async fn ask_again(State(app): State<App>, account: Account) -> Result<Response, Problem> {
    match act::ask_again(&app, &account).await {
        Ok(()) => Ok(then("/account?done=sent")),
        Err(error) => again(&app, &account, error.into()).await,
    }
}

pub async fn rename(
    State(app): State<App>,
    account: Account,
    Form(form): Form<NameForm>,
) -> Result<Response, Problem> {
    match act::rename(&app, &account, &form.name).await {
        Ok(()) => Ok(then("/account?done=saved")),
        Err(error) => {
            let (status, trouble) = Trouble::of(error.into())?;
            let mut page = page(&app, &account, trouble).await?;
            page.name = form.name;
            Ok(answer(status, &page))
        }
    }
}

#[derive(Debug, Deserialize)]
pub struct MailsForm {
    #[serde(default)]
    approvals: Option<String>,
}

pub async fn choose_mails(
    State(app): State<App>,
    account: Account,
    Form(form): Form<MailsForm>,
) -> Result<Response, Problem> {
    act::want_approval_mails(&app, &account, form.approvals.is_some()).await?;
    Ok(then("/account?done=saved"))
}

/// Whoever is gone is told so on the start page.
pub async fn delete(
    State(app): State<App>,
    account: Account,
    Form(form): Form<Sure>,
) -> Result<Response, Problem> {
    if form.sure.trim().to_lowercase() != account.email {
        let said = format!("type `{}` to be sure; nothing was done", account.email);
        return again(&app, &account, Problem::invalid("/delete", said)).await;
    }
    match delete::delete(&app, &account).await {
        Ok(()) => Ok(with_cookie(
            then("/?done=account-deleted"),
            &SessionToken::no_cookie(&app),
        )),
        Err(error) => again(&app, &account, error.into()).await,
    }
}

pub async fn change_password(
    State(app): State<App>,
    account: Account,
    Form(form): Form<PasswordForm>,
) -> Result<Response, Problem> {
    let old = form.password.as_ref();
    match act::change_password(&app, &account, old, &form.new_password).await {
        Ok(signed_in) => Ok(with_cookie(
            then("/account?done=saved"),
            &signed_in.session.cookie(&app),
        )),
        Err(error) => again(&app, &account, error.into()).await,
    }
}

/// The page with what was wrong.
pub(crate) async fn again(
    app: &App,
    account: &Account,
    problem: Problem,
) -> Result<Response, Problem> {
    let (status, trouble) = Trouble::of(problem)?;
    Ok(answer(status, &page(app, account, trouble).await?))
}

async fn page(app: &App, account: &Account, trouble: Trouble) -> Result<Show, Problem> {
    Ok(Show {
        frame: Frame::outside(app, "Your account", Some(account)),
        trouble,
        profile: session::act::profile(app, account).await?,
        name: account.name.clone(),
        identities: identity::act::list(app, account).await?,
        sessions: session::act::list(app, account).await?,
        owned_alone: delete::owned_alone(app, account).await?,
    })
}
