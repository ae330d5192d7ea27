//! What can be asked of the catalogue.

use super::sought::Sought;
use super::store::{self, Place, Totals};
use super::{
    CatalogServer, CatalogServerShown, CatalogTool, CatalogToolListed, Category, Classified,
    Preset, Recommendation, near,
};
use crate::app::App;
use crate::db::{CatalogRead, DbError};
use crate::http::list::Listed;
use crate::problem::{Kind, Problem};
use ::catalog::about::About;
use ::catalog::attack::Attack;
use ::catalog::{Definition, Tool, ToolEntry, Trust};
use std::collections::HashMap;

/// Everything a page of tools may hold.
pub const WHOLE: i64 = 5_000;
/// Tools in one question to the classifier.
pub const MOST_CLASSIFIED: usize = 1_000;

/// What was found, and what was taken for what was typed.
#[derive(Debug)]
pub struct Found {
    pub servers: Listed<CatalogServer>,
    /// Words that were mistyped, and what stands for them.
    pub meant: Vec<(String, String)>,
    /// Of any server; empty where nothing was looked for.
    pub tools: Vec<CatalogToolListed>,
}

/// Servers, and on the first page tools, by words and filters.
pub async fn search(
    app: &App,
    sought: &Sought,
    cursor: Option<&str>,
    limit: u16,
) -> Result<Found, Problem> {
    let mut read = app.db().catalog().await?;
    let mut meant = HashMap::new();
    if !sought.words.is_empty() {
        for (typed, alike) in store::alike(&mut read, &sought.words).await? {
            let nearest = near::nearest(&typed, &alike);
            if !nearest.is_empty() {
                meant.insert(typed, nearest);
            }
        }
    }
    let query = sought.query(&meant);
    let servers = servers(&mut read, sought, &query, cursor, limit).await?;
    let wants_tools = cursor.is_none() && !query.is_empty();
    let tools = if wants_tools {
        store::search_tools(&mut read, &query, &sought.typed, 30).await?
    } else {
        Vec::new()
    };
    let mut meant: Vec<(String, String)> = meant
        .into_iter()
        .map(|(typed, words)| (typed, words.join(" or ")))
        .collect();
    meant.sort();
    Ok(Found {
        servers,
        meant,
        tools,
    })
}

async fn servers(
    read: &mut CatalogRead,
    sought: &Sought,
    query: &str,
    cursor: Option<&str>,
    limit: u16,
) -> Result<Listed<CatalogServer>, Problem> {
    let fetch = i64::from(limit) + 1;
    let is_search = !sought.words.is_empty();
    let (mut items, cursors): (Vec<CatalogServer>, Vec<String>) = if is_search {
        let after = cursor.map(place).transpose()?;
        let found = store::search(read, query, after.as_ref(), fetch).await?;
        found
            .into_iter()
            .map(|(place, server)| (server, spell(&place)))
            .unzip()
    } else {
        let query = Some(query).filter(|query| !query.is_empty());
        let found = store::browse(read, query, cursor, fetch).await?;
        found
            .into_iter()
            .map(|server| (server.clone(), server.slug))
            .unzip()
    };
    let limit = usize::from(limit);
    let next_cursor = (items.len() > limit)
        .then(|| cursors.get(limit.saturating_sub(1)).cloned())
        .flatten();
    items.truncate(limit);
    Ok(Listed { items, next_cursor })
}

fn spell(place: &Place) -> String {
    format!("{}.{}", u8::from(place.is_within), place.slug)
}

fn place(cursor: &str) -> Result<Place, Problem> {
    let wrong = || Problem::new(Kind::BadRequest, "`cursor` is not one that a page gave");
    let (within, slug) = cursor.split_once('.').ok_or_else(wrong)?;
    let is_within = match within {
        "0" => false,
        "1" => true,
        _ => return Err(wrong()),
    };
    Ok(Place {
        is_within,
        slug: slug.to_owned(),
    })
}

pub async fn show(app: &App, slug: &str) -> Result<CatalogServerShown, Problem> {
    let mut read = app.db().catalog().await?;
    let server = one(&mut read, slug).await?;
    let tools = store::tools(&mut read, slug, None, 0, WHOLE).await?;
    Ok(CatalogServerShown {
        server,
        tools: tools.into_iter().map(|(_, tool)| tool).collect(),
        changes: store::changes(&mut read, slug).await?,
    })
}

