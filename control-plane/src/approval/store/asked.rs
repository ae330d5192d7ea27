//! The SQL behind what replicas ask. Across organisations, so each query names the one it is about.

use super::{number, pointers, state};
use crate::approval::State;
use crate::db::{DbError, SystemTx};
use bundle::approval::{Ask, Pointer};
use ids::{ApprovalId, CallId, OrgId, Slug};
use time::OffsetDateTime;

/// Answers that are looked through for one call.
const MOST_ANSWERS: i64 = 200;

#[derive(Debug)]
pub struct Spent {
    pub approval: ApprovalId,
    /// By the same grant, for the same tool of the same server.
    pub is_of_this: bool,
}

/// What this call has spent already.
pub async fn spent_by(tx: &mut SystemTx, ask: &Ask) -> Result<Option<Spent>, DbError> {
    let row = sqlx::query!(
        "select approval_id, grant_id, server_id, tool from approval_spends
        join approvals on approvals.org_id = $1 and approvals.id = approval_id
        where approval_spends.org_id = $1 and approval_spends.call_id = $2",
        ask.org.uuid(),
        ask.call.uuid(),
    )
    .fetch_optional(tx.sql())
    .await?;
    Ok(row.map(|row| Spent {
        approval: ApprovalId::from_uuid(row.approval_id),
        is_of_this: row.grant_id == ask.grant.uuid()
            && row.server_id == ask.server.uuid()
            && row.tool == ask.tool,
    }))
}

/// An approval that lets something through.
#[derive(Debug)]
pub struct Answering {
    pub approval: ApprovalId,
    pub grant_name: String,
    pub vary: Vec<Pointer>,
    pub digest: [u8; 32],
}

/// Those that could let this call through, the one first that ends first; none to a grant that may not be used.
pub async fn answers(
    tx: &mut SystemTx,
    ask: &Ask,
    definition: &[u8],
    now: OffsetDateTime,
) -> Result<Vec<Answering>, DbError> {
    let rows = sqlx::query!(
        r#"select id, grant_name, vary, answer as "answer!" from approvals
        where org_id = $1 and grant_id = $2 and server_id = $3 and tool = $4 and state = 'approved'
            and definition = $5 and policy_id = $6 and policy_version = $7 and rule = $8 and ends_at > $9
            and exists (select from grants where grants.org_id = $1 and grants.id = $2 and revoked_at is null
                and is_open and (expires_at is null or expires_at > $9))
        order by ends_at, id limit $10"#,
        ask.org.uuid(),
        ask.grant.uuid(),
        ask.server.uuid(),
        ask.tool,
        definition,
        ask.policy.id.uuid(),
        i32::try_from(ask.policy.version).unwrap_or(0),
        ask.rule,
        now,
        MOST_ANSWERS,
    )
    .fetch_all(tx.sql())
    .await?;
    let each = rows.into_iter().map(|row| {
        let digest = row.answer.try_into();
        Ok(Answering {
            approval: ApprovalId::from_uuid(row.id),
            grant_name: row.grant_name,
            vary: pointers(&row.vary)?,
            digest: digest.map_err(|_| DbError::Stored("a digest of another length".into()))?,
        })
    });
    each.collect()
}

/// Spends it for this call, if there is still something to spend: one update, which no other can take as well. Answers
/// how many calls it has let through, of how many.
pub async fn spend(
    tx: &mut SystemTx,
    ask: &Ask,
    approval: ApprovalId,
    replica: &str,
    now: OffsetDateTime,
) -> Result<Option<(u32, u32)>, DbError> {
    let row = sqlx::query!(
        r#"with spent as (
            update approvals set used = used + 1, state = case when used + 1 >= uses then 'spent' else 'approved' end
            where org_id = $1 and id = $2 and state = 'approved' and used < uses and ends_at > $5
            returning used, uses
        ), noted as (
            insert into approval_spends (org_id, call_id, approval_id, replica, at)
            select $1, $3, $2, $4, $5 from spent
        )
        select used as "used!", uses as "uses!" from spent"#,
        ask.org.uuid(),
        approval.uuid(),
        ask.call.uuid(),
        replica,
        now,
    )
    .fetch_optional(tx.sql())
    .await?;
    row.map(|row| Ok((number(row.used)?, number(row.uses)?)))
        .transpose()
}

