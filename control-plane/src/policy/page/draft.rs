//! The document of a draft as text, with its findings, and the versions that were published of it.

use super::{Head, Kept, keep};
use crate::app::App;
use crate::http::read::Path;
use crate::page::{Form, Frame, Turn, Visit, answer, ok, show, then};
use crate::policy::version::{self, Version};
use crate::problem::Problem;
use ::policy::Level;
use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use serde::Deserialize;
use serde_json::value::RawValue;
use uuid::Uuid;

#[derive(Debug, Template)]
#[template(path = "policy/show.html")]
struct Show {
    frame: Frame,
    head: Head,
    /// The draft, or what the reader has made of it and could not save.
    text: String,
    versions: Vec<Version>,
}

#[derive(Debug, Deserialize)]
pub struct Draft {
    document: String,
    etag: Option<Uuid>,
    #[serde(default)]
    note: String,
    /// `save` or `publish`: which button was pressed.
    #[serde(default)]
    act: String,
}

pub async fn one(
    State(app): State<App>,
    visit: Visit,
    Path((_, named)): Path<(String, String)>,
) -> Result<Response, Problem> {
    Ok(ok(&page(&app, &visit, &named).await?))
}

/// Saves the draft, and publishes it where that button was pressed. What cannot be saved stays in the form.
pub async fn save(
    State(app): State<App>,
    visit: Visit,
    Path((_, named)): Path<(String, String)>,
    Form(mut form): Form<Draft>,
) -> Result<Response, Problem> {
    // Browsers send every line break as two characters; whoever typed it meant one.
    form.document = form.document.replace("\r\n", "\n");
    if let Err(error) = serde_json::from_str::<&RawValue>(&form.document) {
        let said = format!("Not saved: this is no JSON: {error}");
        return again(
            &app,
            &visit,
            &named,
            form,
            (StatusCode::UNPROCESSABLE_ENTITY, said),
        )
        .await;
    }
    let publication = (form.act == "publish").then_some(form.note.as_str());
    match keep(
        &app,
        &visit,
        &named,
        (form.etag, &form.document),
        publication,
    )
    .await?
    {
        Kept::Saved => {
            let done = if publication.is_some() {
                "published"
            } else {
                "saved"
            };
            Ok(then(&visit.path(&format!("/policies/{named}?done={done}"))))
        }
        Kept::Stale => {
            let mut page = page(&app, &visit, &named).await?;
            (page.text, page.head.note, page.head.is_stale) = (form.document, form.note, true);
            Ok(answer(StatusCode::PRECONDITION_FAILED, &page))
        }
        Kept::Unpublished(status, said) => again(&app, &visit, &named, form, (status, said)).await,
    }
}

/// The page with the reader's own text in it.
async fn again(
    app: &App,
    visit: &Visit,
    named: &str,
    form: Draft,
    (status, said): (StatusCode, String),
) -> Result<Response, Problem> {
    let mut page = page(app, visit, named).await?;
    (page.text, page.head.note, page.head.problem) = (form.document, form.note, Some(said));
    Ok(answer(status, &page))
}

async fn page(app: &App, visit: &Visit, named: &str) -> Result<Show, Problem> {
    let head = Head::of(app, visit, named, "document").await?;
    let versions = version::act::list(app, &visit.caller, named, Turn::default().page()?);
    Ok(Show {
        versions: versions.await?.items,
        frame: visit.frame(app, "policies", head.policy.name.clone()),
        text: head.text.clone(),
        head,
    })
}
