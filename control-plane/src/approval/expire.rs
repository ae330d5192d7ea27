//! Ends by the clock what nobody decided or used. What asks or decides looks at the clock itself: this is for the record.

use super::store;
use crate::app::App;
use crate::caller::Actor;
use crate::db::{DbError, Reason};
use crate::event::Event;
use host::stop::Stop;

const LOOK: std::time::Duration = std::time::Duration::from_secs(5);
const AT_ONCE: i64 = 200;

/// Who an event says it was when nobody did anything.
pub fn clock() -> Actor {
    Actor {
        id: "clock".to_owned(),
        name: "the clock".to_owned(),
    }
}

/// Looks until `stop`.
pub async fn run(app: App, stop: Stop) {
    loop {
        if let Err(error) = expire(&app).await {
            tracing::error!(cause = %error, "approvals do not expire");
        }
        tokio::select! {
            () = stop.stopped() => return,
            () = tokio::time::sleep(LOOK) => {}
        }
    }
}

/// Everything that is over by now; answers how many that were.
pub async fn expire(app: &App) -> Result<usize, DbError> {
    let mut count = 0;
    loop {
        let now = app.now();
        let mut tx = app.db().system(Reason::Approve).await?;
        let expired = store::expire(&mut tx, now.time(), AT_ONCE).await?;
        store::waits::forget(&mut tx, now.time(), AT_ONCE).await?;
        for (org, approval, tool) in &expired {
            let (approval, tool) = (*approval, tool.clone());
            tx.say(
                *org,
                &clock(),
                &now,
                &Event::ApprovalExpired { approval, tool },
            )
            .await?;
        }
        tx.commit().await?;
        count += expired.len();
        if expired.is_empty() {
            return Ok(count);
        }
    }
}
