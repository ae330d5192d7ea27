//! What is recommended for a server of one's own.

use super::{Category, Preset, api};
use crate::app::App;
use crate::caller::Caller;
use crate::problem::Problem;
use crate::server;
use crate::server::tool::Tool;
use ::catalog::{Definition, Trust};

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

/// The organisation's word, and where there is none, what the definition says.
fn category(tool: &Tool) -> Category {
    let word = Category::parse(tool.category.word()).unwrap_or(Category::Unknown);
    if word != Category::Unknown {
        return word;
    }
    let parsed = |raw: Option<&serde_json::value::RawValue>| -> serde_json::Value {
        raw.and_then(|raw| serde_json::from_str(raw.get()).ok())
            .unwrap_or_default()
    };
    let definition = serde_json::json!({
        "name": tool.name,
        "description": tool.description,
        "inputSchema": parsed(tool.input_schema.as_deref()),
        "annotations": parsed(tool.annotations.as_deref()),
    });
    serde_json::from_value::<::catalog::Tool>(definition).map_or(word, |definition| {
        ::catalog::classify(&Definition::read(&definition), Trust::Untrusted).category
    })
}
