//! What became of a server's tools, kept: which were added, changed, removed, accepted, and when.

use crate::db::{DbError, OrgRead, OrgTx};
use crate::http::list::Page;
use crate::server::drift::Change;
use ids::{ServerId, ToolChangeId};
use serde::Serialize;
use time::OffsetDateTime;
use utoipa::ToSchema;

/// So many are kept of one server; older ones make room.
const MOST: i64 = 5_000;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    Added,
    Changed,
    Removed,
    Accepted,
}

impl Kind {
    const ALL: [Self; 4] = [Self::Added, Self::Changed, Self::Removed, Self::Accepted];

    pub const fn word(self) -> &'static str {
        match self {
            Self::Added => "added",
            Self::Changed => "changed",
            Self::Removed => "removed",
            Self::Accepted => "accepted",
        }
    }
}

#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct ToolChange {
    #[schema(value_type = String)]
    pub id: ToolChangeId,
    #[serde(with = "time::serde::rfc3339")]
    pub at: OffsetDateTime,
    pub tool: String,
    pub kind: Kind,
    /// Of a changed tool, what was different from the reading before, in words.
    pub changes: Vec<Change>,
}

/// One that has just been made.
#[derive(Debug)]
pub struct Made {
    pub tool: String,
    pub kind: Kind,
    pub changes: Vec<Change>,
}

pub async fn insert(tx: &mut OrgTx, server: ServerId, made: Vec<Made>) -> Result<(), DbError> {
    if made.is_empty() {
        return Ok(());
    }
    let (org, now) = (tx.org().uuid(), tx.now().clone());
    let mut ids = Vec::with_capacity(made.len());
    let (mut tools, mut kinds, mut changes) = (Vec::new(), Vec::new(), Vec::new());
    for one in made {
        ids.push(now.id(ToolChangeId::new).uuid());
        tools.push(one.tool);
        kinds.push(one.kind.word().to_owned());
        let told = serde_json::to_string(&one.changes);
        changes.push(told.map_err(|error| DbError::Stored(error.to_string()))?);
    }
    sqlx::query!(
        "insert into tool_changes (id, org_id, server_id, at, tool, kind, changes)
        select made.id, $1, $2, $3, made.tool, made.kind, made.changes
        from unnest($4::uuid[], $5::text[], $6::text[], $7::text[]) as made (id, tool, kind, changes)",
        org,
        server.uuid(),
        now.time(),
        &ids,
        &tools,
        &kinds,
        &changes,
    )
    .execute(tx.sql())
    .await?;
    sqlx::query!(
        "delete from tool_changes where org_id = $1 and server_id = $2 and id < (
            select id from tool_changes where org_id = $1 and server_id = $2 order by id desc offset $3 limit 1)",
        org,
        server.uuid(),
        MOST - 1,
    )
    .execute(tx.sql())
    .await?;
    Ok(())
}

/// Newest first.
pub async fn list(
    tx: &mut OrgRead,
    server: ServerId,
    page: &Page<ToolChangeId>,
) -> Result<Vec<ToolChange>, DbError> {
    let org = tx.org().uuid();
    let rows = sqlx::query!(
        "select id, at, tool, kind, changes from tool_changes
        where org_id = $1 and server_id = $2 and ($3::uuid is null or id < $3) order by id desc limit $4",
        org,
        server.uuid(),
        page.before.map(ToolChangeId::uuid),
        page.fetch(),
    )
    .fetch_all(tx.sql())
    .await?;
    rows.into_iter()
        .map(|row| {
            let kind = Kind::ALL.into_iter().find(|kind| kind.word() == row.kind);
            Ok(ToolChange {
                id: ToolChangeId::from_uuid(row.id),
                at: row.at,
                tool: row.tool,
                kind: kind.ok_or_else(|| DbError::Stored(format!("kind `{}`", row.kind)))?,
                changes: serde_json::from_str(&row.changes)
                    .map_err(|error| DbError::Stored(format!("changes: {error}")))?,
            })
        })
        .collect()
}
