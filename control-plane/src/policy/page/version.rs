//! One published version: its document line by line, what changed with it, and the way back to it.

use crate::access::Action;
use crate::app::App;
use crate::http::read::Path;
use crate::page::{Form, Frame, Visit, ok, show, then};
use crate::policy::version::{self, Rollback, Version};
use crate::policy::{Policy, act};
use crate::problem::Problem;
use askama::Template;
use axum::extract::State;
use axum::response::Response;
use serde::Deserialize;
use serde_json::value::RawValue;

#[derive(Debug, Template)]
#[template(path = "policy/version.html")]
struct OneVersion {
    frame: Frame,
    policy: Policy,
    version: Version,
    words: Vec<String>,
    text: String,
    may_write: bool,
}

impl OneVersion {
    fn is_in_force(&self) -> bool {
        self.policy.published == Some(self.version.number)
    }
}

#[derive(Debug, Deserialize)]
pub struct Note {
    #[serde(default)]
    note: String,
}

pub async fn version(
    State(app): State<App>,
    visit: Visit,
    Path((_, named, number)): Path<(String, String, u32)>,
) -> Result<Response, Problem> {
    let policy = act::show(&app, &visit.caller, &named).await?;
    let version = version::act::show(&app, &visit.caller, &named, number).await?;
    let words = match number.checked_sub(1).filter(|before| *before > 0) {
        Some(before) => {
            version::act::compare(&app, &visit.caller, &named, before, number)
                .await?
                .words
        }
        None => Vec::new(),
    };
    Ok(ok(&OneVersion {
        may_write: visit.caller.role().may(Action::WritePolicies),
        frame: visit.frame(
            &app,
            "policies",
            format!("{}, version {number}", policy.name),
        ),
        text: version
            .document
            .as_deref()
            .map_or("", RawValue::get)
            .to_owned(),
        policy,
        version,
        words,
    }))
}

pub async fn roll_back(
    State(app): State<App>,
    visit: Visit,
    Path((_, named, number)): Path<(String, String, u32)>,
    Form(form): Form<Note>,
) -> Result<Response, Problem> {
    let rollback = Rollback {
        version: number,
        note: form.note.trim().to_owned(),
    };
    version::act::roll_back(&app, &visit.caller, &named, None, rollback).await?;
    Ok(then(
        &visit.path(&format!("/policies/{named}?done=rolled-back")),
    ))
}
