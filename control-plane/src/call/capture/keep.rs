//! Forgets kept arguments when their time is over.

use super::store;
use crate::app::App;
use crate::db::{DbError, Reason};
use host::stop::Stop;
use time::Duration;

const LOOK: std::time::Duration = std::time::Duration::from_hours(1);

/// Looks until `stop`.
pub async fn run(app: App, stop: Stop) {
    loop {
        if let Err(error) = forget(&app).await {
            tracing::error!(cause = %error, "old arguments of calls cannot be forgotten");
        }
        tokio::select! {
            () = stop.stopped() => return,
            () = tokio::time::sleep(LOOK) => {}
        }
    }
}

/// Forgets what is over now; none outlives the record of its call.
pub async fn forget(app: &App) -> Result<u64, DbError> {
    let now = app.now().time();
    let days = app.site().keep_calls_days;
    let first = days.and_then(|days| now.checked_sub(Duration::days(i64::from(days))));
    let mut tx = app.db().system(Reason::Forget).await?;
    let forgotten = store::forget(&mut tx, now, first).await?;
    tx.commit().await?;
    Ok(forgotten)
}
