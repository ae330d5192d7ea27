//! The catalogue: what the tools of published servers can do, for everybody to look up.
//!
//! It belongs to no organisation. Requests read it; what writes is `import`, as the owner of the database. What a tool can do
//! is judged in the crate of the same name, `::catalog`.

pub mod act;
pub mod api;
pub mod file;
pub mod import;
mod near;
pub mod page;
pub mod recommend;
pub mod sought;
mod store;

use ::catalog::{Annotations, Evidence, Parameter, Signal};
pub use ::catalog::{Category, Grade, Preset, Severity};
use serde::Serialize;
use serde_json::Value;
use time::OffsetDateTime;
use utoipa::ToSchema;

#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct CatalogServer {
    /// Its name in URLs.
    pub slug: String,
    /// Where its package is published: `npm`, `pypi`, …; `remote` for one that is only offered at a URL.
    pub ecosystem: String,
    pub package: String,
    pub version: String,
    /// As it calls itself.
    pub name: String,
    pub transport: String,
    /// A to F: the share of its tools that are dangerous, weighted.
    #[schema(value_type = String)]
    pub grade: Grade,
    /// What its list of tools takes of a model's context; an estimate.
    pub tokens: i64,
    pub tool_count: i32,
    pub categories: Counts,
    #[serde(with = "time::serde::rfc3339")]
    pub first_seen_at: OffsetDateTime,
    #[serde(with = "time::serde::rfc3339")]
    pub last_seen_at: OffsetDateTime,
}

/// How many tools of each category.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct Counts {
    pub read: i32,
    pub write: i32,
    pub execute: i32,
    pub destructive: i32,
    pub financial: i32,
    pub unknown: i32,
}

impl Counts {
    pub fn of(counts: &[i32]) -> Self {
        let at = |category: Category| {
            let at = Category::ALL.iter().position(|one| *one == category);
            at.and_then(|at| counts.get(at)).copied().unwrap_or(0)
        };
        Self {
            read: at(Category::Read),
            write: at(Category::Write),
            execute: at(Category::Execute),
            destructive: at(Category::Destructive),
            financial: at(Category::Financial),
            unknown: at(Category::Unknown),
        }
    }

    /// Those there are, the worst first.
    pub fn present(&self) -> Vec<(Category, i32)> {
        [
            (Category::Financial, self.financial),
            (Category::Destructive, self.destructive),
            (Category::Execute, self.execute),
            (Category::Unknown, self.unknown),
            (Category::Write, self.write),
            (Category::Read, self.read),
        ]
        .into_iter()
        .filter(|(_, count)| *count > 0)
        .collect()
    }
}

/// One server with everything that is known of it.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct CatalogServerShown {
    #[serde(flatten)]
    pub server: CatalogServer,
    pub tools: Vec<CatalogToolListed>,
    /// The newest hundred.
    pub changes: Vec<CatalogChange>,
}

#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct CatalogToolListed {
    /// The slug of its server.
    pub server: String,
    pub name: String,
    #[schema(schema_with = crate::http::described::category)]
    pub category: Category,
    #[schema(value_type = String)]
    pub severity: Severity,
    /// In percent.
    pub confidence: i16,
    #[schema(value_type = Vec<String>)]
    pub signals: Vec<Signal>,
}

#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct CatalogTool {
    #[serde(flatten)]
    pub listed: CatalogToolListed,
    /// Which words of which field the category rests on.
    #[schema(value_type = Vec<Object>)]
    pub evidence: Vec<Evidence>,
    #[schema(value_type = Vec<Object>)]
    pub parameters: Vec<Parameter>,
    /// The server's own claims.
    #[schema(value_type = Object)]
    pub annotations: Annotations,
    /// What it does for an agent, in our own words.
    pub about: Vec<String>,
    /// The slugs of the attack patterns that it invites.
    pub attack_patterns: Vec<&'static str>,
}

#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct CatalogChange {
    /// Null where the server itself came.
    pub tool: Option<String>,
    /// `server`, `added`, `removed`, `wording`, `schema`, `claims` or `category`.
    pub change: String,
    /// The version of the package that it came with.
    pub version: String,
    #[serde(with = "time::serde::rfc3339")]
    pub at: OffsetDateTime,
}

impl CatalogChange {
    /// After the tool's name.
    pub fn words(&self) -> &'static str {
        match self.change.as_str() {
            "server" => "came into the catalogue",
            "added" => "was added",
            "removed" => "was removed",
            "wording" => "has another description",
            "schema" => "takes other arguments",
            "claims" => "claims something else of itself",
            _ => "was judged anew",
        }
    }
}

/// What a tool can do, for who asked about one that no catalogue knows.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Classified {
    pub name: String,
    #[schema(schema_with = crate::http::described::category)]
    pub category: Category,
    #[schema(value_type = String)]
    pub severity: Severity,
    /// In percent; 0 where nothing speaks for any category.
    pub confidence: u8,
    #[schema(value_type = Vec<Object>)]
    pub evidence: Vec<Evidence>,
    #[schema(value_type = Vec<String>)]
    pub signals: Vec<Signal>,
}

/// A policy to begin with.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Recommendation {
    #[schema(value_type = String)]
    pub preset: &'static str,
    /// How many tools it was made for.
    pub tools: usize,
    #[schema(value_type = Object)]
    pub document: Value,
}

impl Recommendation {
    pub fn of<'t>(preset: Preset, tools: impl Iterator<Item = (&'t str, Category)>) -> Self {
        let tools: Vec<(&str, Category)> = tools.collect();
        let text = preset.document(tools.iter().copied());
        Self {
            preset: preset.name(),
            tools: tools.len(),
            document: serde_json::from_str(&text).unwrap_or_default(),
        }
    }
}
