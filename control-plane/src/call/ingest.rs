//! Takes in what a replica sends. Sent twice, stored once: both kinds of record have their call's id as their key.
//!
//! What cannot be read is kept as it came and acknowledged: one record of a newer version must not hold up those behind it.

use super::budget::Sums;
use super::capture::store::Rows;
use super::chain::{self, Linked};
use super::count::{self, Fresh, Tally};
use super::days;
use super::gap::Came;
use crate::app::App;
use crate::db::{DbError, Reason, SystemTx};
use crate::http::read;
use crate::now::Now;
use crate::problem::{Kind, Problem};
use aws_lc_rs::digest::{SHA256, digest};
use bundle::record::{Batch, Charge, Intent, MAX_BATCH_RECORDS, Outcome, Record, Stored};
use serde::Serialize;
use serde_json::value::RawValue;
use std::collections::{BTreeMap, BTreeSet};
use time::{Date, Duration, OffsetDateTime};
use uuid::Uuid;

/// How old a record may be that is still filed under its day: a replica may have been cut off for long.
const OLDEST: Duration = Duration::days(90);
/// How far a replica's clock may be ahead.
const NEWEST: Duration = Duration::days(1);

#[derive(Debug, Default)]
struct Sorted {
    intents: BTreeMap<Uuid, IntentRow>,
    outcomes: BTreeMap<Uuid, OutcomeRow>,
    arguments: Rows,
    unread: Vec<(String, Box<RawValue>)>,
    days: BTreeSet<Date>,
    came: Came,
    /// Records that came twice in one batch.
    repeated: u32,
}

/// A row of `calls`, as `jsonb_to_recordset` reads it.
#[derive(Debug, Serialize)]
pub(super) struct IntentRow {
    pub org_id: Uuid,
    #[serde(with = "time::serde::rfc3339")]
    pub at: OffsetDateTime,
    pub id: Uuid,
    #[serde(with = "time::serde::rfc3339")]
    pub(super) judged_at: OffsetDateTime,
    pub(super) replica: String,
    pub grant_id: Uuid,
    pub server_id: Uuid,
    pub method: String,
    pub tool: Option<String>,
    pub verdict: &'static str,
    pub rule: Option<String>,
    pub policy_id: Option<Uuid>,
    pub(super) policy_version: Option<i32>,
    pub(super) bundle_version: i64,
    pub(super) limiter: &'static str,
    pub(super) argument_keys: Vec<String>,
    pub(super) shadow: serde_json::Value,
    pub(super) client_name: Option<String>,
    pub(super) client_version: Option<String>,
    pub(super) protocol: Option<String>,
    pub(super) added_us: i64,
    pub(super) approval_id: Option<Uuid>,
    /// As texts; none of what charged none.
    pub(super) charges: Option<Vec<Charge>>,
    #[serde(flatten)]
    pub(super) linked: Linked,
}

/// A row of `call_outcomes`.
#[derive(Debug, Serialize)]
pub(super) struct OutcomeRow {
    pub org_id: Uuid,
    #[serde(with = "time::serde::rfc3339")]
    pub at: OffsetDateTime,
    pub id: Uuid,
    #[serde(with = "time::serde::rfc3339")]
    pub ended_at: OffsetDateTime,
    pub upstream_status: Option<i32>,
    pub latency_us: i64,
    pub added_us: i64,
    pub bytes: i64,
    pub outcome: &'static str,
    pub refunded: Option<bool>,
    #[serde(flatten)]
    pub linked: Linked,
}

