//! The SQL of replicas and what they have applied.

use super::Gateway;
use crate::db::{DbError, OrgRead, SystemTx};
use crate::http::list::Page;
use bundle::feed::{Heard, LimiterKind, Report};
use time::OffsetDateTime;
use uuid::Uuid;

/// A replica that was heard of within this time counts as there.
const HEARD_OF: time::Duration = time::Duration::seconds(30);

pub async fn heard_from(
    tx: &mut SystemTx,
    name: &str,
    report: &Report,
    now: OffsetDateTime,
) -> Result<(), DbError> {
    let limiter = match report.limiter {
        LimiterKind::Shared => "shared",
        LimiterKind::Memory => "memory",
    };
    sqlx::query!(
        "insert into replicas (name, address, software, limiter, is_stale, seen_at) values ($1, $2, $3, $4, $5, $6)
        on conflict (name) do update set address = excluded.address, software = excluded.software,
            limiter = excluded.limiter, is_stale = excluded.is_stale, seen_at = excluded.seen_at",
        name,
        report.address,
        report.software,
        limiter,
        report.is_stale,
        now,
    )
    .execute(tx.sql())
    .await?;
    let orgs: Vec<Uuid> = report.acks.iter().map(|ack| ack.org.uuid()).collect();
    let versions: Vec<i64> = report
        .acks
        .iter()
        .map(|ack| i64::try_from(ack.version).unwrap_or(i64::MAX))
        .collect();
    let errors: Vec<Option<String>> = report.acks.iter().map(|ack| ack.error.clone()).collect();
    // Of organisations that are gone by now there is nothing to note. A refused version leaves the applied one standing.
    sqlx::query!(
        "insert into replica_acks (org_id, replica, version, error, at)
        select acks.org, $1, case when acks.error is null then acks.version else 0 end, acks.error, $5
        from unnest($2::uuid[], $3::bigint[], $4::text[]) as acks (org, version, error)
        join orgs on orgs.id = acks.org
        on conflict (org_id, replica) do update set
            version = case when excluded.error is null then excluded.version else replica_acks.version end,
            error = excluded.error, at = excluded.at",
        name,
        &orgs,
        &versions,
        &errors as &[Option<String>],
        now,
    )
    .execute(tx.sql())
    .await?;
    Ok(())
}

/// How many replicas there are, and how many of them come before this one.
pub async fn fleet(
    tx: &mut SystemTx,
    replica: &str,
    now: OffsetDateTime,
) -> Result<Heard, DbError> {
    let row = sqlx::query!(
        r#"select count(*) as "count!", count(*) filter (where name < $2) as "rank!" from replicas where seen_at > $1"#,
        now - HEARD_OF,
        replica,
    )
    .fetch_one(tx.sql())
    .await?;
    let number = |count: i64| u32::try_from(count).unwrap_or(u32::MAX);
    Ok(Heard {
        replicas: number(row.count),
        rank: number(row.rank),
    })
}

pub async fn list(
    tx: &mut OrgRead,
    page: &Page<String>,
    now: OffsetDateTime,
) -> Result<Vec<Gateway>, DbError> {
    let org = tx.org().uuid();
    let rows = sqlx::query!(
        r#"select name, address, software, limiter, is_stale, seen_at,
            replica_acks.version as "applied?", replica_acks.error as "error?", replica_acks.at as "applied_at?",
            (select version from org_versions where org_id = $1) as "newest!",
            (select coalesce(sum(upper(part) - lower(part)), 0)::bigint from replica_spools, unnest(missing) as part
                where replica_spools.replica = name and is_told) as "missing!"
        from replicas left join replica_acks on replica = name and org_id = $1
        where seen_at > $2 and ($3::text is null or name > $3)
        order by name limit $4"#,
        org,
        now - time::Duration::days(1),
        page.before,
        page.fetch(),
    )
    .fetch_all(tx.sql())
    .await?;
    let number = |version: i64| u64::try_from(version).unwrap_or(0);
    let gateways = rows.into_iter().map(|row| Gateway {
        name: row.name,
        address: row.address,
        software: row.software,
        limiter: row.limiter,
        is_live: row.seen_at > now - HEARD_OF,
        is_stale: row.is_stale,
        seen_at: row.seen_at,
        applied_version: row.applied.filter(|version| *version > 0).map(number),
        applied_at: row.applied_at,
        newest_version: number(row.newest),
        error: row.error,
        missing_records: number(row.missing),
    });
    Ok(gateways.collect())
}
