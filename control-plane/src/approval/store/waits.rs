//! The SQL of calls that wait and can be taken back by name, through whichever replica their client says so.

use crate::db::{DbError, SystemTx};
use bundle::approval::{TakeBack, Waiter};
use ids::OrgId;
use time::OffsetDateTime;

/// Names it, until `until`; not written again while that is longer than to `enough`.
pub async fn name(
    tx: &mut SystemTx,
    org: OrgId,
    (waiter, name): (&Waiter, &[u8]),
    (enough, until): (OffsetDateTime, OffsetDateTime),
) -> Result<(), DbError> {
    sqlx::query!(
        "insert into approval_waits (org_id, call_id, name, until) values ($1, $2, $3, $5)
        on conflict (org_id, call_id) do update set until = $5 where approval_waits.until < $4",
        org.uuid(),
        waiter.call.uuid(),
        name,
        enough,
        until,
    )
    .execute(tx.sql())
    .await?;
    Ok(())
}

/// All that wait under the name now: several of a grant may where the server gives no sessions. Answers how many.
pub async fn take_back(
    tx: &mut SystemTx,
    back: &TakeBack,
    name: &[u8],
    now: OffsetDateTime,
) -> Result<u64, DbError> {
    let done = sqlx::query!(
        "update approval_waits set is_taken_back = true where org_id = $1 and name = $2 and until > $3",
        back.org.uuid(),
        name,
        now,
    )
    .execute(tx.sql())
    .await?;
    Ok(done.rows_affected())
}

pub async fn is_taken_back(
    tx: &mut SystemTx,
    org: OrgId,
    waiter: &Waiter,
) -> Result<bool, DbError> {
    let is = sqlx::query_scalar!(
        "select is_taken_back from approval_waits where org_id = $1 and call_id = $2",
        org.uuid(),
        waiter.call.uuid(),
    )
    .fetch_optional(tx.sql())
    .await?;
    Ok(is == Some(true))
}

/// Forgets those of which nothing was heard for a while.
pub async fn forget(tx: &mut SystemTx, now: OffsetDateTime, most: i64) -> Result<(), DbError> {
    sqlx::query!(
        "delete from approval_waits where (org_id, call_id) in (
            select org_id, call_id from approval_waits where until <= $1 limit $2 for update skip locked
        )",
        now,
        most,
    )
    .execute(tx.sql())
    .await?;
    Ok(())
}
