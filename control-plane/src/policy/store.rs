//! The SQL of policies and their drafts.

use super::{Draft, NewPolicy, Policy, PolicyChange};
use crate::db::{DbError, OrgRead, OrgTx};
use crate::http::list::Page;
use ids::{OrgId, PolicyId, Slug};
use serde_json::value::RawValue;
use sqlx::PgConnection;
use uuid::Uuid;

/// A policy whose row stays locked until the transaction ends: versions are numbered one at a time.
#[derive(Debug)]
pub struct Locked {
    pub id: PolicyId,
    pub slug: String,
    pub name: String,
    pub draft: String,
    pub draft_etag: Uuid,
    pub etag: Uuid,
}

/// How many there are. No other policy is made or counted before the end of this transaction.
pub async fn count(tx: &mut OrgTx) -> Result<i64, DbError> {
    tx.alone().await?;
    let org = tx.org().uuid();
    let count = sqlx::query_scalar!(
        r#"select count(*) as "count!" from policies where org_id = $1"#,
        org
    )
    .fetch_one(tx.sql())
    .await?;
    Ok(count)
}

pub async fn insert(
    tx: &mut OrgTx,
    id: PolicyId,
    new: &NewPolicy,
    draft: &str,
) -> Result<(), DbError> {
    let (org, now) = (tx.org().uuid(), tx.now().clone());
    sqlx::query!(
        "insert into policies (id, org_id, slug, name, draft, draft_etag, etag, created_at)
        values ($1, $2, $3, $4, $5, $6, $7, $8)",
        id.uuid(),
        org,
        new.slug.as_str(),
        new.name,
        draft,
        now.etag(),
        now.etag(),
        now.time(),
    )
    .execute(tx.sql())
    .await?;
    Ok(())
}

/// Without the documents.
pub async fn list(tx: &mut OrgRead, page: &Page<PolicyId>) -> Result<Vec<Policy>, DbError> {
    let org = tx.org().uuid();
    let rows = sqlx::query!(
        "select id, slug, name, draft_etag, published, etag, created_at from policies
        where org_id = $1 and ($2::uuid is null or id < $2)
        order by id desc limit $3",
        org,
        page.before.map(PolicyId::uuid),
        page.fetch(),
    )
    .fetch_all(tx.sql())
    .await?;
    rows.into_iter()
        .map(|row| {
            Ok(Policy {
                id: PolicyId::from_uuid(row.id),
                slug: slug(&row.slug)?,
                name: row.name,
                draft: Draft {
                    document: None,
                    etag: row.draft_etag,
                    findings: None,
                },
                published: row.published.map(number).transpose()?,
                etag: row.etag,
                created_at: row.created_at,
            })
        })
        .collect()
}

/// The policy of this slug or id, with its draft and without findings.
pub async fn by_name(
    sql: &mut PgConnection,
    org: OrgId,
    named: &str,
) -> Result<Option<Policy>, DbError> {
    let row = sqlx::query!(
        "select id, slug, name, draft, draft_etag, published, etag, created_at from policies
        where org_id = $1 and (slug = $2 or id = $3)",
        org.uuid(),
        named,
        id_in(named),
    )
    .fetch_optional(sql)
    .await?;
    row.map(|row| {
        Ok(Policy {
            id: PolicyId::from_uuid(row.id),
            slug: slug(&row.slug)?,
            name: row.name,
            draft: Draft {
                document: Some(document(row.draft)?),
                etag: row.draft_etag,
                findings: None,
            },
            published: row.published.map(number).transpose()?,
            etag: row.etag,
            created_at: row.created_at,
        })
    })
    .transpose()
}

pub async fn lock(tx: &mut OrgTx, named: &str) -> Result<Option<Locked>, DbError> {
    let org = tx.org().uuid();
    let row = sqlx::query!(
        "select id, slug, name, draft, draft_etag, etag from policies
        where org_id = $1 and (slug = $2 or id = $3)
        for update",
        org,
        named,
        id_in(named),
    )
    .fetch_optional(tx.sql())
    .await?;
    Ok(row.map(|row| Locked {
        id: PolicyId::from_uuid(row.id),
        slug: row.slug,
        name: row.name,
        draft: row.draft,
        draft_etag: row.draft_etag,
        etag: row.etag,
    }))
}

pub async fn change(tx: &mut OrgTx, policy: &Locked, change: &PolicyChange) -> Result<(), DbError> {
    let (org, etag) = (tx.org().uuid(), tx.now().etag());
    sqlx::query!(
        "update policies set slug = coalesce($3, slug), name = coalesce($4, name), etag = $5
        where org_id = $1 and id = $2",
        org,
        policy.id.uuid(),
        change.slug.as_ref().map(Slug::as_str),
        change.name,
        etag,
    )
    .execute(tx.sql())
    .await?;
    Ok(())
}

/// Answers the draft's new etag.
pub async fn save_draft(tx: &mut OrgTx, policy: PolicyId, draft: &str) -> Result<Uuid, DbError> {
    let (org, draft_etag, etag) = (tx.org().uuid(), tx.now().etag(), tx.now().etag());
    sqlx::query!(
        "update policies set draft = $3, draft_etag = $4, etag = $5 where org_id = $1 and id = $2",
        org,
        policy.uuid(),
        draft,
        draft_etag,
        etag,
    )
    .execute(tx.sql())
    .await?;
    Ok(draft_etag)
}

/// Deletes the policy with its versions, unless a grant that is not revoked is attached: then answers one such grant.
/// Revoked grants let go of it, for they never judge a call again.
pub async fn delete(tx: &mut OrgTx, policy: PolicyId) -> Result<Option<String>, DbError> {
    let org = tx.org().uuid();
    let attached = sqlx::query!(
        "select grants.name from attachments join grants on grants.id = attachments.grant_id
        where attachments.org_id = $1 and grants.org_id = $1 and policy_id = $2 and revoked_at is null
        order by grants.id limit 1",
        org,
        policy.uuid(),
    )
    .fetch_optional(tx.sql())
    .await?;
    if let Some(grant) = attached {
        return Ok(Some(grant.name));
    }
    sqlx::query!(
        "update attachments set policy_id = null, pinned = null where org_id = $1 and policy_id = $2",
        org,
        policy.uuid(),
    )
    .execute(tx.sql())
    .await?;
    sqlx::query!(
        "delete from policies where org_id = $1 and id = $2",
        org,
        policy.uuid()
    )
    .execute(tx.sql())
    .await?;
    Ok(None)
}

pub(crate) fn document(stored: String) -> Result<Box<RawValue>, DbError> {
    RawValue::from_string(stored).map_err(|error| DbError::Stored(format!("document: {error}")))
}

pub(crate) fn number(stored: i32) -> Result<u32, DbError> {
    u32::try_from(stored).map_err(|error| DbError::Stored(error.to_string()))
}

fn slug(stored: &str) -> Result<Slug, DbError> {
    stored
        .parse()
        .map_err(|error| DbError::Stored(format!("{error}")))
}

fn id_in(named: &str) -> Option<Uuid> {
    named.parse::<PolicyId>().ok().map(PolicyId::uuid)
}
