//! Webhooks, by page: the list, making one, its secret this once, and one with its log and what can be done to it.

use super::{Delivery, DeliveryState, EVENTS, Format, NewWebhook, Webhook, WebhookChange, act};
use crate::access::Action;
use crate::app::App;
use crate::http::read::{Path, Query};
use crate::page::{Form, Frame, Trouble, Turn, Visit, answer, choice, ok, older, show, then};
use crate::problem::Problem;
use askama::Template;
use axum::extract::State;
use axum::response::Response;
use ids::{DeliveryId, WebhookId};
use serde::Deserialize;

#[derive(Debug, Template)]
#[template(path = "webhook/list.html")]
struct List {
    frame: Frame,
    trouble: Trouble,
    webhooks: Vec<Webhook>,
    form: WebhookForm,
}

#[derive(Debug, Template)]
#[template(path = "webhook/show.html")]
struct One {
    frame: Frame,
    trouble: Trouble,
    webhook: Webhook,
    form: WebhookForm,
    /// This once.
    secret: Option<String>,
    log: Vec<Delivery>,
    more: Option<String>,
}

impl Delivery {
    /// What is sent, for people to read.
    fn text(&self) -> String {
        serde_json::to_string_pretty(&self.body).unwrap_or_default()
    }
}

#[derive(Debug, Clone, Deserialize)]
pub struct WebhookForm {
    #[serde(default)]
    name: String,
    #[serde(default)]
    url: String,
    #[serde(default)]
    event: Vec<String>,
    #[serde(default)]
    format: String,
    #[serde(default)]
    on: Option<String>,
}

impl WebhookForm {
    fn empty() -> Self {
        Self {
            name: String::new(),
            url: String::new(),
            event: EVENTS.map(str::to_owned).to_vec(),
            format: String::new(),
            on: None,
        }
    }

    fn of(webhook: &Webhook) -> Self {
        Self {
            name: webhook.name.clone(),
            url: webhook.url.clone(),
            event: webhook.events.clone(),
            format: webhook.format.word().to_owned(),
            on: webhook.is_on.then(String::new),
        }
    }

    /// Every event, for people, and whether it is chosen.
    fn events(&self) -> [(&'static str, &'static str, bool); EVENTS.len()] {
        EVENTS.map(|event| {
            let is_chosen = self.event.iter().any(|chosen| chosen == event);
            (event, words(event), is_chosen)
        })
    }
}

#[derive(Debug, Deserialize)]
pub struct Sure {
    #[serde(default)]
    sure: String,
}

