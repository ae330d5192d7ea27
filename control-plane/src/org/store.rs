//! The SQL of organisations and their members.

use super::{NewOrg, Org, OrgChange, Seat};
use crate::access::Role;
use crate::db::{DbError, OrgRead, OrgTx, SystemTx};
use crate::event::Event;
use crate::http::list::Page;
use crate::now::Now;
use bundle::revocation::Taken;
use ids::{MemberId, OrgId, Slug, UserId};

/// Founds an organisation whose owner is `owner`, and says what to say of it.
pub async fn found(
    tx: &mut SystemTx,
    new: NewOrg,
    owner: UserId,
    now: &Now,
) -> Result<(Org, Event), DbError> {
    let org = Org {
        id: now.id(OrgId::new),
        slug: new.slug,
        name: new.name,
        is_open: true,
        max_stale_seconds: None,
        role: Role::Owner,
        created_at: now.time(),
    };
    sqlx::query!(
        "insert into orgs (id, slug, name, created_at) values ($1, $2, $3, $4)",
        org.id.uuid(),
        org.slug.as_str(),
        org.name,
        org.created_at,
    )
    .execute(tx.sql())
    .await?;
    sqlx::query!(
        "insert into org_versions (org_id, version) values ($1, 0)",
        org.id.uuid()
    )
    .execute(tx.sql())
    .await?;
    sqlx::query!(
        "insert into members (id, org_id, user_id, role, created_at) values ($1, $2, $3, $4, $5)",
        now.id(MemberId::new).uuid(),
        org.id.uuid(),
        owner.uuid(),
        Role::Owner.as_str(),
        now.time(),
    )
    .execute(tx.sql())
    .await?;
    let event = Event::OrgCreated {
        org: org.id,
        slug: org.slug.to_string(),
        name: org.name.clone(),
    };
    Ok((org, event))
}

/// How many organisations the account owns. It founds no other before the end of this transaction.
pub async fn owned(tx: &mut SystemTx, user: UserId) -> Result<i64, DbError> {
    sqlx::query!(
        "select id from users where id = $1 for no key update",
        user.uuid()
    )
    .fetch_optional(tx.sql())
    .await?;
    let owned = sqlx::query_scalar!(
        r#"select count(*) as "owned!" from members where user_id = $1 and role = $2"#,
        user.uuid(),
        Role::Owner.as_str(),
    );
    Ok(owned.fetch_one(tx.sql()).await?)
}

/// Where `user` sits in the organisation of this slug or id; none where they do not, or it does not exist.
pub async fn seat(tx: &mut SystemTx, named: &str, user: UserId) -> Result<Option<Seat>, DbError> {
    let id = named.parse::<OrgId>().ok().map(OrgId::uuid);
    let row = sqlx::query!(
        "select orgs.id, orgs.slug, members.id as member, members.role
        from orgs join members on members.org_id = orgs.id
        where (orgs.slug = $1 or orgs.id = $2) and members.user_id = $3",
        named,
        id,
        user.uuid(),
    )
    .fetch_optional(tx.sql())
    .await?;
    row.map(|row| {
        Ok(Seat {
            org: OrgId::from_uuid(row.id),
            slug: slug(&row.slug)?,
            member: MemberId::from_uuid(row.member),
            role: role(&row.role)?,
        })
    })
    .transpose()
}

pub async fn of_user(
    tx: &mut SystemTx,
    user: UserId,
    page: &Page<OrgId>,
) -> Result<Vec<Org>, DbError> {
    let rows = sqlx::query!(
        "select orgs.id, slug, name, is_open, max_stale_seconds, orgs.created_at, members.role
        from orgs join members on members.org_id = orgs.id
        where members.user_id = $1 and ($2::uuid is null or orgs.id < $2)
        order by orgs.id desc limit $3",
        user.uuid(),
        page.before.map(OrgId::uuid),
        page.fetch(),
    )
    .fetch_all(tx.sql())
    .await?;
    rows.into_iter()
        .map(|row| {
            Ok(Org {
                id: OrgId::from_uuid(row.id),
                slug: slug(&row.slug)?,
                name: row.name,
                is_open: row.is_open,
                max_stale_seconds: seconds(row.max_stale_seconds),
                role: role(&row.role)?,
                created_at: row.created_at,
            })
        })
        .collect()
}

