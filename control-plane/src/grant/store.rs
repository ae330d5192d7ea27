//! The SQL of grants and their attachments.

use super::attach::Attached;
use super::{Attachment, Choice, Grant, Labels, Pin, State};
use crate::db::{DbError, OrgRead, OrgTx, SystemTx};
use crate::http::list::Page;
use ids::{GrantId, MemberId, OrgId, PolicyId, ServerId, Slug};
use sqlx::PgConnection;
use std::collections::HashMap;
use time::OffsetDateTime;
use uuid::Uuid;

/// A grant whose row stays locked until the transaction ends.
#[derive(Debug, Clone)]
pub struct Locked {
    pub id: GrantId,
    pub name: String,
    pub labels: Labels,
    pub user: Option<String>,
    pub expires_at: Option<OffsetDateTime>,
    pub is_revoked: bool,
    pub etag: Uuid,
}

/// The part of a new grant that is its own row.
#[derive(Debug)]
pub struct Row<'a> {
    pub id: GrantId,
    pub name: &'a str,
    pub labels: &'a Labels,
    pub user: Option<&'a str>,
    pub expires_at: Option<OffsetDateTime>,
    pub digest: [u8; 32],
    pub hint: &'a str,
    pub made_by: MemberId,
}

/// How many that are not revoked there are. No other is made or counted before the end of this transaction.
pub async fn count(tx: &mut OrgTx) -> Result<i64, DbError> {
    tx.alone().await?;
    let org = tx.org().uuid();
    let count = sqlx::query_scalar!(
        r#"select count(*) as "count!" from grants where org_id = $1 and revoked_at is null"#,
        org
    )
    .fetch_one(tx.sql())
    .await?;
    Ok(count)
}

pub async fn insert(tx: &mut OrgTx, row: Row<'_>) -> Result<(), DbError> {
    let (org, now) = (tx.org().uuid(), tx.now().clone());
    sqlx::query!(
        "insert into grants (id, org_id, name, labels, user_email, digest, hint, expires_at, made_by, etag, created_at)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
        row.id.uuid(),
        org,
        row.name,
        json(row.labels)?,
        row.user,
        &row.digest,
        row.hint,
        row.expires_at,
        row.made_by.to_string(),
        now.etag(),
        now.time(),
    )
    .execute(tx.sql())
    .await?;
    Ok(())
}

/// Puts this list in place of the one before.
pub async fn attach(tx: &mut OrgTx, grant: GrantId, attached: &[Attached]) -> Result<(), DbError> {
    let org = tx.org().uuid();
    sqlx::query!(
        "delete from attachments where org_id = $1 and grant_id = $2",
        org,
        grant.uuid()
    )
    .execute(tx.sql())
    .await?;
    let servers: Vec<Uuid> = attached.iter().map(|it| it.server.uuid()).collect();
    let policies: Vec<Option<Uuid>> = attached
        .iter()
        .map(|it| it.policy.map(|(policy, _)| policy.uuid()))
        .collect();
    let pinned: Vec<Option<i32>> = attached
        .iter()
        .map(|it| match it.policy {
            Some((_, Pin::At(number))) => i32::try_from(number).ok(),
            _ => None,
        })
        .collect();
    sqlx::query!(
        "insert into attachments (org_id, grant_id, server_id, policy_id, pinned, position)
        select $1, $2, server, policy, pin, place::integer
        from unnest($3::uuid[], $4::uuid[], $5::integer[]) with ordinality as wanted (server, policy, pin, place)",
        org,
        grant.uuid(),
        &servers,
        &policies as &[Option<Uuid>],
        &pinned as &[Option<i32>],
    )
    .execute(tx.sql())
    .await?;
    Ok(())
}

/// Which grants are looked for; all of them where nothing is said.
#[derive(Debug, Clone, Copy, Default)]
pub struct Sought<'a> {
    /// A part of the name, in any case.
    pub name: Option<&'a str>,
    /// What they reach.
    pub server: Option<ServerId>,
}

