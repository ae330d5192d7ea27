//! The SQL of reading calls. Taking them in is `ingest`'s.

use super::filter::Named;
use super::{Call, CallClient, CallDetail, CallFilter, time_of};
use crate::db::{DbError, OrgRead};
use bundle::record::{Ending, Limiter, Verdict};
use ids::{ApprovalId, CallId, GrantId, PolicyId, ServerId};
use sqlx::{FromRow, PgConnection, Postgres, QueryBuilder};
use std::collections::HashMap;
use time::{Duration, OffsetDateTime};
use uuid::Uuid;

/// How long a call may take whose server is gone: one that was let through and has no outcome by then will hardly have one.
const SURELY_OVER: Duration = Duration::minutes(20);
/// For the way of an outcome here.
const GRACE: Duration = Duration::minutes(1);

const COLUMNS: &str = "select c.id, c.at, c.judged_at, c.replica, c.grant_id, c.server_id, c.method, c.tool, c.verdict,
    c.rule, c.policy_id, c.policy_version, c.bundle_version, c.limiter, c.argument_keys, c.shadow, c.client_name,
    c.client_version, c.protocol, c.added_us as intent_added_us, c.approval_id, o.ended_at, o.upstream_status, o.latency_us,
    o.added_us, o.bytes, o.outcome, s.whole_ms
    from calls c
    left join servers s on s.org_id = c.org_id and s.id = c.server_id
    left join call_outcomes o on o.org_id = c.org_id and o.at = c.at and o.id = c.id
    where c.org_id = ";

#[derive(FromRow)]
struct Row {
    id: Uuid,
    at: OffsetDateTime,
    judged_at: OffsetDateTime,
    replica: String,
    grant_id: Uuid,
    server_id: Uuid,
    method: String,
    tool: Option<String>,
    verdict: String,
    rule: Option<String>,
    policy_id: Option<Uuid>,
    policy_version: Option<i32>,
    bundle_version: i64,
    limiter: String,
    argument_keys: Vec<String>,
    shadow: serde_json::Value,
    client_name: Option<String>,
    client_version: Option<String>,
    protocol: Option<String>,
    intent_added_us: i64,
    approval_id: Option<Uuid>,
    ended_at: Option<OffsetDateTime>,
    upstream_status: Option<i32>,
    latency_us: Option<i64>,
    added_us: Option<i64>,
    bytes: Option<i64>,
    outcome: Option<String>,
    /// How long a call of its server may take; none where the server is gone.
    whole_ms: Option<i64>,
}

/// Newest first: up to `most` calls that are older than `before`.
pub async fn list(
    tx: &mut OrgRead,
    filter: &CallFilter,
    before: Option<CallId>,
    most: i64,
    now: OffsetDateTime,
) -> Result<Vec<Call>, DbError> {
    let mut query = select(tx, filter);
    if let Some(before) = before {
        query
            .push(" and (c.at, c.id) < (")
            .push_bind(time_of(before))
            .push(", ")
            .push_bind(before.uuid())
            .push(")");
    }
    query
        .push(" order by c.at desc, c.id desc limit ")
        .push_bind(most);
    fetch(&mut query, tx.sql(), now).await
}

pub async fn one(
    tx: &mut OrgRead,
    id: CallId,
    now: OffsetDateTime,
) -> Result<Option<CallDetail>, DbError> {
    let mut query = select(tx, &CallFilter::default());
    query
        .push(" and c.at = ")
        .push_bind(time_of(id))
        .push(" and c.id = ")
        .push_bind(id.uuid());
    let row: Option<Row> = query.build_query_as().fetch_optional(tx.sql()).await?;
    row.map(|row| detail(row, now)).transpose()
}

/// Names of servers and grants, by their ids.
#[derive(Debug, Default)]
pub struct Names {
    servers: HashMap<ServerId, String>,
    grants: HashMap<GrantId, String>,
}

impl Names {
    pub fn server(&self, call: &Call) -> &str {
        self.servers
            .get(&call.server)
            .map_or("removed", String::as_str)
    }

    pub fn grant(&self, call: &Call) -> &str {
        self.grants
            .get(&call.grant)
            .map_or("removed", String::as_str)
    }
}

pub async fn names(tx: &mut OrgRead, calls: &[Call]) -> Result<Names, DbError> {
    let org = tx.org().uuid();
    let servers: Vec<Uuid> = calls.iter().map(|call| call.server.uuid()).collect();
    let grants: Vec<Uuid> = calls.iter().map(|call| call.grant.uuid()).collect();
    let rows = sqlx::query!(
        r#"select id as "id!", name as "name!", false as "is_grant!" from servers where org_id = $1 and id = any($2)
        union all select id, name, true from grants where org_id = $1 and id = any($3)"#,
        org,
        &servers,
        &grants,
    )
    .fetch_all(tx.sql())
    .await?;
    let mut names = Names::default();
    for row in rows {
        if row.is_grant {
            names.grants.insert(GrantId::from_uuid(row.id), row.name);
        } else {
            names.servers.insert(ServerId::from_uuid(row.id), row.name);
        }
    }
    Ok(names)
}

/// Where the next look of someone who follows begins: every transaction before it has ended.
pub async fn settled(sql: &mut PgConnection) -> Result<i64, DbError> {
    let settled = sqlx::query_scalar!(
        r#"select pg_snapshot_xmin(pg_current_snapshot())::text::bigint as "settled!""#
    );
    Ok(settled.fetch_one(sql).await?)
}