/// Stores the batch in `body`, sent by the replica of this name. When this has answered, the replica may forget it.
pub async fn ingest(app: &App, replica: &str, body: &[u8]) -> Result<Stored, Problem> {
    let batch: Batch<Box<RawValue>> = read::parse(body)?;
    if batch.records.len() > MAX_BATCH_RECORDS {
        let detail = format!(
            "a batch holds at most {MAX_BATCH_RECORDS} records, got `{}`",
            batch.records.len()
        );
        return Err(Problem::new(Kind::TooLarge, detail));
    }
    let now = app.now();
    let mut sorted = sort(batch.records, now.time());
    // Apart from the rows: making a day waits for whoever makes the same one.
    days::make(app, &sorted.days).await?;
    let mut tx = app.db().system(Reason::IngestRecords).await?;
    let stored = store(&mut tx, &mut sorted, replica, batch.id.as_str(), &now).await?;
    tx.commit().await?;
    if stored.unread > 0 {
        tracing::error!(
            replica,
            batch = batch.id.as_str(),
            unread = stored.unread,
            "kept records that cannot be read"
        );
    }
    Ok(stored)
}

fn sort(records: Vec<Box<RawValue>>, now: OffsetDateTime) -> Sorted {
    let mut sorted = Sorted::default();
    for raw in records {
        sorted.came.note(raw.get());
        let record = match serde_json::from_str::<Record>(raw.get()) {
            Ok(record) => record,
            Err(error) => {
                sorted.unread.push((error.to_string(), raw));
                continue;
            }
        };
        let at = super::time_of(record.id());
        if at < now - OLDEST || at > now + NEWEST {
            sorted
                .unread
                .push((format!("its day is `{}`", at.date()), raw));
            continue;
        }
        sorted.days.insert(at.date());
        let id = record.id().uuid();
        let repeated = match record {
            Record::Intent(intent) => sorted.intents.insert(id, intent_row(*intent, at)).is_some(),
            Record::Outcome(outcome) => sorted
                .outcomes
                .insert(id, outcome_row(&outcome, at))
                .is_some(),
            Record::Arguments(arguments) => {
                sorted.arguments.push(&arguments, at);
                false
            }
        };
        sorted.repeated += u32::from(repeated);
    }
    sorted
}

fn intent_row(intent: Intent, at: OffsetDateTime) -> IntentRow {
    let (client_name, client_version) = intent
        .client
        .map(|client| (client.name.into_string(), client.version.into_string()))
        .unzip();
    IntentRow {
        org_id: intent.org.uuid(),
        at,
        id: intent.id.uuid(),
        judged_at: moment(intent.at, at),
        replica: intent.replica.into_string(),
        grant_id: intent.grant.uuid(),
        server_id: intent.server.uuid(),
        method: intent.method.into_string(),
        tool: intent.tool.map(bundle::record::Short::into_string),
        verdict: intent.verdict.as_str(),
        rule: intent.rule.map(bundle::record::Short::into_string),
        policy_id: intent.policy.map(|policy| policy.id.uuid()),
        policy_version: intent
            .policy
            .map(|policy| i32::try_from(policy.version).unwrap_or(i32::MAX)),
        bundle_version: stored(intent.bundle_version),
        limiter: intent.limiter.as_str(),
        argument_keys: intent
            .argument_keys
            .into_vec()
            .into_iter()
            .map(bundle::record::Short::into_string)
            .collect(),
        shadow: serde_json::to_value(&intent.shadow).unwrap_or_default(),
        client_name,
        client_version,
        protocol: intent.protocol.map(bundle::record::Short::into_string),
        added_us: stored(intent.added_us),
        approval_id: intent.approval.map(ids::ApprovalId::uuid),
        charges: Some(intent.charges.into_vec()).filter(|charges| !charges.is_empty()),
        linked: Linked::default(),
    }
}

fn outcome_row(outcome: &Outcome, at: OffsetDateTime) -> OutcomeRow {
    OutcomeRow {
        org_id: outcome.org.uuid(),
        at,
        id: outcome.id.uuid(),
        ended_at: moment(outcome.at, at),
        upstream_status: outcome.upstream_status.map(i32::from),
        latency_us: stored(outcome.latency_us),
        added_us: stored(outcome.added_us),
        bytes: stored(outcome.bytes),
        outcome: outcome.outcome.as_str(),
        refunded: outcome.refunded.then_some(true),
        linked: Linked::default(),
    }
}

