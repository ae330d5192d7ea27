//! The SQL of members.

use super::Member;
use crate::access::Role;
use crate::db::{DbError, OrgTx, SystemTx};
use crate::http::list::Page;
use ids::{MemberId, OrgId, UserId};

/// Whose names and addresses these are, only the system role may ask.
pub async fn list(
    tx: &mut SystemTx,
    org: OrgId,
    page: &Page<MemberId>,
) -> Result<Vec<Member>, DbError> {
    let rows = sqlx::query!(
        "select members.id, users.id as user_id, email, name, role, members.created_at
        from members join users on users.id = members.user_id
        where members.org_id = $1 and ($2::uuid is null or members.id < $2)
        order by members.id desc limit $3",
        org.uuid(),
        page.before.map(MemberId::uuid),
        page.fetch(),
    )
    .fetch_all(tx.sql())
    .await?;
    rows.into_iter()
        .map(|row| {
            Ok(Member {
                id: MemberId::from_uuid(row.id),
                user: UserId::from_uuid(row.user_id),
                email: row.email,
                name: row.name,
                role: role(&row.role)?,
                created_at: row.created_at,
            })
        })
        .collect()
}

pub async fn one(
    tx: &mut SystemTx,
    org: OrgId,
    member: MemberId,
) -> Result<Option<Member>, DbError> {
    let row = sqlx::query!(
        "select users.id as user_id, email, name, role, members.created_at
        from members join users on users.id = members.user_id
        where members.org_id = $1 and members.id = $2",
        org.uuid(),
        member.uuid(),
    )
    .fetch_optional(tx.sql())
    .await?;
    row.map(|row| {
        Ok(Member {
            id: member,
            user: UserId::from_uuid(row.user_id),
            email: row.email,
            name: row.name,
            role: role(&row.role)?,
            created_at: row.created_at,
        })
    })
    .transpose()
}

/// The role of a member. No membership of the organisation changes before the end of this transaction.
pub async fn role_of(tx: &mut OrgTx, member: MemberId) -> Result<Option<Role>, DbError> {
    tx.alone().await?;
    let org = tx.org().uuid();
    let stored = sqlx::query_scalar!(
        "select role from members where org_id = $1 and id = $2",
        org,
        member.uuid()
    )
    .fetch_optional(tx.sql())
    .await?;
    stored.as_deref().map(role).transpose()
}

pub async fn set_role(tx: &mut OrgTx, member: MemberId, role: Role) -> Result<(), DbError> {
    let org = tx.org().uuid();
    sqlx::query!(
        "update members set role = $3 where org_id = $1 and id = $2",
        org,
        member.uuid(),
        role.as_str()
    )
    .execute(tx.sql())
    .await?;
    Ok(())
}

/// With the API keys and the invitations that the member made.
pub async fn remove(tx: &mut OrgTx, member: MemberId) -> Result<(), DbError> {
    let org = tx.org().uuid();
    sqlx::query!(
        "delete from members where org_id = $1 and id = $2",
        org,
        member.uuid()
    )
    .execute(tx.sql())
    .await?;
    Ok(())
}

pub async fn owners(tx: &mut OrgTx) -> Result<i64, DbError> {
    let org = tx.org().uuid();
    let owners = sqlx::query_scalar!(
        r#"select count(*) as "owners!" from members where org_id = $1 and role = 'owner'"#,
        org
    );
    Ok(owners.fetch_one(tx.sql()).await?)
}

fn role(stored: &str) -> Result<Role, DbError> {
    Role::of(stored).ok_or_else(|| DbError::Stored(format!("role `{stored}`")))
}
