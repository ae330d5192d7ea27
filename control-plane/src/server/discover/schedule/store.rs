//! The SQL of what is due.

use crate::db::{DbError, SystemTx};
use ids::{OrgId, ServerId};
use std::time::Duration;
use time::OffsetDateTime;

/// A server that this process reads now.
#[derive(Debug)]
pub struct Claimed {
    pub org: OrgId,
    pub server: ServerId,
    /// As the reading before left it.
    pub status: String,
    /// In a row, before this one.
    pub failures: i32,
}

/// Tools that another edition of the words classified, or none.
#[derive(Debug)]
pub struct Stale {
    pub org: OrgId,
    pub server: ServerId,
    pub is_trusted: bool,
}

const MOST_STALE: i64 = 20;

/// Takes up to `most` servers that are due, the longest due first, until `lease` is up. A server that nobody had read yet is
/// left to people: its first reading counts as reviewed.
pub async fn claim(
    tx: &mut SystemTx,
    now: OffsetDateTime,
    every: Duration,
    lease: OffsetDateTime,
    most: i64,
) -> Result<Vec<Claimed>, DbError> {
    let rows = sqlx::query!(
        "update servers set next_discovery_at = $2
        where id in (
            select servers.id from servers
            join orgs on orgs.id = servers.org_id and orgs.is_open
            where servers.is_open and last_discovered_at is not null
                and coalesce(next_discovery_at, last_discovered_at + make_interval(secs => $3)) <= $1
            order by coalesce(next_discovery_at, last_discovered_at)
            limit $4
            for update of servers skip locked
        )
        returning org_id, id, status, failed_discoveries",
        now,
        lease,
        every.as_secs_f64(),
        most,
    )
    .fetch_all(tx.sql())
    .await?;
    let claimed = rows.into_iter().map(|row| Claimed {
        org: OrgId::from_uuid(row.org_id),
        server: ServerId::from_uuid(row.id),
        status: row.status,
        failures: row.failed_discoveries,
    });
    Ok(claimed.collect())
}

pub async fn settle(
    tx: &mut SystemTx,
    claimed: &Claimed,
    next: OffsetDateTime,
    failures: i32,
    read_at: Option<OffsetDateTime>,
) -> Result<(), DbError> {
    sqlx::query!(
        "update servers set next_discovery_at = $3, failed_discoveries = $4,
            last_discovered_at = greatest(last_discovered_at, $5)
        where org_id = $1 and id = $2",
        claimed.org.uuid(),
        claimed.server.uuid(),
        next,
        failures,
        read_at,
    )
    .execute(tx.sql())
    .await?;
    Ok(())
}

pub async fn stale(tx: &mut SystemTx) -> Result<Vec<Stale>, DbError> {
    let rows = sqlx::query!(
        "select distinct servers.org_id, servers.id, servers.is_trusted from tools
        join servers on servers.org_id = tools.org_id and servers.id = tools.server_id
        where edition is distinct from $1 limit $2",
        catalog::edition(),
        MOST_STALE,
    )
    .fetch_all(tx.sql())
    .await?;
    let stale = rows.into_iter().map(|row| Stale {
        org: OrgId::from_uuid(row.org_id),
        server: ServerId::from_uuid(row.id),
        is_trusted: row.is_trusted,
    });
    Ok(stale.collect())
}
