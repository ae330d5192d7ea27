//! What replicas ask for: what changed since a cursor, and the bytes of a bundle.

use super::PublishError;
use crate::app::App;
use crate::db::{DbError, Reason, SystemTx};
use bundle::Signed;
use bundle::feed::{Change, Feed};
use std::time::Duration;
use tokio::sync::watch;

/// How long a question with no news waits for some. A replica whose question was lost on its way asks anew not long after.
const PATIENCE: Duration = Duration::from_millis(HELD_MS);
const HELD_MS: u64 = 4_000;
const MOST_CHANGES: i64 = 500;

/// The newest number of the feed, as this process knows it.
#[derive(Debug, Clone)]
pub struct Newest(watch::Sender<i64>);

impl Default for Newest {
    fn default() -> Self {
        Self(watch::Sender::new(0))
    }
}

impl Newest {
    pub(super) async fn look(&self, app: &App) -> Result<(), DbError> {
        let mut tx = app.db().system(Reason::ServeGateways).await?;
        let newest = newest(&mut tx).await?;
        self.0
            .send_if_modified(|known| std::mem::replace(known, newest) != newest);
        Ok(())
    }

    async fn wait_beyond(&self, cursor: i64) {
        let mut news = self.0.subscribe();
        let _ = tokio::time::timeout(PATIENCE, news.wait_for(|newest| *newest > cursor)).await;
    }
}

/// What changed since `cursor`; waits a while where nothing did. Without a cursor, or with one that is unknown or too
/// old, the whole manifest.
pub async fn since(
    app: &App,
    newest_known: &Newest,
    cursor: Option<u64>,
) -> Result<Feed, PublishError> {
    let cursor = cursor.and_then(|cursor| i64::try_from(cursor).ok());
    if let Some(cursor) = cursor {
        newest_known.wait_beyond(cursor).await;
    }
    let mut tx = app.db().system(Reason::ServeGateways).await?;
    let newest = newest(&mut tx).await?;
    let oldest = sqlx::query!(r#"select min(seq) as seq from feed"#)
        .fetch_one(tx.sql())
        .await?
        .seq;
    let is_followed = cursor.filter(|cursor| {
        *cursor == newest
            || (*cursor < newest && oldest.is_some_and(|oldest| *cursor >= oldest - 1))
    });
    let Some(cursor) = is_followed else {
        let changes = manifest(&mut tx).await?;
        return Ok(Feed {
            cursor: number(newest),
            is_reset: true,
            changes,
            held_ms: Some(HELD_MS),
        });
    };
    let rows = sqlx::query!(
        "select seq, change from feed where seq > $1 order by seq limit $2",
        cursor,
        MOST_CHANGES
    )
    .fetch_all(tx.sql())
    .await?;
    let last = rows.last().map_or(cursor, |row| row.seq);
    let changes = rows
        .into_iter()
        .map(|row| serde_json::from_value(row.change))
        .collect::<Result<_, _>>()?;
    Ok(Feed {
        cursor: number(last),
        is_reset: false,
        changes,
        held_ms: Some(HELD_MS),
    })
}

/// The bytes of the bundle with this digest.
pub async fn bundle_bytes(app: &App, sha256: &[u8]) -> Result<Option<Vec<u8>>, DbError> {
    let mut tx = app.db().system(Reason::ServeGateways).await?;
    let row = sqlx::query!(
        "select bytes from bundles where sha256 = $1 limit 1",
        sha256
    )
    .fetch_optional(tx.sql())
    .await?;
    Ok(row.map(|row| row.bytes))
}

async fn newest(tx: &mut SystemTx) -> Result<i64, DbError> {
    let row = sqlx::query!(r#"select coalesce(max(seq), 0) as "seq!" from feed"#)
        .fetch_one(tx.sql())
        .await?;
    Ok(row.seq)
}

async fn manifest(tx: &mut SystemTx) -> Result<Vec<Change>, PublishError> {
    let rows = sqlx::query!(
        "select distinct on (org_id) signed from bundles order by org_id, version desc"
    )
    .fetch_all(tx.sql())
    .await?;
    let signed: Result<Vec<Signed>, _> = rows
        .into_iter()
        .map(|row| serde_json::from_value(row.signed))
        .collect();
    Ok(signed?.into_iter().map(Change::Bundle).collect())
}

fn number(seq: i64) -> u64 {
    u64::try_from(seq).unwrap_or(0)
}
