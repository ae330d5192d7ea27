//! The SQL of API keys.

use super::Presented;
use crate::access::Role;
use crate::db::{DbError, SystemTx};
use ids::{KeyId, MemberId, OrgId};
use time::{Duration, OffsetDateTime};

/// The live key of this digest; says that it was used, at most once a minute.
pub async fn by_digest(
    tx: &mut SystemTx,
    digest: &[u8; 32],
    now: OffsetDateTime,
) -> Result<Option<Presented>, DbError> {
    let row = sqlx::query!(
        "select api_keys.id, api_keys.name, api_keys.role, made_by, last_used_at, orgs.id as org, orgs.slug
        from api_keys join orgs on orgs.id = api_keys.org_id
        where digest = $1 and (expires_at is null or expires_at > $2)",
        digest,
        now,
    )
    .fetch_optional(tx.sql())
    .await?;
    let Some(row) = row else { return Ok(None) };
    if row.last_used_at.is_none_or(|last| now - last > Duration::minutes(1)) {
        sqlx::query!("update api_keys set last_used_at = $2 where id = $1", row.id, now).execute(tx.sql()).await?;
    }
    Ok(Some(Presented {
        id: KeyId::from_uuid(row.id),
        name: row.name,
        org: OrgId::from_uuid(row.org),
        org_slug: row.slug.parse().map_err(|error| DbError::Stored(format!("{error}")))?,
        role: Role::of(&row.role).ok_or_else(|| DbError::Stored(format!("role `{}`", row.role)))?,
        made_by: MemberId::from_uuid(row.made_by),
    }))
}
