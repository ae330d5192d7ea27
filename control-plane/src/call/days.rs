//! The days that calls are filed under: a partition each, made before the first record of it comes.

use super::budget;
use crate::app::App;
use crate::db::{DbError, Reason};
use host::stop::Stop;
use std::collections::BTreeSet;
use std::time::Duration;
use time::Date;

/// How far ahead days are made. A day's work of the clock is left when this process was away for less than that.
const AHEAD: i64 = 7;
const LOOK: Duration = Duration::from_hours(1);

/// Makes the days that come until `stop`. A day that is missing all the same is made by the first record of it.
pub async fn keep_ahead(app: App, stop: Stop) {
    loop {
        if let Err(error) = make_ahead(&app).await {
            tracing::error!(%error, "the days of calls to come could not be made");
        }
        if let Err(error) = budget::forget(&app).await {
            tracing::error!(%error, "charges of windows that are over could not be deleted");
        }
        tokio::select! {
            () = stop.stopped() => return,
            () = tokio::time::sleep(LOOK) => {}
        }
    }
}

pub async fn make_ahead(app: &App) -> Result<(), DbError> {
    let today = app.now().time().date();
    make(
        app,
        &(0..=AHEAD)
            .filter_map(|days| today.checked_add(time::Duration::days(days)))
            .collect(),
    )
    .await
}

pub async fn make(app: &App, days: &BTreeSet<Date>) -> Result<(), DbError> {
    let mut tx = app.db().system(Reason::IngestRecords).await?;
    for day in days {
        sqlx::query!("select make_call_day($1)", day)
            .execute(tx.sql())
            .await?;
    }
    tx.commit().await
}