/// One organisation as a member of it sees it.
pub async fn as_seen_by(
    tx: &mut SystemTx,
    org: OrgId,
    user: UserId,
) -> Result<Option<Org>, DbError> {
    let row = sqlx::query!(
        "select slug, name, is_open, max_stale_seconds, orgs.created_at, members.role
        from orgs join members on members.org_id = orgs.id
        where orgs.id = $1 and members.user_id = $2",
        org.uuid(),
        user.uuid(),
    )
    .fetch_optional(tx.sql())
    .await?;
    row.map(|row| {
        Ok(Org {
            id: org,
            slug: slug(&row.slug)?,
            name: row.name,
            is_open: row.is_open,
            max_stale_seconds: seconds(row.max_stale_seconds),
            role: role(&row.role)?,
            created_at: row.created_at,
        })
    })
    .transpose()
}

/// The organisation of this reading, as seen by someone in `role`.
pub async fn own(tx: &mut OrgRead, role: Role) -> Result<Org, DbError> {
    let org = tx.org();
    let row = sqlx::query!(
        "select slug, name, is_open, max_stale_seconds, created_at from orgs where id = $1",
        org.uuid(),
    )
    .fetch_optional(tx.sql())
    .await?;
    let row = row.ok_or(DbError::Gone)?;
    Ok(Org {
        id: org,
        slug: slug(&row.slug)?,
        name: row.name,
        is_open: row.is_open,
        max_stale_seconds: seconds(row.max_stale_seconds),
        role,
        created_at: row.created_at,
    })
}

/// Changes what is given; answers name and staleness as they were before and are now.
pub async fn change(tx: &mut OrgTx, change: &OrgChange) -> Result<(OrgChange, OrgChange), DbError> {
    let org = tx.org().uuid();
    let was = sqlx::query!(
        "select name, max_stale_seconds from orgs where id = $1 for no key update",
        org
    )
    .fetch_one(tx.sql())
    .await?;
    let before = OrgChange {
        name: Some(was.name),
        max_stale_seconds: Some(seconds(was.max_stale_seconds)),
    };
    let after = OrgChange {
        name: change.name.clone().or_else(|| before.name.clone()),
        max_stale_seconds: change.max_stale_seconds.or(before.max_stale_seconds),
    };
    let stale = after
        .max_stale_seconds
        .flatten()
        .and_then(|seconds| i32::try_from(seconds).ok());
    sqlx::query!(
        "update orgs set name = $2, max_stale_seconds = $3 where id = $1",
        org,
        after.name,
        stale
    )
    .execute(tx.sql())
    .await?;
    Ok((before, after))
}

/// Deletes the organisation and what refers to it, and leaves word for the replicas, and for `gone`, which deletes the rest.
pub async fn delete(tx: &mut SystemTx, org: OrgId, now: &Now) -> Result<(), DbError> {
    // The version that it would have had next: what is restored later has a newer one.
    sqlx::query!(
        "insert into revocations (org_id, field, version, at)
        select org_id, $2, version + 1, $3 from org_versions where org_id = $1
        on conflict (org_id, field) do update set version = excluded.version, at = excluded.at, told_at = null",
        org.uuid(),
        Taken::Org.field(),
        now.time(),
    )
    .execute(tx.sql())
    .await?;
    sqlx::query!("delete from orgs where id = $1", org.uuid())
        .execute(tx.sql())
        .await?;
    sqlx::query!(
        "insert into deleted_orgs (org_id, at, due_at) values ($1, $2, $2)
        on conflict (org_id) do update set at = excluded.at, due_at = excluded.due_at",
        org.uuid(),
        now.time(),
    )
    .execute(tx.sql())
    .await?;
    sqlx::query!(
        "insert into dirty_orgs (org_id, since) values ($1, $2)
        on conflict (org_id) do update set since = dirty_orgs.since",
        org.uuid(),
        now.time(),
    )
    .execute(tx.sql())
    .await?;
    Ok(())
}

fn seconds(stored: Option<i32>) -> Option<u32> {
    stored.and_then(|seconds| u32::try_from(seconds).ok())
}

fn slug(stored: &str) -> Result<Slug, DbError> {
    stored
        .parse()
        .map_err(|error| DbError::Stored(format!("{error}")))
}

fn role(stored: &str) -> Result<Role, DbError> {
    Role::of(stored).ok_or_else(|| DbError::Stored(format!("role `{stored}`")))
}
