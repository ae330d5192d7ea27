//! The SQL of looking something up. Nothing here writes.

use super::{CatalogChange, CatalogServer, CatalogToolListed, Category, Counts, Grade};
use crate::db::{CatalogRead, DbError};
use ::catalog::{Annotations, Evidence, Parameter, Signal};
use sqlx::types::Json;
use time::OffsetDateTime;

struct ServerRow {
    slug: String,
    ecosystem: String,
    package: String,
    version: String,
    name: String,
    transport: String,
    grade: String,
    tokens: i64,
    tool_count: i32,
    counts: Vec<i32>,
    first_seen_at: OffsetDateTime,
    last_seen_at: OffsetDateTime,
    /// Found by the words of its tools, and not by those of its own name.
    is_within: bool,
}

impl ServerRow {
    fn server(self) -> Result<CatalogServer, DbError> {
        Ok(CatalogServer {
            grade: Grade::parse(&self.grade)
                .ok_or_else(|| DbError::Stored(format!("grade `{}`", self.grade)))?,
            slug: self.slug,
            ecosystem: self.ecosystem,
            package: self.package,
            version: self.version,
            name: self.name,
            transport: self.transport,
            tokens: self.tokens,
            tool_count: self.tool_count,
            categories: Counts::of(&self.counts),
            first_seen_at: self.first_seen_at,
            last_seen_at: self.last_seen_at,
        })
    }
}

fn category(word: &str) -> Result<Category, DbError> {
    Category::parse(word).ok_or_else(|| DbError::Stored(format!("category `{word}`")))
}

fn listed(
    server: String,
    name: String,
    word: &str,
    confidence: i16,
    signals: &[String],
) -> Result<CatalogToolListed, DbError> {
    let category = category(word)?;
    Ok(CatalogToolListed {
        server,
        name,
        category,
        severity: category.severity(),
        confidence,
        signals: signals
            .iter()
            .filter_map(|word| Signal::parse(word))
            .collect(),
    })
}

/// Servers by their slugs, those after `after`; with a query only those that it matches.
pub async fn browse(
    read: &mut CatalogRead,
    query: Option<&str>,
    after: Option<&str>,
    fetch: i64,
) -> Result<Vec<CatalogServer>, DbError> {
    let rows = sqlx::query_as!(
        ServerRow,
        r#"select slug, ecosystem, package, version, name, transport, grade, tokens, tool_count, counts,
            first_seen_at, last_seen_at, false as "is_within!"
        from catalog_servers
        where ($1::text is null or words @@ $1::text::tsquery) and slug > $2
        order by slug
        limit $3"#,
        query,
        after.unwrap_or_default(),
        fetch,
    )
    .fetch_all(read.sql())
    .await?;
    rows.into_iter().map(ServerRow::server).collect()
}

/// A place in what a search found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    pub is_within: bool,
    pub slug: String,
}

/// Servers whose name matches, then those that have it among their tools: a thousand together, so that a word which every
/// server has costs no more than a rare one.
pub async fn search(
    read: &mut CatalogRead,
    query: &str,
    after: Option<&Place>,
    fetch: i64,
) -> Result<Vec<(Place, CatalogServer)>, DbError> {
    let rows = sqlx::query_as!(
        ServerRow,
        r#"with named as materialized (
            select slug from catalog_servers where names @@ $1::text::tsquery limit 1000
        ), within as materialized (
            select slug from catalog_servers
            where words @@ $1::text::tsquery and not names @@ $1::text::tsquery
            limit 1000 - (select count(*) from named)
        ), hits as (
            select slug, false as is_within from named
            union all
            select slug, true from within
        ), page as (
            select slug, is_within from hits
            where $2::boolean is null or (is_within, slug) > ($2, $3)
            order by is_within, slug
            limit $4
        )
        select s.slug, ecosystem, package, version, name, transport, grade, tokens, tool_count, counts,
            first_seen_at, last_seen_at, page.is_within as "is_within!"
        from page join catalog_servers s on s.slug = page.slug
        order by page.is_within, page.slug"#,
        query,
        after.map(|place| place.is_within),
        after.map(|place| place.slug.as_str()),
        fetch,
    )
    .fetch_all(read.sql())
    .await?;
    rows.into_iter()
        .map(|row| {
            let place = Place {
                is_within: row.is_within,
                slug: row.slug.clone(),
            };
            Ok((place, row.server()?))
        })
        .collect()
}

/// Tools of any server: those that are called exactly so, then those whose words match, of the first thousand.
pub async fn search_tools(
    read: &mut CatalogRead,
    query: &str,
    exactly: &str,
    fetch: i64,
) -> Result<Vec<CatalogToolListed>, DbError> {
    let rows = sqlx::query!(
        r#"with hits as materialized (
            (select server, name from catalog_tools
            where name = $2 and words @@ $1::text::tsquery limit 200)
            union
            (select server, name from catalog_tools where words @@ $1::text::tsquery limit 1000)
        ), page as (
            select server, name from hits order by name <> $2, length(name), name, server limit $3
        )
        select t.server, t.name, category, confidence, signals
        from page join catalog_tools t on t.server = page.server and t.name = page.name
        order by t.name <> $2, length(t.name), t.name, t.server"#,
        query,
        exactly,
        fetch,
    )
    .fetch_all(read.sql())
    .await?;
    rows.into_iter()
        .map(|row| {
            listed(
                row.server,
                row.name,
                &row.category,
                row.confidence,
                &row.signals,
            )
        })
        .collect()
}