/// Lets a later round of a call go on, once for each state that a client brings back, where the first round spent this
/// approval and it was this grant's, for this tool, under this version.
pub async fn go_on(
    tx: &mut SystemTx,
    ask: &Ask,
    approval: ApprovalId,
    state: &[u8],
    replica: &str,
    now: OffsetDateTime,
) -> Result<bool, DbError> {
    let done = sqlx::query!(
        "insert into approval_spends (org_id, call_id, approval_id, replica, round, at)
        select $1, $2, a.id, $4, $5, $6 from approvals a
        where a.org_id = $1 and a.id = $3 and a.grant_id = $7 and a.server_id = $8 and a.tool = $9
            and a.policy_id = $10 and a.policy_version = $11
            and exists (select from approval_spends s where s.org_id = $1 and s.approval_id = $3 and s.round is null)
            and exists (select from grants where grants.org_id = $1 and grants.id = $7 and revoked_at is null
                and is_open and (expires_at is null or expires_at > $6))
        on conflict (org_id, approval_id, round) do nothing",
        ask.org.uuid(),
        ask.call.uuid(),
        approval.uuid(),
        replica,
        state,
        now,
        ask.grant.uuid(),
        ask.server.uuid(),
        ask.tool,
        ask.policy.id.uuid(),
        i32::try_from(ask.policy.version).unwrap_or(0),
    )
    .execute(tx.sql())
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Whose grant asks.
#[derive(Debug)]
pub struct Asker {
    pub org: Slug,
    pub grant_name: String,
    user: Option<String>,
    made_by: String,
    maker: Option<uuid::Uuid>,
}

/// The grant that asks, if it may be used at all; held until the transaction ends, so that what is counted of it stays
/// so.
pub async fn asker(
    tx: &mut SystemTx,
    ask: &Ask,
    now: OffsetDateTime,
) -> Result<Option<Asker>, DbError> {
    let row = sqlx::query!(
        r#"select orgs.slug, grants.name, user_email, made_by,
            (select user_id from members
                where members.org_id = $1 and 'mem_' || replace(members.id::text, '-', '') = made_by) as maker
        from grants join orgs on orgs.id = $1
        where grants.org_id = $1 and grants.id = $2 and revoked_at is null and grants.is_open and orgs.is_open
            and (expires_at is null or expires_at > $3)
            and exists (select from servers where servers.org_id = $1 and servers.id = $4 and servers.is_open)
        for no key update of grants"#,
        ask.org.uuid(),
        ask.grant.uuid(),
        now,
        ask.server.uuid(),
    )
    .fetch_optional(tx.sql())
    .await?;
    let Some(row) = row else { return Ok(None) };
    let slug = row.slug.parse();
    Ok(Some(Asker {
        org: slug.map_err(|_| DbError::Stored(format!("slug `{}`", row.slug)))?,
        grant_name: row.name,
        user: row.user_email,
        made_by: row.made_by,
        maker: row.maker,
    }))
}

/// The call that spent an approval of exactly this last, where that was since `since` and no end of it is on record: it may
/// be on its way, or whoever made it is gone.
pub async fn lost(
    tx: &mut SystemTx,
    ask: &Ask,
    digest: &[u8; 32],
    since: OffsetDateTime,
) -> Result<Option<CallId>, DbError> {
    let last = sqlx::query_scalar!(
        "select s.call_id from approval_spends s
        join approvals a on a.org_id = $1 and a.id = s.approval_id
        where s.org_id = $1 and a.grant_id = $2 and a.server_id = $3 and a.tool = $4 and a.digest = $5 and a.used > 0
            and s.at > $6
        order by s.at desc limit 1",
        ask.org.uuid(),
        ask.grant.uuid(),
        ask.server.uuid(),
        ask.tool,
        digest,
        since,
    )
    .fetch_optional(tx.sql())
    .await?;
    let Some(last) = last.map(CallId::from_uuid) else {
        return Ok(None);
    };
    let at = OffsetDateTime::from_unix_timestamp_nanos(i128::from(last.unix_ms()) * 1_000_000);
    let ended = sqlx::query_scalar!(
        r#"select outcome <> 'unknown' as "is_known!" from call_outcomes where org_id = $1 and at = $2 and id = $3"#,
        ask.org.uuid(),
        at.map_err(|_| DbError::Stored(format!("`{last}` of no time")))?,
        last.uuid(),
    )
    .fetch_optional(tx.sql())
    .await?;
    Ok(Some(last).filter(|_| ended != Some(true)))
}

/// A request for exactly this.
#[derive(Debug)]
pub struct Same {
    pub id: ApprovalId,
    pub state: State,
    pub ends_at: OffsetDateTime,
    pub note: String,
}

/// The newest that waits, and the newest that was refused.
pub async fn same(tx: &mut SystemTx, ask: &Ask, digest: &[u8; 32]) -> Result<Vec<Same>, DbError> {
    let rows = sqlx::query!(
        "select distinct on (state) id, state, ends_at, note from approvals
        where org_id = $1 and grant_id = $2 and server_id = $3 and tool = $4 and state in ('waiting', 'refused')
            and digest = $5
        order by state desc, id desc",
        ask.org.uuid(),
        ask.grant.uuid(),
        ask.server.uuid(),
        ask.tool,
        digest,
    )
    .fetch_all(tx.sql())
    .await?;
    let each = rows.into_iter().map(|row| {
        Ok(Same {
            id: ApprovalId::from_uuid(row.id),
            state: state(&row.state)?,
            ends_at: row.ends_at,
            note: row.note,
        })
    });
    each.collect()
}

pub async fn asked_again(tx: &mut SystemTx, org: OrgId, id: ApprovalId) -> Result<(), DbError> {
    sqlx::query!(
        "update approvals set asks = asks + 1 where org_id = $1 and id = $2",
        org.uuid(),
        id.uuid(),
    )
    .execute(tx.sql())
    .await?;
    Ok(())
}

/// Its time is over.
pub async fn end(tx: &mut SystemTx, org: OrgId, id: ApprovalId) -> Result<(), DbError> {
    sqlx::query!(
        "update approvals set state = 'expired' where org_id = $1 and id = $2",
        org.uuid(),
        id.uuid(),
    )
    .execute(tx.sql())
    .await?;
    Ok(())
}

/// How many requests of the grant wait.
pub async fn waiting(tx: &mut SystemTx, ask: &Ask, now: OffsetDateTime) -> Result<i64, DbError> {
    let count = sqlx::query_scalar!(
        r#"select count(*) as "count!" from approvals
        where org_id = $1 and grant_id = $2 and state = 'waiting' and ends_at > $3"#,
        ask.org.uuid(),
        ask.grant.uuid(),
        now,
    )
    .fetch_one(tx.sql())
    .await?;
    Ok(count)
}

/// The part of a new request that is not in what was asked.
#[derive(Debug)]
pub struct Opened<'a> {
    pub id: ApprovalId,
    pub digest: [u8; 32],
    pub definition: &'a [u8],
    pub arguments: Vec<u8>,
    pub asked_at: OffsetDateTime,
    pub ends_at: OffsetDateTime,
    pub replica: &'a str,
}

