//! The SQL of tools.

use super::{Position, Review, Severity, Shown, Tool};
use crate::db::{DbError, OrgTx};
use crate::http::list::Page;
use crate::server::discover::Listing;
use ids::{OrgId, ServerId};
use policy::Category;
use sqlx::PgConnection;
use std::collections::{BTreeMap, BTreeSet};
use time::OffsetDateTime;

struct ToolRow {
    name: String,
    position: i32,
    definition: String,
    digest: Vec<u8>,
    reviewed_digest: Option<Vec<u8>>,
    category: Option<String>,
    category_note: Option<String>,
    first_seen_at: OffsetDateTime,
}

impl ToolRow {
    fn tool(self) -> Result<Tool, DbError> {
        let shown = Shown::of(&self.definition);
        let category = read_category(self.category.as_deref())?.unwrap_or(Category::Unknown);
        Ok(Tool {
            name: self.name,
            title: shown.title,
            description: shown.description,
            input_schema: shown.input_schema,
            annotations: shown.annotations,
            category,
            severity: Severity::of(category),
            evidence: Vec::new(),
            note: self.category_note,
            is_changed: self.reviewed_digest.as_ref() != Some(&self.digest),
            digest: seal::to_hex(&self.digest),
            first_seen_at: self.first_seen_at,
            position: Position(self.position),
        })
    }
}

fn read_category(stored: Option<&str>) -> Result<Option<Category>, DbError> {
    stored
        .map(|word| {
            Category::from_word(word).ok_or_else(|| DbError::Stored(format!("category `{word}`")))
        })
        .transpose()
}

/// A page of a server's tools, or with no page all of them, in the server's order.
pub async fn list(
    sql: &mut PgConnection,
    org: OrgId,
    server: ServerId,
    page: Option<&Page<Position>>,
) -> Result<Vec<Tool>, DbError> {
    let rows = sqlx::query_as!(
        ToolRow,
        "select name, position, definition, digest, reviewed_digest, category, category_note, first_seen_at
        from tools where org_id = $1 and server_id = $2 and ($3::integer is null or position > $3)
        order by position limit $4",
        org.uuid(),
        server.uuid(),
        page.and_then(|page| page.before).map(|position| position.0),
        page.map(Page::fetch),
    )
    .fetch_all(sql)
    .await?;
    rows.into_iter().map(ToolRow::tool).collect()
}

pub async fn one(
    sql: &mut PgConnection,
    org: OrgId,
    server: ServerId,
    name: &str,
) -> Result<Option<Tool>, DbError> {
    let row = sqlx::query_as!(
        ToolRow,
        "select name, position, definition, digest, reviewed_digest, category, category_note, first_seen_at
        from tools where org_id = $1 and server_id = $2 and name = $3 for update",
        org.uuid(),
        server.uuid(),
        name,
    )
    .fetch_optional(sql)
    .await?;
    row.map(ToolRow::tool).transpose()
}

/// Writes down what a person said. `accept` takes the digest of `tool` as reviewed.
pub async fn review(
    tx: &mut OrgTx,
    server: ServerId,
    tool: &Tool,
    review: &Review,
) -> Result<(), DbError> {
    let org = tx.org().uuid();
    let digest = seal::from_hex(&tool.digest).filter(|_| review.accept == Some(true));
    sqlx::query!(
        "update tools set
            category = case when $4 then $5 else category end,
            category_note = case when $6 then $7 else category_note end,
            reviewed_digest = coalesce($8, reviewed_digest)
        where org_id = $1 and server_id = $2 and name = $3",
        org,
        server.uuid(),
        tool.name,
        review.category.is_some(),
        review.category.flatten().map(Category::word),
        review.note.is_some(),
        review.note.as_ref().and_then(Option::as_deref),
        digest,
    )
    .execute(tx.sql())
    .await?;
    sqlx::query!(
        "insert into tool_words (org_id, server_id, name, category, note)
        select org_id, server_id, name, category, category_note from tools
        where org_id = $1 and server_id = $2 and name = $3
        on conflict (server_id, name) do update set category = excluded.category, note = excluded.note",
        org,
        server.uuid(),
        tool.name,
    )
    .execute(tx.sql())
    .await?;
    Ok(())
}

/// What became of the recorded tools.
#[derive(Debug, Default)]
pub struct Difference {
    pub added: Vec<String>,
    pub removed: Vec<String>,
    pub changed: Vec<String>,
}

/// Brings the recorded tools to what the server lists now. Those of a first reading count as reviewed; of a later one
/// what is new or changed awaits its review. What a person said of a tool comes back with the tool.
pub async fn record(
    tx: &mut OrgTx,
    server: ServerId,
    listing: &Listing,
    is_first: bool,
) -> Result<Difference, DbError> {
    let (org, now) = (tx.org().uuid(), tx.now().time());
    let known: BTreeMap<String, Vec<u8>> = sqlx::query!(
        "select name, digest from tools where org_id = $1 and server_id = $2 for update",
        org,
        server.uuid()
    )
    .fetch_all(tx.sql())
    .await?
    .into_iter()
    .map(|row| (row.name, row.digest))
    .collect();
    let listed: BTreeSet<&str> = listing
        .tools
        .iter()
        .map(|tool| tool.name.as_str())
        .collect();
    let mut difference = Difference {
        removed: known
            .keys()
            .filter(|name| !listed.contains(name.as_str()))
            .cloned()
            .collect(),
        ..Difference::default()
    };
    for tool in &listing.tools {
        match known.get(&tool.name) {
            None => difference.added.push(tool.name.clone()),
            Some(digest) if *digest != tool.digest => difference.changed.push(tool.name.clone()),
            Some(_) => {}
        }
    }
    sqlx::query!(
        "delete from tools where org_id = $1 and server_id = $2 and name = any($3)",
        org,
        server.uuid(),
        &difference.removed,
    )
    .execute(tx.sql())
    .await?;
    let names: Vec<String> = listing.tools.iter().map(|tool| tool.name.clone()).collect();
    let definitions: Vec<String> = listing
        .tools
        .iter()
        .map(|tool| tool.definition.clone())
        .collect();
    let digests: Vec<Vec<u8>> = listing
        .tools
        .iter()
        .map(|tool| tool.digest.to_vec())
        .collect();
    let positions: Vec<i32> = (0..).take(listing.tools.len()).collect();
    sqlx::query!(
        "insert into tools (org_id, server_id, name, position, definition, digest, reviewed_digest, category,
            category_note, first_seen_at)
        select $1, $2, listed.name, listed.position, listed.definition, listed.digest,
            case when $7 then listed.digest end, tool_words.category, tool_words.note, $8
        from unnest($3::text[], $4::integer[], $5::text[], $6::bytea[]) as listed (name, position, definition, digest)
        left join tool_words on tool_words.org_id = $1 and tool_words.server_id = $2 and tool_words.name = listed.name
        on conflict (server_id, name) do update set position = excluded.position, digest = excluded.digest,
            definition = case when tools.digest = excluded.digest then tools.definition else excluded.definition end",
        org,
        server.uuid(),
        &names,
        &positions,
        &definitions,
        &digests,
        is_first,
        now,
    )
    .execute(tx.sql())
    .await?;
    Ok(difference)
}
