//! The API keys of an organisation, by page.

use super::{Key, MadeKey, NewKey, act};
use crate::access::{Action, Role};
use crate::app::App;
use crate::http::read::Path;
use crate::page::{Form, Frame, Trouble, Visit, answer, choice, end_of_day, ok, show, then};
use crate::problem::Problem;
use askama::Template;
use axum::extract::State;
use axum::response::Response;
use ids::KeyId;
use serde::Deserialize;

/// A key is never an owner's.
const ROLES: [Role; 5] = [
    Role::Admin,
    Role::PolicyManager,
    Role::Approver,
    Role::Auditor,
    Role::Viewer,
];

#[derive(Debug, Template)]
#[template(path = "key/list.html")]
struct List {
    frame: Frame,
    trouble: Trouble,
    keys: Vec<Key>,
    name: String,
    chosen: Role,
    expires: String,
    secret: Option<String>,
}

#[derive(Debug, Deserialize)]
pub struct NewForm {
    #[serde(default)]
    name: String,
    role: Role,
    #[serde(default)]
    expires: String,
}

pub async fn list(State(app): State<App>, visit: Visit) -> Result<Response, Problem> {
    Ok(ok(&page(&app, &visit).await?))
}

/// No redirect: the secret is in this answer and nowhere else.
pub async fn make(
    State(app): State<App>,
    visit: Visit,
    Form(form): Form<NewForm>,
) -> Result<Response, Problem> {
    match try_make(&app, &visit, &form).await {
        Ok(made) => {
            let mut page = page(&app, &visit).await?;
            page.secret = Some(made.secret.expose().to_owned());
            Ok(ok(&page))
        }
        Err(problem) => {
            let (status, trouble) = Trouble::of(problem)?;
            let mut page = page(&app, &visit).await?;
            (page.trouble, page.name) = (trouble, form.name);
            (page.chosen, page.expires) = (form.role, form.expires);
            Ok(answer(status, &page))
        }
    }
}

async fn try_make(app: &App, visit: &Visit, form: &NewForm) -> Result<MadeKey, Problem> {
    let new = NewKey {
        name: form.name.trim().to_owned(),
        role: form.role,
        expires_at: end_of_day(form.expires.trim())?,
    };
    Ok(act::make(app, &visit.caller, new).await?)
}

pub async fn delete(
    State(app): State<App>,
    visit: Visit,
    Path((_, key)): Path<(String, KeyId)>,
) -> Result<Response, Problem> {
    act::delete(&app, &visit.caller, key).await?;
    Ok(then(&visit.path("/settings/keys?done=deleted")))
}

async fn page(app: &App, visit: &Visit) -> Result<List, Problem> {
    visit.caller.allow(Action::Administer)?;
    Ok(List {
        frame: visit.frame(app, "settings", "API keys"),
        trouble: Trouble::default(),
        keys: act::list(app, &visit.caller, choice()?).await?.items,
        name: String::new(),
        chosen: Role::Viewer,
        expires: String::new(),
        secret: None,
    })
}
