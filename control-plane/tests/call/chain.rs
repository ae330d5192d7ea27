//! Chains of records, from a replica's batch to what a verification says of a tampered database.

use crate::world::{NOW, Org, World, call_id, ended, intent, made};
use axum::http::StatusCode;
use bundle::chain::{Report, Verifier};
use bundle::record::{Charge, Ending, Intent, Record};
use control_plane::access::Role;
use control_plane::call::chain::{checkpoint, keep};
use ids::CallId;
use sqlx::{AssertSqlSafe, Executor, PgConnection};
use std::collections::{BTreeMap, BTreeSet};
use time::OffsetDateTime;
use uuid::Uuid;

const DAY: u64 = 86_400_000;

/// What the file of the organisation's chains comes to.
async fn verified(world: &World, org: &Org) -> Report {
    let (status, text) = world
        .get_text(&org.path("/export?format=chain"), org.key(Role::Auditor))
        .await;
    assert_eq!(status, StatusCode::OK, "{text}");
    let keys = vec![world.app.keys().verifying.clone()];
    let mut verifier = Verifier::new(keys, Vec::new());
    for (number, line) in (1..).zip(text.lines()) {
        verifier.line(number, line);
    }
    verifier.finish()
}

/// A call of so many days before now.
fn call(org: &Org, days: u64, number: u32) -> Intent {
    let mut random = [0; 10];
    random[..4].copy_from_slice(&number.to_be_bytes());
    let unix_ms = NOW - days * DAY + u64::from(number);
    Intent {
        id: CallId::new(unix_ms, random),
        at: unix_ms,
        // Some have charged a budget that is kept, as others before there were any.
        charges: (0..number % 3)
            .map(|at| Charge {
                limit: [1; 16],
                subject: [2; 16],
                slot_ms: 60_000,
                slots: 60,
                slot: unix_ms / 60_000,
                cost: u64::from(at),
                is_of_forwarded: at == 1,
            })
            .collect(),
        ..intent(org, 0, number)
    }
}

fn both(call: &Intent) -> [Record; 2] {
    [made(call), ended(call, Ending::Ok)]
}

#[tokio::test]
async fn records_that_nobody_touched_are_clean_however_they_came() {
    let world = World::new().await;
    let (org, other) = (world.org("acme").await, world.org("zeta").await);
    let calls: Vec<Intent> = (0..40)
        .map(|number| call(&org, u64::from(number % 3), number))
        .collect();
    let theirs = call(&other, 0, 900);
    let batch: Vec<Record> = calls.iter().flat_map(both).collect();
    world.ship(batch[..30].to_vec()).await;
    assert_eq!(checkpoint::due(&world.app).await.unwrap(), 1);
    // Half of it again, the rest out of order, and another organisation's between.
    let mut rest = batch[20..].to_vec();
    rest.reverse();
    rest.extend(both(&theirs));
    let stored = world.ship(rest).await;
    assert_eq!((stored.stored, stored.repeated), (52, 10));
    let report = verified(&world, &org).await;
    assert_eq!(report.faults, []);
    assert_eq!((report.records, report.chains), (80, 3));
    assert_eq!((report.before_chains, report.later), (0, 0));
    let report = verified(&world, &other).await;
    assert_eq!((report.faults.len(), report.records), (0, 2));
}

#[tokio::test]
async fn a_checkpoint_is_made_once_a_minute_and_by_one_of_many() {
    let world = World::new().await;
    let org = world.org("acme").await;
    let due = || checkpoint::due(&world.app);
    assert_eq!(due().await.unwrap(), 0, "nothing to sign");
    world.ship(both(&call(&org, 0, 1)).to_vec()).await;
    let made = futures_util::future::join_all((0..4).map(|_| due())).await;
    let made: usize = made.into_iter().map(Result::unwrap).sum();
    assert_eq!(made, 1);
    world.ship(both(&call(&org, 0, 2)).to_vec()).await;
    assert_eq!(due().await.unwrap(), 0, "the last one is no minute old");
    world.clock.advance(std::time::Duration::from_secs(61));
    assert_eq!(due().await.unwrap(), 1);
    world.clock.advance(std::time::Duration::from_secs(61));
    assert_eq!(due().await.unwrap(), 0, "nothing has come since");
    let report = verified(&world, &org).await;
    assert_eq!((report.checkpoints, report.faults.len()), (2, 0));
}

#[tokio::test]
async fn records_from_before_chains_are_said_to_be_unproven_and_not_broken() {
    let world = World::new().await;
    let org = world.org("acme").await;
    world.ship(both(&call(&org, 1, 1)).to_vec()).await;
    let mut owner = world.owner().await;
    owner
        .execute("update calls set writer = null, seq = null, hash = null; delete from call_chains")
        .await
        .unwrap();
    owner
        .execute("update call_outcomes set writer = null, seq = null, hash = null")
        .await
        .unwrap();
    world.ship(both(&call(&org, 0, 2)).to_vec()).await;
    checkpoint::due(&world.app).await.unwrap();
    let report = verified(&world, &org).await;
    assert_eq!(report.faults, []);
    assert_eq!((report.records, report.before_chains), (2, 2));
}

