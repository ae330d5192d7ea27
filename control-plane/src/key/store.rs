//! The SQL of API keys.

use super::{Key, Presented};
use crate::access::Role;
use crate::db::{DbError, OrgRead, OrgTx, SystemTx};
use crate::http::list::Page;
use ids::{KeyId, MemberId, OrgId};
use time::{Duration, OffsetDateTime};

/// The live key of this digest; says that it was used, at most once a minute.
/// A key whose maker has come to hold less than it carries is no key.
pub async fn by_digest(
    tx: &mut SystemTx,
    digest: &[u8; 32],
    now: OffsetDateTime,
) -> Result<Option<Presented>, DbError> {
    let row = sqlx::query!(
        "select api_keys.id, api_keys.name, api_keys.role, made_by, last_used_at, orgs.id as org, orgs.slug,
            members.role as maker_role
        from api_keys
        join orgs on orgs.id = api_keys.org_id
        join members on members.org_id = api_keys.org_id and members.id = made_by
        where digest = $1 and (expires_at is null or expires_at > $2)",
        digest,
        now,
    )
    .fetch_optional(tx.sql())
    .await?;
    let Some(row) = row else { return Ok(None) };
    let role = role(&row.role)?;
    if !self::role(&row.maker_role)?.covers(role) {
        return Ok(None);
    }
    if row
        .last_used_at
        .is_none_or(|last| now - last > Duration::minutes(1))
    {
        sqlx::query!(
            "update api_keys set last_used_at = $2 where id = $1",
            row.id,
            now
        )
        .execute(tx.sql())
        .await?;
    }
    Ok(Some(Presented {
        id: KeyId::from_uuid(row.id),
        name: row.name,
        org: OrgId::from_uuid(row.org),
        org_slug: row
            .slug
            .parse()
            .map_err(|error| DbError::Stored(format!("{error}")))?,
        role,
        made_by: MemberId::from_uuid(row.made_by),
    }))
}

/// How many there are. No other key is made or counted before the end of this transaction.
pub async fn count(tx: &mut OrgTx) -> Result<i64, DbError> {
    tx.alone().await?;
    let org = tx.org().uuid();
    let count = sqlx::query_scalar!(
        r#"select count(*) as "count!" from api_keys where org_id = $1"#,
        org
    )
    .fetch_one(tx.sql())
    .await?;
    Ok(count)
}

/// Answers the key as it is stored: the database keeps times to the microsecond.
pub async fn insert(tx: &mut OrgTx, key: Key, digest: &[u8; 32]) -> Result<Key, DbError> {
    let org = tx.org().uuid();
    let expires_at = sqlx::query_scalar!(
        "insert into api_keys (id, org_id, name, role, digest, hint, made_by, expires_at, created_at)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9)
        returning expires_at",
        key.id.uuid(),
        org,
        key.name,
        key.role.as_str(),
        digest,
        key.hint,
        key.made_by.uuid(),
        key.expires_at,
        key.created_at,
    )
    .fetch_one(tx.sql())
    .await?;
    Ok(Key { expires_at, ..key })
}

pub async fn list(tx: &mut OrgRead, page: &Page<KeyId>) -> Result<Vec<Key>, DbError> {
    let org = tx.org().uuid();
    let rows = sqlx::query!(
        "select id, name, role, hint, made_by, expires_at, last_used_at, created_at from api_keys
        where org_id = $1 and ($2::uuid is null or id < $2)
        order by id desc limit $3",
        org,
        page.before.map(KeyId::uuid),
        page.fetch(),
    )
    .fetch_all(tx.sql())
    .await?;
    rows.into_iter()
        .map(|row| {
            Ok(Key {
                id: KeyId::from_uuid(row.id),
                name: row.name,
                role: role(&row.role)?,
                hint: row.hint,
                made_by: MemberId::from_uuid(row.made_by),
                expires_at: row.expires_at,
                last_used_at: row.last_used_at,
                created_at: row.created_at,
            })
        })
        .collect()
}

/// The name that it had; none where it is not of this organisation.
pub async fn delete(tx: &mut OrgTx, key: KeyId) -> Result<Option<String>, DbError> {
    let org = tx.org().uuid();
    let name = sqlx::query_scalar!(
        "delete from api_keys where org_id = $1 and id = $2 returning name",
        org,
        key.uuid()
    )
    .fetch_optional(tx.sql())
    .await?;
    Ok(name)
}

fn role(stored: &str) -> Result<Role, DbError> {
    Role::of(stored).ok_or_else(|| DbError::Stored(format!("role `{stored}`")))
}
