//! Tells of records that never came. Replicas number what they write, each opening of a spool from 1; which numbers have come is
//! kept here beside what the replicas say they wrote. A number that comes late is missing no more.

use crate::app::App;
use crate::db::{DbError, Reason, SystemTx};
use bundle::feed::Spooled;
use bundle::record::Place;
use host::stop::Stop;
use prometheus_client::metrics::gauge::Gauge;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use time::{Duration, OffsetDateTime};

/// How often one looks.
const LOOK: std::time::Duration = std::time::Duration::from_secs(10);
/// How long a number may be missing before that is told.
pub const PATIENCE: Duration = Duration::minutes(1);
/// A replica that says nothing for so long may have gone with its disk.
const SILENT: Duration = Duration::minutes(5);
/// How long what is missing counts in the number that alerts look at; the replica's row goes on showing it.
const ALARM: Duration = Duration::days(1);
/// As long as a record may come late.
const KEPT: Duration = Duration::days(90);

/// The numbers of the records in a batch, by opening.
#[derive(Debug, Default)]
pub(super) struct Came(BTreeMap<i64, BTreeSet<i64>>);

impl Came {
    /// Whatever the record says besides: one that cannot be read has come, too.
    pub fn note(&mut self, record: &str) {
        let Some(Place { epoch, seq }) = Place::of(record) else {
            return;
        };
        if let (Ok(epoch), Some(seq)) = (i64::try_from(epoch), in_a_range(seq)) {
            self.0.entry(epoch).or_default().insert(seq);
        }
    }

    /// In the transaction that stores the records: what is said to have come is there.
    pub async fn save(
        &self,
        tx: &mut SystemTx,
        replica: &str,
        now: OffsetDateTime,
    ) -> Result<(), DbError> {
        for (epoch, numbers) in &self.0 {
            let last = numbers.last().copied().unwrap_or_default();
            sqlx::query!(
                "insert into replica_spools as spool (replica, epoch, last, missing, seen_at)
                values ($1, $2, $3, int8multirange(int8range(1, $3::bigint + 1)) - $4::text::int8multirange, $5)
                on conflict (replica, epoch) do update set
                    last = greatest(spool.last, excluded.last),
                    missing = spool.missing
                        + int8multirange(int8range(spool.last + 1, greatest(spool.last, excluded.last) + 1))
                        - $4::text::int8multirange,
                    seen_at = excluded.seen_at",
                replica,
                epoch,
                last,
                spelled(numbers),
                now,
            )
            .execute(tx.sql())
            .await?;
        }
        Ok(())
    }
}

/// Postgres' ranges end before a number, so the largest cannot be in one.
fn in_a_range(number: u64) -> Option<i64> {
    i64::try_from(number).ok().filter(|it| *it < i64::MAX)
}

/// As Postgres spells a multirange.
fn spelled(numbers: &BTreeSet<i64>) -> String {
    let mut runs: Vec<(i64, i64)> = Vec::new();
    for number in numbers {
        match runs.last_mut() {
            Some((_, end)) if *end == *number => *end += 1,
            _ => runs.push((*number, number + 1)),
        }
    }
    let mut text = String::from("{");
    for (index, (first, end)) in runs.iter().enumerate() {
        let comma = if index == 0 { "" } else { "," };
        // A text takes whatever is written to it.
        let _ = write!(text, "{comma}[{first},{end})");
    }
    text.push('}');
    text
}

