//! The SQL of invitations.

use super::{Invitation, Offer};
use crate::access::Role;
use crate::db::{DbError, OrgRead, OrgTx, SystemTx};
use crate::http::list::Page;
use crate::now::Now;
use ids::{InvitationId, MemberId, OrgId, UserId};
use time::OffsetDateTime;

/// Who invites: their name, and whether their address is confirmed.
#[derive(Debug)]
pub struct Host {
    pub user: UserId,
    pub name: String,
    pub is_confirmed: bool,
}

/// A live invitation, as its link finds it.
#[derive(Debug)]
pub struct Found {
    pub id: InvitationId,
    pub org: OrgId,
    pub offer: Offer,
}

pub async fn host(
    tx: &mut SystemTx,
    org: OrgId,
    member: MemberId,
) -> Result<Option<Host>, DbError> {
    let row = sqlx::query!(
        r#"select users.id, name, confirmed_at is not null as "is_confirmed!"
        from members join users on users.id = members.user_id
        where members.org_id = $1 and members.id = $2"#,
        org.uuid(),
        member.uuid()
    )
    .fetch_optional(tx.sql())
    .await?;
    Ok(row.map(|row| Host {
        user: UserId::from_uuid(row.id),
        name: row.name,
        is_confirmed: row.is_confirmed,
    }))
}

/// Whether the address belongs to a member already.
pub async fn is_member(tx: &mut SystemTx, org: OrgId, email: &str) -> Result<bool, DbError> {
    let is_member = sqlx::query_scalar!(
        r#"select exists (
            select from members join users on users.id = members.user_id
            where members.org_id = $1 and email = $2
        ) as "is_member!""#,
        org.uuid(),
        email
    );
    Ok(is_member.fetch_one(tx.sql()).await?)
}

/// How many are open. No other is made before the end of this transaction; those past their time go, and the one for this
/// address, in whose place another comes.
pub async fn make_room(tx: &mut OrgTx, email: &str) -> Result<i64, DbError> {
    tx.alone().await?;
    let (org, now) = (tx.org().uuid(), tx.now().time());
    sqlx::query!(
        "delete from invitations where org_id = $1 and (expires_at <= $2 or email = $3)",
        org,
        now,
        email
    )
    .execute(tx.sql())
    .await?;
    let open = sqlx::query_scalar!(
        r#"select count(*) as "open!" from invitations where org_id = $1"#,
        org
    );
    Ok(open.fetch_one(tx.sql()).await?)
}

pub async fn insert(
    tx: &mut OrgTx,
    invitation: &Invitation,
    digest: &[u8; 32],
) -> Result<(), DbError> {
    let org = tx.org().uuid();
    sqlx::query!(
        "insert into invitations (id, org_id, email, role, digest, made_by, expires_at, created_at)
        values ($1, $2, $3, $4, $5, $6, $7, $8)",
        invitation.id.uuid(),
        org,
        invitation.email,
        invitation.role.as_str(),
        digest,
        invitation.made_by.uuid(),
        invitation.expires_at,
        invitation.created_at,
    )
    .execute(tx.sql())
    .await?;
    Ok(())
}

pub async fn org_name(tx: &mut OrgTx) -> Result<String, DbError> {
    let org = tx.org().uuid();
    let name = sqlx::query_scalar!("select name from orgs where id = $1", org);
    name.fetch_optional(tx.sql()).await?.ok_or(DbError::Gone)
}

/// Those that are open.
pub async fn list(
    tx: &mut OrgRead,
    page: &Page<InvitationId>,
    now: OffsetDateTime,
) -> Result<Vec<Invitation>, DbError> {
    let org = tx.org().uuid();
    let rows = sqlx::query!(
        "select id, email, role, made_by, expires_at, created_at from invitations
        where org_id = $1 and expires_at > $2 and ($3::uuid is null or id < $3)
        order by id desc limit $4",
        org,
        now,
        page.before.map(InvitationId::uuid),
        page.fetch(),
    )
    .fetch_all(tx.sql())
    .await?;
    rows.into_iter()
        .map(|row| {
            Ok(Invitation {
                id: InvitationId::from_uuid(row.id),
                email: row.email,
                role: role(&row.role)?,
                made_by: MemberId::from_uuid(row.made_by),
                expires_at: row.expires_at,
                created_at: row.created_at,
            })
        })
        .collect()
}

/// The address that it was for; none where it is not of this organisation.
pub async fn delete(tx: &mut OrgTx, id: InvitationId) -> Result<Option<String>, DbError> {
    let org = tx.org().uuid();
    let email = sqlx::query_scalar!(
        "delete from invitations where org_id = $1 and id = $2 returning email",
        org,
        id.uuid()
    );
    Ok(email.fetch_optional(tx.sql()).await?)
}

/// What the link leads to. An invitation whose maker has come to hold less than it gives is none.
pub async fn by_digest(
    tx: &mut SystemTx,
    digest: &[u8; 32],
    now: OffsetDateTime,
) -> Result<Option<Found>, DbError> {
    let row = sqlx::query!(
        r#"select invitations.id, orgs.id as org, orgs.slug, orgs.name, invitations.role, invitations.email,
            users.name as "by", members.role as maker_role, invitations.expires_at
        from invitations
        join orgs on orgs.id = invitations.org_id
        join members on members.org_id = invitations.org_id and members.id = made_by
        join users on users.id = members.user_id
        where digest = $1 and expires_at > $2"#,
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
    Ok(Some(Found {
        id: InvitationId::from_uuid(row.id),
        org: OrgId::from_uuid(row.org),
        offer: Offer {
            slug: row
                .slug
                .parse()
                .map_err(|error| DbError::Stored(format!("{error}")))?,
            name: row.name,
            role,
            email: row.email,
            by: row.by,
            expires_at: row.expires_at,
        },
    }))
}

/// Takes the invitation, and its organisation before it. False: it is gone, and so is perhaps the organisation.
pub async fn spend(tx: &mut SystemTx, found: &Found) -> Result<bool, DbError> {
    sqlx::query!(
        "select id from orgs where id = $1 for no key update",
        found.org.uuid()
    )
    .fetch_optional(tx.sql())
    .await?;
    let done = sqlx::query!("delete from invitations where id = $1", found.id.uuid())
        .execute(tx.sql())
        .await?;
    Ok(done.rows_affected() == 1)
}

pub async fn members(tx: &mut SystemTx, org: OrgId) -> Result<i64, DbError> {
    let members = sqlx::query_scalar!(
        r#"select count(*) as "members!" from members where org_id = $1"#,
        org.uuid()
    );
    Ok(members.fetch_one(tx.sql()).await?)
}

pub async fn insert_member(
    tx: &mut SystemTx,
    org: OrgId,
    user: UserId,
    role: Role,
    now: &Now,
) -> Result<MemberId, DbError> {
    let id = now.id(MemberId::new);
    sqlx::query!(
        "insert into members (id, org_id, user_id, role, created_at) values ($1, $2, $3, $4, $5)",
        id.uuid(),
        org.uuid(),
        user.uuid(),
        role.as_str(),
        now.time(),
    )
    .execute(tx.sql())
    .await?;
    Ok(id)
}

fn role(stored: &str) -> Result<Role, DbError> {
    Role::of(stored).ok_or_else(|| DbError::Stored(format!("role `{stored}`")))
}
