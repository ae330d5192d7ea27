//! The SQL of accounts and sessions.

use super::IDLE;
use crate::db::{DbError, SystemTx};
use crate::now::Now;
use ids::UserId;
use seal::Secret;
use time::{Duration, OffsetDateTime};

#[derive(Debug, Clone)]
pub struct User {
    pub id: UserId,
    pub email: String,
    pub name: String,
}

#[derive(Debug)]
pub struct Stored {
    pub user: User,
    pub password_hash: Secret,
}

pub async fn by_email(tx: &mut SystemTx, email: &str) -> Result<Option<Stored>, DbError> {
    let row = sqlx::query!(
        "select id, email, name, password_hash from users where email = $1",
        email
    )
    .fetch_optional(tx.sql())
    .await?;
    Ok(row.map(|row| Stored {
        user: User {
            id: UserId::from_uuid(row.id),
            email: row.email,
            name: row.name,
        },
        password_hash: Secret::new(row.password_hash),
    }))
}

/// The user of a live session; says that it was seen, at most once a minute.
pub async fn by_session(
    tx: &mut SystemTx,
    digest: &[u8; 32],
    now: OffsetDateTime,
) -> Result<Option<User>, DbError> {
    let row = sqlx::query!(
        "select users.id, users.email, users.name, sessions.seen_at
        from sessions join users on users.id = sessions.user_id
        where sessions.digest = $1 and sessions.seen_at > $2",
        digest,
        now - IDLE,
    )
    .fetch_optional(tx.sql())
    .await?;
    let Some(row) = row else { return Ok(None) };
    if now - row.seen_at > Duration::minutes(1) {
        sqlx::query!(
            "update sessions set seen_at = $2 where digest = $1",
            digest,
            now
        )
        .execute(tx.sql())
        .await?;
    }
    Ok(Some(User {
        id: UserId::from_uuid(row.id),
        email: row.email,
        name: row.name,
    }))
}

pub async fn insert_user(
    tx: &mut SystemTx,
    user: &User,
    password_hash: &str,
    now: &Now,
) -> Result<(), DbError> {
    sqlx::query!(
        "insert into users (id, email, name, password_hash, created_at) values ($1, $2, $3, $4, $5)",
        user.id.uuid(),
        user.email,
        user.name,
        password_hash,
        now.time(),
    )
    .execute(tx.sql())
    .await?;
    Ok(())
}

/// Begins a session, and forgets those that have ended.
pub async fn begin(
    tx: &mut SystemTx,
    user: UserId,
    digest: &[u8; 32],
    now: OffsetDateTime,
) -> Result<(), DbError> {
    sqlx::query!(
        "delete from sessions where user_id = $1 and seen_at <= $2",
        user.uuid(),
        now - IDLE
    )
    .execute(tx.sql())
    .await?;
    sqlx::query!(
        "insert into sessions (digest, user_id, created_at, seen_at) values ($1, $2, $3, $3)",
        digest,
        user.uuid(),
        now,
    )
    .execute(tx.sql())
    .await?;
    Ok(())
}

pub async fn end(tx: &mut SystemTx, digest: &[u8; 32]) -> Result<(), DbError> {
    sqlx::query!("delete from sessions where digest = $1", digest)
        .execute(tx.sql())
        .await?;
    Ok(())
}
