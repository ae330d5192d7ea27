//! The SQL of the kill switch. Each answers the name of what was switched; none where it is not of this organisation.

use crate::db::{DbError, OrgTx};
use ids::{GrantId, ServerId};

/// A name, and whether anything has changed.
pub type Named = (String, bool);

pub async fn org(tx: &mut OrgTx, is_open: bool) -> Result<Option<Named>, DbError> {
    let org = tx.org().uuid();
    let row = sqlx::query!(
        "update orgs set is_open = $2
        from (select is_open as was_open from orgs where id = $1 for no key update) as before
        where id = $1
        returning name, was_open",
        org,
        is_open
    )
    .fetch_optional(tx.sql())
    .await?;
    Ok(row.map(|row| (row.name, row.was_open != is_open)))
}

pub async fn server(
    tx: &mut OrgTx,
    server: ServerId,
    is_open: bool,
) -> Result<Option<Named>, DbError> {
    let (org, etag) = (tx.org().uuid(), tx.now().etag());
    let row = sqlx::query!(
        "update servers set is_open = $3, etag = case when was_open = $3 then etag else $4 end
        from (
            select is_open as was_open from servers where org_id = $1 and id = $2 for no key update
        ) as before
        where org_id = $1 and id = $2
        returning name, was_open",
        org,
        server.uuid(),
        is_open,
        etag,
    )
    .fetch_optional(tx.sql())
    .await?;
    Ok(row.map(|row| (row.name, row.was_open != is_open)))
}

pub async fn grant(
    tx: &mut OrgTx,
    grant: GrantId,
    is_open: bool,
) -> Result<Option<Named>, DbError> {
    let (org, etag) = (tx.org().uuid(), tx.now().etag());
    let row = sqlx::query!(
        "update grants set is_open = $3, etag = case when was_open = $3 then etag else $4 end
        from (
            select is_open as was_open from grants where org_id = $1 and id = $2 for no key update
        ) as before
        where org_id = $1 and id = $2
        returning name, was_open",
        org,
        grant.uuid(),
        is_open,
        etag,
    )
    .fetch_optional(tx.sql())
    .await?;
    Ok(row.map(|row| (row.name, row.was_open != is_open)))
}