pub async fn insert(
    tx: &mut SystemTx,
    ask: &Ask,
    asker: &Asker,
    opened: &Opened<'_>,
) -> Result<(), DbError> {
    let client = ask.client.as_ref();
    sqlx::query!(
        "insert into approvals (id, org_id, grant_id, grant_name, grant_user, grant_made_by, grant_maker, server_id, tool,
            category, definition, policy_id, policy_version, rule, message, digest, arguments, approvers, timeout_s,
            call_id, client_name, client_version, replica, asked_at, ends_at)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23,
            $24, $25)",
        opened.id.uuid(),
        ask.org.uuid(),
        ask.grant.uuid(),
        asker.grant_name,
        asker.user,
        asker.made_by,
        asker.maker,
        ask.server.uuid(),
        ask.tool,
        ask.category.word(),
        opened.definition,
        ask.policy.id.uuid(),
        i32::try_from(ask.policy.version).unwrap_or(0),
        ask.rule,
        ask.message,
        &opened.digest,
        opened.arguments,
        i32::try_from(ask.approvers).unwrap_or(i32::MAX),
        i64::try_from(ask.timeout_s).unwrap_or(i64::MAX),
        ask.call.uuid(),
        client.map(|client| client.name.as_str()),
        client.map(|client| client.version.as_str()),
        opened.replica,
        opened.asked_at,
        opened.ends_at,
    )
    .execute(tx.sql())
    .await?;
    Ok(())
}

pub async fn standing(
    tx: &mut SystemTx,
    org: OrgId,
    id: ApprovalId,
) -> Result<Option<(State, OffsetDateTime, String)>, DbError> {
    let row = sqlx::query!(
        "select state, ends_at, note from approvals where org_id = $1 and id = $2",
        org.uuid(),
        id.uuid(),
    )
    .fetch_optional(tx.sql())
    .await?;
    row.map(|row| Ok((state(&row.state)?, row.ends_at, row.note)))
        .transpose()
}

/// Ends what is over; answers which, with their tools.
pub async fn expire(
    tx: &mut SystemTx,
    now: OffsetDateTime,
    most: i64,
) -> Result<Vec<(OrgId, ApprovalId, String)>, DbError> {
    let rows = sqlx::query!(
        "update approvals set state = 'expired'
        where id in (
            select id from approvals where state in ('waiting', 'approved') and ends_at <= $1
            order by ends_at limit $2 for update skip locked
        )
        returning org_id, id, tool",
        now,
        most,
    )
    .fetch_all(tx.sql())
    .await?;
    let each = rows.into_iter();
    let each = each.map(|row| {
        (
            OrgId::from_uuid(row.org_id),
            ApprovalId::from_uuid(row.id),
            row.tool,
        )
    });
    Ok(each.collect())
}
