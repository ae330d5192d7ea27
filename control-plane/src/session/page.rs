//! Signing up, in and out, by form.

use super::act::{self, SignInError, Step};
use super::browser::Browser;
use super::sign_up::{self, SignUp};
use super::step_up::{self, Proof, StepUpError};
use super::ticket::Ticket;
use super::{Account, SessionToken};
use crate::app::App;
use crate::http::layers::Source;
use crate::http::read::{Path, Query};
use crate::oidc::{self, page::Button};
use crate::org::page::OrgForm;
use crate::page::{Form, Frame, Guest, Next, Trouble, answer, ok, then};
use crate::problem::Problem;
use askama::Template;
use axum::extract::State;
use axum::http::HeaderValue;
use axum::http::header::SET_COOKIE;
use axum::response::Response;
use ids::SessionId;
use seal::Secret;
use serde::Deserialize;

#[derive(Debug, Template)]
#[template(path = "session/sign_in.html")]
struct SignInPage {
    frame: Frame,
    trouble: Trouble,
    email: String,
    next: Next,
    providers: Vec<Button>,
}

#[derive(Debug, Template)]
#[template(path = "session/sign_up.html")]
struct SignUpPage {
    frame: Frame,
    trouble: Trouble,
    form: SignUpForm,
    providers: Vec<Button>,
}

#[derive(Debug, Template)]
#[template(path = "session/code.html")]
struct CodePage {
    frame: Frame,
    challenge: String,
    next: Next,
}

#[derive(Debug, Template)]
#[template(path = "session/step_up.html")]
struct ProofPage {
    frame: Frame,
    trouble: Trouble,
    /// None: the account came from another provider, and has to come from there once more.
    wanted: Option<Proof>,
    next: Next,
    providers: Vec<Button>,
}

#[derive(Debug, Deserialize)]
pub struct Challenge {
    #[serde(default)]
    challenge: String,
    #[serde(default)]
    next: Next,
}

#[derive(Debug, Deserialize)]
pub struct CodeForm {
    challenge: Ticket,
    code: Secret,
    #[serde(default)]
    next: Next,
}

#[derive(Debug, Deserialize)]
pub struct ProofForm {
    password: Option<Secret>,
    code: Option<Secret>,
    #[serde(default)]
    next: Next,
}

/// What one comes to a form with.
#[derive(Debug, Default, Deserialize)]
pub struct Arrival {
    #[serde(default)]
    next: Next,
    #[serde(default)]
    done: String,
    /// Why another provider's sign-in came to nothing, in a word.
    #[serde(default)]
    refused: String,
}

#[derive(Debug, Deserialize)]
pub struct SignInForm {
    email: String,
    password: Secret,
    #[serde(default)]
    next: Next,
}

#[derive(Debug, Deserialize)]
pub struct SignUpForm {
    #[serde(default)]
    name: String,
    #[serde(default)]
    email: String,
    password: Secret,
    #[serde(default)]
    org: String,
    #[serde(default)]
    slug: String,
    #[serde(default)]
    next: Next,
}

pub async fn sign_in(
    State(app): State<App>,
    guest: Guest,
    Query(query): Query<Arrival>,
) -> Response {
    if guest.0.is_some() {
        return then(query.next.page());
    }
    let refused = oidc::page::refused(&query.refused).map(Trouble::above);
    let (status, trouble) = refused.unwrap_or_default();
    let page = SignInPage {
        frame: Frame::outside(&app, "Sign in", None).told(&query.done),
        trouble,
        email: String::new(),
        next: query.next,
        providers: oidc::page::buttons(&app),
    };
    answer(status, &page)
}

pub async fn signed_in(
    State(app): State<App>,
    source: Source,
    browser: Browser,
    Form(form): Form<SignInForm>,
) -> Result<Response, Problem> {
    match act::sign_in(&app, source.0, &browser, &form.email, &form.password).await {
        Ok(Step::Done(signed_in)) => Ok(with_cookie(
            then(form.next.page()),
            &signed_in.session.cookie(&app),
        )),
        Ok(Step::Code(challenge)) => Ok(ok(&CodePage {
            frame: Frame::outside(&app, "One more step", None),
            challenge: challenge.expose().to_owned(),
            next: form.next,
        })),
        Err(error) => again(&app, error, form.email, form.next),
    }
}

/// Where another provider's sign-in goes on, for an account that asks for codes.
pub async fn code(State(app): State<App>, Query(query): Query<Challenge>) -> Response {
    ok(&CodePage {
        frame: Frame::outside(&app, "One more step", None),
        challenge: query.challenge,
        next: query.next,
    })
}

/// The second step, for an account that asks for codes. A wrong code ends the try, as it does in the API.
pub async fn signed_in_with_code(
    State(app): State<App>,
    source: Source,
    browser: Browser,
    Form(form): Form<CodeForm>,
) -> Result<Response, Problem> {
    match act::sign_in_with_code(&app, source.0, &browser, &form.challenge, &form.code).await {
        Ok(signed_in) => Ok(with_cookie(
            then(form.next.page()),
            &signed_in.session.cookie(&app),
        )),
        Err(error) => again(&app, error, String::new(), form.next),
    }
}

