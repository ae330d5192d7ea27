//! Reads the tools of servers again when it is time, without anyone asking. One process at a time takes a server, by a lease in
//! its row; one that does not answer is asked less and less often.

mod store;

use super::act::{asked, write};
use super::{Busy, Listing};
use crate::app::App;
use crate::caller::{Actor, Allowed};
use crate::db::{DbError, Reason};
use crate::event::Event;
use crate::server::act::ServerError;
use crate::server::store as servers;
use crate::server::tool::reclassify;
use futures_util::future::join_all;
use host::stop::Stop;
use std::time::Duration;
use store::Claimed;
use time::OffsetDateTime;

/// Between two looks at what is due.
const LOOK: Duration = Duration::from_secs(30);
/// Servers that one process reads at once.
const AT_ONCE: i64 = 4;
/// For whoever reads a server; longer than a reading may take.
const LEASE: time::Duration = time::Duration::minutes(5);
/// Where others are being read just now.
const SOON: time::Duration = time::Duration::minutes(1);
const LONGEST: Duration = Duration::from_hours(24);
const MOST_DOUBLINGS: u32 = 5;

/// Reads what is due until told to stop. A reading that is given up half way is another process's when its lease is up.
pub async fn run(app: App, stop: Stop) {
    let reading = async {
        until_none_is_left(&app).await;
        loop {
            if let Err(error) = tick(&app).await {
                tracing::error!(cause = %error, "servers could not be read again");
            }
            tokio::time::sleep(LOOK).await;
        }
    };
    tokio::select! {
        () = stop.stopped() => {}
        () = reading => {}
    }
}

async fn until_none_is_left(app: &App) {
    loop {
        match renew(app).await {
            Ok(0) => return,
            Ok(_) => {}
            Err(error) => {
                tracing::error!(cause = %error, "tools could not be classified anew");
                tokio::time::sleep(LOOK).await;
            }
        }
    }
}

/// Reads every server that is due; answers how many were.
pub async fn tick(app: &App) -> Result<usize, DbError> {
    let Some(every) = app.site().rediscover_every else {
        return Ok(0);
    };
    let mut done = 0;
    loop {
        let now = app.now();
        let mut tx = app.db().system(Reason::Rediscover).await?;
        let claimed = store::claim(&mut tx, now.time(), every, now.time() + LEASE, AT_ONCE).await?;
        tx.commit().await?;
        if claimed.is_empty() {
            return Ok(done);
        }
        done += claimed.len();
        for result in join_all(claimed.iter().map(|one| settle(app, one, every))).await {
            result?;
        }
    }
}

/// Classifies the tools of a few servers that were classified by another edition of the words; answers how many servers.
pub async fn renew(app: &App) -> Result<usize, DbError> {
    let mut tx = app.db().system(Reason::Rediscover).await?;
    let stale = store::stale(&mut tx).await?;
    drop(tx);
    for one in &stale {
        let mut tx = app.db().system(Reason::Rediscover).await?;
        let moved = reclassify::server(tx.sql(), one.org, one.server, one.is_trusted).await?;
        if !moved.is_empty() {
            let event = Event::ToolsReclassified {
                server: one.server,
                tools: moved,
            };
            let actor = Actor {
                id: "schedule".to_owned(),
                name: "the schedule".to_owned(),
            };
            tx.say(one.org, &actor, &app.now(), &event).await?;
        }
        tx.commit().await?;
    }
    Ok(stale.len())
}

/// How a reading ended, as far as the next one hangs on it.
enum Ended {
    Read,
    Failed,
    /// Not now, and nobody's fault.
    NotNow,
}

async fn settle(app: &App, claimed: &Claimed, every: Duration) -> Result<(), DbError> {
    let ended = match again(app, claimed).await {
        Ok(ended) => ended,
        Err(ServerError::Db(error)) if !error.is_gone() => {
            tracing::error!(server.id = %claimed.server, cause = %error, "a server could not be read again");
            Ended::NotNow
        }
        // Its credential cannot be opened, or it was changed or removed meanwhile.
        Err(_) => Ended::Failed,
    };
    let now = app.now().time();
    let failures = match ended {
        Ended::Read => 0,
        Ended::Failed => claimed.failures.saturating_add(1),
        Ended::NotNow => claimed.failures,
    };
    let next = match ended {
        Ended::NotNow => now + SOON,
        Ended::Read | Ended::Failed => next(
            now,
            every,
            failures,
            u16::from_le_bytes(app.random().bytes()),
        ),
    };
    let mut tx = app.db().system(Reason::Rediscover).await?;
    let read_at = matches!(ended, Ended::Read).then_some(now);
    store::settle(&mut tx, claimed, next, failures, read_at).await?;
    tx.commit().await
}

async fn again(app: &App, claimed: &Claimed) -> Result<Ended, ServerError> {
    let mut tx = app
        .db()
        .read(Allowed::to_read_tools_again(claimed.org))
        .await?;
    let Some(target) = servers::target(tx.sql(), claimed.org, claimed.server).await? else {
        return Ok(Ended::NotNow);
    };
    drop(tx);
    let seat = match app.reach().seat(claimed.org, claimed.server) {
        Ok(seat) => seat,
        Err(Busy::ThisServer | Busy::ThisOrg | Busy::Everyone) => return Ok(Ended::NotNow),
    };
    let read = asked(app, claimed.org, &target).await?;
    let allowed = Allowed::to_read_tools_again(claimed.org);
    let (tx, event) = write(app, allowed, &target, &read).await?;
    // What stands as it stood is no event, and its row needs no more than the time.
    if is_news(&event, claimed, &read) {
        tx.commit(event).await?;
    }
    drop(seat);
    Ok(if read.is_ok() {
        Ended::Read
    } else {
        Ended::Failed
    })
}

fn is_news(event: &Event, claimed: &Claimed, read: &Result<Listing, super::Failure>) -> bool {
    let status = match read {
        Ok(_) => super::Status::Ready,
        Err(failure) => failure.status,
    };
    event.concerns_replicas() || claimed.status != status.word()
}

/// A tenth earlier or later than the time is up, so that servers that were added together are not asked together for ever;
/// twice as late with each failure, up to a day.
fn next(now: OffsetDateTime, every: Duration, failures: i32, chance: u16) -> OffsetDateTime {
    let doublings = u32::try_from(failures).unwrap_or(0).min(MOST_DOUBLINGS);
    let wait = (every * 2_u32.pow(doublings)).min(LONGEST.max(every));
    let tenth = wait / 10;
    let jitter = tenth * 2 * u32::from(chance) / u32::from(u16::MAX);
    now + wait.saturating_sub(tenth) + jitter
}

#[cfg(test)]
mod tests;
