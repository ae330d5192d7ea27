//! The SQL of versions. Rows are added and read, never changed: the role has no right to.

use super::Version;
use crate::db::{DbError, OrgTx};
use crate::http::list::Page;
use crate::policy::store::{Locked, document, number};
use ids::{OrgId, PolicyId};
use sqlx::PgConnection;

/// Publishes `text` as the next version of a policy whose row is locked.
pub async fn freeze(
    tx: &mut OrgTx,
    policy: &Locked,
    text: &str,
    digest: &[u8; 32],
    note: &str,
) -> Result<Version, DbError> {
    let (org, now, author) = (tx.org().uuid(), tx.now().clone(), tx.actor().name.clone());
    let row = sqlx::query!(
        "insert into policy_versions (org_id, policy_id, number, document, digest, author, note, published_at)
        select $1, $2, coalesce(max(number), 0) + 1, $3, $4, $5, $6, $7
        from policy_versions where org_id = $1 and policy_id = $2
        returning number, published_at",
        org,
        policy.id.uuid(),
        text,
        digest,
        author,
        note,
        now.time(),
    )
    .fetch_one(tx.sql())
    .await?;
    sqlx::query!(
        "update policies set published = $3, etag = $4 where org_id = $1 and id = $2",
        org,
        policy.id.uuid(),
        row.number,
        now.etag(),
    )
    .execute(tx.sql())
    .await?;
    Ok(Version {
        number: number(row.number)?,
        digest: seal::to_hex(digest),
        published_at: row.published_at,
        author,
        note: note.to_owned(),
        document: None,
    })
}

/// Without the documents.
pub async fn list(
    sql: &mut PgConnection,
    org: OrgId,
    policy: PolicyId,
    page: &Page<u32>,
) -> Result<Vec<Version>, DbError> {
    let rows = sqlx::query!(
        "select number, digest, published_at, author, note from policy_versions
        where org_id = $1 and policy_id = $2 and ($3::bigint is null or number < $3)
        order by number desc limit $4",
        org.uuid(),
        policy.uuid(),
        page.before.map(i64::from),
        page.fetch(),
    )
    .fetch_all(sql)
    .await?;
    rows.into_iter()
        .map(|row| {
            Ok(Version {
                number: number(row.number)?,
                digest: seal::to_hex(&row.digest),
                published_at: row.published_at,
                author: row.author,
                note: row.note,
                document: None,
            })
        })
        .collect()
}

/// With its document.
pub async fn one(
    sql: &mut PgConnection,
    org: OrgId,
    policy: PolicyId,
    number: u32,
) -> Result<Option<Version>, DbError> {
    let row = sqlx::query!(
        "select digest, published_at, author, note, document from policy_versions
        where org_id = $1 and policy_id = $2 and number::bigint = $3",
        org.uuid(),
        policy.uuid(),
        i64::from(number),
    )
    .fetch_optional(sql)
    .await?;
    row.map(|row| {
        Ok(Version {
            number,
            digest: seal::to_hex(&row.digest),
            published_at: row.published_at,
            author: row.author,
            note: row.note,
            document: Some(document(row.document)?),
        })
    })
    .transpose()
}
