//! The SQL of kept arguments.

use super::Capture;
use crate::call::time_of;
use crate::db::{DbError, OrgRead, OrgTx, SystemTx};
use ids::{CallId, OrgId};
use sqlx::PgConnection;
use time::OffsetDateTime;
use uuid::Uuid;

pub async fn read(sql: &mut PgConnection, org: OrgId) -> Result<Capture, DbError> {
    let row = sqlx::query!(
        "select is_on, redact, keep_days from capture_settings where org_id = $1",
        org.uuid()
    )
    .fetch_optional(sql)
    .await?;
    Ok(row.map_or_else(Capture::default, |row| Capture {
        is_on: row.is_on,
        redact: row.redact,
        keep_days: u32::try_from(row.keep_days).unwrap_or(1),
    }))
}

pub async fn replace(tx: &mut OrgTx, capture: &Capture) -> Result<(), DbError> {
    let org = tx.org().uuid();
    sqlx::query!(
        "insert into capture_settings (org_id, is_on, redact, keep_days) values ($1, $2, $3, $4)
        on conflict (org_id) do update set is_on = excluded.is_on, redact = excluded.redact,
            keep_days = excluded.keep_days",
        org,
        capture.is_on,
        &capture.redact,
        i32::try_from(capture.keep_days).unwrap_or(i32::MAX),
    )
    .execute(tx.sql())
    .await?;
    Ok(())
}

/// Sealed, and whether they were cut.
pub async fn find(tx: &mut OrgRead, call: CallId) -> Result<Option<(Vec<u8>, bool)>, DbError> {
    let org = tx.org().uuid();
    let row = sqlx::query!(
        "select sealed, is_cut from captured_arguments where org_id = $1 and at = $2 and id = $3",
        org,
        time_of(call),
        call.uuid(),
    )
    .fetch_optional(tx.sql())
    .await?;
    Ok(row.map(|row| (row.sealed, row.is_cut)))
}

/// What a batch brought, to be put into the table.
#[derive(Debug, Default)]
pub struct Rows {
    orgs: Vec<Uuid>,
    times: Vec<OffsetDateTime>,
    ids: Vec<Uuid>,
    sealed: Vec<Vec<u8>>,
    cut: Vec<bool>,
}

impl Rows {
    pub fn push(&mut self, arguments: &bundle::record::Arguments, at: OffsetDateTime) {
        self.orgs.push(arguments.org.uuid());
        self.times.push(at);
        self.ids.push(arguments.id.uuid());
        self.sealed.push(arguments.sealed.as_bytes().to_vec());
        self.cut.push(arguments.is_cut);
    }

    /// Answers how many were new and how many were not, or of organisations that are gone.
    pub async fn save(&self, tx: &mut SystemTx) -> Result<(u32, u32), DbError> {
        if self.ids.is_empty() {
            return Ok((0, 0));
        }
        let stored = sqlx::query!(
            "insert into captured_arguments (org_id, at, id, sealed, is_cut)
            select r.org_id, r.at, r.id, r.sealed, r.is_cut
            from unnest($1::uuid[], $2::timestamptz[], $3::uuid[], $4::bytea[], $5::bool[])
                as r (org_id, at, id, sealed, is_cut)
            join orgs on orgs.id = r.org_id
            on conflict do nothing",
            &self.orgs,
            &self.times,
            &self.ids,
            &self.sealed,
            &self.cut,
        )
        .execute(tx.sql())
        .await?
        .rows_affected();
        let all = u32::try_from(self.ids.len()).unwrap_or(u32::MAX);
        let stored = u32::try_from(stored).unwrap_or(u32::MAX);
        Ok((stored, all.saturating_sub(stored)))
    }
}

/// Forgets what its organisation keeps no longer, and what is older than `first`; answers how many that were.
pub async fn forget(
    tx: &mut SystemTx,
    now: OffsetDateTime,
    first: Option<OffsetDateTime>,
) -> Result<u64, DbError> {
    let forgotten = sqlx::query!(
        "delete from captured_arguments as kept
        using orgs left join capture_settings on capture_settings.org_id = orgs.id
        where kept.org_id = orgs.id
            and (kept.at < $1::timestamptz - make_interval(days => coalesce(keep_days, $2)) or kept.at < $3)",
        now,
        i32::try_from(super::USUAL_DAYS).unwrap_or(i32::MAX),
        first,
    )
    .execute(tx.sql())
    .await?;
    Ok(forgotten.rows_affected())
}