#[tokio::test]
async fn days_that_were_given_up_leave_the_others_provable() {
    let world = World::new().await;
    let org = world.org("acme").await;
    for days in 0..5 {
        let number = u32::try_from(days).unwrap();
        world.ship(both(&call(&org, days, number)).to_vec()).await;
    }
    checkpoint::due(&world.app).await.unwrap();
    let today = world.app.now().time().date();
    let first = today - time::Duration::days(2);
    keep::give_up(&world.app, first).await.unwrap();
    let report = verified(&world, &org).await;
    assert_eq!(report.faults, []);
    assert_eq!((report.records, report.given_up), (6, 0));
    assert_eq!(report.keeps_from, Some(first.to_string()));
    // A record of such a day that comes late begins its chain anew, and is no fault of the others.
    world.ship(both(&call(&org, 4, 9)).to_vec()).await;
    let report = verified(&world, &org).await;
    assert_eq!((report.faults.len(), report.given_up), (0, 2));
    keep::give_up(&world.app, first).await.unwrap();
    let report = verified(&world, &org).await;
    assert_eq!((report.faults.len(), report.given_up), (0, 0));
}

#[tokio::test]
async fn a_file_of_chains_takes_no_filter_and_checkpoints_come_alone() {
    let world = World::new().await;
    let org = world.org("acme").await;
    world.ship(both(&call(&org, 0, 1)).to_vec()).await;
    checkpoint::due(&world.app).await.unwrap();
    let auditor = org.key(Role::Auditor);
    let filtered = org.path("/export?format=chain&verdict=deny");
    let (status, _) = world.get(&filtered, auditor).await;
    assert_eq!(status, StatusCode::BAD_REQUEST);
    let (status, _) = world
        .get(&org.path("/export?format=chain"), org.key(Role::Viewer))
        .await;
    assert_eq!(status, StatusCode::FORBIDDEN);
    let (_, text) = world
        .get_text(&org.path("/export?format=checkpoints"), auditor)
        .await;
    assert_eq!(text.lines().count(), 1);
    assert!(text.starts_with("{\"line\":\"checkpoint\""), "{text}");
}

struct Dice(u64);

impl Dice {
    /// splitmix64
    fn roll(&mut self, below: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((mixed ^ (mixed >> 31)) % below as u64).unwrap()
    }
}

#[derive(Debug, Clone, sqlx::FromRow)]
struct Row {
    table: String,
    at: OffsetDateTime,
    id: Uuid,
    seq: i64,
}

impl Row {
    async fn change(&self, owner: &mut PgConnection, change: &str) {
        let table = &self.table;
        let query = format!("{change} where at = $1 and id = $2").replace("{table}", table);
        let done = sqlx::query(AssertSqlSafe(query))
            .bind(self.at)
            .bind(self.id)
            .execute(owner)
            .await
            .unwrap();
        assert_eq!(done.rows_affected(), 1);
    }

    fn record(&self) -> &'static str {
        if self.table == "calls" {
            "call"
        } else {
            "outcome"
        }
    }
}

