//! Codes, by page: setting them up, the recovery codes this once, and off again.

use super::Enrolment;
use super::act::{self, TotpError};
use super::qr::Qr;
use crate::app::App;
use crate::page::{Form, Frame, Trouble, answer, ok, then};
use crate::problem::Problem;
use crate::session::Account;
use askama::Template;
use axum::extract::State;
use axum::response::Response;
use seal::Secret;
use serde::Deserialize;

#[derive(Debug, Template)]
#[template(path = "totp/enrol.html")]
struct Enrol {
    frame: Frame,
    trouble: Trouble,
    /// None where the app has it already.
    enrolment: Option<Enrolment>,
    qr: Option<Qr>,
}

#[derive(Debug, Template)]
#[template(path = "totp/codes.html")]
struct Codes {
    frame: Frame,
    codes: Vec<String>,
}

#[derive(Debug, Deserialize)]
pub struct CodeForm {
    code: Secret,
}

/// No redirect: the secret is in this answer and nowhere else.
pub async fn enrol(State(app): State<App>, account: Account) -> Result<Response, Problem> {
    let enrolment = act::enrol(&app, &account).await?;
    Ok(ok(&Enrol {
        frame: Frame::outside(&app, "Set codes up", Some(&account)),
        trouble: Trouble::default(),
        qr: Qr::of(&enrolment.uri),
        enrolment: Some(enrolment),
    }))
}

pub async fn confirm(
    State(app): State<App>,
    account: Account,
    Form(form): Form<CodeForm>,
) -> Result<Response, Problem> {
    match act::confirm(&app, &account, &form.code).await {
        Ok(codes) => Ok(once(&app, &account, codes)),
        Err(error @ (TotpError::WrongCode | TotpError::TooMany(_))) => {
            let (status, trouble) = Trouble::of(error.into())?;
            let page = Enrol {
                frame: Frame::outside(&app, "Set codes up", Some(&account)),
                trouble,
                enrolment: None,
                qr: None,
            };
            Ok(answer(status, &page))
        }
        Err(error) => Err(error.into()),
    }
}

pub async fn renew_codes(State(app): State<App>, account: Account) -> Result<Response, Problem> {
    let codes = act::renew_codes(&app, &account).await?;
    Ok(once(&app, &account, codes))
}

pub async fn disable(State(app): State<App>, account: Account) -> Result<Response, Problem> {
    act::disable(&app, &account).await?;
    Ok(then("/account?done=codes-off"))
}

fn once(app: &App, account: &Account, codes: Vec<String>) -> Response {
    ok(&Codes {
        frame: Frame::outside(app, "Recovery codes", Some(account)),
        codes,
    })
}