/// The form to sign in, with what was wrong.
fn again(app: &App, error: SignInError, email: String, next: Next) -> Result<Response, Problem> {
    if let SignInError::Db(error) = error {
        return Err(error.into());
    }
    let (status, trouble) = Trouble::above(error.into());
    let page = SignInPage {
        frame: Frame::outside(app, "Sign in", None),
        trouble,
        email,
        next,
        providers: oidc::page::buttons(app),
    };
    Ok(answer(status, &page))
}

/// Asked before what is sensitive, of whoever left their desk for a while.
pub async fn step_up(
    State(app): State<App>,
    account: Account,
    Query(query): Query<Arrival>,
) -> Result<Response, Problem> {
    let refused = oidc::page::refused(&query.refused).map(Trouble::above);
    let (status, trouble) = refused.unwrap_or_default();
    let mut page = proof_page(&app, &account, query.next).await?;
    page.trouble = trouble;
    Ok(answer(status, &page))
}

pub async fn stepped_up(
    State(app): State<App>,
    source: Source,
    account: Account,
    Form(form): Form<ProofForm>,
) -> Result<Response, Problem> {
    let (password, code) = (form.password.as_ref(), form.code.as_ref());
    match step_up::step_up(&app, source.0, &account, password, code).await {
        Ok(signed_in) => Ok(with_cookie(
            then(form.next.page()),
            &signed_in.session.cookie(&app),
        )),
        Err(StepUpError::Db(error)) => Err(error.into()),
        Err(error) => {
            let (status, trouble) = Trouble::above(error.into());
            let mut page = proof_page(&app, &account, form.next).await?;
            page.trouble = trouble;
            Ok(answer(status, &page))
        }
    }
}

async fn proof_page(app: &App, account: &Account, next: Next) -> Result<ProofPage, Problem> {
    Ok(ProofPage {
        frame: Frame::outside(app, "Prove once more who you are", Some(account)),
        trouble: Trouble::default(),
        wanted: step_up::wanted(app, account).await?,
        next,
        providers: oidc::page::buttons(app),
    })
}

pub async fn sign_up(
    State(app): State<App>,
    guest: Guest,
    Query(query): Query<Arrival>,
) -> Response {
    if guest.0.is_some() {
        return then(query.next.page());
    }
    ok(&SignUpPage {
        frame: Frame::outside(&app, "Sign up", None),
        trouble: Trouble::default(),
        form: SignUpForm {
            name: String::new(),
            email: String::new(),
            password: Secret::new(String::new()),
            org: String::new(),
            slug: String::new(),
            next: query.next,
        },
        providers: oidc::page::buttons(&app),
    })
}

pub async fn signed_up(
    State(app): State<App>,
    source: Source,
    browser: Browser,
    Form(form): Form<SignUpForm>,
) -> Result<Response, Problem> {
    match try_sign_up(&app, source, &browser, &form).await {
        Ok(response) => Ok(response),
        Err(problem) => {
            let (status, trouble) = Trouble::of(problem)?;
            let page = SignUpPage {
                frame: Frame::outside(&app, "Sign up", None),
                trouble,
                form,
                providers: oidc::page::buttons(&app),
            };
            Ok(answer(status, &page))
        }
    }
}

async fn try_sign_up(
    app: &App,
    source: Source,
    browser: &Browser,
    form: &SignUpForm,
) -> Result<Response, Problem> {
    let org = OrgForm {
        org: form.org.clone(),
        slug: form.slug.clone(),
    };
    let mut wish = SignUp {
        email: form.email.clone(),
        password: form.password.clone(),
        name: form.name.trim().to_owned(),
        org: None,
        invitation: None,
    };
    // Everything that is wrong is said at once.
    let org = org.read("/org").map_err(|mut problem| {
        problem.errors.extend(sign_up::faults(&wish));
        problem
    })?;
    let own = format!("/{}", org.slug);
    wish.org = Some(org);
    let (signed_in, _) = sign_up::sign_up(app, source.0, browser, wish).await?;
    let to = form.next.outside_of_organisations().unwrap_or(&own);
    Ok(with_cookie(then(to), &signed_in.session.cookie(app)))
}

pub async fn signed_out(
    State(app): State<App>,
    account: Account,
    Form(form): Form<Arrival>,
) -> Result<Response, Problem> {
    act::sign_out(&app, &account).await?;
    let to = then(form.next.page());
    Ok(with_cookie(to, &SessionToken::no_cookie(&app)))
}

pub async fn end(
    State(app): State<App>,
    account: Account,
    Path(session): Path<SessionId>,
) -> Result<Response, Problem> {
    if act::end(&app, &account, session).await? {
        Ok(then("/account?done=ended"))
    } else {
        Err(Problem::not_found())
    }
}

pub async fn end_others(State(app): State<App>, account: Account) -> Result<Response, Problem> {
    act::end_others(&app, &account).await?;
    Ok(then("/account?done=ended"))
}

pub(crate) fn with_cookie(mut response: Response, cookie: &str) -> Response {
    if let Ok(value) = HeaderValue::from_str(cookie) {
        response.headers_mut().insert(SET_COOKIE, value);
    }
    response
}
