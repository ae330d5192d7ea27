//! A tool: what it can do and by which words that is known, why it needs a policy, and the policy.

use super::{frame, html, markdown, say, twin};
use crate::app::App;
use crate::catalog::recommend::preset;
use crate::catalog::{CatalogServer, CatalogTool, CatalogToolListed, Preset, act};
use crate::http::pace::Paced;
use crate::http::read::{Path, Query};
use crate::page::Frame;
use crate::problem::{Kind, Problem};
use ::catalog::about::About;
use ::catalog::attack::Attack;
use askama::Template;
use axum::extract::State;
use axum::response::Response;
use serde::Deserialize;

#[derive(Debug, Default, Deserialize)]
pub struct Asked {
    #[serde(default)]
    preset: String,
}

#[derive(Debug)]
struct View {
    server: CatalogServer,
    tool: CatalogTool,
    need: Vec<String>,
    questions: Vec<(String, String)>,
    attacks: Vec<&'static Attack>,
    related: Vec<CatalogToolListed>,
    preset: Preset,
    document: String,
    rule: String,
}

#[derive(Debug, Template)]
#[template(path = "catalog/tool.html")]
struct Page<'a> {
    frame: Frame,
    it: &'a View,
}

#[derive(Debug, Template)]
#[template(path = "catalog/tool.md")]
struct Twin<'a> {
    it: &'a View,
}

pub async fn tool(
    State(app): State<App>,
    _paced: Paced,
    Path((server, named)): Path<(String, String)>,
    Query(asked): Query<Asked>,
) -> Result<Response, Problem> {
    let preset = preset(&asked.preset)?;
    // A tool may be called something that ends like a twin.
    let (name, is_twin) = twin(&named);
    match view(&app, &server, &named, preset).await {
        Err(problem) if problem.kind == Kind::NotFound && is_twin => {
            let it = view(&app, &server, name, preset).await?;
            Ok(markdown(&Twin { it: &it }))
        }
        found => {
            let it = found?;
            Ok(html(&Page {
                frame: frame(&app, it.tool.listed.name.clone()),
                it: &it,
            }))
        }
    }
}

async fn view(app: &App, server: &str, name: &str, preset: Preset) -> Result<View, Problem> {
    let (server, tool, entry) = act::tool(app, server, name).await?;
    let about = About {
        tool: &entry,
        ecosystem: &server.ecosystem,
        package: &server.package,
    };
    let category = entry.category;
    Ok(View {
        need: about.need(),
        questions: about.questions(),
        attacks: Attack::of(category, &entry.signals),
        related: act::related(app, &tool.listed).await?,
        document: preset.document([(entry.name.as_str(), category)].into_iter()),
        rule: preset.rule(category).words(),
        preset,
        server,
        tool,
    })
}
