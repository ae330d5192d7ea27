//! The SQL of webhooks and their logs, as people look at them.

mod due;

pub use due::{
    Due, Ended, Failed, administrators, ended, facts, give_up, listening, put, sweep, switch_off,
    take,
};

use super::secret::{self, Part};
use super::{Delivery, DeliveryState, Format, Webhook, told};
use crate::app::App;
use crate::db::{DbError, OrgRead, OrgTx};
use crate::http::list::Page;
use ids::{ApprovalId, DeliveryId, OrgId, WebhookId};
use serde_json::Value;
use time::OffsetDateTime;
use uuid::Uuid;

struct Row {
    id: Uuid,
    name: String,
    format: String,
    url: Vec<u8>,
    events: Vec<String>,
    is_on: bool,
    off_because: Option<String>,
    failing_since: Option<OffsetDateTime>,
    waiting: i64,
    created_at: OffsetDateTime,
}

impl Row {
    fn webhook(self, app: &App, org: OrgId) -> Result<Webhook, DbError> {
        let id = WebhookId::from_uuid(self.id);
        Ok(Webhook {
            id,
            name: self.name,
            format: format(&self.format)?,
            url: secret::open(app, (org, id), Part::Url, &self.url)?
                .expose()
                .to_owned(),
            events: self.events,
            is_on: self.is_on,
            off_because: self.off_because,
            failing_since: self.failing_since,
            waiting: self.waiting,
            created_at: self.created_at,
        })
    }
}

fn format(word: &str) -> Result<Format, DbError> {
    Format::of(word).ok_or_else(|| DbError::Stored(format!("`{word}` as the format of a webhook")))
}

/// How many there are. No other is made or counted before the end of this transaction.
pub async fn count(tx: &mut OrgTx) -> Result<i64, DbError> {
    tx.alone().await?;
    let org = tx.org().uuid();
    let count = sqlx::query_scalar!(
        r#"select count(*) as "count!" from webhooks where org_id = $1"#,
        org
    )
    .fetch_one(tx.sql())
    .await?;
    Ok(count)
}

/// What of a new one is sealed.
#[derive(Debug)]
pub struct Sealed {
    pub url: Vec<u8>,
    pub secret: Vec<u8>,
}

pub async fn insert(tx: &mut OrgTx, webhook: &Webhook, sealed: &Sealed) -> Result<(), DbError> {
    let org = tx.org().uuid();
    sqlx::query!(
        "insert into webhooks (id, org_id, name, url, secret, events, created_at, format)
        values ($1, $2, $3, $4, $5, $6, $7, $8)",
        webhook.id.uuid(),
        org,
        webhook.name,
        sealed.url,
        sealed.secret,
        &webhook.events,
        webhook.created_at,
        webhook.format.word(),
    )
    .execute(tx.sql())
    .await?;
    Ok(())
}

pub async fn list(
    app: &App,
    tx: &mut OrgRead,
    page: &Page<WebhookId>,
) -> Result<Vec<Webhook>, DbError> {
    let org = tx.org();
    let rows = sqlx::query_as!(
        Row,
        r#"select id, name, format, url, events, is_on, off_because, failing_since, created_at, (
                select count(*) from webhook_deliveries d
                where d.org_id = $1 and d.webhook_id = webhooks.id and d.state = 'waiting'
            ) as "waiting!"
        from webhooks
        where org_id = $1 and ($2::uuid is null or id < $2)
        order by id desc limit $3"#,
        org.uuid(),
        page.before.map(WebhookId::uuid),
        page.fetch(),
    )
    .fetch_all(tx.sql())
    .await?;
    let each = rows.into_iter();
    each.map(|row| row.webhook(app, org)).collect()
}

pub async fn by_id(
    app: &App,
    sql: &mut sqlx::PgConnection,
    org: OrgId,
    id: WebhookId,
) -> Result<Option<Webhook>, DbError> {
    let row = sqlx::query_as!(
        Row,
        r#"select id, name, format, url, events, is_on, off_because, failing_since, created_at, (
                select count(*) from webhook_deliveries d
                where d.org_id = $1 and d.webhook_id = $2 and d.state = 'waiting'
            ) as "waiting!"
        from webhooks where org_id = $1 and id = $2"#,
        org.uuid(),
        id.uuid(),
    )
    .fetch_optional(sql)
    .await?;
    row.map(|row| row.webhook(app, org)).transpose()
}

/// Holds it until the transaction ends.
pub async fn lock(tx: &mut OrgTx, id: WebhookId) -> Result<bool, DbError> {
    let org = tx.org().uuid();
    let held = sqlx::query_scalar!(
        "select id from webhooks where org_id = $1 and id = $2 for no key update",
        org,
        id.uuid(),
    )
    .fetch_optional(tx.sql())
    .await?;
    Ok(held.is_some())
}

