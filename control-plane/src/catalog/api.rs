//! The JSON door of the catalogue. Public: it takes no credentials, and no address may ask without end.

use super::sought::Sought;
use super::{
    CatalogServer, CatalogServerShown, CatalogTool, Classified, Preset, Recommendation, act,
    recommend,
};
use crate::app::App;
use crate::caller::Caller;
use crate::http::list::{ListQuery, Listed};
use crate::http::pace::Paced;
use crate::http::read::{Body, Path, Query};
use crate::problem::{Kind, Problem, ProblemBody};
use ::catalog::Tool;
use axum::Json;
use axum::extract::State;
use axum::http::header::CACHE_CONTROL;
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub struct SearchQuery {
    /// Words of a server or of its tools; mistyped ones are forgiven.
    pub q: Option<String>,
    #[param(schema_with = crate::http::described::category)]
    pub category: Option<String>,
    /// `low`, `medium`, `high` or `critical`.
    pub severity: Option<String>,
    /// `npm`, `pypi`, …
    pub ecosystem: Option<String>,
    /// How many, 1 to 200; 50 by default.
    pub limit: Option<u16>,
    /// `next_cursor` of the page before.
    pub cursor: Option<String>,
}

#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub struct PresetQuery {
    /// `strict`, `recommended` (the default) or `permissive`.
    pub preset: Option<String>,
    /// For this tool alone.
    pub tool: Option<String>,
}

impl PresetQuery {
    fn preset(&self) -> Result<Preset, Problem> {
        recommend::preset(self.preset.as_deref().unwrap_or_default())
    }
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Question {
    /// As `tools/list` answers them: `name`, `description`, `inputSchema`, `annotations`. At most 1,000.
    #[schema(value_type = Vec<Object>)]
    pub tools: Vec<Tool>,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct Judgement {
    pub tools: Vec<Classified>,
}

/// Servers by words and filters: by name, or, where words are looked for, those whose own name has them first.
#[utoipa::path(get, path = "/v1/catalog/servers", tag = "catalog", security(()), params(SearchQuery),
    responses((status = 200, body = Listed<CatalogServer>), (status = "default", body = ProblemBody)))]
pub async fn list(
    State(app): State<App>,
    _paced: Paced,
    Query(query): Query<SearchQuery>,
) -> Result<Response, Problem> {
    let sought = Sought::read(
        query.q.as_deref(),
        query.category.as_deref(),
        query.severity.as_deref(),
        query.ecosystem.as_deref(),
    )?;
    let list = ListQuery {
        limit: query.limit,
        cursor: query.cursor.clone(),
    };
    let limit = list.limit()?;
    let found = act::search(&app, &sought, query.cursor.as_deref(), limit).await?;
    Ok(public(Json(found.servers)))
}

/// One server: its tools in its own order, and how it changed.
#[utoipa::path(get, path = "/v1/catalog/servers/{server}", tag = "catalog", security(()), params(("server" = String, Path)),
    responses((status = 200, body = CatalogServerShown), (status = "default", body = ProblemBody)))]
pub async fn show(
    State(app): State<App>,
    _paced: Paced,
    Path(server): Path<String>,
) -> Result<Response, Problem> {
    Ok(public(Json(act::show(&app, &server).await?)))
}

/// One tool: what it can do, what it takes, and what that rests on.
#[utoipa::path(get, path = "/v1/catalog/servers/{server}/tools/{tool}", tag = "catalog", security(()),
    params(("server" = String, Path), ("tool" = String, Path)),
    responses((status = 200, body = CatalogTool), (status = "default", body = ProblemBody)))]
pub async fn tool(
    State(app): State<App>,
    _paced: Paced,
    Path((server, tool)): Path<(String, String)>,
) -> Result<Response, Problem> {
    let (_, tool, _) = act::tool(&app, &server, &tool).await?;
    Ok(public(Json(tool)))
}

/// The policy that is recommended for a server of the catalogue, or for one tool of it.
#[utoipa::path(get, path = "/v1/catalog/servers/{server}/policy", tag = "catalog", security(()),
    params(PresetQuery, ("server" = String, Path)),
    responses((status = 200, body = Recommendation), (status = "default", body = ProblemBody)))]
pub async fn policy(
    State(app): State<App>,
    _paced: Paced,
    Path(server): Path<String>,
    Query(query): Query<PresetQuery>,
) -> Result<Response, Problem> {
    let preset = query.preset()?;
    let found = act::recommend(&app, &server, query.tool.as_deref(), preset).await?;
    Ok(public(Json(found)))
}

/// What tools can do, judged by their definitions alone. Nothing of what is sent is kept.
#[utoipa::path(post, path = "/v1/catalog/classify", tag = "catalog", security(()), request_body = Question,
    responses((status = 200, body = Judgement), (status = "default", body = ProblemBody)))]
pub async fn classify(
    _paced: Paced,
    Body(question): Body<Question>,
) -> Result<Json<Judgement>, Problem> {
    let tools = question.tools;
    if tools.len() > act::MOST_CLASSIFIED {
        let most = act::MOST_CLASSIFIED;
        let said = format!("at most {most} tools at once, got {}", tools.len());
        return Err(Problem::invalid("/tools", said));
    }
    let judged = tokio::task::spawn_blocking(move || act::classify(&tools)).await;
    let tools = judged.map_err(|error| Problem::internal(&error))?;
    Ok(Json(Judgement { tools }))
}

/// The policy that is recommended for a server of the organisation: by the categories of its recorded tools.
#[utoipa::path(get, path = "/v1/orgs/{org}/servers/{server}/recommended", tag = "servers",
    params(PresetQuery, ("org" = String, Path), ("server" = String, Path)),
    responses((status = 200, body = Recommendation), (status = "default", body = ProblemBody)))]
pub async fn recommended(
    State(app): State<App>,
    caller: Caller,
    Path((_org, server)): Path<(String, String)>,
    Query(query): Query<PresetQuery>,
) -> Result<Json<Recommendation>, Problem> {
    let preset = query.preset()?;
    let tools = recommend::own(&app, &caller, &server, query.tool.as_deref()).await?;
    let tools = tools
        .iter()
        .map(|(name, category)| (name.as_str(), *category));
    Ok(Json(Recommendation::of(preset, tools)))
}

/// For anybody, and so for whatever stands between.
fn public(answer: impl IntoResponse) -> Response {
    ([(CACHE_CONTROL, "public, max-age=300")], answer).into_response()
}

/// The preset of a query, as an error where there is none of that name.
pub(super) fn unknown_preset(name: &str) -> Problem {
    Problem::new(
        Kind::BadRequest,
        format!("`preset` is one of `strict`, `recommended`, `permissive`, got `{name}`"),
    )
}
