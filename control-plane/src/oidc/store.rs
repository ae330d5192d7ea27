//! The SQL of identities and journeys.

use crate::db::{DbError, SystemTx};
use crate::now::Now;
use ids::{IdentityId, UserId};
use time::OffsetDateTime;

/// Journeys past their time that one departure clears away.
const CLEARED_AT_ONCE: i64 = 100;

/// Someone who goes to a provider.
#[derive(Debug)]
pub struct Journey<'a> {
    pub digest: [u8; 32],
    pub browser: [u8; 32],
    pub provider: &'a str,
    pub sealed: &'a [u8],
    pub until: OffsetDateTime,
}

pub async fn depart(
    tx: &mut SystemTx,
    journey: &Journey<'_>,
    now: OffsetDateTime,
) -> Result<(), DbError> {
    sqlx::query!(
        "delete from oidc_journeys where digest in (
            select digest from oidc_journeys where expires_at <= $1
            order by expires_at
            limit $2
            for update skip locked
        )",
        now,
        CLEARED_AT_ONCE,
    )
    .execute(tx.sql())
    .await?;
    sqlx::query!(
        "insert into oidc_journeys (digest, browser, provider, sealed, expires_at) values ($1, $2, $3, $4, $5)",
        &journey.digest,
        &journey.browser,
        journey.provider,
        journey.sealed,
        journey.until,
    )
    .execute(tx.sql())
    .await?;
    Ok(())
}

/// Whoever comes back in the browser that left, in time, once.
pub async fn arrive(
    tx: &mut SystemTx,
    digest: &[u8; 32],
    browser: &[u8; 32],
    provider: &str,
    now: OffsetDateTime,
) -> Result<Option<Vec<u8>>, DbError> {
    let sealed = sqlx::query_scalar!(
        "delete from oidc_journeys
        where digest = $1 and browser = $2 and provider = $3 and expires_at > $4
        returning sealed",
        digest,
        browser,
        provider,
        now,
    );
    Ok(sealed.fetch_optional(tx.sql()).await?)
}

/// Whose identity it is.
pub async fn user_of(
    tx: &mut SystemTx,
    issuer: &str,
    subject: &str,
) -> Result<Option<UserId>, DbError> {
    let user = sqlx::query_scalar!(
        "select user_id from identities where issuer = $1 and subject = $2",
        issuer,
        subject
    );
    let user = user.fetch_optional(tx.sql()).await?;
    Ok(user.map(UserId::from_uuid))
}

/// Who has this address, and whether it is confirmed.
pub async fn user_at(tx: &mut SystemTx, email: &str) -> Result<Option<(UserId, bool)>, DbError> {
    let row = sqlx::query!(
        r#"select id, confirmed_at is not null as "is_confirmed!" from users where email = $1"#,
        email
    )
    .fetch_optional(tx.sql())
    .await?;
    Ok(row.map(|row| (UserId::from_uuid(row.id), row.is_confirmed)))
}

pub async fn link(
    tx: &mut SystemTx,
    issuer: &str,
    subject: &str,
    user: UserId,
    now: &Now,
) -> Result<(), DbError> {
    sqlx::query!(
        "insert into identities (id, issuer, subject, user_id, created_at) values ($1, $2, $3, $4, $5)",
        now.id(IdentityId::new).uuid(),
        issuer,
        subject,
        user.uuid(),
        now.time(),
    )
    .execute(tx.sql())
    .await?;
    Ok(())
}