/// A number beyond the column's range is as large as the column can say.
fn stored(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// A time that no calendar has is as good as the call's own.
fn moment(unix_ms: u64, otherwise: OffsetDateTime) -> OffsetDateTime {
    OffsetDateTime::from_unix_timestamp_nanos(i128::from(unix_ms) * 1_000_000).unwrap_or(otherwise)
}

async fn store(
    tx: &mut SystemTx,
    sorted: &mut Sorted,
    replica: &str,
    batch: &str,
    now: &Now,
) -> Result<Stored, DbError> {
    count::alone(tx, replica).await?;
    forget_stored(tx, sorted).await?;
    chain::link(tx, replica, &mut sorted.intents, &mut sorted.outcomes).await?;
    let intents = json(sorted.intents.values())?;
    // One document instead of an array for each column: arrays of arrays do not unnest into rows.
    let intents_stored = sqlx::query_scalar!(
        "insert into calls (org_id, at, id, judged_at, replica, grant_id, server_id, method, tool, verdict, rule,
            policy_id, policy_version, bundle_version, limiter, argument_keys, shadow, client_name, client_version,
            protocol, added_us, approval_id, charges, writer, seq, hash)
        select org_id, at, id, judged_at, replica, grant_id, server_id, method, tool, verdict, rule,
            policy_id, policy_version, bundle_version, limiter, argument_keys, shadow, client_name, client_version,
            protocol, added_us, approval_id, charges, writer, seq, hash
        from jsonb_to_recordset($1) as r (org_id uuid, at timestamptz, id uuid, judged_at timestamptz, replica text,
            grant_id uuid, server_id uuid, method text, tool text, verdict text, rule text, policy_id uuid,
            policy_version integer, bundle_version bigint, limiter text, argument_keys text[], shadow jsonb,
            client_name text, client_version text, protocol text, added_us bigint,
            approval_id uuid, charges text[], writer text, seq bigint, hash bytea)
        order by seq
        on conflict do nothing
        returning id",
        intents,
    )
    .fetch_all(tx.sql())
    .await?;
    let outcomes = json(sorted.outcomes.values())?;
    let outcomes_stored = sqlx::query_scalar!(
        "insert into call_outcomes (org_id, at, id, ended_at, upstream_status, latency_us, added_us, bytes, outcome,
            refunded, writer, seq, hash)
        select org_id, at, id, ended_at, upstream_status, latency_us, added_us, bytes, outcome, refunded, writer, seq, hash
        from jsonb_to_recordset($1) as r (org_id uuid, at timestamptz, id uuid, ended_at timestamptz,
            upstream_status integer, latency_us bigint, added_us bigint, bytes bigint, outcome text,
            refunded boolean, writer text, seq bigint, hash bytea)
        order by seq
        on conflict do nothing
        returning id",
        outcomes,
    )
    .fetch_all(tx.sql())
    .await?;
    let (fresh, stored) = (
        sorted.intents.len() + sorted.outcomes.len(),
        intents_stored.len() + outcomes_stored.len(),
    );
    if stored < fresh {
        // Whoever stored it is not this replica, whose batches come one at a time. Sent again, it is found.
        return Err(DbError::Stored(
            "another replica has stored the same call".to_owned(),
        ));
    }
    mark_used(tx, &intents).await?;
    for (reason, raw) in &sorted.unread {
        let digest = digest(&SHA256, raw.get().as_bytes());
        sqlx::query!(
            "insert into unread_records (digest, replica, batch, reason, body, at) values ($1, $2, $3, $4, $5, $6)
            on conflict do nothing",
            digest.as_ref(),
            replica,
            batch,
            reason,
            raw.get(),
            now.time(),
        )
        .execute(tx.sql())
        .await?;
    }
    tally(tx, sorted, &intents_stored, &outcomes_stored).await?;
    let (kept, repeated) = sorted.arguments.save(tx).await?;
    sorted.came.save(tx, replica, now.time()).await?;
    Ok(Stored {
        stored: u32::try_from(stored)
            .unwrap_or(u32::MAX)
            .saturating_add(kept),
        repeated: sorted.repeated.saturating_add(repeated),
        unread: u32::try_from(sorted.unread.len()).unwrap_or(u32::MAX),
    })
}

