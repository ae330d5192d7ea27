//! Slack, by page: who one is there, for everybody; the organisation's app, for those who administer.

use super::{NewSlack, Slack, act};
use crate::app::App;
use crate::page::{Form, Frame, Trouble, Visit, answer, ok, show, then};
use crate::problem::Problem;
use askama::Template;
use axum::extract::State;
use axum::response::Response;
use seal::Secret;
use serde::Deserialize;
use serde_json::json;

const PATH: &str = "/settings/slack";

#[derive(Debug, Template)]
#[template(path = "slack/show.html")]
struct Show {
    frame: Frame,
    trouble: Trouble,
    slack: Slack,
    /// This once.
    code: Option<String>,
}

impl Show {
    /// What Slack makes the app of.
    fn manifest(&self) -> String {
        let url = &self.slack.request_url;
        let manifest = json!({
            "display_information": { "name": "Portcullis", "description": "Calls of agents that wait for people" },
            "features": {
                "bot_user": { "display_name": "Portcullis", "always_online": false },
                "slash_commands": [{
                    "command": "/portcullis", "url": url, "description": "Say who you are", "usage_hint": "CODE",
                    "should_escape": false,
                }],
            },
            "oauth_config": { "scopes": { "bot": ["incoming-webhook", "commands"] } },
            "settings": {
                "interactivity": { "is_enabled": true, "request_url": url },
                "org_deploy_enabled": false, "socket_mode_enabled": false, "token_rotation_enabled": false,
            },
        });
        serde_json::to_string_pretty(&manifest).unwrap_or_default()
    }
}

#[derive(Debug, Deserialize)]
pub struct AppForm {
    #[serde(default)]
    signing_secret: String,
}

#[derive(Debug, Deserialize)]
pub struct Which {
    #[serde(default)]
    team: String,
    #[serde(default)]
    user: String,
}

pub async fn show_all(State(app): State<App>, visit: Visit) -> Result<Response, Problem> {
    Ok(ok(&page(&app, &visit).await?))
}

pub async fn set_up(
    State(app): State<App>,
    visit: Visit,
    Form(form): Form<AppForm>,
) -> Result<Response, Problem> {
    let new = NewSlack {
        signing_secret: Secret::new(form.signing_secret.trim().to_owned()),
    };
    match act::set_up(&app, &visit.caller, &new).await {
        Ok(_) => Ok(then(&visit.path(&format!("{PATH}?done=saved")))),
        Err(error) => {
            let (status, trouble) = Trouble::of(error.into())?;
            let mut page = page(&app, &visit).await?;
            page.trouble = trouble;
            Ok(answer(status, &page))
        }
    }
}

pub async fn remove(State(app): State<App>, visit: Visit) -> Result<Response, Problem> {
    act::remove(&app, &visit.caller).await?;
    Ok(then(&visit.path(&format!("{PATH}?done=deleted"))))
}

/// No redirect: the code is in this answer and nowhere else.
pub async fn make_code(State(app): State<App>, visit: Visit) -> Result<Response, Problem> {
    let code = act::make_code(&app, &visit.caller).await?;
    let mut page = page(&app, &visit).await?;
    page.code = Some(code);
    Ok(ok(&page))
}

pub async fn unlink(
    State(app): State<App>,
    visit: Visit,
    Form(which): Form<Which>,
) -> Result<Response, Problem> {
    act::unlink(&app, &visit.caller, (&which.team, &which.user)).await?;
    Ok(then(&visit.path(&format!("{PATH}?done=deleted"))))
}

async fn page(app: &App, visit: &Visit) -> Result<Show, Problem> {
    Ok(Show {
        frame: visit.frame(app, "settings", "Slack"),
        trouble: Trouble::default(),
        slack: act::show(app, &visit.caller).await?,
        code: None,
    })
}