/// What must be named of an edit: a record by its id, or the place where one was.
#[derive(Debug)]
enum Owed {
    Record(CallId, &'static str),
    Place(String, i64),
    Either(CallId, &'static str, String, i64),
}

const EDITS: usize = 10_000;
const DAYS: u64 = 20;

#[tokio::test]
#[allow(
    clippy::too_many_lines,
    reason = "one story: what is stored, what is done to it, what is said of it"
)]
async fn ten_thousand_random_edits_of_stored_records_are_all_named() {
    let world = World::new().await;
    let org = world.org("acme").await;
    for days in 0..DAYS {
        let calls =
            (0..400).map(|number| call(&org, days, number + 1_000 * u32::try_from(days).unwrap()));
        world
            .ship(calls.flat_map(|call| both(&call)).collect())
            .await;
    }
    checkpoint::due(&world.app).await.unwrap();
    assert_eq!(verified(&world, &org).await.faults, []);

    let mut owner = world.owner().await;
    owner.execute("begin").await.unwrap();
    let mut rows: Vec<Row> = sqlx::query_as(
        "select 'calls' as table, at, id, seq from calls union all select 'call_outcomes', at, id, seq from call_outcomes
        order by 1, 2, 3",
    )
    .fetch_all(&mut owner)
    .await
    .unwrap();
    assert_eq!(rows.len() as u64, DAYS * 800);
    let mut dice = Dice(1);
    let mut owed = Vec::new();
    // Of some chains the end is cut off, in the tables and in what the database says of itself.
    for days in 0..DAYS / 2 {
        let day =
            OffsetDateTime::from_unix_timestamp(i64::try_from((NOW - days * DAY) / 1000).unwrap())
                .unwrap()
                .date();
        let from = 700 + i64::try_from(dice.roll(100)).unwrap();
        for table in ["calls", "call_outcomes"] {
            let query = format!(
                "delete from {table} where (at at time zone 'UTC')::date = $1 and seq >= $2"
            );
            sqlx::query(AssertSqlSafe(query))
                .bind(day)
                .bind(from)
                .execute(&mut owner)
                .await
                .unwrap();
        }
        sqlx::query("update call_chains set last = $2 - 1 where day = $1")
            .bind(day)
            .bind(from)
            .execute(&mut owner)
            .await
            .unwrap();
        rows.retain(|row| row.at.date() != day || row.seq < from);
        owed.push(Owed::Place(day.to_string(), from));
    }
    // Shuffled, so that each edit has records of its own.
    for last in (1..rows.len()).rev() {
        rows.swap(last, dice.roll(last + 1));
    }
    for edit in owed.len()..EDITS {
        let row = rows.pop().expect("a record for each edit");
        let (id, record) = (CallId::from_uuid(row.id), row.record());
        let place = || (row.at.date().to_string(), row.seq);
        match dice.roll(4) {
            0 => {
                let is_call = row.table == "calls";
                let changes: &[&str] = if is_call {
                    &[
                        "verdict = 'deny'",
                        "tool = null",
                        "grant_id = server_id",
                        "rule = '/x'",
                        "argument_keys = '{x}'",
                        "shadow = '[{}]'",
                        "judged_at = 'infinity'",
                        "replica = replica || 'x'",
                        "added_us = added_us + 1",
                        "seq = seq + 3",
                        "hash = sha256(hash)",
                        "hash = null",
                        "writer = 'other'",
                        "writer = null, seq = null, hash = null",
                    ]
                } else {
                    &[
                        "outcome = 'unknown'",
                        "latency_us = 0",
                        "bytes = bytes + 1",
                        "upstream_status = null",
                        "ended_at = ended_at - interval '1 microsecond'",
                        "seq = -seq",
                        "hash = '\\x00'",
                        "writer = null, seq = null, hash = null",
                    ]
                };
                let change = changes[dice.roll(changes.len())];
                row.change(&mut owner, &format!("update {{table}} set {change}"))
                    .await;
                let (day, seq) = place();
                owed.push(Owed::Either(id, record, day, seq));
            }
            1 => {
                row.change(&mut owner, "delete from {table}").await;
                let (day, seq) = place();
                owed.push(Owed::Place(day, seq));
            }
            2 => {
                // A copy under another id, in the same place or far beyond the end.
                let copy = call_id(&org, 0, u32::try_from(edit).unwrap());
                let seq = ["seq", "seq + 5000"][dice.roll(2)];
                let columns = if row.table == "calls" {
                    "judged_at, replica, grant_id, server_id, method, tool, verdict, bundle_version, limiter, argument_keys, shadow, added_us"
                } else {
                    "ended_at, upstream_status, latency_us, added_us, bytes, outcome"
                };
                let insert = format!(
                    "insert into {{table}} (org_id, at, id, {columns}, writer, seq, hash)
                    select org_id, at, '{}', {columns}, writer, {seq}, hash from {{table}}",
                    copy.uuid()
                );
                row.change(&mut owner, &insert).await;
                owed.push(Owed::Record(copy, record));
            }
            _ => {
                // Two records of a chain change places.
                let other = rows.iter().rposition(|other| {
                    other.table == row.table && other.at.date() == row.at.date()
                });
                let Some(other) = other.map(|at| rows.remove(at)) else {
                    row.change(&mut owner, "delete from {table}").await;
                    let (day, seq) = place();
                    owed.push(Owed::Place(day, seq));
                    continue;
                };
                for (one, seq) in [(&row, other.seq), (&other, row.seq)] {
                    one.change(&mut owner, &format!("update {{table}} set seq = {seq}"))
                        .await;
                    let (day, seq) = (one.at.date().to_string(), one.seq);
                    owed.push(Owed::Either(CallId::from_uuid(one.id), record, day, seq));
                }
            }
        }
    }
    owner.execute("commit").await.unwrap();

    let report = verified(&world, &org).await;
    let named: BTreeSet<(CallId, &str)> = report
        .faults
        .iter()
        .filter_map(|fault| Some((fault.call?, fault.record?)))
        .collect();
    let mut missing: BTreeMap<String, Vec<(i64, i64)>> = BTreeMap::new();
    for fault in &report.faults {
        if let (Some(chain), Some(seqs)) = (&fault.chain, fault.seqs) {
            missing.entry(chain.day.clone()).or_default().push(seqs);
        }
    }
    let misses = |day: &str, seq: i64| {
        missing.get(day).is_some_and(|all| {
            all.iter()
                .any(|(first, last)| (*first..=*last).contains(&seq))
        })
    };
    assert!(owed.len() >= EDITS);
    for owed in &owed {
        let is_named = match owed {
            Owed::Record(id, record) => named.contains(&(*id, record)),
            Owed::Place(day, seq) => misses(day, *seq),
            Owed::Either(id, record, day, seq) => {
                named.contains(&(*id, record)) || misses(day, *seq)
            }
        };
        assert!(is_named, "{owed:?}");
    }
}
