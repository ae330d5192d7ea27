//! The SQL of counts.

use super::percentile::{Histogram, latency};
use super::{By, Latency, MOST, Span, Used};
use crate::db::{DbError, OrgRead};
use bundle::record::Verdict;
use ids::{GrantId, PolicyId, ServerId};
use sqlx::Executor;
use std::collections::BTreeMap;
use time::OffsetDateTime;
use uuid::Uuid;

/// Which counts.
#[derive(Debug, Clone, Copy)]
pub struct Wanted<'a> {
    pub by: By,
    pub span: Span,
    /// Of these verdicts alone.
    pub verdicts: &'a [Verdict],
    /// Of this server, grant or policy alone.
    pub of: Option<Uuid>,
    pub most: i64,
}

impl Wanted<'_> {
    pub const fn all(by: By, span: Span) -> Self {
        Self {
            by,
            span,
            verdicts: Verdict::ALL,
            of: None,
            most: MOST,
        }
    }

    fn words(&self) -> Vec<String> {
        self.verdicts.iter().map(ToString::to_string).collect()
    }
}

/// Every hour of the span, be it one without calls; of one server or grant where one is wanted.
pub async fn over_time(tx: &mut OrgRead, wanted: &Wanted<'_>) -> Result<Vec<Used>, DbError> {
    let org = tx.org().uuid();
    let rows = sqlx::query!(
        "select at, verdict, calls from call_counts
        where org_id = $1 and by = $2 and verdict = any($3) and at >= $4 and at < $5 and id = $6",
        org,
        wanted.by.column(),
        &wanted.words(),
        wanted.span.since,
        wanted.span.until,
        wanted.of.unwrap_or(org),
    )
    .fetch_all(tx.sql())
    .await?;
    let mut hours: BTreeMap<OffsetDateTime, Used> = BTreeMap::new();
    for row in rows {
        hours
            .entry(row.at)
            .or_default()
            .add(&row.verdict, row.calls);
    }
    let mut histograms = match wanted.by {
        By::Verdict | By::Server => histograms(tx, wanted).await?,
        _ => BTreeMap::new(),
    };
    let used = wanted.span.hours().map(|hour| Used {
        at: Some(hour),
        latency_ms: histograms.remove(&hour).as_ref().and_then(latency),
        ..hours.remove(&hour).unwrap_or_default()
    });
    Ok(used.collect())
}

async fn histograms(
    tx: &mut OrgRead,
    wanted: &Wanted<'_>,
) -> Result<BTreeMap<OffsetDateTime, Histogram>, DbError> {
    let org = tx.org().uuid();
    let rows = sqlx::query!(
        "select hour, bucket, calls from call_latencies
        where org_id = $1 and by = $2 and id = $3 and hour >= $4 and hour < $5",
        org,
        wanted.by.column(),
        wanted.of.unwrap_or(org),
        wanted.span.since,
        wanted.span.until,
    )
    .fetch_all(tx.sql())
    .await?;
    let mut hours: BTreeMap<_, Histogram> = BTreeMap::new();
    for row in rows {
        let histogram = hours.entry(row.hour).or_default();
        *histogram.entry(row.bucket).or_default() += u64::try_from(row.calls).unwrap_or(0);
    }
    Ok(hours)
}

/// How long the calls of the whole span took: all of the organisation's, or one server's.
pub async fn took(
    tx: &mut OrgRead,
    span: Span,
    server: Option<ServerId>,
) -> Result<Option<Latency>, DbError> {
    let org = tx.org().uuid();
    let rows = sqlx::query!(
        r#"select bucket, sum(calls)::bigint as "calls!" from call_latencies
        where org_id = $1 and by = $2 and id = $3 and hour >= $4 and hour < $5 group by bucket"#,
        org,
        if server.is_some() { "server" } else { "org" },
        server.map_or(org, ServerId::uuid),
        span.since,
        span.until,
    )
    .fetch_all(tx.sql())
    .await?;
    let histogram = rows
        .iter()
        .map(|row| (row.bucket, u64::try_from(row.calls).unwrap_or(0)));
    Ok(latency(&histogram.collect()))
}

