//! The form of the kill switch. It stands on the page of what it stops.

use super::{Switch, Target, act};
use crate::app::App;
use crate::page::{Form, Visit, then};
use crate::problem::Problem;
use axum::extract::State;
use axum::response::Response;
use serde::Deserialize;

#[derive(Debug, Deserialize)]
pub struct SwitchForm {
    target: Target,
    #[serde(default)]
    id: String,
    on: bool,
}

pub async fn switch(
    State(app): State<App>,
    visit: Visit,
    Form(form): Form<SwitchForm>,
) -> Result<Response, Problem> {
    let wish = Switch {
        target: form.target,
        id: (form.target != Target::Org).then_some(form.id),
        on: form.on,
    };
    let done = act::switch(&app, &visit.caller, wish).await?;
    let back = match done.target {
        Target::Org => "/settings".to_owned(),
        Target::Server => format!("/servers/{}", done.id),
        Target::Grant => format!("/grants/{}", done.id),
    };
    let word = if done.on { "stopped" } else { "let-go" };
    Ok(then(&visit.path(&format!("{back}?done={word}"))))
}
