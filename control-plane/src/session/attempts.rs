//! How often one source or one account may try: sliding windows, counted in the database for all processes together.

use crate::app::App;
use crate::db::{DbError, Reason, SystemTx};
use crate::problem::{Kind, Problem};
use std::net::IpAddr;
use time::{Duration, OffsetDateTime};

/// How many rows past their time one try clears away: old ones go as new ones come, without a job.
const CLEARED_AT_ONCE: i64 = 100;

/// So many tries in so long a time.
#[derive(Debug, Clone, Copy)]
pub struct Allowance {
    pub tries: usize,
    pub within: Duration,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TooMany {
    pub retry_after_s: u64,
}

#[derive(Debug, thiserror::Error)]
pub enum Exhausted {
    #[error("too many tries; wait, then try again")]
    TooMany(TooMany),
    #[error(transparent)]
    Db(#[from] DbError),
}

/// Counts one try by `subject`, unless it has had its share of one of the allowances.
pub async fn count(app: &App, subject: &str, allowances: &[Allowance]) -> Result<(), Exhausted> {
    let (now, subject) = (app.now().time(), app.keys().pepper.digest(subject));
    let longest = allowances.iter().map(|it| it.within).max();
    let longest = longest.unwrap_or_default();
    let mut tx = app.db().system(Reason::Attempt).await?;
    let before = tries(&mut tx, &subject, now).await?;
    let mut tries = judge(before, allowances, now).map_err(Exhausted::TooMany)?;
    tries.push(now);
    sqlx::query!(
        "update attempts set tries = $2, expires_at = $3 where subject = $1",
        &subject,
        &tries,
        now + longest,
    )
    .execute(tx.sql())
    .await
    .map_err(DbError::from)?;
    clear(&mut tx, now).await?;
    tx.commit().await?;
    Ok(())
}

/// Whether one more try would count. Asked before anything else is done for a try, so that a flood of them costs little.
pub async fn look(app: &App, subject: &str, allowances: &[Allowance]) -> Result<(), Exhausted> {
    let subject = app.keys().pepper.digest(subject);
    let mut tx = app.db().system(Reason::Attempt).await?;
    let tries = sqlx::query_scalar!("select tries from attempts where subject = $1", &subject)
        .fetch_optional(tx.sql())
        .await
        .map_err(DbError::from)?;
    let tries = tries.unwrap_or_default();
    judge(tries, allowances, app.now().time()).map_err(Exhausted::TooMany)?;
    Ok(())
}

/// Forgets the tries of someone who has proved who they are.
pub async fn forgive(tx: &mut SystemTx, app: &App, subject: &str) -> Result<(), DbError> {
    let subject = app.keys().pepper.digest(subject);
    sqlx::query!("delete from attempts where subject = $1", &subject)
        .execute(tx.sql())
        .await?;
    Ok(())
}

/// One source's tries at one thing. A local instance is its owner's own machine, where everyone has the same address.
pub async fn count_source(
    app: &App,
    what: &str,
    source: IpAddr,
    allowance: Allowance,
) -> Result<(), Exhausted> {
    if app.site().is_local && source.is_loopback() {
        return Ok(());
    }
    count(
        app,
        &format!("{what} from {}", network(source)),
        &[allowance],
    )
    .await
}

/// Whoever has one address of version 6 has 2^64 of them.
pub(crate) fn network(source: IpAddr) -> IpAddr {
    match source.to_canonical() {
        IpAddr::V6(address) => {
            let [a, b, c, d, ..] = address.segments();
            [a, b, c, d, 0, 0, 0, 0].into()
        }
        address @ IpAddr::V4(_) => address,
    }
}

/// The tries so far. Whoever else tries waits for the end of this transaction.
async fn tries(
    tx: &mut SystemTx,
    subject: &[u8; 32],
    now: OffsetDateTime,
) -> Result<Vec<OffsetDateTime>, DbError> {
    sqlx::query!(
        "insert into attempts (subject, tries, expires_at) values ($1, '{}', $2)
        on conflict (subject) do nothing",
        subject,
        now,
    )
    .execute(tx.sql())
    .await?;
    let tries = sqlx::query_scalar!(
        "select tries from attempts where subject = $1 for update",
        subject
    )
    .fetch_optional(tx.sql())
    .await?;
    Ok(tries.unwrap_or_default())
}

/// Once this transaction holds its own row, and never waits for another's.
async fn clear(tx: &mut SystemTx, now: OffsetDateTime) -> Result<(), DbError> {
    sqlx::query!(
        "delete from attempts where subject in (
            select subject from attempts
            where expires_at <= $1
            order by expires_at
            limit $2
            for update skip locked
        )",
        now,
        CLEARED_AT_ONCE,
    )
    .execute(tx.sql())
    .await?;
    Ok(())
}

/// The tries that still count, where one more is within every allowance.
fn judge(
    mut tries: Vec<OffsetDateTime>,
    allowances: &[Allowance],
    now: OffsetDateTime,
) -> Result<Vec<OffsetDateTime>, TooMany> {
    let counts = |within: Duration| move |tried: &&OffsetDateTime| now - **tried < within;
    tries.sort_unstable();
    let waits = allowances.iter().filter_map(|allowance| {
        let within = tries.iter().filter(counts(allowance.within)).count();
        let surplus = (within + 1)
            .checked_sub(allowance.tries)
            .filter(|it| *it > 0)?;
        let freed = tries
            .iter()
            .filter(counts(allowance.within))
            .nth(surplus - 1);
        Some(freed.map_or(allowance.within, |first| allowance.within - (now - *first)))
    });
    if let Some(wait) = waits.max() {
        return Err(TooMany {
            retry_after_s: u64::try_from(wait.whole_seconds()).unwrap_or(0) + 1,
        });
    }
    tries.retain(|tried| {
        allowances
            .iter()
            .any(|allowance| now - *tried < allowance.within)
    });
    Ok(tries)
}

impl From<TooMany> for Problem {
    fn from(wait: TooMany) -> Self {
        Self::new(
            Kind::TooManyRequests,
            "too many tries; wait, then try again",
        )
        .with_retry_after(wait.retry_after_s)
    }
}

impl From<Exhausted> for Problem {
    fn from(error: Exhausted) -> Self {
        match error {
            Exhausted::TooMany(wait) => wait.into(),
            Exhausted::Db(error) => error.into(),
        }
    }
}

#[cfg(test)]
mod tests;
