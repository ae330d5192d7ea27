//! Gives up old days, where the operator says how many are kept: first a checkpoint of each organisation says so, then the
//! days' partitions go.

use super::checkpoint;
use crate::app::App;
use crate::db::{DbError, Reason};
use host::stop::Stop;
use sqlx::Executor;
use time::{Date, Duration};

const LOOK: std::time::Duration = std::time::Duration::from_hours(1);

/// Looks until `stop`.
pub async fn run(app: App, stop: Stop) {
    let Some(days) = app.site().keep_calls_days else {
        return;
    };
    loop {
        let today = app.now().time().date();
        if let Some(first) = today.checked_sub(Duration::days(i64::from(days)))
            && let Err(error) = give_up(&app, first).await
        {
            tracing::error!(cause = %error, "old records of calls cannot be given up");
        }
        tokio::select! {
            () = stop.stopped() => return,
            () = tokio::time::sleep(LOOK) => {}
        }
    }
}

/// Gives up what is older than `first`.
pub async fn give_up(app: &App, first: Date) -> Result<(), DbError> {
    let now = app.now().time();
    let mut tx = app.db().system(Reason::Checkpoint).await?;
    let orgs = sqlx::query_scalar!(
        "select distinct org_id from call_chains where day < $1 order by org_id",
        first
    )
    .fetch_all(tx.sql())
    .await?;
    tx.commit().await?;
    for org in orgs {
        let mut tx = app.db().system(Reason::Checkpoint).await?;
        checkpoint::make(app, &mut tx, org, now, Some(first)).await?;
        sqlx::query!(
            "delete from call_chains where org_id = $1 and day < $2",
            org,
            first
        )
        .execute(tx.sql())
        .await?;
        tx.commit().await?;
    }
    let mut tx = app.db().system(Reason::Checkpoint).await?;
    // Who reads or writes just now is not waited for without end, for whoever comes next would wait behind this.
    tx.sql().execute("set local lock_timeout = '2s'").await?;
    let dropped = sqlx::query_scalar!(r#"select drop_call_days($1) as "dropped!""#, first)
        .fetch_one(tx.sql())
        .await?;
    tx.commit().await?;
    if dropped > 0 {
        tracing::info!(before = %first, tables = dropped, "old records of calls were given up");
    }
    Ok(())
}
