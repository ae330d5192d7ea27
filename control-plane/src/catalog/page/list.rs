//! Searching the catalogue.

use super::{frame, html, markdown, say};
use crate::app::App;
use crate::catalog::act::{self, Found};
use crate::catalog::sought::Sought;
use crate::catalog::{Category, Severity, store::Totals};
use crate::http::pace::Paced;
use crate::http::read::Query;
use crate::page::{Frame, older};
use crate::problem::Problem;
use askama::Template;
use axum::extract::State;
use axum::response::Response;
use serde::Deserialize;

const ON_A_PAGE: u16 = 40;

#[derive(Debug, Default, Deserialize)]
pub struct Looking {
    #[serde(default)]
    q: String,
    #[serde(default)]
    category: String,
    #[serde(default)]
    severity: String,
    #[serde(default)]
    ecosystem: String,
    cursor: Option<String>,
}

#[derive(Debug)]
struct View {
    looking: Looking,
    totals: Totals,
    found: Found,
    next: Option<String>,
    is_everything: bool,
}

#[derive(Debug, Template)]
#[template(path = "catalog/list.html")]
struct Page<'a> {
    frame: Frame,
    it: &'a View,
}

#[derive(Debug, Template)]
#[template(path = "catalog/list.md")]
struct Twin<'a> {
    it: &'a View,
}

async fn view(app: &App, looking: Looking) -> Result<View, Problem> {
    let sought = Sought::read(
        Some(&looking.q),
        Some(&looking.category),
        Some(&looking.severity),
        Some(&looking.ecosystem),
    )?;
    let found = act::search(app, &sought, looking.cursor.as_deref(), ON_A_PAGE).await?;
    let next = found.servers.next_cursor.as_deref().map(|cursor| {
        let kept = [
            ("q", looking.q.as_str()),
            ("category", &looking.category),
            ("severity", &looking.severity),
            ("ecosystem", &looking.ecosystem),
        ];
        older(cursor, &kept)
    });
    Ok(View {
        is_everything: sought.is_everything(),
        totals: act::totals(app).await?,
        looking,
        found,
        next,
    })
}

pub async fn list(
    State(app): State<App>,
    _paced: Paced,
    Query(looking): Query<Looking>,
) -> Result<Response, Problem> {
    let it = view(&app, looking).await?;
    Ok(html(&Page {
        frame: frame(&app, "What agents can call"),
        it: &it,
    }))
}

pub async fn list_markdown(
    State(app): State<App>,
    _paced: Paced,
    Query(looking): Query<Looking>,
) -> Result<Response, Problem> {
    let it = view(&app, looking).await?;
    Ok(markdown(&Twin { it: &it }))
}
