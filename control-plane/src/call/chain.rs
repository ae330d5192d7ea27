//! The chains of records: each record that is stored is linked to the one that the same replica sent before about the same
//! day of the same organisation. Checkpoints sign where the chains have come to. What is hashed is `bundle::chain`'s.

pub mod checkpoint;
pub mod file;
pub mod keep;

use super::ingest::{IntentRow, OutcomeRow};
use crate::db::{DbError, SystemTx};
use bundle::chain::{self, Chain, Hash};
use ids::{ApprovalId, CallId, GrantId, OrgId, PolicyId, ServerId};
use serde::Serialize;
use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use time::{Date, OffsetDateTime};
use uuid::Uuid;

/// Where a record stands, as `jsonb_to_recordset` reads it.
#[derive(Debug, Default, Serialize)]
pub(super) struct Linked {
    writer: String,
    seq: i64,
    /// As Postgres spells bytes.
    hash: String,
}

struct End {
    last: i64,
    hash: Hash,
}

/// Links the records that are about to be stored, which none of the tables has, and moves the ends of their chains. No other
/// batch of this replica may be under way: `count::alone` sees to that.
pub(super) async fn link(
    tx: &mut SystemTx,
    writer: &str,
    intents: &mut BTreeMap<Uuid, IntentRow>,
    outcomes: &mut BTreeMap<Uuid, OutcomeRow>,
) -> Result<(), DbError> {
    let mut ends = ends(tx, writer, intents, outcomes).await?;
    for row in intents.values_mut() {
        let (key, digest) = ((row.org_id, row.at.date()), call(row).digest());
        row.linked = step(&mut ends, key, writer, &digest);
    }
    for row in outcomes.values_mut() {
        let (key, digest) = ((row.org_id, row.at.date()), outcome(row).digest());
        row.linked = step(&mut ends, key, writer, &digest);
    }
    let (mut orgs, mut days, mut lasts, mut hashes) = (vec![], vec![], vec![], vec![]);
    for ((org, day), end) in ends {
        orgs.push(org);
        days.push(day);
        lasts.push(end.last);
        hashes.push(end.hash.to_vec());
    }
    // In the order of the organisations and days, as checkpoints lock them.
    sqlx::query!(
        "insert into call_chains (org_id, day, writer, last, hash)
        select org_id, day, $1, last, hash
        from unnest($2::uuid[], $3::date[], $4::bigint[], $5::bytea[]) as grown (org_id, day, last, hash)
        order by org_id, day
        on conflict (org_id, day, writer) do update set last = excluded.last, hash = excluded.hash",
        writer,
        &orgs,
        &days,
        &lasts,
        &hashes,
    )
    .execute(tx.sql())
    .await?;
    Ok(())
}

/// The ends of all chains that grow.
async fn ends(
    tx: &mut SystemTx,
    writer: &str,
    intents: &BTreeMap<Uuid, IntentRow>,
    outcomes: &BTreeMap<Uuid, OutcomeRow>,
) -> Result<BTreeMap<(Uuid, Date), End>, DbError> {
    let intents = intents.values().map(|row| (row.org_id, row.at.date()));
    let outcomes = outcomes.values().map(|row| (row.org_id, row.at.date()));
    let grown: std::collections::BTreeSet<_> = intents.chain(outcomes).collect();
    let (orgs, days): (Vec<Uuid>, Vec<Date>) = grown.into_iter().unzip();
    let rows = sqlx::query!(
        "select call_chains.org_id, call_chains.day, last, hash
        from unnest($2::uuid[], $3::date[]) as grown (org_id, day)
        join call_chains on call_chains.org_id = grown.org_id and call_chains.day = grown.day and writer = $1",
        writer,
        &orgs,
        &days,
    )
    .fetch_all(tx.sql())
    .await?;
    let mut ends = BTreeMap::new();
    for row in rows {
        let hash = row
            .hash
            .try_into()
            .map_err(|_| DbError::Stored("the end of a chain is no hash".to_owned()))?;
        let last = row.last;
        ends.insert((row.org_id, row.day), End { last, hash });
    }
    Ok(ends)
}

fn step(
    ends: &mut BTreeMap<(Uuid, Date), End>,
    key: (Uuid, Date),
    writer: &str,
    digest: &Hash,
) -> Linked {
    let end = match ends.entry(key) {
        Entry::Occupied(end) => end.into_mut(),
        Entry::Vacant(new) => {
            let (org, day) = key;
            let chain = Chain {
                day: day.to_string(),
                writer: writer.to_owned(),
            };
            let hash = chain::start(OrgId::from_uuid(org), &chain);
            new.insert(End { last: 0, hash })
        }
    };
    end.last += 1;
    end.hash = chain::next(&end.hash, digest);
    Linked {
        writer: writer.to_owned(),
        seq: end.last,
        hash: format!("\\x{}", seal::to_hex(&end.hash)),
    }
}

/// The row as `file` will find it.
fn call(row: &IntentRow) -> chain::Call {
    chain::Call {
        id: CallId::from_uuid(row.id),
        at: spelled(row.at),
        judged_at: Some(spelled(row.judged_at)),
        replica: row.replica.clone(),
        grant: GrantId::from_uuid(row.grant_id),
        server: ServerId::from_uuid(row.server_id),
        method: row.method.clone(),
        tool: row.tool.clone(),
        verdict: row.verdict.to_owned(),
        rule: row.rule.clone(),
        policy: row.policy_id.map(PolicyId::from_uuid),
        policy_version: row.policy_version,
        bundle_version: row.bundle_version,
        limiter: row.limiter.to_owned(),
        argument_keys: row.argument_keys.clone().into(),
        shadow: row.shadow.clone(),
        client_name: row.client_name.clone(),
        client_version: row.client_version.clone(),
        protocol: row.protocol.clone(),
        added_us: row.added_us,
        approval: row.approval_id.map(ApprovalId::from_uuid),
        charges: row
            .charges
            .as_ref()
            .map(|charges| charges.iter().map(ToString::to_string).collect()),
    }
}

fn outcome(row: &OutcomeRow) -> chain::Outcome {
    chain::Outcome {
        id: CallId::from_uuid(row.id),
        at: spelled(row.at),
        ended_at: Some(spelled(row.ended_at)),
        upstream_status: row.upstream_status,
        latency_us: row.latency_us,
        added_us: row.added_us,
        bytes: row.bytes,
        outcome: row.outcome.to_owned(),
        refunded: row.refunded,
    }
}

/// As `to_char(… at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')` spells it.
fn spelled(time: OffsetDateTime) -> String {
    let (date, second) = (time.date(), (time.hour(), time.minute(), time.second()));
    let (hour, minute, second) = second;
    let micros = time.microsecond();
    format!("{date}T{hour:02}:{minute:02}:{second:02}.{micros:06}Z")
}

#[cfg(test)]
mod tests;
