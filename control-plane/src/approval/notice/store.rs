//! The SQL of who was told of what, and who is to be.

use crate::db::{DbError, SystemTx};
use ids::{ApprovalId, GrantId, OrgId};
use time::{Duration, OffsetDateTime};

/// No more people than these are told.
const MOST: i64 = 200;

/// Calls of one grant that wait, some of which nobody was told of.
#[derive(Debug)]
pub struct Untold {
    pub org: OrgId,
    pub org_slug: String,
    pub grant: GrantId,
    pub grant_name: String,
    pub waiting: i64,
    pub newest: ApprovalId,
    told_at: Option<OffsetDateTime>,
}

/// The grant that waits longest of those that somebody is to be told of now.
pub async fn untold(
    tx: &mut SystemTx,
    now: OffsetDateTime,
    pause: Duration,
) -> Result<Option<Untold>, DbError> {
    let row = sqlx::query!(
        r#"select approvals.org_id, orgs.slug, approvals.grant_id, grants.name as grant_name, told_at as "told_at?",
            waiting.number as "waiting!", waiting.newest as "newest!"
        from approvals
        join orgs on orgs.id = approvals.org_id
        join grants on grants.org_id = approvals.org_id and grants.id = approvals.grant_id
        left join approval_notices
            on approval_notices.org_id = approvals.org_id and approval_notices.grant_id = approvals.grant_id
        cross join lateral (
            select count(*) as number, (array_agg(same.id order by same.id desc))[1] as newest from approvals same
            where same.org_id = approvals.org_id and same.grant_id = approvals.grant_id and same.state = 'waiting'
                and same.ends_at > $1
        ) as waiting
        where approvals.state = 'waiting' and not approvals.told and approvals.by_mail and approvals.ends_at > $1
            and not is_quiet(quiet_zone, quiet_from, quiet_until, $1)
            and (told_at is null or told_at <= $2 or exists (
                select from approvals decided
                where decided.org_id = approvals.org_id and decided.grant_id = approvals.grant_id
                    and decided.decided_at > told_at
            ))
        order by approvals.asked_at
        limit 1"#,
        now,
        now - pause,
    )
    .fetch_optional(tx.sql())
    .await?;
    Ok(row.map(|row| Untold {
        org: OrgId::from_uuid(row.org_id),
        org_slug: row.slug,
        grant: GrantId::from_uuid(row.grant_id),
        grant_name: row.grant_name,
        waiting: row.waiting,
        newest: ApprovalId::from_uuid(row.newest),
        told_at: row.told_at,
    }))
}

/// Whether it is for the caller to tell: for one process alone.
pub async fn claim(
    tx: &mut SystemTx,
    untold: &Untold,
    now: OffsetDateTime,
) -> Result<bool, DbError> {
    let (org, grant) = (untold.org.uuid(), untold.grant.uuid());
    let claimed = sqlx::query!(
        "insert into approval_notices (org_id, grant_id, told_at) values ($1, $2, $3)
        on conflict (org_id, grant_id) do update set told_at = $3 where approval_notices.told_at = $4",
        org,
        grant,
        now,
        untold.told_at,
    )
    .execute(tx.sql())
    .await?;
    if claimed.rows_affected() == 0 {
        return Ok(false);
    }
    sqlx::query!(
        "update approvals set told = true where org_id = $1 and grant_id = $2 and state = 'waiting' and not told",
        org,
        grant,
    )
    .execute(tx.sql())
    .await?;
    Ok(true)
}

/// Addresses of those who may decide it and want mails: confirmed ones, and never that of whose own the grant is.
pub async fn who_decides(tx: &mut SystemTx, untold: &Untold) -> Result<Vec<String>, DbError> {
    let addresses = sqlx::query_scalar!(
        r#"select users.email from members
        join users on users.id = members.user_id
        join approvals on approvals.org_id = members.org_id and approvals.id = $2
        join grants on grants.org_id = members.org_id and grants.id = approvals.grant_id
        where members.org_id = $1 and members.role in ('owner', 'admin', 'approver') and users.confirmed_at is not null
            and users.approval_mails and lower(users.email) is distinct from lower(approvals.grant_user)
            and lower(users.email) is distinct from lower(grants.user_email)
            and users.id is distinct from approvals.grant_maker
        order by members.id
        limit $3"#,
        untold.org.uuid(),
        untold.newest.uuid(),
        MOST,
    )
    .fetch_all(tx.sql())
    .await?;
    Ok(addresses)
}

/// A request that waits for longer than its route lets it.
#[derive(Debug)]
pub struct Overdue {
    pub org: OrgId,
    pub org_slug: String,
    pub approval: ApprovalId,
    pub tool: String,
    pub grant_name: String,
    pub by_mail: bool,
}

/// Takes some whose time has come, each once.
pub async fn overdue(tx: &mut SystemTx, now: OffsetDateTime) -> Result<Vec<Overdue>, DbError> {
    let rows = sqlx::query!(
        r#"update approvals set escalates_at = null
        where id in (
            select id from approvals
            where state = 'waiting' and escalates_at <= $1 and ends_at > $1
            order by escalates_at limit $2
            for update skip locked
        )
        returning org_id, id, tool, grant_name, escalate_mail,
            (select slug from orgs where orgs.id = approvals.org_id) as "slug!""#,
        now,
        MOST,
    )
    .fetch_all(tx.sql())
    .await?;
    let each = rows.into_iter().map(|row| Overdue {
        org: OrgId::from_uuid(row.org_id),
        org_slug: row.slug,
        approval: ApprovalId::from_uuid(row.id),
        tool: row.tool,
        grant_name: row.grant_name,
        by_mail: row.escalate_mail,
    });
    Ok(each.collect())
}

/// Owners and admins who may decide it, as [`who_decides`] says.
pub async fn who_administers(tx: &mut SystemTx, overdue: &Overdue) -> Result<Vec<String>, DbError> {
    let addresses = sqlx::query_scalar!(
        r#"select users.email from members
        join users on users.id = members.user_id
        join approvals on approvals.org_id = members.org_id and approvals.id = $2
        join grants on grants.org_id = members.org_id and grants.id = approvals.grant_id
        where members.org_id = $1 and members.role in ('owner', 'admin') and users.confirmed_at is not null
            and users.approval_mails and lower(users.email) is distinct from lower(approvals.grant_user)
            and lower(users.email) is distinct from lower(grants.user_email)
            and users.id is distinct from approvals.grant_maker
        order by members.id
        limit $3"#,
        overdue.org.uuid(),
        overdue.approval.uuid(),
        MOST,
    )
    .fetch_all(tx.sql())
    .await?;
    Ok(addresses)
}
