//! The SQL of the outbox: what is put in with a change, what is due, and how it ended.

use crate::db::{DbError, SystemTx};
use crate::webhook::Format;
use crate::webhook::told::Facts;
use ids::{ApprovalId, DeliveryId, GrantId, OrgId, PolicyId, ServerId, WebhookId};
use serde_json::Value;
use sqlx::PgConnection;
use time::{Duration, OffsetDateTime};

/// No more than these wait for one receiver; what comes beyond is said to have failed.
const MOST_WAITING: i64 = 1_000;
/// Of one organisation at once, so that its slow receivers keep nobody else's waiting.
const MOST_OF_ORG: i64 = 4;
/// Looked at by one sweep.
const SWEPT: i64 = 1_000;

/// Those that are to be told of this: of a request and of one that waits for long, the ones that its route names.
pub async fn listening(
    sql: &mut PgConnection,
    org: OrgId,
    event: &str,
    approval: ApprovalId,
) -> Result<Vec<WebhookId>, DbError> {
    let ids = sqlx::query_scalar!(
        "select webhooks.id from webhooks
        join approvals on approvals.org_id = $1 and approvals.id = $3
        where webhooks.org_id = $1 and is_on and $2 = any(events)
            and case $2
                when 'approval.requested' then tells is null or webhooks.id = any(tells)
                when 'approval.escalated' then webhooks.id = any(escalate_to)
                else true
            end
        order by webhooks.id",
        org.uuid(),
        event,
        approval.uuid(),
    )
    .fetch_all(sql)
    .await?;
    Ok(ids.into_iter().map(WebhookId::from_uuid).collect())
}

/// What there is to tell of an approval, as it stands in this transaction.
pub async fn facts(
    sql: &mut PgConnection,
    org: OrgId,
    approval: ApprovalId,
) -> Result<Option<Facts>, DbError> {
    let row = sqlx::query!(
        r#"select orgs.slug as org_slug, state, tool, server_id, servers.slug as "server_slug?", grant_id, grant_name,
            category, policy_id, policy_version, rule, approvers, asked_at, ends_at
        from approvals
        join orgs on orgs.id = approvals.org_id
        left join servers on servers.org_id = approvals.org_id and servers.id = approvals.server_id
        where approvals.org_id = $1 and approvals.id = $2"#,
        org.uuid(),
        approval.uuid(),
    )
    .fetch_optional(sql)
    .await?;
    Ok(row.map(|row| Facts {
        org,
        org_slug: row.org_slug,
        state: row.state,
        tool: row.tool,
        server: ServerId::from_uuid(row.server_id),
        server_slug: row.server_slug,
        grant: GrantId::from_uuid(row.grant_id),
        grant_name: row.grant_name,
        category: row.category,
        policy: PolicyId::from_uuid(row.policy_id),
        version: row.policy_version,
        rule: row.rule,
        approvers: row.approvers,
        asked_at: row.asked_at,
        expires_at: row.ends_at,
    }))
}

/// Puts one in. Answers whether it waits: too many others may, and then the log says so.
pub async fn put(
    sql: &mut PgConnection,
    (org, webhook, id): (OrgId, WebhookId, DeliveryId),
    (event, approval): (&str, Option<ApprovalId>),
    data: &Value,
    now: OffsetDateTime,
) -> Result<bool, DbError> {
    let waits = sqlx::query_scalar!(
        r#"insert into webhook_deliveries (id, org_id, webhook_id, event, approval_id, at, data, state, due_at, error)
        select $1, $2, $3, $4, $5, $6::timestamptz, $7, case when full_up then 'failed' else 'waiting' end,
            case when full_up then null else $6::timestamptz end,
            case when full_up then 'too many others wait for this receiver' end
        from (
            select count(*) >= $8 as full_up from webhook_deliveries
            where org_id = $2 and webhook_id = $3 and state = 'waiting'
        ) as others
        returning state = 'waiting' as "waits!""#,
        id.uuid(),
        org.uuid(),
        webhook.uuid(),
        event,
        approval.map(ApprovalId::uuid),
        now,
        data,
        MOST_WAITING,
    )
    .fetch_one(sql)
    .await?;
    Ok(waits)
}

/// A delivery that is to be sent now, by nobody else.
#[derive(Debug)]
pub struct Due {
    pub org: OrgId,
    pub webhook: WebhookId,
    pub webhook_name: String,
    pub format: Format,
    /// Of Slack: clicks come back.
    pub has_app: bool,
    pub url: Vec<u8>,
    pub secret: Vec<u8>,
    pub secret_before: Option<Vec<u8>>,
    pub failing_since: Option<OffsetDateTime>,
    pub delivery: DeliveryId,
    pub event: String,
    pub at: OffsetDateTime,
    pub data: Value,
    pub attempts: i32,
}

