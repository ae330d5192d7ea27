//! What calls have charged to budgets that outlive Redis: summed by slots of their windows as records are taken in, told to
//! replicas, deleted when their windows are over. A record that comes again is not new, and is not summed again.

use super::count::Fresh;
use crate::app::App;
use crate::db::{DbError, Reason, SystemTx};
use bundle::budget::{Ask, MOST_USED, Used};
use bundle::record::Charge;
use serde::Serialize;
use std::collections::BTreeMap;
use time::{Duration, OffsetDateTime};
use uuid::Uuid;

/// Sums stay below what Redis' numbers hold exactly.
const GREATEST: i64 = (1 << 53) - 1;
/// Redis' clock may be behind.
const KEPT: Duration = Duration::HOUR;
/// Rows that one statement deletes, so that nobody waits long for it.
const STRETCH: i64 = 10_000;

/// A row of `charges`. In the order of its fields rows are locked, so that two batches never wait for each other in a circle.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
struct Place {
    org_id: Uuid,
    limit_id: Uuid,
    subject: Uuid,
    slot_ms: i64,
    slots: i64,
    slot: i64,
}

#[derive(Debug, Serialize)]
struct Row {
    #[serde(flatten)]
    slot: Place,
    cost: i64,
    #[serde(with = "time::serde::rfc3339")]
    until: OffsetDateTime,
}

/// What a batch adds: one row for each slot, however many calls were charged to it.
#[derive(Debug, Default)]
pub(super) struct Sums {
    slots: BTreeMap<Place, (i64, OffsetDateTime)>,
}

impl Sums {
    pub fn charged<'a>(&mut self, org: Uuid, charges: impl Iterator<Item = &'a Charge>) {
        charges.for_each(|charge| self.count(org, charge, 1));
    }

    /// Takes off what was given back of calls whose intents are stored.
    pub async fn refunded(&mut self, tx: &mut SystemTx, calls: &Fresh) -> Result<(), DbError> {
        if calls.ids.is_empty() {
            return Ok(());
        }
        let rows = sqlx::query!(
            r#"select calls.org_id, calls.charges as "charges!"
            from unnest($1::uuid[], $2::timestamptz[], $3::uuid[]) as fresh (org_id, at, id)
            join calls on calls.org_id = fresh.org_id and calls.at = fresh.at and calls.id = fresh.id
            where calls.charges is not null"#,
            &calls.orgs,
            &calls.times,
            &calls.ids,
        )
        .fetch_all(tx.sql())
        .await?;
        for row in rows {
            let charges = row.charges.iter().filter_map(|text| text.parse().ok());
            for charge in charges.filter(|charge: &Charge| charge.is_of_forwarded) {
                self.count(row.org_id, &charge, -1);
            }
        }
        Ok(())
    }

    fn count(&mut self, org: Uuid, charge: &Charge, sign: i64) {
        // None of these can happen to what was read: a charge is within the range of a time.
        let number = |number: u64| i64::try_from(number).unwrap_or(i64::MAX);
        let slot = Place {
            org_id: org,
            limit_id: Uuid::from_bytes(charge.limit),
            subject: Uuid::from_bytes(charge.subject),
            slot_ms: number(charge.slot_ms),
            slots: number(charge.slots),
            slot: number(charge.slot),
        };
        let until = i128::from(charge.over_ms()) * 1_000_000;
        let Ok(until) = OffsetDateTime::from_unix_timestamp_nanos(until) else {
            return;
        };
        let (sum, _) = self.slots.entry(slot).or_insert((0, until));
        *sum = sum.saturating_add(sign.saturating_mul(number(charge.cost)));
    }

    /// Late in a batch: whoever sums the same slots waits until it is committed.
    pub async fn add(self, tx: &mut SystemTx) -> Result<(), DbError> {
        if self.slots.is_empty() {
            return Ok(());
        }
        let rows = self.slots.into_iter();
        let rows: Vec<Row> = rows
            .map(|(slot, (cost, until))| Row { slot, cost, until })
            .collect();
        let rows =
            serde_json::to_value(rows).map_err(|error| DbError::Stored(error.to_string()))?;
        sqlx::query!(
            "insert into charges (org_id, limit_id, subject, slot_ms, slots, slot, cost, until)
            select org_id, limit_id, subject, slot_ms, slots, slot, cost, until
            from rows from (jsonb_to_recordset($1) as (org_id uuid, limit_id uuid, subject uuid, slot_ms bigint,
                slots bigint, slot bigint, cost bigint, until timestamptz)) with ordinality
            order by ordinality
            on conflict (org_id, limit_id, subject, slot_ms, slots, slot)
            do update set cost = least($2, charges.cost + excluded.cost)",
            rows,
            GREATEST,
        )
        .execute(tx.sql())
        .await?;
        Ok(())
    }
}

/// A page of what is used of an organisation's budgets whose windows are not over; each budget whole.
pub async fn used(app: &App, ask: &Ask) -> Result<Used, DbError> {
    let after = ask.after.map(|last| (last.limit, last.subject));
    let (limit, subject) = after.unwrap_or_default();
    let mut tx = app.db().system(Reason::ServeGateways).await?;
    let most = i64::try_from(MOST_USED).unwrap_or(i64::MAX);
    let rows = sqlx::query!(
        "select limit_id, subject, slot_ms, slots, slot, cost from charges
        where org_id = $1 and ($2 or (limit_id, subject) > ($3, $4)) and until > $5 and cost > 0
        order by limit_id, subject, slot_ms, slots, slot limit $6",
        ask.org.uuid(),
        after.is_none(),
        Uuid::from_bytes(limit),
        Uuid::from_bytes(subject),
        app.now().time(),
        most,
    )
    .fetch_all(tx.sql())
    .await?;
    let number = |number: i64| u64::try_from(number).unwrap_or(0);
    let mut used: Vec<Charge> = rows
        .into_iter()
        .map(|row| Charge {
            limit: row.limit_id.into_bytes(),
            subject: row.subject.into_bytes(),
            slot_ms: number(row.slot_ms),
            slots: number(row.slots),
            slot: number(row.slot),
            cost: number(row.cost.min(GREATEST)),
            is_of_forwarded: false,
        })
        .collect();
    let is_all = used.len() < MOST_USED;
    if !is_all {
        leave_whole(&mut used);
    }
    Ok(Used { used, is_all })
}

/// The last budget of a full page may go on in the next one: it begins that.
fn leave_whole(used: &mut Vec<Charge>) {
    let budget = |charge: &Charge| (charge.limit, charge.subject);
    let Some(last) = used.last().map(budget) else {
        return;
    };
    let whole = used.partition_point(|charge| budget(charge) < last);
    // One that fills a page alone goes as it is: its oldest cuts are told, and no budget has so many that count.
    if whole > 0 {
        used.truncate(whole);
    }
}

/// Deletes what counts no more, a stretch at a time.
pub async fn forget(app: &App) -> Result<(), DbError> {
    loop {
        let mut tx = app.db().system(Reason::IngestRecords).await?;
        let gone = sqlx::query!(
            "delete from charges where ctid = any (array(
                select ctid from charges where until < $1 order by until limit $2 for update skip locked))",
            app.now().time() - KEPT,
            STRETCH,
        )
        .execute(tx.sql())
        .await?;
        tx.commit().await?;
        if gone.rows_affected() < STRETCH.unsigned_abs() {
            return Ok(());
        }
    }
}
