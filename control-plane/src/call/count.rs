//! Counts calls as they are taken in: by hour or day, verdict and what they were about, so that no chart reads the calls
//! themselves. A record that comes again is not new, and is not counted again.

use super::ingest::IntentRow;
use crate::db::{DbError, SystemTx};
use serde::Serialize;
use std::collections::BTreeMap;
use time::{OffsetDateTime, Time};
use uuid::Uuid;

/// Bounds of the histogram of latencies, in microseconds: six for each power of ten, from a millisecond on. What is
/// stored is the number of bounds that a call did not stay below; changing these makes what is stored mean something else.
pub const BOUNDS: [i64; 30] = [
    1_000, 1_500, 2_000, 3_000, 5_000, 7_000, 10_000, 15_000, 20_000, 30_000, 50_000, 70_000,
    100_000, 150_000, 200_000, 300_000, 500_000, 700_000, 1_000_000, 1_500_000, 2_000_000,
    3_000_000, 5_000_000, 7_000_000, 10_000_000, 15_000_000, 20_000_000, 30_000_000, 50_000_000,
    70_000_000,
];

/// A row of `call_counts`. In the order of its fields rows are locked, so that two batches never wait for each other in
/// a circle.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
struct Counted {
    org_id: Uuid,
    by: &'static str,
    verdict: &'static str,
    #[serde(with = "time::serde::rfc3339")]
    at: OffsetDateTime,
    id: Uuid,
    item: String,
}

/// A row of `call_latencies`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
struct Timed {
    org_id: Uuid,
    by: &'static str,
    id: Uuid,
    #[serde(with = "time::serde::rfc3339")]
    hour: OffsetDateTime,
    bucket: i16,
}

#[derive(Debug, Serialize)]
struct Row<K> {
    #[serde(flatten)]
    key: K,
    calls: i64,
}

/// Calls that were not counted before, on their way to the tables.
#[derive(Debug, Default)]
pub(super) struct Tally {
    calls: BTreeMap<Counted, i64>,
    latencies: BTreeMap<Timed, i64>,
}

impl Tally {
    pub fn call(&mut self, call: &IntentRow) {
        let (hour, day) = (hour(call.at), call.at.replace_time(Time::MIDNIGHT));
        let mut add = |by, at, id, item: &str| {
            let key = Counted {
                org_id: call.org_id,
                by,
                verdict: call.verdict,
                at,
                id,
                item: item.to_owned(),
            };
            *self.calls.entry(key).or_default() += 1;
        };
        add("org", hour, call.org_id, "");
        add("server", hour, call.server_id, "");
        add("grant", day, call.grant_id, "");
        // Names that no server has are an agent's to invent, one for each call: they are counted without.
        if let Some(tool) = &call.tool
            && call.method == "tools/call"
            && matches!(call.verdict, "allow" | "deny" | "limit" | "hold")
        {
            add("tool", day, call.server_id, tool);
        }
        if let (Some(policy), Some(rule)) = (call.policy_id, &call.rule)
            && matches!(call.verdict, "deny" | "limit" | "hold")
        {
            add("rule", day, policy, rule);
        }
    }

    fn ended(&mut self, org: Uuid, server: Uuid, at: OffsetDateTime, latency_us: i64) {
        let bucket = BOUNDS.partition_point(|bound| *bound <= latency_us);
        for (by, id) in [("org", org), ("server", server)] {
            let key = Timed {
                org_id: org,
                by,
                id,
                hour: hour(at),
                bucket: i16::try_from(bucket).unwrap_or(i16::MAX),
            };
            *self.latencies.entry(key).or_default() += 1;
        }
    }

    /// Counts how long those calls took that have ended: `fresh` are those of which this batch stored the intent, the
    /// outcome or both, so that of every call there is one batch that finds both for the first time. That holds while no
    /// other batch of the replica is being stored, which [`alone`] sees to.
    pub async fn time(&mut self, tx: &mut SystemTx, fresh: &Fresh) -> Result<(), DbError> {
        let rows = sqlx::query!(
            "select calls.org_id, calls.at, calls.server_id, call_outcomes.latency_us
            from unnest($1::uuid[], $2::timestamptz[], $3::uuid[]) as fresh (org_id, at, id)
            join calls on calls.org_id = fresh.org_id and calls.at = fresh.at and calls.id = fresh.id
            join call_outcomes on call_outcomes.org_id = fresh.org_id and call_outcomes.at = fresh.at
                and call_outcomes.id = fresh.id",
            &fresh.orgs,
            &fresh.times,
            &fresh.ids,
        )
        .fetch_all(tx.sql())
        .await?;
        for row in rows {
            self.ended(row.org_id, row.server_id, row.at, row.latency_us);
        }
        Ok(())
    }

