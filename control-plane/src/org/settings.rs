//! The settings of an organisation, by page: its name, taking everything along, and the ways out. Its API keys are `key`'s.

use super::member::act::MemberError;
use super::{OrgChange, act, member};
use crate::access::Action;
use crate::app::App;
use crate::page::{Form, Frame, Trouble, Visit, answer, ok, show, then};
use crate::problem::Problem;
use askama::Template;
use axum::extract::State;
use axum::response::Response;
use serde::Deserialize;

#[derive(Debug, Template)]
#[template(path = "org/settings.html")]
struct Settings {
    frame: Frame,
    trouble: Trouble,
    form: NameForm,
}

impl Settings {
    fn may_export(&self) -> bool {
        self.frame.may(Action::Export)
    }

    fn may_delete(&self) -> bool {
        self.frame.may(Action::DeleteOrg)
    }
}

#[derive(Debug, Deserialize)]
pub struct NameForm {
    #[serde(default)]
    name: String,
    /// In seconds; nothing: never.
    #[serde(default)]
    max_stale: String,
}

#[derive(Debug, Deserialize)]
pub struct Sure {
    #[serde(default)]
    sure: String,
}

/// For everybody in it: what one may not do there is not offered, and leaving, anybody may.
pub async fn show(State(app): State<App>, visit: Visit) -> Result<Response, Problem> {
    Ok(ok(&page(&app, &visit, None, Trouble::default())))
}

pub async fn change(
    State(app): State<App>,
    visit: Visit,
    Form(form): Form<NameForm>,
) -> Result<Response, Problem> {
    match try_change(&app, &visit, &form).await {
        Ok(()) => Ok(then(&visit.path("/settings?done=saved"))),
        Err(problem) => {
            let (status, trouble) = Trouble::of(problem)?;
            Ok(answer(status, &page(&app, &visit, Some(form), trouble)))
        }
    }
}

async fn try_change(app: &App, visit: &Visit, form: &NameForm) -> Result<(), Problem> {
    let max_stale_seconds = match form.max_stale.trim() {
        "" => None,
        text => Some(text.parse::<u32>().map_err(|_| {
            Problem::invalid("/max_stale_seconds", "expected 60 to 31536000, or nothing")
        })?),
    };
    let change = OrgChange {
        name: Some(form.name.trim().to_owned()),
        max_stale_seconds: Some(max_stale_seconds),
    };
    act::change(app, &visit.caller, change).await?;
    Ok(())
}

pub async fn leave(
    State(app): State<App>,
    visit: Visit,
    Form(form): Form<Sure>,
) -> Result<Response, Problem> {
    let left = match sure(&visit, &form, "/leave") {
        Ok(()) => member::act::remove(&app, &visit.caller, visit.caller.member())
            .await
            .map_err(MemberError::into),
        Err(problem) => Err(problem),
    };
    out(&app, &visit, left, "left")
}

pub async fn delete(
    State(app): State<App>,
    visit: Visit,
    Form(form): Form<Sure>,
) -> Result<Response, Problem> {
    visit.caller.allow(Action::DeleteOrg)?;
    let deleted = match sure(&visit, &form, "/delete") {
        Ok(()) => act::delete(&app, &visit.caller)
            .await
            .map_err(Problem::from),
        Err(problem) => Err(problem),
    };
    out(&app, &visit, deleted, "deleted")
}

/// Whoever is out stands before the list of their organisations; whoever is not is told why.
fn out(
    app: &App,
    visit: &Visit,
    done: Result<(), Problem>,
    word: &str,
) -> Result<Response, Problem> {
    match done {
        Ok(()) => Ok(then(&format!("/?done={word}"))),
        Err(problem) => {
            let (status, trouble) = Trouble::of(problem)?;
            Ok(answer(status, &page(app, visit, None, trouble)))
        }
    }
}

fn sure(visit: &Visit, form: &Sure, place: &str) -> Result<(), Problem> {
    let slug = visit.caller.org_slug().as_str();
    if form.sure.trim() == slug {
        return Ok(());
    }
    Err(Problem::invalid(
        place,
        format!("type `{slug}` to be sure; nothing was done"),
    ))
}

fn page(app: &App, visit: &Visit, form: Option<NameForm>, trouble: Trouble) -> Settings {
    let org = visit.org();
    let kept = || NameForm {
        name: org.name.clone(),
        max_stale: org
            .max_stale_seconds
            .map_or_else(String::new, |seconds| seconds.to_string()),
    };
    Settings {
        form: form.unwrap_or_else(kept),
        frame: visit.frame(app, "settings", "Settings"),
        trouble,
    }
}
