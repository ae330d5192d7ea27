//! The SQL of mails.

use super::Mail;
use super::outbox::{KEPT, PATIENCE};
use crate::db::{DbError, SystemTx};
use ids::{MailId, UserId};
use sqlx::PgConnection;
use time::OffsetDateTime;

#[derive(Debug)]
pub struct Taken {
    pub id: MailId,
    pub to: String,
    pub sealed: Vec<u8>,
    pub tries: u32,
    pub created_at: OffsetDateTime,
}

/// A sealed mail on the screen of a local instance.
#[derive(Debug)]
pub struct KeptRow {
    pub id: MailId,
    pub to: String,
    pub sealed: Vec<u8>,
    pub at: OffsetDateTime,
}

pub async fn insert(
    sql: &mut PgConnection,
    id: MailId,
    mail: &Mail,
    sealed: &[u8],
    now: OffsetDateTime,
) -> Result<(), DbError> {
    let waits_for = mail.hold.and_then(|hold| hold.waits_for).map(UserId::uuid);
    let until = match &mail.hold {
        Some(hold) if hold.waits_for.is_some() => hold.until,
        _ => now + PATIENCE,
    };
    sqlx::query!(
        "insert into mails (id, recipient, sealed, waits_for, invitation_id, due_at, until, created_at)
        values ($1, $2, $3, $4, $5, $6, $7, $8)",
        id.uuid(),
        mail.to,
        sealed,
        waits_for,
        mail.hold.map(|hold| hold.invitation.uuid()),
        waits_for.is_none().then_some(now),
        until,
        now,
    )
    .execute(sql)
    .await?;
    Ok(())
}

/// The mail that is due longest; nobody else takes it before `again_at`.
pub async fn take(
    tx: &mut SystemTx,
    now: OffsetDateTime,
    again_at: OffsetDateTime,
) -> Result<Option<Taken>, DbError> {
    let row = sqlx::query!(
        "update mails set due_at = $2, tries = tries + 1
        where id = (
            select id from mails
            where due_at <= $1
            order by due_at
            limit 1
            for update skip locked
        )
        returning id, recipient, sealed, tries, created_at",
        now,
        again_at,
    )
    .fetch_optional(tx.sql())
    .await?;
    Ok(row.map(|row| Taken {
        id: MailId::from_uuid(row.id),
        to: row.recipient,
        sealed: row.sealed,
        tries: u32::try_from(row.tries).unwrap_or(u32::MAX),
        created_at: row.created_at,
    }))
}

pub async fn delete(tx: &mut SystemTx, id: MailId) -> Result<(), DbError> {
    sqlx::query!("delete from mails where id = $1", id.uuid())
        .execute(tx.sql())
        .await?;
    Ok(())
}

pub async fn put_off(tx: &mut SystemTx, id: MailId, due_at: OffsetDateTime) -> Result<(), DbError> {
    sqlx::query!(
        "update mails set due_at = $2 where id = $1",
        id.uuid(),
        due_at
    )
    .execute(tx.sql())
    .await?;
    Ok(())
}

/// Of what is kept, the newest stay.
pub async fn keep(tx: &mut SystemTx, id: MailId, now: OffsetDateTime) -> Result<(), DbError> {
    sqlx::query!(
        "update mails set kept_at = $2, due_at = null where id = $1",
        id.uuid(),
        now
    )
    .execute(tx.sql())
    .await?;
    sqlx::query!(
        "delete from mails where id in (
            select id from mails
            where kept_at is not null
            order by kept_at desc, id desc
            offset $1
        )",
        KEPT
    )
    .execute(tx.sql())
    .await?;
    Ok(())
}

pub async fn kept(tx: &mut SystemTx) -> Result<Vec<KeptRow>, DbError> {
    let rows = sqlx::query!(
        r#"select id, recipient, sealed, kept_at as "at!" from mails
        where kept_at is not null
        order by kept_at desc, id desc
        limit $1"#,
        KEPT
    )
    .fetch_all(tx.sql())
    .await?;
    let kept = rows.into_iter().map(|row| KeptRow {
        id: MailId::from_uuid(row.id),
        to: row.recipient,
        sealed: row.sealed,
        at: row.at,
    });
    Ok(kept.collect())
}

/// What nobody took in time.
pub async fn give_up(
    tx: &mut SystemTx,
    now: OffsetDateTime,
) -> Result<Vec<(MailId, i32)>, DbError> {
    let rows = sqlx::query!(
        "delete from mails where kept_at is null and until <= $1 returning id, tries",
        now
    )
    .fetch_all(tx.sql())
    .await?;
    let given_up = rows.into_iter();
    Ok(given_up
        .map(|row| (MailId::from_uuid(row.id), row.tries))
        .collect())
}

/// Whoever has confirmed their address may write to others now.
pub async fn let_go(tx: &mut SystemTx, now: OffsetDateTime) -> Result<(), DbError> {
    sqlx::query!(
        "update mails set waits_for = null, due_at = $1, until = $2
        from users
        where waits_for = users.id and users.confirmed_at is not null",
        now,
        now + PATIENCE,
    )
    .execute(tx.sql())
    .await?;
    Ok(())
}