    /// The last that a batch does: whoever counts the same waits until it is committed.
    pub async fn add(self, tx: &mut SystemTx) -> Result<(), DbError> {
        sqlx::query!(
            "insert into call_counts (org_id, by, verdict, at, id, item, calls)
            select org_id, by, verdict, at, id, item, calls
            from rows from (jsonb_to_recordset($1) as (org_id uuid, by text, verdict text, at timestamptz, id uuid,
                item text, calls bigint)) with ordinality
            order by ordinality
            on conflict (org_id, by, verdict, at, id, item)
            do update set calls = call_counts.calls + excluded.calls",
            rows(self.calls)?,
        )
        .execute(tx.sql())
        .await?;
        sqlx::query!(
            "insert into call_latencies (org_id, by, id, hour, bucket, calls)
            select org_id, by, id, hour, bucket, calls
            from rows from (jsonb_to_recordset($1) as (org_id uuid, by text, id uuid, hour timestamptz,
                bucket smallint, calls bigint)) with ordinality
            order by ordinality
            on conflict (org_id, by, id, hour, bucket)
            do update set calls = call_latencies.calls + excluded.calls",
            rows(self.latencies)?,
        )
        .execute(tx.sql())
        .await?;
        Ok(())
    }
}

/// Where those calls are of which something was stored just now.
#[derive(Debug, Default)]
pub(super) struct Fresh {
    pub(super) orgs: Vec<Uuid>,
    pub(super) times: Vec<OffsetDateTime>,
    pub(super) ids: Vec<Uuid>,
}

impl Fresh {
    /// Each call once.
    pub fn of(calls: impl Iterator<Item = (Uuid, OffsetDateTime, Uuid)>) -> Self {
        let calls: std::collections::BTreeSet<_> = calls.collect();
        let mut fresh = Self::default();
        for (org, at, id) in calls {
            fresh.orgs.push(org);
            fresh.times.push(at);
            fresh.ids.push(id);
        }
        fresh
    }

    /// Those of which an intent is stored.
    pub async fn stored_intents(&self, tx: &mut SystemTx) -> Result<Vec<Uuid>, DbError> {
        let stored = sqlx::query_scalar!(
            "select calls.id from unnest($1::uuid[], $2::timestamptz[], $3::uuid[]) as fresh (org_id, at, id)
            join calls on calls.org_id = fresh.org_id and calls.at = fresh.at and calls.id = fresh.id
            where calls.at between $4 and $5",
            &self.orgs,
            &self.times,
            &self.ids,
            self.times.iter().min().copied(),
            self.times.iter().max().copied(),
        );
        Ok(stored.fetch_all(tx.sql()).await?)
    }

    /// Those of which an outcome is stored.
    pub async fn stored_outcomes(&self, tx: &mut SystemTx) -> Result<Vec<Uuid>, DbError> {
        let stored = sqlx::query_scalar!(
            "select call_outcomes.id from unnest($1::uuid[], $2::timestamptz[], $3::uuid[]) as fresh (org_id, at, id)
            join call_outcomes on call_outcomes.org_id = fresh.org_id and call_outcomes.at = fresh.at
                and call_outcomes.id = fresh.id
            where call_outcomes.at between $4 and $5",
            &self.orgs,
            &self.times,
            &self.ids,
            self.times.iter().min().copied(),
            self.times.iter().max().copied(),
        );
        Ok(stored.fetch_all(tx.sql()).await?)
    }
}

/// One batch of a replica at a time, until the transaction ends: an intent and its outcome that were stored at the same
/// time would not see each other, and the call's latency would never be counted. What is answered is on the database's disk,
/// whatever else the database is set to: the replica's own copy goes then, and a strict call goes on.
pub(super) async fn alone(tx: &mut SystemTx, replica: &str) -> Result<(), DbError> {
    sqlx::query!(
        "select pg_advisory_xact_lock(hashtext('records of a replica'), hashtext($1)),
            case when current_setting('synchronous_commit') in ('off', 'local', 'remote_write')
            then set_config('synchronous_commit', 'on', true) end as is_durable",
        replica
    )
    .fetch_one(tx.sql())
    .await?;
    Ok(())
}

fn hour(at: OffsetDateTime) -> OffsetDateTime {
    let time = Time::from_hms(at.hour(), 0, 0).unwrap_or(Time::MIDNIGHT);
    at.replace_time(time)
}

fn rows<K: Serialize>(counts: BTreeMap<K, i64>) -> Result<serde_json::Value, DbError> {
    let rows: Vec<_> = counts
        .into_iter()
        .map(|(key, calls)| Row { key, calls })
        .collect();
    serde_json::to_value(rows).map_err(|error| DbError::Stored(error.to_string()))
}

#[cfg(test)]
mod tests;