pub async fn list(
    tx: &mut OrgRead,
    page: &Page<GrantId>,
    sought: Sought<'_>,
    now: OffsetDateTime,
) -> Result<Vec<Grant>, DbError> {
    let org = tx.org();
    let rows = sqlx::query_as!(
        Shown,
        "select id, name, labels, user_email, expires_at, revoked_at, is_open, last_used_at, hint, etag, created_at
        from grants where org_id = $1 and ($2::uuid is null or id < $2)
            and ($4::text is null or position(lower($4) in lower(name)) > 0)
            and ($5::uuid is null or id in (
                select grant_id from attachments where attachments.org_id = $1 and server_id = $5
            ))
        order by id desc limit $3",
        org.uuid(),
        page.before.map(GrantId::uuid),
        page.fetch(),
        sought.name,
        sought.server.map(ServerId::uuid),
    )
    .fetch_all(tx.sql())
    .await?;
    let ids: Vec<Uuid> = rows.iter().map(|row| row.id).collect();
    let mut attachments = attachments(tx.sql(), org, &ids).await?;
    rows.into_iter()
        .map(|row| {
            let servers = attachments.remove(&row.id).unwrap_or_default();
            row.grant(servers, now)
        })
        .collect()
}

/// A policy that judges calls of a server, and for how many grants; none where they have none.
#[derive(Debug)]
pub struct Judge {
    pub policy: Option<(String, String)>,
    pub grants: i64,
}

/// Those of one server, the one of the most grants first.
pub async fn judges(tx: &mut OrgRead, server: ServerId) -> Result<Vec<Judge>, DbError> {
    let org = tx.org().uuid();
    let rows = sqlx::query!(
        r#"select policies.slug as "slug?", policies.name as "name?", count(*) as "grants!"
        from attachments left join policies on policies.org_id = $1 and policies.id = policy_id
        where attachments.org_id = $1 and server_id = $2
        group by policies.slug, policies.name order by count(*) desc, policies.slug limit 200"#,
        org,
        server.uuid(),
    )
    .fetch_all(tx.sql())
    .await?;
    let judges = rows.into_iter().map(|row| Judge {
        policy: row.slug.zip(row.name),
        grants: row.grants,
    });
    Ok(judges.collect())
}

pub async fn by_id(
    sql: &mut PgConnection,
    org: OrgId,
    id: GrantId,
    now: OffsetDateTime,
) -> Result<Option<Grant>, DbError> {
    let row = sqlx::query_as!(
        Shown,
        "select id, name, labels, user_email, expires_at, revoked_at, is_open, last_used_at, hint, etag, created_at
        from grants where org_id = $1 and id = $2",
        org.uuid(),
        id.uuid(),
    )
    .fetch_optional(&mut *sql)
    .await?;
    let Some(row) = row else { return Ok(None) };
    let servers = attachments(sql, org, &[row.id])
        .await?
        .remove(&row.id)
        .unwrap_or_default();
    row.grant(servers, now).map(Some)
}

pub async fn lock(tx: &mut OrgTx, id: GrantId) -> Result<Option<Locked>, DbError> {
    let org = tx.org().uuid();
    let row = sqlx::query!(
        "select name, labels, user_email, expires_at, revoked_at, etag from grants
        where org_id = $1 and id = $2
        for update",
        org,
        id.uuid(),
    )
    .fetch_optional(tx.sql())
    .await?;
    row.map(|row| {
        Ok(Locked {
            id,
            name: row.name,
            labels: labels(row.labels)?,
            user: row.user_email,
            expires_at: row.expires_at,
            is_revoked: row.revoked_at.is_some(),
            etag: row.etag,
        })
    })
    .transpose()
}

/// Writes what a grant says of itself; tokens and attachments are apart.
pub async fn change(tx: &mut OrgTx, grant: &Locked) -> Result<(), DbError> {
    let (org, etag) = (tx.org().uuid(), tx.now().etag());
    sqlx::query!(
        "update grants set name = $3, labels = $4, user_email = $5, expires_at = $6, etag = $7
        where org_id = $1 and id = $2",
        org,
        grant.id.uuid(),
        grant.name,
        json(&grant.labels)?,
        grant.user,
        grant.expires_at,
        etag,
    )
    .execute(tx.sql())
    .await?;
    Ok(())
}

/// The token so far stays good until `old_until`; one that was still good from a rotation before is good no more.
pub async fn rotate(
    tx: &mut OrgTx,
    grant: GrantId,
    digest: &[u8; 32],
    hint: &str,
    old_until: Option<OffsetDateTime>,
) -> Result<(), DbError> {
    let (org, etag) = (tx.org().uuid(), tx.now().etag());
    sqlx::query!(
        "update grants set
            old_digest = case when $5::timestamptz is null then null else digest end,
            old_until = $5, digest = $3, hint = $4, etag = $6
        where org_id = $1 and id = $2",
        org,
        grant.uuid(),
        digest,
        hint,
        old_until,
        etag,
    )
    .execute(tx.sql())
    .await?;
    Ok(())
}

