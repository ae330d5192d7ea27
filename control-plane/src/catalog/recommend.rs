//! What is recommended for a server of one's own.

use super::{Category, Preset, api};
use crate::app::App;
use crate::caller::Caller;
use crate::problem::Problem;
use crate::server;
use crate::server::tool::Tool;

/// The recommended one where none is named.
pub fn preset(name: &str) -> Result<Preset, Problem> {
    match name {
        "" => Ok(Preset::Recommended),
        name => Preset::parse(name).ok_or_else(|| api::unknown_preset(name)),
    }
}

/// The recorded tools of a server, or the one that is named, with their categories.
pub async fn own(
    app: &App,
    caller: &Caller,
    named: &str,
    tool: Option<&str>,
) -> Result<Vec<(String, Category)>, Problem> {
    let server = server::act::show(app, caller, named).await?;
    let tools: Vec<(String, Category)> = server
        .tools
        .unwrap_or_default()
        .iter()
        .filter(|one| tool.is_none_or(|name| one.name == name))
        .map(|one| (one.name.clone(), category(one)))
        .collect();
    match tool {
        Some(_) if tools.is_empty() => Err(Problem::not_found()),
        _ => Ok(tools),
    }
}

fn category(tool: &Tool) -> Category {
    Category::parse(tool.category.word()).unwrap_or(Category::Unknown)
}
