//! The SQL of second factors.

use crate::db::{DbError, SystemTx};
use ids::UserId;
use time::OffsetDateTime;

pub async fn is_on(tx: &mut SystemTx, user: UserId) -> Result<bool, DbError> {
    let is_on = sqlx::query_scalar!(
        r#"select exists (select from totp where user_id = $1 and confirmed_at is not null) as "is_on!""#,
        user.uuid()
    );
    Ok(is_on.fetch_one(tx.sql()).await?)
}

/// A secret that no code has confirmed yet, in the place of another such. False: codes are on.
pub async fn begin(
    tx: &mut SystemTx,
    user: UserId,
    sealed: &[u8],
    now: OffsetDateTime,
) -> Result<bool, DbError> {
    let done = sqlx::query!(
        "insert into totp (user_id, secret, created_at) values ($1, $2, $3)
        on conflict (user_id) do update set secret = excluded.secret, created_at = excluded.created_at
        where totp.confirmed_at is null",
        user.uuid(),
        sealed,
        now,
    )
    .execute(tx.sql())
    .await?;
    Ok(done.rows_affected() == 1)
}

/// The secret that waits for its first code.
pub async fn begun(tx: &mut SystemTx, user: UserId) -> Result<Option<Vec<u8>>, DbError> {
    let secret = sqlx::query_scalar!(
        "select secret from totp where user_id = $1 and confirmed_at is null for update",
        user.uuid()
    );
    Ok(secret.fetch_optional(tx.sql()).await?)
}

pub async fn confirm(
    tx: &mut SystemTx,
    user: UserId,
    step: i64,
    now: OffsetDateTime,
) -> Result<(), DbError> {
    sqlx::query!(
        "update totp set confirmed_at = $2, last_step = $3 where user_id = $1",
        user.uuid(),
        now,
        step
    )
    .execute(tx.sql())
    .await?;
    Ok(())
}

/// The secret, and the last step whose code was used. Nobody else uses one before the end of this transaction.
pub async fn on(tx: &mut SystemTx, user: UserId) -> Result<Option<(Vec<u8>, i64)>, DbError> {
    let row = sqlx::query!(
        "select secret, last_step from totp where user_id = $1 and confirmed_at is not null for update",
        user.uuid()
    )
    .fetch_optional(tx.sql())
    .await?;
    Ok(row.map(|row| (row.secret, row.last_step)))
}

pub async fn used(tx: &mut SystemTx, user: UserId, step: i64) -> Result<(), DbError> {
    sqlx::query!(
        "update totp set last_step = $2 where user_id = $1",
        user.uuid(),
        step
    )
    .execute(tx.sql())
    .await?;
    Ok(())
}

/// With its recovery codes. False: codes were not on.
pub async fn end(tx: &mut SystemTx, user: UserId) -> Result<bool, DbError> {
    let done = sqlx::query!(
        "delete from totp where user_id = $1 and confirmed_at is not null",
        user.uuid()
    )
    .execute(tx.sql())
    .await?;
    replace_recovery_codes(tx, user, &[]).await?;
    Ok(done.rows_affected() == 1)
}

pub async fn replace_recovery_codes(
    tx: &mut SystemTx,
    user: UserId,
    digests: &[Vec<u8>],
) -> Result<(), DbError> {
    sqlx::query!("delete from recovery_codes where user_id = $1", user.uuid())
        .execute(tx.sql())
        .await?;
    sqlx::query!(
        "insert into recovery_codes (user_id, digest) select $1, unnest($2::bytea[])",
        user.uuid(),
        digests
    )
    .execute(tx.sql())
    .await?;
    Ok(())
}

pub async fn spend_recovery_code(
    tx: &mut SystemTx,
    user: UserId,
    digest: &[u8; 32],
) -> Result<bool, DbError> {
    let done = sqlx::query!(
        "delete from recovery_codes where user_id = $1 and digest = $2",
        user.uuid(),
        digest
    )
    .execute(tx.sql())
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Those of the account that are past their time go.
pub async fn insert_challenge(
    tx: &mut SystemTx,
    digest: &[u8; 32],
    user: UserId,
    now: OffsetDateTime,
    until: OffsetDateTime,
) -> Result<(), DbError> {
    sqlx::query!(
        "delete from challenges where user_id = $1 and expires_at <= $2",
        user.uuid(),
        now
    )
    .execute(tx.sql())
    .await?;
    sqlx::query!(
        "insert into challenges (digest, user_id, expires_at) values ($1, $2, $3)",
        digest,
        user.uuid(),
        until
    )
    .execute(tx.sql())
    .await?;
    Ok(())
}

/// Who was asked for a code.
pub async fn challenged(
    tx: &mut SystemTx,
    digest: &[u8; 32],
    now: OffsetDateTime,
) -> Result<Option<UserId>, DbError> {
    let user = sqlx::query_scalar!(
        "select user_id from challenges where digest = $1 and expires_at > $2",
        digest,
        now
    );
    let user = user.fetch_optional(tx.sql()).await?;
    Ok(user.map(UserId::from_uuid))
}

/// False: somebody else ended it.
pub async fn end_challenge(tx: &mut SystemTx, digest: &[u8; 32]) -> Result<bool, DbError> {
    let done = sqlx::query!("delete from challenges where digest = $1", digest)
        .execute(tx.sql())
        .await?;
    Ok(done.rows_affected() == 1)
}