/// As it is from now on. Whoever switches it on gives it a fresh start.
pub async fn update(tx: &mut OrgTx, webhook: &Webhook, url: &[u8]) -> Result<(), DbError> {
    let org = tx.org().uuid();
    sqlx::query!(
        "update webhooks set name = $3, url = $4, events = $5, is_on = $6, off_because = $7, failing_since = $8
        where org_id = $1 and id = $2",
        org,
        webhook.id.uuid(),
        webhook.name,
        url,
        &webhook.events,
        webhook.is_on,
        webhook.off_because,
        webhook.failing_since,
    )
    .execute(tx.sql())
    .await?;
    Ok(())
}

/// The secret from now on; the one before signs as well until `until`.
pub async fn rotate(
    tx: &mut OrgTx,
    id: WebhookId,
    secret: &[u8],
    until: OffsetDateTime,
) -> Result<(), DbError> {
    let org = tx.org().uuid();
    sqlx::query!(
        "update webhooks set secret_before = secret, secret_before_until = $4, secret = $3
        where org_id = $1 and id = $2",
        org,
        id.uuid(),
        secret,
        until,
    )
    .execute(tx.sql())
    .await?;
    Ok(())
}

/// The name that it had.
pub async fn delete(tx: &mut OrgTx, id: WebhookId) -> Result<Option<String>, DbError> {
    let org = tx.org().uuid();
    let name = sqlx::query_scalar!(
        "delete from webhooks where org_id = $1 and id = $2 returning name",
        org,
        id.uuid()
    )
    .fetch_optional(tx.sql())
    .await?;
    Ok(name)
}

struct Logged {
    id: Uuid,
    event: String,
    approval_id: Option<Uuid>,
    at: OffsetDateTime,
    data: Value,
    state: String,
    attempts: i32,
    due_at: Option<OffsetDateTime>,
    attempted_at: Option<OffsetDateTime>,
    status: Option<i32>,
    answer: Option<String>,
    error: Option<String>,
    took_ms: Option<i32>,
}

impl Logged {
    fn delivery(self, app: &App) -> Result<Delivery, DbError> {
        let state = DeliveryState::of(&self.state);
        let state =
            state.ok_or_else(|| DbError::Stored(format!("`{}` of a delivery", self.state)))?;
        let site = &app.site().public_url;
        Ok(Delivery {
            id: DeliveryId::from_uuid(self.id),
            body: told::body(&self.event, self.at, &self.data, site),
            event: self.event,
            approval: self.approval_id.map(ApprovalId::from_uuid),
            state,
            attempts: u32::try_from(self.attempts).unwrap_or(0),
            created_at: self.at,
            attempted_at: self.attempted_at,
            due_at: self.due_at,
            status: self.status.and_then(|status| u16::try_from(status).ok()),
            answer: self.answer,
            error: self.error,
            took_ms: self.took_ms.and_then(|took| u32::try_from(took).ok()),
        })
    }
}

/// What was told to it, or is to be, newest first.
pub async fn log(
    app: &App,
    tx: &mut OrgRead,
    webhook: WebhookId,
    page: &Page<DeliveryId>,
) -> Result<Vec<Delivery>, DbError> {
    let org = tx.org().uuid();
    let rows = sqlx::query_as!(
        Logged,
        "select id, event, approval_id, at, data, state, attempts, due_at, attempted_at, status, answer, error, took_ms
        from webhook_deliveries
        where org_id = $1 and webhook_id = $2 and ($3::uuid is null or id < $3)
        order by id desc limit $4",
        org,
        webhook.uuid(),
        page.before.map(DeliveryId::uuid),
        page.fetch(),
    )
    .fetch_all(tx.sql())
    .await?;
    rows.into_iter().map(|row| row.delivery(app)).collect()
}

pub async fn delivery(
    app: &App,
    tx: &mut OrgTx,
    webhook: WebhookId,
    id: DeliveryId,
) -> Result<Option<Delivery>, DbError> {
    let org = tx.org().uuid();
    let row = sqlx::query_as!(
        Logged,
        "select id, event, approval_id, at, data, state, attempts, due_at, attempted_at, status, answer, error, took_ms
        from webhook_deliveries where org_id = $1 and webhook_id = $2 and id = $3",
        org,
        webhook.uuid(),
        id.uuid(),
    )
    .fetch_optional(tx.sql())
    .await?;
    row.map(|row| row.delivery(app)).transpose()
}

/// Has it sent again from the beginning; false where there is none.
pub async fn replay(tx: &mut OrgTx, webhook: WebhookId, id: DeliveryId) -> Result<bool, DbError> {
    let (org, now) = (tx.org().uuid(), tx.now().time());
    let done = sqlx::query!(
        "update webhook_deliveries set state = 'waiting', due_at = $4, attempts = 0
        where org_id = $1 and webhook_id = $2 and id = $3",
        org,
        webhook.uuid(),
        id.uuid(),
        now,
    )
    .execute(tx.sql())
    .await?;
    Ok(done.rows_affected() == 1)
}
