//! The SQL of events.

use super::{Event, EventFilter, Told};
use crate::caller::Actor;
use crate::db::{DbError, OrgRead};
use crate::http::list::Page;
use crate::now::Now;
use ids::{EventId, OrgId};
use sqlx::PgConnection;

/// Called by [`crate::db`] alone, at commit.
pub(crate) async fn insert(
    sql: &mut PgConnection,
    org: OrgId,
    actor: &Actor,
    now: &Now,
    event: &Event,
) -> Result<(), DbError> {
    let told = serde_json::to_value(event).map_err(|error| DbError::Stored(error.to_string()))?;
    sqlx::query!(
        "insert into events (id, org_id, at, actor, actor_name, action, target, detail)
        values ($1, $2, $3, $4, $5, $6, $7, $8)",
        now.id(EventId::new).uuid(),
        org.uuid(),
        now.time(),
        actor.id,
        actor.name,
        told["action"].as_str().unwrap_or_default(),
        event.target(),
        told["detail"],
    )
    .execute(sql)
    .await?;
    Ok(())
}

pub async fn list(
    tx: &mut OrgRead,
    filter: &EventFilter,
    page: &Page<EventId>,
) -> Result<Vec<Told>, DbError> {
    let org = tx.org().uuid();
    let rows = sqlx::query!(
        "select id, at, actor, actor_name, action, target, detail from events
        where org_id = $1 and ($2::uuid is null or id < $2)
            and ($4::text is null or action = $4 or starts_with(action, $4 || '.'))
            and ($5::text is null or actor = $5) and ($6::text is null or target = $6)
            and ($7::timestamptz is null or at >= $7) and ($8::timestamptz is null or at < $8)
        order by id desc limit $3",
        org,
        page.before.map(EventId::uuid),
        page.fetch(),
        filter.action,
        filter.actor,
        filter.target,
        filter.since,
        filter.until,
    )
    .fetch_all(tx.sql())
    .await?;
    let told = rows.into_iter().map(|row| Told {
        id: EventId::from_uuid(row.id),
        at: row.at,
        actor: row.actor,
        actor_name: row.actor_name,
        action: row.action,
        target: row.target,
        detail: row.detail,
    });
    Ok(told.collect())
}
