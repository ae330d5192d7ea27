//! The SQL of what was taken back.

use super::Kept;
use crate::db::{DbError, SystemTx};
use bundle::revocation::{Revocation, Taken};
use ids::OrgId;
use sqlx::PgConnection;
use time::OffsetDateTime;
use uuid::Uuid;

pub async fn put(
    sql: &mut PgConnection,
    org: OrgId,
    what: Taken,
    version: i64,
    now: OffsetDateTime,
) -> Result<(), DbError> {
    sqlx::query!(
        "insert into revocations (org_id, field, version, at) values ($1, $2, $3, $4)
        on conflict (org_id, field) do update set version = excluded.version, at = excluded.at, told_at = null",
        org.uuid(),
        what.field(),
        version,
        now,
    )
    .execute(sql)
    .await?;
    Ok(())
}

/// The oldest that have not been told.
pub async fn untold(tx: &mut SystemTx, most: i64) -> Result<Vec<Revocation>, DbError> {
    let rows = sqlx::query!(
        "select org_id, field, version from revocations where told_at is null order by at limit $1",
        most
    )
    .fetch_all(tx.sql())
    .await?;
    rows.into_iter()
        .map(|row| read(row.org_id, &row.field, row.version))
        .collect()
}

/// What was taken back once more meanwhile has another version, and is left untold.
pub async fn told(
    tx: &mut SystemTx,
    revocations: &[Revocation],
    now: OffsetDateTime,
) -> Result<(), DbError> {
    let orgs: Vec<Uuid> = revocations.iter().map(|one| one.org.uuid()).collect();
    let fields: Vec<String> = revocations.iter().map(|one| one.what.field()).collect();
    let versions: Vec<i64> = revocations
        .iter()
        .map(|one| i64::try_from(one.version).unwrap_or(i64::MAX))
        .collect();
    sqlx::query!(
        "update revocations set told_at = $4
        from unnest($1::uuid[], $2::text[], $3::bigint[]) as told (org_id, field, version)
        where revocations.org_id = told.org_id and revocations.field = told.field
            and revocations.version = told.version",
        &orgs,
        &fields,
        &versions,
        now,
    )
    .execute(tx.sql())
    .await?;
    Ok(())
}

/// All of it, a page at a time, the oldest first.
pub async fn since(
    tx: &mut SystemTx,
    since: OffsetDateTime,
    after: Option<(OffsetDateTime, OrgId, String)>,
    most: i64,
) -> Result<Vec<Kept>, DbError> {
    let (at, org, field) = after.unwrap_or((since, OrgId::from_uuid(Uuid::nil()), String::new()));
    let rows = sqlx::query!(
        "select org_id, field, version, at from revocations where (at, org_id, field) > ($1, $2, $3)
        order by at, org_id, field limit $4",
        at,
        org.uuid(),
        field,
        most
    )
    .fetch_all(tx.sql())
    .await?;
    rows.into_iter()
        .map(|row| {
            Ok(Kept {
                revocation: read(row.org_id, &row.field, row.version)?,
                at: row.at,
            })
        })
        .collect()
}

/// Lets go of what is older.
pub async fn forget(tx: &mut SystemTx, before: OffsetDateTime) -> Result<Vec<Revocation>, DbError> {
    let rows = sqlx::query!(
        "delete from revocations where at < $1 returning org_id, field, version",
        before
    )
    .fetch_all(tx.sql())
    .await?;
    rows.into_iter()
        .map(|row| read(row.org_id, &row.field, row.version))
        .collect()
}

fn read(org: Uuid, field: &str, version: i64) -> Result<Revocation, DbError> {
    let unread = || DbError::Stored(format!("revocation `{field}` of version {version}"));
    Ok(Revocation {
        org: OrgId::from_uuid(org),
        what: Taken::parse(field).ok_or_else(unread)?,
        version: u64::try_from(version).map_err(|_| unread())?,
    })
}
