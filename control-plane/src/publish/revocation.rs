//! What was taken back, told through Redis besides the feed: put in with the change, told by whichever process sees it
//! first, told again where Redis has forgotten. It does not wait for the publisher, whose bundles may fail.

mod store;
mod wire;

use crate::app::App;
use crate::db::{DbError, Reason};
use crate::now::Now;
use bundle::revocation::{Revocation, TOLD_FOR_S, Taken};
use host::stop::Stop;
use ids::OrgId;
use redis::RedisError;
use sqlx::PgConnection;
use std::time::{Duration, Instant};
use time::OffsetDateTime;
use wire::Wire;

/// Between two looks when nobody says that something changed.
const LOOK_EVERY: Duration = Duration::from_millis(500);
/// How often Redis is asked whether it still knows what it was told.
const REMIND_EVERY: Duration = Duration::from_secs(5);
const FORGET_EVERY: Duration = Duration::from_hours(1);
const AT_ONCE: i64 = 500;

#[derive(Debug, thiserror::Error)]
pub enum RevocationError {
    #[error(transparent)]
    Db(#[from] DbError),
    #[error("Redis: {0}")]
    Redis(#[from] RedisError),
}

/// Puts in what an organisation does without, in the transaction that takes it. Called by [`crate::db`] alone.
pub(crate) async fn put(
    sql: &mut PgConnection,
    org: OrgId,
    what: Taken,
    version: i64,
    now: &Now,
) -> Result<(), DbError> {
    store::put(sql, org, what, version, now.time()).await
}

/// Tells until told to stop. Without Redis the feed tells alone, and here is only forgotten what is old.
pub async fn run(app: App, stop: Stop) {
    let changed = app.db().changed();
    let mut wire = app.redis().cloned().map(Wire::new);
    if wire.is_none() {
        tracing::info!("no Redis is configured: what is taken back is told in the feed alone");
    }
    let (mut reminded, mut forgotten) = (None::<Instant>, None::<Instant>);
    let mut is_failing = false;
    loop {
        // Registered before the look, so that a change during it is not missed.
        let next = changed.notified();
        let told = async {
            if let Some(wire) = &mut wire {
                if reminded.is_none_or(|at| at.elapsed() >= REMIND_EVERY) {
                    remind(&app, wire).await?;
                    reminded = Some(Instant::now());
                }
                tell(&app, wire).await?;
            }
            if forgotten.is_none_or(|at| at.elapsed() >= FORGET_EVERY) {
                forget(&app, wire.as_mut()).await?;
                forgotten = Some(Instant::now());
            }
            Ok::<_, RevocationError>(())
        };
        match told.await {
            Ok(()) => is_failing = false,
            // Said once: it is tried twice a second, and the feed goes on telling.
            Err(error) if !is_failing => {
                tracing::error!(cause = %error, "what was taken back is told in the feed alone");
                is_failing = true;
            }
            Err(_) => {}
        }
        tokio::select! {
            () = next => {}
            () = tokio::time::sleep(LOOK_EVERY) => {}
            () = stop.stopped() => return,
        }
    }
}

/// Everything that has not been told yet. Two processes may both tell it: the greater version stays.
async fn tell(app: &App, wire: &mut Wire) -> Result<(), RevocationError> {
    loop {
        let mut tx = app.db().system(Reason::TakeBack).await?;
        let untold = store::untold(&mut tx, AT_ONCE).await?;
        // No row is held while Redis is waited for.
        drop(tx);
        for one in &untold {
            wire.tell(one).await?;
        }
        if untold.is_empty() {
            return Ok(());
        }
        let mut tx = app.db().system(Reason::TakeBack).await?;
        store::told(&mut tx, &untold, app.now().time()).await?;
        tx.commit().await?;
    }
}

/// Tells all of it again where Redis has less than it was told, and at the start, when nobody knows what it was told.
async fn remind(app: &App, wire: &mut Wire) -> Result<(), RevocationError> {
    if wire.remembers().await? {
        return Ok(());
    }
    let since = oldest(app.now().time());
    let mut after = None;
    let mut count = 0_usize;
    loop {
        let mut tx = app.db().system(Reason::TakeBack).await?;
        let page = store::since(&mut tx, since, after, AT_ONCE).await?;
        drop(tx);
        let Some(last) = page.last() else { break };
        after = Some(last.place());
        for kept in &page {
            wire.tell(&kept.revocation).await?;
        }
        count += page.len();
    }
    wire.reminded();
    if count > 0 {
        tracing::info!(count, "Redis was told again what was taken back");
    }
    Ok(())
}

async fn forget(app: &App, wire: Option<&mut Wire>) -> Result<(), RevocationError> {
    let mut tx = app.db().system(Reason::TakeBack).await?;
    let old = store::forget(&mut tx, oldest(app.now().time())).await?;
    tx.commit().await?;
    if let Some(wire) = wire {
        for one in &old {
            wire.forget(one).await?;
        }
    }
    Ok(())
}

fn oldest(now: OffsetDateTime) -> OffsetDateTime {
    now - Duration::from_secs(TOLD_FOR_S)
}

/// One that is kept, and where it stands among the others.
#[derive(Debug, Clone)]
struct Kept {
    revocation: Revocation,
    at: OffsetDateTime,
}

impl Kept {
    fn place(&self) -> (OffsetDateTime, OrgId, String) {
        let Revocation { org, what, .. } = self.revocation;
        (self.at, org, what.field())
    }
}
