//! The SQL of idempotency keys.

use crate::db::{DbError, SystemTx};
use time::OffsetDateTime;

/// How many rows past their day one claim clears away: old ones go as new ones come, without a job.
const CLEARED_AT_ONCE: i64 = 100;

/// The place of one request: whose, under which key, and what it asked.
#[derive(Debug)]
pub struct Slot {
    pub caller: String,
    pub key: String,
    pub digest: [u8; 32],
}

#[derive(Debug)]
pub enum Claim {
    Ours,
    Taken(Taken),
}

#[derive(Debug)]
pub struct Taken {
    pub digest: Vec<u8>,
    /// None while the request is in progress, or when it ended without a word.
    pub status: Option<u16>,
    pub answer: Option<Vec<u8>>,
    pub since: OffsetDateTime,
}

/// Of two requests at once, one gets the slot. Rows of `before` and older are forgotten.
pub async fn claim(
    tx: &mut SystemTx,
    slot: &Slot,
    now: OffsetDateTime,
    before: OffsetDateTime,
) -> Result<Claim, DbError> {
    sqlx::query!(
        "delete from idempotency_keys where caller = $1 and key = $2 and created_at <= $3",
        slot.caller,
        slot.key,
        before,
    )
    .execute(tx.sql())
    .await?;
    sqlx::query!(
        "delete from idempotency_keys where (caller, key) in (
            select caller, key from idempotency_keys
            where created_at <= $1
            order by created_at
            limit $2
            for update skip locked
        )",
        before,
        CLEARED_AT_ONCE,
    )
    .execute(tx.sql())
    .await?;
    let made = sqlx::query!(
        "insert into idempotency_keys (caller, key, request_digest, created_at)
        values ($1, $2, $3, $4)
        on conflict (caller, key) do nothing",
        slot.caller,
        slot.key,
        slot.digest.as_slice(),
        now,
    )
    .execute(tx.sql())
    .await?;
    if made.rows_affected() == 1 {
        return Ok(Claim::Ours);
    }
    let row = sqlx::query!(
        "select request_digest, status, answer, created_at from idempotency_keys where caller = $1 and key = $2",
        slot.caller,
        slot.key,
    )
    .fetch_optional(tx.sql())
    .await?;
    let Some(row) = row else {
        // Given back between the two statements: to the one who asks it was still in progress.
        return Ok(Claim::Taken(Taken {
            digest: slot.digest.to_vec(),
            status: None,
            answer: None,
            since: now,
        }));
    };
    Ok(Claim::Taken(Taken {
        digest: row.request_digest,
        status: row.status.and_then(|status| u16::try_from(status).ok()),
        answer: row.answer,
        since: row.created_at,
    }))
}

pub async fn keep(
    tx: &mut SystemTx,
    slot: &Slot,
    status: u16,
    answer: Option<Vec<u8>>,
) -> Result<(), DbError> {
    sqlx::query!(
        "update idempotency_keys set status = $4, answer = $5
        where caller = $1 and key = $2 and request_digest = $3 and status is null",
        slot.caller,
        slot.key,
        slot.digest.as_slice(),
        i32::from(status),
        answer,
    )
    .execute(tx.sql())
    .await?;
    Ok(())
}

/// Gives an unused key back.
pub async fn release(tx: &mut SystemTx, slot: &Slot) -> Result<(), DbError> {
    sqlx::query!(
        "delete from idempotency_keys
        where caller = $1 and key = $2 and request_digest = $3 and status is null",
        slot.caller,
        slot.key,
        slot.digest.as_slice(),
    )
    .execute(tx.sql())
    .await?;
    Ok(())
}
