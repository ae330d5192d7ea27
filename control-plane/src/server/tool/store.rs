//! The SQL of tools.

use super::class;
use super::find::Sought;
use super::{Position, Review, Severity, Shown, Tool};
use crate::db::{DbError, OrgTx};
use crate::http::list::Page;
use ids::{OrgId, ServerId};
use policy::Category;
use sqlx::PgConnection;
use time::OffsetDateTime;

struct ToolRow {
    name: String,
    position: i32,
    definition: String,
    digest: Vec<u8>,
    reviewed_digest: Option<Vec<u8>>,
    category: Option<String>,
    category_note: Option<String>,
    listed_category: Option<String>,
    read_category: Option<String>,
    confidence: Option<i16>,
    evidence: String,
    signals: String,
    drift: String,
    first_seen_at: OffsetDateTime,
}

impl ToolRow {
    fn tool(self) -> Result<Tool, DbError> {
        let shown = Shown::of(&self.definition);
        let (category, source) = class::decide(
            stored_category(self.category.as_deref())?,
            stored_category(self.listed_category.as_deref())?,
            stored_category(self.read_category.as_deref())?,
        );
        let is_changed = self.reviewed_digest.as_ref() != Some(&self.digest);
        Ok(Tool {
            name: self.name,
            title: shown.title,
            description: shown.description,
            input_schema: shown.input_schema,
            annotations: shown.annotations,
            category,
            source,
            severity: Severity::of(category),
            confidence: self
                .confidence
                .and_then(|percent| u8::try_from(percent).ok()),
            evidence: serde_json::from_str(&self.evidence)
                .map_err(|error| DbError::Stored(format!("evidence: {error}")))?,
            signals: self.signals.split_whitespace().map(str::to_owned).collect(),
            note: self.category_note,
            is_changed,
            change: serde_json::from_str(&self.drift)
                .map_err(|error| DbError::Stored(format!("drift: {error}")))?,
            digest: seal::to_hex(&self.digest),
            first_seen_at: self.first_seen_at,
            position: Position(self.position),
        })
    }
}

pub(crate) fn stored_category(stored: Option<&str>) -> Result<Option<Category>, DbError> {
    stored
        .map(|word| {
            Category::from_word(word).ok_or_else(|| DbError::Stored(format!("category `{word}`")))
        })
        .transpose()
}

/// All tools of a server, in its order.
pub async fn list(
    sql: &mut PgConnection,
    org: OrgId,
    server: ServerId,
) -> Result<Vec<Tool>, DbError> {
    let rows = sqlx::query_as!(
        ToolRow,
        "select name, position, definition, digest, reviewed_digest, category, category_note, listed_category,
            read_category, confidence, evidence, signals, drift, first_seen_at
        from tools where org_id = $1 and server_id = $2 order by position",
        org.uuid(),
        server.uuid(),
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
        "select name, position, definition, digest, reviewed_digest, category, category_note, listed_category,
            read_category, confidence, evidence, signals, drift, first_seen_at
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
    let others = sqlx::query!(
        "select listed_category, read_category from tools where org_id = $1 and server_id = $2 and name = $3",
        org,
        server.uuid(),
        tool.name,
    )
    .fetch_one(tx.sql())
    .await?;
    let before = Some(tool.category).filter(|_| tool.source == Some(class::Source::Organisation));
    let (standing, _) = class::decide(
        review.category.unwrap_or(before),
        stored_category(others.listed_category.as_deref())?,
        stored_category(others.read_category.as_deref())?,
    );
    sqlx::query!(
        "update tools set
            category = case when $4 then $5 else category end,
            category_note = case when $6 then $7 else category_note end,
            standing_category = $9,
            reviewed_digest = coalesce($8, reviewed_digest),
            accepted = case when $8 is null then accepted end,
            drift = case when $8 is null then drift else '[]' end
        where org_id = $1 and server_id = $2 and name = $3",
        org,
        server.uuid(),
        tool.name,
        review.category.is_some(),
        review.category.flatten().map(Category::word),
        review.note.is_some(),
        review.note.as_ref().and_then(Option::as_deref),
        digest,
        standing.word(),
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

/// A page of those that are sought, in the server's order.
pub async fn find(
    sql: &mut PgConnection,
    org: OrgId,
    server: ServerId,
    sought: &Sought,
    page: &Page<Position>,
) -> Result<Vec<Tool>, DbError> {
    let categories = sought.categories();
    let rows = sqlx::query_as!(
        ToolRow,
        "select name, position, definition, digest, reviewed_digest, category, category_note, listed_category,
            read_category, confidence, evidence, signals, drift, first_seen_at
        from tools where org_id = $1 and server_id = $2 and ($3::integer is null or position > $3)
            and ($5::text is null or strpos(lower(name), $5) > 0 or strpos(lower(definition), $5) > 0)
            and ($6::text[] is null or coalesce(standing_category, category, 'unknown') = any($6))
            and ($7::boolean is null or (reviewed_digest is distinct from digest) = $7)
            and ($8::text is null or $8 = any(string_to_array(signals, ' ')))
        order by position limit $4",
        org.uuid(),
        server.uuid(),
        page.before.map(|position| position.0),
        page.fetch(),
        sought.words,
        categories.as_deref(),
        sought.changed,
        sought.signal.map(catalog::Signal::name),
    )
    .fetch_all(sql)
    .await?;
    rows.into_iter().map(ToolRow::tool).collect()
}

/// How many tools there are of each kind, and which of them wait for a review.
pub async fn tally(
    sql: &mut PgConnection,
    org: OrgId,
    server: ServerId,
) -> Result<super::find::Tally, DbError> {
    let rows = sqlx::query!(
        r#"select coalesce(standing_category, category, 'unknown') as "category!", count(*) as "count!"
        from tools where org_id = $1 and server_id = $2 group by 1"#,
        org.uuid(),
        server.uuid(),
    )
    .fetch_all(&mut *sql)
    .await?;
    let waiting = waiting(sql, org, server).await?;
    let mut tally = super::find::Tally {
        by_category: Vec::new(),
        changed: waiting.len(),
        waiting: super::find::digest(&waiting),
    };
    for category in Category::ALL.iter().copied() {
        let row = rows.iter().find(|row| row.category == category.word());
        let count = row.and_then(|row| usize::try_from(row.count).ok());
        tally.by_category.push((category, count.unwrap_or(0)));
    }
    Ok(tally)
}

/// Names and digests of the tools that wait for a review.
pub async fn waiting(
    sql: &mut PgConnection,
    org: OrgId,
    server: ServerId,
) -> Result<Vec<(String, Vec<u8>)>, DbError> {
    let rows = sqlx::query!(
        "select name, digest from tools
        where org_id = $1 and server_id = $2 and reviewed_digest is distinct from digest order by name",
        org.uuid(),
        server.uuid(),
    )
    .fetch_all(sql)
    .await?;
    Ok(rows.into_iter().map(|row| (row.name, row.digest)).collect())
}

/// Takes every definition as it is recorded now.
pub async fn accept_all(tx: &mut OrgTx, server: ServerId) -> Result<(), DbError> {
    let org = tx.org().uuid();
    sqlx::query!(
        "update tools set reviewed_digest = digest, accepted = null, drift = '[]'
        where org_id = $1 and server_id = $2 and reviewed_digest is distinct from digest",
        org,
        server.uuid(),
    )
    .execute(tx.sql())
    .await?;
    Ok(())
}