/// What an event is, for people.
fn words(event: &'static str) -> &'static str {
    match event {
        "approval.requested" => "a call waits for people",
        "approval.escalated" => "it waits for too long",
        "approval.approved" => "enough people agreed",
        "approval.refused" => "somebody refused",
        "approval.expired" => "its time was over",
        "approval.withdrawn" => "it was taken back",
        "approval.spent" => "a call went on under it",
        other => other,
    }
}

pub async fn list(State(app): State<App>, visit: Visit) -> Result<Response, Problem> {
    let page = listed(&app, &visit, WebhookForm::empty(), Trouble::default());
    Ok(ok(&page.await?))
}

/// No redirect: the secret is in this answer and nowhere else.
pub async fn make(
    State(app): State<App>,
    visit: Visit,
    Form(form): Form<WebhookForm>,
) -> Result<Response, Problem> {
    let new = NewWebhook {
        name: form.name.trim().to_owned(),
        url: form.url.trim().to_owned(),
        events: Some(form.event.clone()),
        format: Format::of(&form.format).unwrap_or_default(),
    };
    match act::make(&app, &visit.caller, new)
        .await
        .map_err(Problem::from)
    {
        Ok(made) => {
            let mut page = shown(&app, &visit, made.webhook.id, Turn::default()).await?;
            page.secret = made.secret;
            Ok(ok(&page))
        }
        Err(problem) => {
            let (status, trouble) = Trouble::of(problem)?;
            let page = listed(&app, &visit, form, trouble).await?;
            Ok(answer(status, &page))
        }
    }
}

pub async fn one(
    State(app): State<App>,
    visit: Visit,
    Path((_, webhook)): Path<(String, WebhookId)>,
    Query(turn): Query<Turn>,
) -> Result<Response, Problem> {
    Ok(ok(&shown(&app, &visit, webhook, turn).await?))
}

pub async fn change(
    State(app): State<App>,
    visit: Visit,
    Path((_, webhook)): Path<(String, WebhookId)>,
    Form(form): Form<WebhookForm>,
) -> Result<Response, Problem> {
    let change = WebhookChange {
        name: Some(form.name.trim().to_owned()),
        url: Some(form.url.trim().to_owned()),
        events: Some(form.event.clone()),
        is_on: Some(form.on.is_some()),
    };
    let done = act::change(&app, &visit.caller, webhook, change).await;
    after(&app, &visit, webhook, done.map(drop), "saved", Some(form)).await
}

/// No redirect: the secret is in this answer and nowhere else.
pub async fn rotate(
    State(app): State<App>,
    visit: Visit,
    Path((_, webhook)): Path<(String, WebhookId)>,
) -> Result<Response, Problem> {
    let made = act::rotate(&app, &visit.caller, webhook).await?;
    let mut page = shown(&app, &visit, webhook, Turn::default()).await?;
    page.secret = made.secret;
    Ok(ok(&page))
}

pub async fn test(
    State(app): State<App>,
    visit: Visit,
    Path((_, webhook)): Path<(String, WebhookId)>,
) -> Result<Response, Problem> {
    let done = act::test(&app, &visit.caller, webhook).await;
    after(&app, &visit, webhook, done.map(drop), "queued", None).await
}

pub async fn replay(
    State(app): State<App>,
    visit: Visit,
    Path((_, webhook, delivery)): Path<(String, WebhookId, DeliveryId)>,
) -> Result<Response, Problem> {
    let done = act::replay(&app, &visit.caller, (webhook, delivery)).await;
    after(&app, &visit, webhook, done.map(drop), "queued", None).await
}

pub async fn delete(
    State(app): State<App>,
    visit: Visit,
    Path((_, webhook)): Path<(String, WebhookId)>,
    Form(form): Form<Sure>,
) -> Result<Response, Problem> {
    let name = act::show(&app, &visit.caller, webhook).await?.name;
    if form.sure.trim() != name {
        let said = format!("type `{name}` to be sure; nothing was done");
        let (status, trouble) = Trouble::of(Problem::invalid("/sure", said))?;
        let mut page = shown(&app, &visit, webhook, Turn::default()).await?;
        page.trouble = trouble;
        return Ok(answer(status, &page));
    }
    match act::delete(&app, &visit.caller, webhook).await {
        Ok(()) => Ok(then(&visit.path("/settings/webhooks?done=deleted"))),
        failed => after(&app, &visit, webhook, failed, "deleted", None).await,
    }
}

async fn after(
    app: &App,
    visit: &Visit,
    webhook: WebhookId,
    done: Result<(), act::WebhookError>,
    word: &str,
    form: Option<WebhookForm>,
) -> Result<Response, Problem> {
    match done.map_err(Problem::from) {
        Ok(()) => Ok(then(
            &visit.path(&format!("/settings/webhooks/{webhook}?done={word}")),
        )),
        Err(problem) => {
            let (status, trouble) = Trouble::of(problem)?;
            let mut page = shown(app, visit, webhook, Turn::default()).await?;
            page.trouble = trouble;
            page.form = form.unwrap_or(page.form);
            Ok(answer(status, &page))
        }
    }
}

async fn listed(
    app: &App,
    visit: &Visit,
    form: WebhookForm,
    trouble: Trouble,
) -> Result<List, Problem> {
    visit.caller.allow(Action::Administer)?;
    Ok(List {
        frame: visit.frame(app, "settings", "Webhooks"),
        trouble,
        webhooks: act::list(app, &visit.caller, choice()?).await?.items,
        form,
    })
}

async fn shown(app: &App, visit: &Visit, id: WebhookId, turn: Turn) -> Result<One, Problem> {
    let webhook = act::show(app, &visit.caller, id).await?;
    let log = act::log(app, &visit.caller, id, turn.page()?).await?;
    Ok(One {
        frame: visit.frame(app, "settings", webhook.name.clone()),
        trouble: Trouble::default(),
        form: WebhookForm::of(&webhook),
        webhook,
        secret: None,
        log: log.items,
        more: log.next_cursor.map(|cursor| older(&cursor, &[])),
    })
}
