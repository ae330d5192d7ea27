//! What a category and what a severity is.

use super::{frame, html, markdown, say, twin};
use crate::app::App;
use crate::catalog::act;
use crate::catalog::sought::Sought;
use crate::catalog::{CatalogToolListed, Category, Preset, Severity};
use crate::http::pace::Paced;
use crate::http::read::Path;
use crate::page::Frame;
use crate::problem::Problem;
use ::catalog::attack::Attack;
use askama::Template;
use axum::extract::State;
use axum::response::Response;

#[derive(Debug)]
struct View {
    /// `category` or `severity`, and its word.
    what: &'static str,
    word: &'static str,
    severity: Severity,
    /// One, or those of the severity.
    categories: Vec<Category>,
    attacks: Vec<&'static Attack>,
    tools: Vec<CatalogToolListed>,
}

#[derive(Debug, Template)]
#[template(path = "catalog/kind.html")]
struct Page<'a> {
    frame: Frame,
    it: &'a View,
}

#[derive(Debug, Template)]
#[template(path = "catalog/kind.md")]
struct Twin<'a> {
    it: &'a View,
}

pub async fn category(
    State(app): State<App>,
    _paced: Paced,
    Path(named): Path<String>,
) -> Result<Response, Problem> {
    let (word, is_twin) = twin(&named);
    let category = Category::parse(word).ok_or_else(Problem::not_found)?;
    let sought = Sought {
        category: Some(category),
        ..Sought::default()
    };
    let it = View {
        what: "category",
        word: category.name(),
        severity: category.severity(),
        categories: vec![category],
        attacks: Attack::of(category, &[]),
        tools: act::search(&app, &sought, None, 1).await?.tools,
    };
    Ok(answer(&app, &it, is_twin))
}

pub async fn severity(
    State(app): State<App>,
    _paced: Paced,
    Path(named): Path<String>,
) -> Result<Response, Problem> {
    let (word, is_twin) = twin(&named);
    let severity = Severity::parse(word).ok_or_else(Problem::not_found)?;
    let sought = Sought {
        severity: Some(severity),
        ..Sought::default()
    };
    let all = Category::ALL.into_iter();
    let categories: Vec<Category> = all.filter(|one| one.severity() == severity).collect();
    let uses = |one: &&Attack| categories.iter().any(|category| one.uses(*category, &[]));
    let it = View {
        what: "severity",
        word: severity.name(),
        severity,
        attacks: ::catalog::attack::ALL.iter().filter(uses).collect(),
        tools: act::search(&app, &sought, None, 1).await?.tools,
        categories,
    };
    Ok(answer(&app, &it, is_twin))
}

fn answer(app: &App, it: &View, is_twin: bool) -> Response {
    if is_twin {
        return markdown(&Twin { it });
    }
    let title = format!("The {} {}", it.what, it.word);
    html(&Page {
        frame: frame(app, title),
        it,
    })
}