/// Notes how far a replica says it has written. Once nothing older waits in its spool, all will have come of earlier openings
/// that is still to come.
pub async fn told(
    tx: &mut SystemTx,
    replica: &str,
    spooled: &Spooled,
    now: OffsetDateTime,
) -> Result<(), DbError> {
    let (Ok(epoch), Some(last)) = (i64::try_from(spooled.epoch), in_a_range(spooled.last)) else {
        return Ok(());
    };
    sqlx::query!(
        "insert into replica_spools as spool (replica, epoch, told, seen_at) values ($1, $2, $3, $4)
        on conflict (replica, epoch) do update set told = greatest(spool.told, excluded.told),
            seen_at = excluded.seen_at",
        replica,
        epoch,
        last,
        now,
    )
    .execute(tx.sql())
    .await?;
    if !spooled.has_older {
        sqlx::query!(
            "update replica_spools
            set missing = missing + int8multirange(int8range(last + 1, told + 1)), last = told
            where replica = $1 and epoch <> $2 and told > last",
            replica,
            epoch,
        )
        .execute(tx.sql())
        .await?;
    }
    Ok(())
}

/// Looks until `stop`, and shows in `missing` how many records of all replicas are.
pub async fn run(app: App, missing: Gauge, stop: Stop) {
    // While nobody could reach the control plane or its database, silence meant nothing.
    let mut heard_since = app.now().time();
    loop {
        let now = app.now().time();
        let silent_since = (heard_since <= now - SILENT).then(|| now - SILENT);
        match look(&app, silent_since).await {
            Ok(count) => {
                missing.set(count);
            }
            Err(error) => {
                heard_since = now;
                tracing::error!(cause = %error, "whether records are missing cannot be seen");
            }
        }
        tokio::select! {
            () = stop.stopped() => return,
            () = tokio::time::sleep(LOOK) => {}
        }
    }
}

/// Says what has been missing for a minute, and what is so no more; answers how many records are missing. What a replica wrote
/// that has not been heard of since `silent_since`, and did not come, is missing too.
pub async fn look(app: &App, silent_since: Option<OffsetDateTime>) -> Result<i64, DbError> {
    let now = app.now().time();
    let mut tx = app.db().system(Reason::Missing).await?;
    if let Some(silent_since) = silent_since {
        sqlx::query!(
            "update replica_spools set missing = missing + int8multirange(int8range(last + 1, told + 1)), last = told
            from replicas where replicas.name = replica and replicas.seen_at < $1 and told > last",
            silent_since,
        )
        .execute(tx.sql())
        .await?;
    }
    let whole = sqlx::query!(
        "with whole as (
            select replica, epoch, is_told from replica_spools
            where isempty(missing) and missing_since is not null order by replica, epoch for update
        )
        update replica_spools as spool set missing_since = null, is_told = false
        from whole where spool.replica = whole.replica and spool.epoch = whole.epoch
        returning spool.replica, spool.epoch, whole.is_told",
    )
    .fetch_all(tx.sql())
    .await?;
    for row in whole.iter().filter(|row| row.is_told) {
        tracing::info!(
            replica = row.replica,
            epoch = row.epoch,
            "records that were missing have come"
        );
    }
    sqlx::query!(
        "update replica_spools set missing_since = $1 where not isempty(missing) and missing_since is null",
        now,
    )
    .execute(tx.sql())
    .await?;
    let lost = sqlx::query!(
        r#"update replica_spools set is_told = true where not is_told and missing_since <= $1
        returning replica, epoch, missing::text as "numbers!""#,
        now - PATIENCE,
    )
    .fetch_all(tx.sql())
    .await?;
    for row in lost {
        tracing::error!(
            replica = row.replica,
            epoch = row.epoch,
            numbers = row.numbers,
            "records of calls are missing"
        );
    }
    let count = sqlx::query_scalar!(
        r#"select coalesce(sum(upper(part) - lower(part)), 0)::bigint as "count!"
        from replica_spools, unnest(missing) as part where is_told and missing_since > $1"#,
        now - ALARM,
    )
    .fetch_one(tx.sql())
    .await?;
    sqlx::query!("delete from replica_spools where seen_at < $1", now - KEPT)
        .execute(tx.sql())
        .await?;
    tx.commit().await?;
    Ok(count)
}

#[cfg(test)]
mod tests;