pub async fn revoke(tx: &mut OrgTx, grant: GrantId) -> Result<(), DbError> {
    let (org, now) = (tx.org().uuid(), tx.now().clone());
    sqlx::query!(
        "update grants set revoked_at = $3, old_digest = null, old_until = null, etag = $4
        where org_id = $1 and id = $2",
        org,
        grant.uuid(),
        now.time(),
        now.etag(),
    )
    .execute(tx.sql())
    .await?;
    Ok(())
}

/// The e-mail address of a member of this organisation.
pub async fn address(
    tx: &mut SystemTx,
    org: OrgId,
    member: MemberId,
) -> Result<Option<String>, DbError> {
    let address = sqlx::query_scalar!(
        "select users.email from members join users on users.id = members.user_id
        where members.org_id = $1 and members.id = $2",
        org.uuid(),
        member.uuid(),
    )
    .fetch_optional(tx.sql())
    .await?;
    Ok(address)
}

struct Shown {
    id: Uuid,
    name: String,
    labels: serde_json::Value,
    user_email: Option<String>,
    expires_at: Option<OffsetDateTime>,
    revoked_at: Option<OffsetDateTime>,
    is_open: bool,
    last_used_at: Option<OffsetDateTime>,
    hint: String,
    etag: Uuid,
    created_at: OffsetDateTime,
}

impl Shown {
    fn grant(self, servers: Vec<Attachment>, now: OffsetDateTime) -> Result<Grant, DbError> {
        Ok(Grant {
            id: GrantId::from_uuid(self.id),
            name: self.name,
            labels: labels(self.labels)?,
            user: self.user_email,
            servers,
            expires_at: self.expires_at,
            state: State::of(self.revoked_at, self.expires_at, now),
            is_open: self.is_open,
            last_used_at: self.last_used_at,
            token_hint: self.hint,
            etag: self.etag,
            created_at: self.created_at,
        })
    }
}

async fn attachments(
    sql: &mut PgConnection,
    org: OrgId,
    grants: &[Uuid],
) -> Result<HashMap<Uuid, Vec<Attachment>>, DbError> {
    let rows = sqlx::query!(
        r#"select grant_id, server_id, servers.slug as server, policy_id, policies.slug as "policy?", pinned
        from attachments
        join servers on servers.org_id = $1 and servers.id = server_id
        left join policies on policies.org_id = $1 and policies.id = policy_id
        where attachments.org_id = $1 and grant_id = any($2)
        order by grant_id, position"#,
        org.uuid(),
        grants,
    )
    .fetch_all(sql)
    .await?;
    let mut found: HashMap<Uuid, Vec<Attachment>> = HashMap::new();
    for row in rows {
        let pin = match row.pinned {
            Some(number) => Pin::At(crate::policy::store::number(number)?),
            None => Pin::Latest,
        };
        found.entry(row.grant_id).or_default().push(Attachment {
            server: slug(&row.server)?,
            server_id: ServerId::from_uuid(row.server_id),
            policy: row.policy.as_deref().map(slug).transpose()?,
            policy_id: row.policy_id.map(PolicyId::from_uuid),
            version: row.policy_id.map(|_| pin),
        });
    }
    Ok(found)
}

fn labels(stored: serde_json::Value) -> Result<Labels, DbError> {
    serde_json::from_value(stored).map_err(|error| DbError::Stored(format!("labels: {error}")))
}

fn json(labels: &Labels) -> Result<serde_json::Value, DbError> {
    serde_json::to_value(labels).map_err(|error| DbError::Stored(error.to_string()))
}

/// Servers that a grant may be for: those chosen, then those with this in their name or address, the newest first.
pub async fn choices(
    tx: &mut OrgRead,
    chosen: &[String],
    query: &str,
    most: i64,
) -> Result<Vec<Choice>, DbError> {
    let org = tx.org().uuid();
    let rows = sqlx::query!(
        r#"select slug, name, slug = any($2) as "is_chosen!" from servers
        where org_id = $1
            and (slug = any($2) or position(lower($3) in lower(name)) > 0 or position(lower($3) in slug) > 0)
        order by slug = any($2) desc, id desc
        limit $4"#,
        org,
        chosen,
        query,
        most,
    )
    .fetch_all(tx.sql())
    .await?;
    let choices = rows.into_iter().map(|row| Choice {
        slug: row.slug,
        name: row.name,
        is_chosen: row.is_chosen,
    });
    Ok(choices.collect())
}

fn slug(stored: &str) -> Result<Slug, DbError> {
    stored
        .parse()
        .map_err(|error| DbError::Stored(format!("{error}")))
}