/// Leaves of a batch what is not stored yet: only that goes into the chains.
async fn forget_stored(tx: &mut SystemTx, sorted: &mut Sorted) -> Result<(), DbError> {
    let intents = Fresh::of(
        sorted
            .intents
            .values()
            .map(|row| (row.org_id, row.at, row.id)),
    );
    let outcomes = Fresh::of(
        sorted
            .outcomes
            .values()
            .map(|row| (row.org_id, row.at, row.id)),
    );
    for id in intents.stored_intents(tx).await? {
        sorted.repeated += u32::from(sorted.intents.remove(&id).is_some());
    }
    for id in outcomes.stored_outcomes(tx).await? {
        sorted.repeated += u32::from(sorted.outcomes.remove(&id).is_some());
    }
    Ok(())
}

/// Counts what was stored just now.
async fn tally(
    tx: &mut SystemTx,
    sorted: &Sorted,
    intents: &[Uuid],
    outcomes: &[Uuid],
) -> Result<(), DbError> {
    let mut tally = Tally::default();
    let intents: Vec<_> = intents
        .iter()
        .filter_map(|id| sorted.intents.get(id))
        .collect();
    for intent in &intents {
        tally.call(intent);
    }
    let outcomes = outcomes.iter().filter_map(|id| sorted.outcomes.get(id));
    let ended = outcomes.map(|row| (row.org_id, row.at, row.id));
    let begun = intents.iter().map(|row| (row.org_id, row.at, row.id));
    let fresh = Fresh::of(begun.chain(ended));
    tally.time(tx, &fresh).await?;
    tally.add(tx).await?;
    sums(sorted, &intents, tx).await
}

/// Sums what was charged, without what was given back.
async fn sums(sorted: &Sorted, intents: &[&IntentRow], tx: &mut SystemTx) -> Result<(), DbError> {
    let mut sums = Sums::default();
    for intent in intents {
        sums.charged(intent.org_id, intent.charges.iter().flatten());
    }
    let refunded = sorted.outcomes.values();
    let refunded = refunded.filter(|outcome| outcome.refunded == Some(true));
    let refunded = refunded.map(|outcome| (outcome.org_id, outcome.at, outcome.id));
    sums.refunded(tx, &Fresh::of(refunded)).await?;
    sums.add(tx).await
}

/// When each grant was last used. A row that another batch holds just now is left to the next one: two batches that
/// wait for each other's grants would both fail.
async fn mark_used(tx: &mut SystemTx, intents: &serde_json::Value) -> Result<(), DbError> {
    sqlx::query!(
        "with used as (
            select org_id, grant_id, max(at) as at
            from jsonb_to_recordset($1) as r (org_id uuid, grant_id uuid, at timestamptz)
            group by org_id, grant_id
        ), due as (
            select grants.id, used.at
            from grants join used on grants.org_id = used.org_id and grants.id = used.grant_id
            where grants.last_used_at is null or grants.last_used_at < used.at
            for update of grants skip locked
        )
        update grants set last_used_at = due.at from due where grants.id = due.id",
        intents,
    )
    .execute(tx.sql())
    .await?;
    Ok(())
}

fn json<'a, T: Serialize + 'a>(
    rows: impl Iterator<Item = &'a T>,
) -> Result<serde_json::Value, DbError> {
    let rows: Vec<&T> = rows.collect();
    serde_json::to_value(rows).map_err(|error| DbError::Stored(error.to_string()))
}

#[cfg(test)]
mod tests;
