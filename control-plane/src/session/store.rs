//! The SQL of users and sessions.

use super::{IDLE, MOST, Session};
use crate::db::{DbError, SystemTx};
use crate::now::Now;
use ids::{SessionId, UserId};
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
    /// None for who signs in with another provider alone.
    pub password_hash: Option<Secret>,
}

/// The user of a live session.
#[derive(Debug)]
pub struct Live {
    pub user: User,
    pub id: SessionId,
    pub proven_at: Option<OffsetDateTime>,
    pub is_confirmed: bool,
}

/// What an account tells its owner of itself.
#[expect(clippy::struct_excessive_bools, reason = "each is a fact of its own")]
#[derive(Debug, Clone)]
pub struct Profile {
    pub user: User,
    pub is_confirmed: bool,
    pub has_password: bool,
    pub has_second_factor: bool,
    /// Whether they are told by mail that calls wait.
    pub approval_mails: bool,
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
        password_hash: row.password_hash.map(Secret::new),
    }))
}

/// None: the account was deleted meanwhile.
pub async fn password_hash(tx: &mut SystemTx, user: UserId) -> Result<Option<Secret>, DbError> {
    let hash = sqlx::query_scalar!("select password_hash from users where id = $1", user.uuid())
        .fetch_optional(tx.sql())
        .await?;
    Ok(hash.flatten().map(Secret::new))
}

pub async fn profile(tx: &mut SystemTx, user: UserId) -> Result<Option<Profile>, DbError> {
    let row = sqlx::query!(
        r#"select email, name, approval_mails, confirmed_at is not null as "is_confirmed!", password_hash is not null as "has_password!",
            exists (select from totp where user_id = id and confirmed_at is not null) as "has_second_factor!"
        from users where id = $1"#,
        user.uuid()
    )
    .fetch_optional(tx.sql())
    .await?;
    Ok(row.map(|row| Profile {
        user: User {
            id: user,
            email: row.email,
            name: row.name,
        },
        is_confirmed: row.is_confirmed,
        has_password: row.has_password,
        has_second_factor: row.has_second_factor,
        approval_mails: row.approval_mails,
    }))
}

/// The user of a live session; says that it was seen, at most once a minute.
pub async fn by_session(
    tx: &mut SystemTx,
    digest: &[u8; 32],
    now: OffsetDateTime,
) -> Result<Option<Live>, DbError> {
    let row = sqlx::query!(
        r#"select users.id, users.email, users.name, users.confirmed_at is not null as "is_confirmed!",
            sessions.id as session, sessions.seen_at, sessions.proven_at
        from sessions join users on users.id = sessions.user_id
        where sessions.digest = $1 and sessions.seen_at > $2"#,
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
    Ok(Some(Live {
        user: User {
            id: UserId::from_uuid(row.id),
            email: row.email,
            name: row.name,
        },
        id: SessionId::from_uuid(row.session),
        proven_at: row.proven_at,
        is_confirmed: row.is_confirmed,
    }))
}

pub async fn insert_user(
    tx: &mut SystemTx,
    user: &User,
    password_hash: Option<&str>,
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

/// Begins a session, and forgets those that have ended or are too many.
pub async fn begin(
    tx: &mut SystemTx,
    user: UserId,
    digest: &[u8; 32],
    agent: &str,
    proven_at: Option<OffsetDateTime>,
    now: &Now,
) -> Result<(), DbError> {
    // Of an account's sign-ins at once, one after the other.
    sqlx::query!(
        "select id from users where id = $1 for no key update",
        user.uuid()
    )
    .fetch_optional(tx.sql())
    .await?;
    sqlx::query!(
        "insert into sessions (digest, id, user_id, agent, created_at, seen_at, proven_at)
        values ($1, $2, $3, $4, $5, $5, $6)",
        digest,
        now.id(SessionId::new).uuid(),
        user.uuid(),
        agent,
        now.time(),
        proven_at,
    )
    .execute(tx.sql())
    .await?;
    sqlx::query!(
        "delete from sessions where user_id = $1 and (seen_at <= $2 or digest in (
            select digest from sessions where user_id = $1
            order by seen_at desc, id desc
            offset $3
        ))",
        user.uuid(),
        now.time() - IDLE,
        MOST,
    )
    .execute(tx.sql())
    .await?;
    Ok(())
}

/// The same session under another token, with a fresh proof. False: it has ended meanwhile.
pub async fn renew(
    tx: &mut SystemTx,
    old: &[u8; 32],
    new: &[u8; 32],
    now: OffsetDateTime,
) -> Result<bool, DbError> {
    let done = sqlx::query!(
        "update sessions set digest = $2, proven_at = $3, seen_at = $3 where digest = $1",
        old,
        new,
        now
    )
    .execute(tx.sql())
    .await?;
    Ok(done.rows_affected() == 1)
}

/// The live sessions of an account, the one seen last first.
pub async fn list(
    tx: &mut SystemTx,
    user: UserId,
    current: SessionId,
    now: OffsetDateTime,
) -> Result<Vec<Session>, DbError> {
    let rows = sqlx::query!(
        "select id, agent, created_at, seen_at from sessions
        where user_id = $1 and seen_at > $2
        order by seen_at desc, id desc limit $3",
        user.uuid(),
        now - IDLE,
        MOST,
    )
    .fetch_all(tx.sql())
    .await?;
    let sessions = rows.into_iter().map(|row| Session {
        is_current: row.id == current.uuid(),
        id: SessionId::from_uuid(row.id),
        agent: row.agent,
        created_at: row.created_at,
        seen_at: row.seen_at,
    });
    Ok(sessions.collect())
}

pub async fn end(tx: &mut SystemTx, digest: &[u8; 32]) -> Result<(), DbError> {
    sqlx::query!("delete from sessions where digest = $1", digest)
        .execute(tx.sql())
        .await?;
    Ok(())
}

/// False where the account has no such session.
pub async fn end_one(tx: &mut SystemTx, user: UserId, session: SessionId) -> Result<bool, DbError> {
    let done = sqlx::query!(
        "delete from sessions where user_id = $1 and id = $2",
        user.uuid(),
        session.uuid()
    )
    .execute(tx.sql())
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Ends every session of the account but the one that is to stay.
pub async fn end_all(
    tx: &mut SystemTx,
    user: UserId,
    but: Option<SessionId>,
) -> Result<(), DbError> {
    sqlx::query!(
        "delete from sessions where user_id = $1 and id is distinct from $2",
        user.uuid(),
        but.map(SessionId::uuid)
    )
    .execute(tx.sql())
    .await?;
    Ok(())
}