/// Which of these begin no known word, with the words that look like them.
pub async fn alike(
    read: &mut CatalogRead,
    typed: &[String],
) -> Result<Vec<(String, Vec<String>)>, DbError> {
    let rows = sqlx::query!(
        r#"select typed as "typed!",
            array(
                select word from catalog_words
                where word % typed
                order by similarity(word, typed) desc, word
                limit 24
            ) as "alike!"
        from unnest($1::text[]) typed
        where not exists (
            select from catalog_words
            where word >= typed collate "C" and word like replace(replace(typed, '\', '\\'), '_', '\_') || '%'
        )"#,
        typed,
    )
    .fetch_all(read.sql())
    .await?;
    Ok(rows.into_iter().map(|row| (row.typed, row.alike)).collect())
}

pub async fn one(read: &mut CatalogRead, slug: &str) -> Result<Option<CatalogServer>, DbError> {
    let row = sqlx::query_as!(
        ServerRow,
        r#"select slug, ecosystem, package, version, name, transport, grade, tokens, tool_count, counts,
            first_seen_at, last_seen_at, false as "is_within!"
        from catalog_servers where slug = $1"#,
        slug,
    )
    .fetch_optional(read.sql())
    .await?;
    row.map(ServerRow::server).transpose()
}

/// The tools of a server in its own order, from `from` on, with the place of each.
pub async fn tools(
    read: &mut CatalogRead,
    server: &str,
    of: Option<Category>,
    from: i32,
    fetch: i64,
) -> Result<Vec<(i32, CatalogToolListed)>, DbError> {
    let rows = sqlx::query!(
        "select server, name, category, confidence, signals, position from catalog_tools
        where server = $1 and position >= $2 and ($3::text is null or category = $3)
        order by position
        limit $4",
        server,
        from,
        of.map(Category::name),
        fetch,
    )
    .fetch_all(read.sql())
    .await?;
    rows.into_iter()
        .map(|row| {
            let tool = listed(
                row.server,
                row.name,
                &row.category,
                row.confidence,
                &row.signals,
            )?;
            Ok((row.position, tool))
        })
        .collect()
}

/// One tool, as it is kept.
#[derive(Debug)]
pub struct Kept {
    pub listed: CatalogToolListed,
    pub evidence: Vec<Evidence>,
    pub parameters: Vec<Parameter>,
    pub annotations: Annotations,
}

pub async fn tool(
    read: &mut CatalogRead,
    server: &str,
    name: &str,
) -> Result<Option<Kept>, DbError> {
    let row = sqlx::query!(
        r#"select server, name, category, confidence, signals,
            evidence as "evidence: Json<Vec<Evidence>>",
            parameters as "parameters: Json<Vec<Parameter>>",
            annotations as "annotations: Json<Annotations>"
        from catalog_tools where server = $1 and name = $2"#,
        server,
        name,
    )
    .fetch_optional(read.sql())
    .await?;
    row.map(|row| {
        Ok(Kept {
            listed: listed(
                row.server,
                row.name,
                &row.category,
                row.confidence,
                &row.signals,
            )?,
            evidence: row.evidence.0,
            parameters: row.parameters.0,
            annotations: row.annotations.0,
        })
    })
    .transpose()
}

/// The newest hundred.
pub async fn changes(read: &mut CatalogRead, server: &str) -> Result<Vec<CatalogChange>, DbError> {
    Ok(sqlx::query_as!(
        CatalogChange,
        "select tool, change, version, at from catalog_changes
        where server = $1
        order by id desc
        limit 100",
        server,
    )
    .fetch_all(read.sql())
    .await?)
}

#[derive(Debug, Clone, Copy, Default)]
pub struct Totals {
    pub servers: i64,
    pub tools: i64,
}

pub async fn totals(read: &mut CatalogRead) -> Result<Totals, DbError> {
    let totals = sqlx::query_as!(Totals, "select servers, tools from catalog_state")
        .fetch_optional(read.sql())
        .await?;
    Ok(totals.unwrap_or_default())
}

/// A stretch of all servers, for who reads them one after the other.
pub async fn places(read: &mut CatalogRead, skip: i64, fetch: i64) -> Result<Vec<String>, DbError> {
    Ok(sqlx::query_scalar!(
        "select slug from catalog_servers order by slug offset $1 limit $2",
        skip,
        fetch,
    )
    .fetch_all(read.sql())
    .await?)
}

/// A stretch of all tools.
pub async fn tool_places(
    read: &mut CatalogRead,
    skip: i64,
    fetch: i64,
) -> Result<Vec<(String, String)>, DbError> {
    let rows = sqlx::query!(
        "select server, name from catalog_tools order by server, name offset $1 limit $2",
        skip,
        fetch,
    )
    .fetch_all(read.sql())
    .await?;
    Ok(rows.into_iter().map(|row| (row.server, row.name)).collect())
}