pub async fn one(read: &mut CatalogRead, slug: &str) -> Result<CatalogServer, Problem> {
    store::one(read, slug).await?.ok_or_else(Problem::not_found)
}

/// One tool, and the server that it is of.
pub async fn tool(
    app: &App,
    slug: &str,
    name: &str,
) -> Result<(CatalogServer, CatalogTool, ToolEntry), Problem> {
    let mut read = app.db().catalog().await?;
    let server = one(&mut read, slug).await?;
    let kept = store::tool(&mut read, slug, name)
        .await?
        .ok_or_else(Problem::not_found)?;
    let entry = ToolEntry {
        name: kept.listed.name.clone(),
        category: kept.listed.category,
        confidence: u8::try_from(kept.listed.confidence).unwrap_or_default(),
        evidence: kept.evidence,
        signals: kept.listed.signals.clone(),
        parameters: kept.parameters,
        annotations: kept.annotations,
        wording: String::new(),
        schema: String::new(),
    };
    let about = About {
        tool: &entry,
        ecosystem: &server.ecosystem,
        package: &server.package,
    };
    let shown = CatalogTool {
        about: about.purpose(),
        attack_patterns: Attack::of(entry.category, &entry.signals)
            .into_iter()
            .map(|one| one.slug)
            .collect(),
        evidence: entry.evidence.clone(),
        parameters: entry.parameters.clone(),
        annotations: entry.annotations,
        listed: kept.listed,
    };
    Ok((server, shown, entry))
}

/// Tools of the same kind: on the same server, and those of others that act on the same thing.
pub async fn related(
    app: &App,
    tool: &CatalogToolListed,
) -> Result<Vec<CatalogToolListed>, DbError> {
    let mut read = app.db().catalog().await?;
    let same = |one: &CatalogToolListed| one.server == tool.server && one.name == tool.name;
    let beside = store::tools(&mut read, &tool.server, Some(tool.category), 0, 7).await?;
    let mut related: Vec<CatalogToolListed> = beside
        .into_iter()
        .map(|(_, one)| one)
        .filter(|one| !same(one))
        .take(6)
        .collect();
    let words = ::catalog::about::words(&tool.name);
    let sought = Sought {
        words: words.into_iter().rev().take(2).collect(),
        ..Sought::default()
    };
    if !sought.words.is_empty() {
        let query = sought.query(&HashMap::new());
        let elsewhere = store::search_tools(&mut read, &query, &tool.name, 20).await?;
        related.extend(
            elsewhere
                .into_iter()
                .filter(|one| one.server != tool.server)
                .take(6),
        );
    }
    Ok(related)
}

pub async fn totals(app: &App) -> Result<Totals, DbError> {
    store::totals(&mut app.db().catalog().await?).await
}

/// The recommended policy of a server, or of one tool of it.
pub async fn recommend(
    app: &App,
    slug: &str,
    tool: Option<&str>,
    preset: Preset,
) -> Result<Recommendation, Problem> {
    let tools = categories(app, slug, tool).await?;
    Ok(Recommendation::of(
        preset,
        tools
            .iter()
            .map(|(name, category)| (name.as_str(), *category)),
    ))
}

/// The tools of a server, or the one that is named, with their categories.
pub async fn categories(
    app: &App,
    slug: &str,
    tool: Option<&str>,
) -> Result<Vec<(String, Category)>, Problem> {
    let mut read = app.db().catalog().await?;
    one(&mut read, slug).await?;
    if let Some(name) = tool {
        let kept = store::tool(&mut read, slug, name).await?;
        let kept = kept.ok_or_else(Problem::not_found)?;
        return Ok(vec![(kept.listed.name, kept.listed.category)]);
    }
    let tools = store::tools(&mut read, slug, None, 0, WHOLE).await?;
    Ok(tools
        .into_iter()
        .map(|(_, tool)| (tool.name, tool.category))
        .collect())
}

/// Judges definitions that nobody has to know. Nothing of them is kept.
pub fn classify(tools: &[Tool]) -> Vec<Classified> {
    tools
        .iter()
        .map(|tool| {
            let judged = ::catalog::classify(&Definition::read(tool), Trust::Untrusted);
            Classified {
                name: tool.name.clone(),
                category: judged.category,
                severity: judged.severity,
                confidence: judged.confidence,
                evidence: judged.evidence,
                signals: judged.signals,
            }
        })
        .collect()
}
