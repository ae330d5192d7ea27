//! A server: what its tools can do, how it changed, and the policy for it.

use super::{frame, html, markdown, say, twin};
use crate::app::App;
use crate::catalog::recommend::preset;
use crate::catalog::{CatalogServerShown, Category, Preset, act};
use crate::http::pace::Paced;
use crate::http::read::{Path, Query};
use crate::page::{Frame, show};
use crate::problem::Problem;
use askama::Template;
use axum::extract::State;
use axum::response::Response;
use serde::Deserialize;

/// Tools on one page; all of them are in its twin and in the API.
const SHOWN: usize = 200;

#[derive(Debug, Default, Deserialize)]
pub struct Narrowed {
    #[serde(default)]
    q: String,
    #[serde(default)]
    category: String,
    #[serde(default)]
    preset: String,
    #[serde(default)]
    page: usize,
}

#[derive(Debug)]
struct View {
    it: CatalogServerShown,
    preset: Preset,
    document: String,
    narrowed: Narrowed,
    /// How many are left by what was looked for, before the page is cut.
    matching: usize,
}

impl View {
    /// Another page of the same.
    fn turn(&self, page: usize) -> String {
        let mut query = url::form_urlencoded::Serializer::new(String::new());
        let kept = [
            ("q", &self.narrowed.q),
            ("category", &self.narrowed.category),
        ];
        query.extend_pairs(kept.into_iter().filter(|(_, value)| !value.is_empty()));
        format!("?{}", query.append_pair("page", &page.to_string()).finish())
    }
}

#[derive(Debug, Template)]
#[template(path = "catalog/server.html")]
struct Page<'a> {
    frame: Frame,
    view: &'a View,
}

#[derive(Debug, Template)]
#[template(path = "catalog/server.md")]
struct Twin<'a> {
    view: &'a View,
}

pub async fn server(
    State(app): State<App>,
    _paced: Paced,
    Path(named): Path<String>,
    Query(narrowed): Query<Narrowed>,
) -> Result<Response, Problem> {
    let (slug, is_twin) = twin(&named);
    let preset = preset(&narrowed.preset)?;
    let mut it = act::show(&app, slug).await?;
    let tools = it
        .tools
        .iter()
        .map(|tool| (tool.name.as_str(), tool.category));
    let document = preset.document(tools);
    let category = Category::parse(&narrowed.category);
    let words = narrowed.q.to_lowercase();
    it.tools.retain(|tool| {
        category.is_none_or(|one| tool.category == one) && tool.name.to_lowercase().contains(&words)
    });
    let matching = it.tools.len();
    if !is_twin {
        let skipped = narrowed.page.saturating_mul(SHOWN);
        it.tools = it.tools.into_iter().skip(skipped).take(SHOWN).collect();
    }
    let view = View {
        it,
        preset,
        document,
        narrowed,
        matching,
    };
    Ok(if is_twin {
        markdown(&Twin { view: &view })
    } else {
        html(&Page {
            frame: frame(&app, view.it.server.package.clone()),
            view: &view,
        })
    })
}