/// One whose receiver nobody sends to just now: of those that were sent to longest ago first.
pub async fn take(
    tx: &mut SystemTx,
    now: OffsetDateTime,
    until: OffsetDateTime,
) -> Result<Option<Due>, DbError> {
    let row = sqlx::query!(
        r#"update webhooks set leased_until = $2, attempted_at = $1
        where id = (
            select id from webhooks w
            where is_on and (leased_until is null or leased_until <= $1)
                and id in (select webhook_id from webhook_deliveries where state = 'waiting' and due_at <= $1)
                and (
                    select count(*) from webhooks busy where busy.org_id = w.org_id and busy.leased_until > $1
                ) < $3
            order by attempted_at nulls first, id
            limit 1
            for update skip locked
        )
        returning org_id, id, name, format, url, secret, secret_before, secret_before_until, failing_since,
            exists (select from slack_apps where slack_apps.org_id = webhooks.org_id) as "has_app!""#,
        now,
        until,
        MOST_OF_ORG,
    )
    .fetch_optional(tx.sql())
    .await?;
    let Some(row) = row else { return Ok(None) };
    let due = sqlx::query!(
        "update webhook_deliveries set attempts = attempts + 1, attempted_at = $3, due_at = $4
        where id = (
            select id from webhook_deliveries
            where org_id = $1 and webhook_id = $2 and state = 'waiting' and due_at <= $3
            order by due_at, id
            limit 1
            for update
        )
        returning id, event, at, data, attempts",
        row.org_id,
        row.id,
        now,
        until,
    )
    .fetch_optional(tx.sql())
    .await?;
    let Some(due) = due else {
        // Somebody changed it meanwhile; the transaction is dropped, and the lease with it.
        return Ok(None);
    };
    let still = row.secret_before_until.is_some_and(|end| now < end);
    Ok(Some(Due {
        org: OrgId::from_uuid(row.org_id),
        webhook: WebhookId::from_uuid(row.id),
        webhook_name: row.name,
        format: super::format(&row.format)?,
        has_app: row.has_app,
        url: row.url,
        secret: row.secret,
        secret_before: row.secret_before.filter(|_| still),
        failing_since: row.failing_since,
        delivery: DeliveryId::from_uuid(due.id),
        event: due.event,
        at: due.at,
        data: due.data,
        attempts: due.attempts,
    }))
}

/// How an attempt ended.
#[derive(Debug)]
pub struct Ended {
    pub status: Option<i32>,
    pub answer: Option<String>,
    pub took_ms: i32,
    /// None: it was taken.
    pub failed: Option<Failed>,
}

#[derive(Debug)]
pub struct Failed {
    pub error: String,
    /// None: it is not tried again.
    pub again_at: Option<OffsetDateTime>,
}

/// Keeps it, and lets the next be sent.
pub async fn ended(
    tx: &mut SystemTx,
    due: &Due,
    ended: &Ended,
    now: OffsetDateTime,
) -> Result<(), DbError> {
    let again_at = ended.failed.as_ref().and_then(|failed| failed.again_at);
    let state = match &ended.failed {
        None => "delivered",
        Some(_) if again_at.is_none() => "failed",
        Some(_) => "waiting",
    };
    sqlx::query!(
        "update webhook_deliveries set state = $3, due_at = $4, status = $5, answer = $6, error = $7, took_ms = $8
        where org_id = $1 and id = $2",
        due.org.uuid(),
        due.delivery.uuid(),
        state,
        again_at,
        ended.status,
        ended.answer,
        ended.failed.as_ref().map(|failed| failed.error.as_str()),
        ended.took_ms,
    )
    .execute(tx.sql())
    .await?;
    sqlx::query!(
        "update webhooks set leased_until = null,
            failing_since = case when $3 then coalesce(failing_since, $4) end
        where org_id = $1 and id = $2",
        due.org.uuid(),
        due.webhook.uuid(),
        ended.failed.is_some(),
        now,
    )
    .execute(tx.sql())
    .await?;
    Ok(())
}

/// Answers whether it was on.
pub async fn switch_off(tx: &mut SystemTx, due: &Due, because: &str) -> Result<bool, DbError> {
    let done = sqlx::query!(
        "update webhooks set is_on = false, off_because = $3 where org_id = $1 and id = $2 and is_on",
        due.org.uuid(),
        due.webhook.uuid(),
        because,
    )
    .execute(tx.sql())
    .await?;
    Ok(done.rows_affected() == 1)
}

/// What waited for a receiver that was switched off a day ago is over.
pub async fn give_up(
    tx: &mut SystemTx,
    now: OffsetDateTime,
    patience: Duration,
) -> Result<u64, DbError> {
    let done = sqlx::query!(
        "update webhook_deliveries set state = 'failed', due_at = null, error = 'the webhook was switched off'
        where id in (
            select d.id from webhook_deliveries d
            join webhooks on webhooks.org_id = d.org_id and webhooks.id = d.webhook_id
            where d.state = 'waiting' and d.due_at <= $1 and not webhooks.is_on
            limit $2
        )",
        now - patience,
        SWEPT,
    )
    .execute(tx.sql())
    .await?;
    Ok(done.rows_affected())
}

/// What ended before this is forgotten.
pub async fn sweep(tx: &mut SystemTx, before: OffsetDateTime) -> Result<u64, DbError> {
    let done = sqlx::query!(
        "delete from webhook_deliveries where id in (
            select id from webhook_deliveries where state <> 'waiting' and at < $1 limit $2
        )",
        before,
        SWEPT,
    )
    .execute(tx.sql())
    .await?;
    Ok(done.rows_affected())
}

/// Confirmed addresses of an organisation's owners and admins, and its slug.
pub async fn administrators(
    tx: &mut SystemTx,
    org: OrgId,
) -> Result<Vec<(String, String)>, DbError> {
    let rows = sqlx::query!(
        "select orgs.slug, users.email from members
        join orgs on orgs.id = members.org_id
        join users on users.id = members.user_id
        where members.org_id = $1 and members.role in ('owner', 'admin') and users.confirmed_at is not null
        order by members.id limit 200",
        org.uuid(),
    )
    .fetch_all(tx.sql())
    .await?;
    Ok(rows.into_iter().map(|row| (row.slug, row.email)).collect())
}
