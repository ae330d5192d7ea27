//! The SQL of who is told.

use super::{Escalate, Quiet, Route, Routing};
use crate::db::{DbError, OrgTx, SystemTx};
use ids::{ApprovalId, OrgId, ServerId, WebhookId};
use sqlx::PgConnection;
use std::collections::BTreeSet;
use time::{Duration, OffsetDateTime};
use uuid::Uuid;

pub async fn read(sql: &mut PgConnection, org: OrgId) -> Result<Routing, DbError> {
    let quiet = sqlx::query!(
        r#"select quiet_zone as zone, to_char(quiet_from, 'HH24:MI') as begins, to_char(quiet_until, 'HH24:MI') as ends
        from orgs where id = $1"#,
        org.uuid(),
    )
    .fetch_one(&mut *sql)
    .await?;
    let quiet = match (quiet.zone, quiet.begins, quiet.ends) {
        (Some(zone), Some(from), Some(until)) => Some(Quiet { zone, from, until }),
        _ => None,
    };
    let rows = sqlx::query!(
        "select server_id, severity, rule, by_mail, webhooks, escalate_after_min, escalate_mail, escalate_webhooks
        from approval_routes where org_id = $1 order by position",
        org.uuid(),
    )
    .fetch_all(sql)
    .await?;
    let routes = rows.into_iter().map(|row| Route {
        server: row.server_id.map(ServerId::from_uuid),
        severity: row.severity,
        rule: row.rule,
        mail: row.by_mail,
        webhooks: row.webhooks.map(webhooks),
        escalate: row.escalate_after_min.map(|minutes| Escalate {
            after_minutes: u32::try_from(minutes).unwrap_or(1),
            mail: row.escalate_mail,
            webhooks: webhooks(row.escalate_webhooks),
        }),
    });
    Ok(Routing {
        quiet,
        routes: routes.collect(),
    })
}

fn webhooks(ids: Vec<Uuid>) -> Vec<WebhookId> {
    ids.into_iter().map(WebhookId::from_uuid).collect()
}

fn uuids(ids: &[WebhookId]) -> Vec<Uuid> {
    ids.iter().map(|id| id.uuid()).collect()
}

/// All of it, instead of what there was.
pub async fn replace(tx: &mut OrgTx, routing: &Routing) -> Result<(), DbError> {
    let (org, quiet) = (tx.org().uuid(), routing.quiet.as_ref());
    sqlx::query!(
        "update orgs set quiet_zone = $2, quiet_from = $3::text::time, quiet_until = $4::text::time where id = $1",
        org,
        quiet.map(|quiet| quiet.zone.as_str()),
        quiet.map(|quiet| quiet.from.as_str()),
        quiet.map(|quiet| quiet.until.as_str()),
    )
    .execute(tx.sql())
    .await?;
    sqlx::query!("delete from approval_routes where org_id = $1", org)
        .execute(tx.sql())
        .await?;
    for (position, route) in (0..).zip(&routing.routes) {
        let escalate = route.escalate.as_ref();
        let minutes = escalate.map(|it| i32::try_from(it.after_minutes).unwrap_or(i32::MAX));
        let besides = escalate.map(|it| uuids(&it.webhooks)).unwrap_or_default();
        let told = route.webhooks.as_deref().map(uuids);
        sqlx::query!(
            "insert into approval_routes (org_id, position, server_id, severity, rule, by_mail, webhooks, escalate_after_min,
                escalate_mail, escalate_webhooks)
            values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
            org,
            position,
            route.server.map(ServerId::uuid),
            route.severity,
            route.rule,
            route.mail,
            told.as_deref(),
            minutes,
            escalate.is_some_and(|it| it.mail),
            &besides,
        )
        .execute(tx.sql())
        .await?;
    }
    Ok(())
}

/// Whether the database knows this time zone.
pub async fn is_zone(tx: &mut OrgTx, name: &str) -> Result<bool, DbError> {
    let org = tx.org().uuid();
    let is = sqlx::query_scalar!(
        r#"select exists (select from pg_timezone_names where name = $2) as "is!" from orgs where id = $1"#,
        org,
        name,
    )
    .fetch_one(tx.sql())
    .await?;
    Ok(is)
}

/// Servers and webhooks that there are.
pub async fn there(tx: &mut OrgTx) -> Result<(BTreeSet<ServerId>, BTreeSet<WebhookId>), DbError> {
    let org = tx.org().uuid();
    let servers = sqlx::query_scalar!("select id from servers where org_id = $1", org)
        .fetch_all(tx.sql())
        .await?;
    let webhooks = sqlx::query_scalar!("select id from webhooks where org_id = $1", org)
        .fetch_all(tx.sql())
        .await?;
    let servers = servers.into_iter().map(ServerId::from_uuid);
    let webhooks = webhooks.into_iter().map(WebhookId::from_uuid);
    Ok((servers.collect(), webhooks.collect()))
}

/// Has a request go this way. Where none of the webhooks that are to be told can be, people are told by mail.
pub async fn send(
    tx: &mut SystemTx,
    (org, approval): (OrgId, ApprovalId),
    route: &Route,
    now: OffsetDateTime,
) -> Result<(), DbError> {
    let escalate = route.escalate.as_ref();
    let escalates_at = escalate.map(|it| now + Duration::minutes(i64::from(it.after_minutes)));
    let besides = escalate.map(|it| uuids(&it.webhooks)).unwrap_or_default();
    let told = route.webhooks.as_deref().map(uuids);
    sqlx::query!(
        "update approvals set tells = $3, escalates_at = $4, escalate_mail = $5, escalate_to = $6,
            by_mail = $7 or not exists (
                select from webhooks where webhooks.org_id = $1 and is_on and 'approval.requested' = any(events)
                    and ($3::uuid[] is null or webhooks.id = any($3))
            )
        where org_id = $1 and id = $2",
        org.uuid(),
        approval.uuid(),
        told.as_deref(),
        escalates_at,
        escalate.is_some_and(|it| it.mail),
        &besides,
        route.mail,
    )
    .execute(tx.sql())
    .await?;
    Ok(())
}
