//! The SQL of an account's identities.

use crate::db::{DbError, SystemTx};
use ids::{IdentityId, UserId};
use time::OffsetDateTime;

/// No account has more than it once signed in with, and that is a handful of providers.
const MOST: i64 = 100;

#[derive(Debug)]
pub struct Stored {
    pub id: IdentityId,
    pub issuer: String,
    pub created_at: OffsetDateTime,
}

pub async fn list(tx: &mut SystemTx, user: UserId) -> Result<Vec<Stored>, DbError> {
    let rows = sqlx::query!(
        "select id, issuer, created_at from identities
        where user_id = $1
        order by created_at desc, id desc
        limit $2",
        user.uuid(),
        MOST,
    )
    .fetch_all(tx.sql())
    .await?;
    let stored = rows.into_iter().map(|row| Stored {
        id: IdentityId::from_uuid(row.id),
        issuer: row.issuer,
        created_at: row.created_at,
    });
    Ok(stored.collect())
}

pub async fn remove(tx: &mut SystemTx, user: UserId, identity: IdentityId) -> Result<(), DbError> {
    sqlx::query!(
        "delete from identities where user_id = $1 and id = $2",
        user.uuid(),
        identity.uuid()
    )
    .execute(tx.sql())
    .await?;
    Ok(())
}
