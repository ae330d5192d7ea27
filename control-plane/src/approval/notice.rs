//! Mail to people who may decide: that calls wait, and where. One mail for a grant and a while, however many it asks;
//! nothing of what the call says is in it, and following its link decides nothing.

mod store;

use super::expire;
use crate::app::App;
use crate::db::{DbError, Reason};
use crate::event::Event;
use crate::mail::{Letter, outbox};
use host::stop::Stop;
use store::Untold;
use time::Duration;

const LOOK: std::time::Duration = std::time::Duration::from_secs(1);
/// For so long nobody is told of a grant again, but where somebody has decided meanwhile.
const PAUSE: Duration = Duration::minutes(10);

/// Tells until `stop`.
pub async fn run(app: App, stop: Stop) {
    loop {
        if let Err(error) = tell(&app).await {
            tracing::error!(cause = %error, "nobody is told that calls wait");
        }
        if let Err(error) = escalate(&app).await {
            tracing::error!(cause = %error, "nobody else is told that calls still wait");
        }
        tokio::select! {
            () = stop.stopped() => return,
            () = tokio::time::sleep(LOOK) => {}
        }
    }
}

/// Tells of every grant whose calls wait and of which nobody was told lately; answers how many grants that were.
pub async fn tell(app: &App) -> Result<usize, DbError> {
    let mut told = 0;
    loop {
        let now = app.now();
        let mut tx = app.db().system(Reason::Approve).await?;
        let Some(untold) = store::untold(&mut tx, now.time(), PAUSE).await? else {
            return Ok(told);
        };
        // Another process may have been faster: then it has told.
        if store::claim(&mut tx, &untold, now.time()).await? {
            let site = &app.site().public_url;
            for address in store::who_decides(&mut tx, &untold).await? {
                let mail = letter(&untold).to(&address, site);
                outbox::put(app, tx.sql(), &now, &mail).await?;
            }
            told += 1;
        }
        tx.commit().await?;
    }
}

/// Tells others of every request that waits for too long; answers how many those were. Quiet hours do not hold this
/// back: whoever asked for it wants to be woken.
pub async fn escalate(app: &App) -> Result<usize, DbError> {
    let mut count = 0;
    loop {
        let now = app.now();
        let mut tx = app.db().system(Reason::Approve).await?;
        let overdue = store::overdue(&mut tx, now.time()).await?;
        if overdue.is_empty() {
            return Ok(count);
        }
        for one in &overdue {
            let event = Event::ApprovalEscalated {
                approval: one.approval,
                tool: one.tool.clone(),
            };
            tx.say(one.org, &expire::clock(), &now, &event).await?;
            if one.by_mail {
                for address in store::who_administers(&mut tx, one).await? {
                    let letter = Letter::CallStillWaits {
                        org: &one.org_slug,
                        grant: &one.grant_name,
                        approval: one.approval,
                    };
                    let mail = letter.to(&address, &app.site().public_url);
                    outbox::put(app, tx.sql(), &now, &mail).await?;
                }
            }
        }
        tx.commit().await?;
        count += overdue.len();
    }
}

fn letter(untold: &Untold) -> Letter<'_> {
    Letter::CallsWait {
        org: &untold.org_slug,
        grant: &untold.grant_name,
        waiting: untold.waiting,
        newest: untold.newest,
    }
}