/// Oldest first: the newest `most` calls of the last day of which a record was committed in `from..to`. A call whose
/// outcome comes later than its intent comes twice.
pub async fn since(
    tx: &mut OrgRead,
    filter: &CallFilter,
    (from, to): (i64, i64),
    most: i64,
    now: OffsetDateTime,
) -> Result<Vec<Call>, DbError> {
    let mut query = select(tx, filter);
    let (org, day) = (tx.org().uuid(), now - Duration::DAY);
    query
        .push(" and c.at > ")
        .push_bind(day)
        .push(" and (c.at, c.id) in (");
    for (table, join) in [("calls", ""), ("call_outcomes", " union ")] {
        query
            .push(join)
            .push("select at, id from ")
            .push(table)
            .push(" where org_id = ")
            .push_bind(org);
        query.push(" and at > ").push_bind(day);
        query
            .push(" and tx >= ")
            .push_bind(from.to_string())
            .push("::xid8 and tx < ");
        query.push_bind(to.to_string()).push("::xid8");
    }
    query
        .push(") order by c.at desc, c.id desc limit ")
        .push_bind(most);
    let mut calls = fetch(&mut query, tx.sql(), now).await?;
    calls.reverse();
    Ok(calls)
}

fn select(tx: &OrgRead, filter: &CallFilter) -> QueryBuilder<Postgres> {
    let org = tx.org().uuid();
    let mut query = QueryBuilder::new(COLUMNS);
    query.push_bind(org);
    match &filter.server {
        None => {}
        Some(Named::Id(id)) => drop(query.push(" and c.server_id = ").push_bind(id.uuid())),
        Some(Named::Slug(slug)) => {
            query
                .push(" and c.server_id = (select id from servers where org_id = ")
                .push_bind(org);
            query.push(" and slug = ").push_bind(slug.clone()).push(")");
        }
    }
    if let Some(grant) = filter.grant {
        query.push(" and c.grant_id = ").push_bind(grant.uuid());
    }
    if let Some(tool) = &filter.tool {
        query.push(" and c.tool = ").push_bind(tool.clone());
    }
    if let Some(verdict) = filter.verdict {
        // Written out, not bound: what was refused has an index of its own, and a bound word does not say that it is of it.
        query.push(" and c.verdict = '").push(verdict).push("'");
    }
    if let Some(since) = filter.since {
        query.push(" and c.at >= ").push_bind(since);
    }
    if let Some(until) = filter.until {
        query.push(" and c.at < ").push_bind(until);
    }
    query
}

async fn fetch(
    query: &mut QueryBuilder<Postgres>,
    sql: &mut PgConnection,
    now: OffsetDateTime,
) -> Result<Vec<Call>, DbError> {
    let rows: Vec<Row> = query.build_query_as().fetch_all(sql).await?;
    rows.into_iter()
        .map(|row| Ok(detail(row, now)?.call))
        .collect()
}

fn detail(row: Row, now: OffsetDateTime) -> Result<CallDetail, DbError> {
    let verdict = word(&row.verdict, Verdict::of)?;
    let longest = row.whole_ms.map_or(SURELY_OVER, Duration::milliseconds);
    let outcome = match row.outcome.as_deref() {
        Some(outcome) => Some(word(outcome, Ending::of)?),
        None if verdict == Verdict::Allow && row.judged_at + longest + GRACE < now => {
            Some(Ending::Unknown)
        }
        None => None,
    };
    let call = Call {
        id: CallId::from_uuid(row.id),
        at: row.at,
        grant: GrantId::from_uuid(row.grant_id),
        server: ServerId::from_uuid(row.server_id),
        method: row.method,
        tool: row.tool,
        verdict,
        rule: row.rule,
        policy: row.policy_id.map(PolicyId::from_uuid),
        version: row
            .policy_version
            .and_then(|version| u32::try_from(version).ok()),
        approval: row.approval_id.map(ApprovalId::from_uuid),
        limiter: word(&row.limiter, Limiter::of)?,
        argument_keys: row.argument_keys,
        upstream_status: row
            .upstream_status
            .and_then(|status| u16::try_from(status).ok()),
        latency_ms: row.latency_us.map(milliseconds),
        added_ms: milliseconds(row.added_us.unwrap_or(row.intent_added_us)),
        outcome,
    };
    Ok(CallDetail {
        call,
        replica: row.replica,
        bundle_version: u64::try_from(row.bundle_version).unwrap_or(0),
        shadow: row.shadow,
        client: row
            .client_name
            .zip(row.client_version)
            .map(|(name, version)| CallClient { name, version }),
        protocol: row.protocol,
        judged_at: row.judged_at,
        ended_at: row.ended_at,
        bytes: row.bytes.and_then(|bytes| u64::try_from(bytes).ok()),
    })
}

fn word<T>(stored: &str, of: fn(&str) -> Option<T>) -> Result<T, DbError> {
    of(stored).ok_or_else(|| DbError::Stored(format!("`{stored}` in a call")))
}

/// Whole microseconds up to some centuries are exact in a double.
#[expect(
    clippy::cast_precision_loss,
    reason = "a duration of 2^53 µs is 285 years"
)]
fn milliseconds(microseconds: i64) -> f64 {
    microseconds as f64 / 1_000.0
}