/// How long the calls to each of these servers took in the whole span.
pub async fn each_took(
    tx: &mut OrgRead,
    span: Span,
    servers: &[Used],
) -> Result<BTreeMap<ServerId, Latency>, DbError> {
    let org = tx.org().uuid();
    let ids: Vec<Uuid> = servers
        .iter()
        .filter_map(|used| Some(used.server?.uuid()))
        .collect();
    let rows = sqlx::query!(
        r#"select wanted.id as "id!", took.bucket as "bucket!", took.calls as "calls!"
        from unnest($2::uuid[]) as wanted (id)
        cross join lateral (
            select bucket, sum(calls)::bigint as calls from call_latencies
            where org_id = $1 and by = 'server' and call_latencies.id = wanted.id and hour >= $3 and hour < $4
            group by bucket
        ) as took"#,
        org,
        &ids,
        span.since,
        span.until,
    )
    .fetch_all(tx.sql())
    .await?;
    let mut histograms: BTreeMap<ServerId, Histogram> = BTreeMap::new();
    for row in rows {
        let histogram = histograms.entry(ServerId::from_uuid(row.id)).or_default();
        histogram.insert(row.bucket, u64::try_from(row.calls).unwrap_or(0));
    }
    let took = histograms
        .into_iter()
        .filter_map(|(server, histogram)| Some((server, latency(&histogram)?)));
    Ok(took.collect())
}

/// In the order of the columns below.
pub(super) const VERDICTS: [Verdict; 6] = [
    Verdict::Allow,
    Verdict::Deny,
    Verdict::Limit,
    Verdict::Hold,
    Verdict::UnknownTool,
    Verdict::Invalid,
];

/// Those with the most calls, with their names.
pub async fn most(tx: &mut OrgRead, wanted: &Wanted<'_>) -> Result<Vec<Used>, DbError> {
    let org = tx.org().uuid();
    // A plan made for anybody takes an organisation with many calls for one with none; and one that reads the counts of all
    // organisations is never the better one, be one of them most of it.
    tx.sql()
        .execute("set local plan_cache_mode = force_custom_plan; set local enable_seqscan = off")
        .await?;
    let rows = sqlx::query!(
        r#"with most as (
            select id, item, sum(calls) as calls,
                sum(calls) filter (where verdict = 'allow') as allow, sum(calls) filter (where verdict = 'deny') as deny,
                sum(calls) filter (where verdict = 'limit') as limited, sum(calls) filter (where verdict = 'hold') as hold,
                sum(calls) filter (where verdict = 'unknown_tool') as unknown_tool,
                sum(calls) filter (where verdict = 'invalid') as invalid
            from call_counts
            where org_id = $1 and by = $2 and verdict = any($3) and at >= $4 and at < $5
                and ($6::uuid is null or id = $6)
            group by id, item order by calls desc, id, item limit $7
        )
        select id as "id!", item as "item!",
            array[allow, deny, limited, hold, unknown_tool, invalid]::bigint[] as "calls!: Vec<Option<i64>>",
            coalesce(
                (select name from servers where $2 in ('server', 'tool') and org_id = $1 and servers.id = most.id),
                (select name from grants where $2 = 'grant' and org_id = $1 and grants.id = most.id),
                (select name from policies where $2 = 'rule' and org_id = $1 and policies.id = most.id)
            ) as name
        from most order by calls desc, id, item"#,
        org,
        wanted.by.column(),
        &wanted.words(),
        wanted.span.since,
        wanted.span.until,
        wanted.of,
        wanted.most.min(MOST),
    )
    .fetch_all(tx.sql())
    .await?;
    let found = rows.into_iter().map(|row| {
        let mut used = named(wanted.by, row.id, row.item, row.name);
        for (verdict, calls) in VERDICTS.iter().zip(row.calls) {
            if let Some(calls) = calls {
                used.add(verdict.as_str(), calls);
            }
        }
        used
    });
    Ok(found.collect())
}

fn named(by: By, id: Uuid, item: String, name: Option<String>) -> Used {
    let mut used = Used {
        name,
        ..Used::default()
    };
    match by {
        By::Verdict => {}
        By::Server => used.server = Some(ServerId::from_uuid(id)),
        By::Grant => used.grant = Some(GrantId::from_uuid(id)),
        By::Tool => (used.server, used.tool) = (Some(ServerId::from_uuid(id)), Some(item)),
        By::Rule => (used.policy, used.rule) = (Some(PolicyId::from_uuid(id)), Some(item)),
    }
    used
}
