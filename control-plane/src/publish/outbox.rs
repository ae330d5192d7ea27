//! Takes marked organisations, publishes each, and numbers the feed.

use super::{PublishError, assemble, rows};
use crate::app::App;
use crate::db::{DbError, Reason, SystemTx};
use bundle::feed::Change;
use bundle::{FORMAT, Statement};
use ids::OrgId;
use time::OffsetDateTime;

/// Any number that no other user of this database takes for its own lock.
const PUBLISHER_LOCK: i64 = 0x706f_7274_6375_6c6c;
const AT_ONCE: i64 = 50;
/// A replica that is further behind than this starts from the whole manifest.
const FEED_KEPT: i64 = 10_000;
const BUNDLES_KEPT: i64 = 3;

/// Publishes everything that is marked now; answers how many organisations that were.
pub async fn publish(app: &App) -> Result<usize, PublishError> {
    let mut published = 0;
    loop {
        let batch = publish_batch(app).await?;
        published += batch;
        if batch == 0 {
            return Ok(published);
        }
    }
}

/// Marks whose newest bundle another key signed: once replicas trust that one no more, they would be without it.
pub(super) async fn sign_anew(app: &App) -> Result<(), DbError> {
    let mut tx = app.db().system(Reason::Publish).await?;
    let marked = sqlx::query!(
        "insert into dirty_orgs (org_id, since)
        select org_id, $2 from (
            select distinct on (org_id) org_id, signed ->> 'key' as key from bundles order by org_id, version desc
        ) as newest where key <> $1
        on conflict (org_id) do nothing",
        app.keys().verifying.id(),
        app.now().time(),
    )
    .execute(tx.sql())
    .await?
    .rows_affected();
    tx.commit().await?;
    if marked > 0 {
        tracing::info!(marked, "bundles are signed anew, by another key");
    }
    Ok(())
}

async fn publish_batch(app: &App) -> Result<usize, PublishError> {
    let mut tx = app.db().system(Reason::Publish).await?;
    if !is_ours(&mut tx).await? {
        return Ok(0);
    }
    let marked = sqlx::query_scalar!(
        "select org_id from dirty_orgs order by since limit $1",
        AT_ONCE
    )
    .fetch_all(tx.sql())
    .await?;
    if marked.is_empty() {
        return Ok(0);
    }
    // Whoever changes or deletes an organisation locks its row before its mark. So must we, or each waits for the other.
    sqlx::query!(
        "select id from orgs where id = any($1) order by id for key share",
        &marked
    )
    .fetch_all(tx.sql())
    .await?;
    // The marks go before the look. Whoever changes an organisation meanwhile waits for this transaction and marks it anew;
    // whoever has changed one and is about to commit holds its mark, and is left to the next look.
    let taken = sqlx::query_scalar!(
        "delete from dirty_orgs where org_id in (
            select org_id from dirty_orgs where org_id = any($1) for update skip locked
        ) returning org_id",
        &marked
    )
    .fetch_all(tx.sql())
    .await?;
    let mut published = 0;
    for org in taken {
        let org = OrgId::from_uuid(org);
        let now = app.now().time();
        match publish_org(app, &mut tx, org).await {
            Ok(change) => {
                tell(&mut tx, org, &change, now).await?;
                published += 1;
            }
            Err(PublishError::Db(error @ DbError::Sql(_))) => return Err(error.into()),
            // One organisation's rows must not keep the news of all others. It is tried again, behind them.
            Err(error) => {
                tracing::error!(org.id = %org, cause = %error, "an organisation cannot be published");
                sqlx::query!(
                    "insert into dirty_orgs (org_id, since) values ($1, $2)",
                    org.uuid(),
                    now
                )
                .execute(tx.sql())
                .await?;
            }
        }
    }
    tx.commit().await?;
    Ok(published)
}

async fn publish_org(app: &App, tx: &mut SystemTx, org: OrgId) -> Result<Change, PublishError> {
    let Some(rows) = rows::read(tx, org).await? else {
        return Ok(Change::OrgRemoved { org });
    };
    let bundle = assemble::assemble(&rows, &app.site().public_url)?;
    let bytes = serde_json::to_vec(&bundle)?;
    let digest = seal::sha256(&bytes);
    let statement = Statement {
        org,
        version: bundle.version,
        sha256: seal::to_hex(&digest),
        format: FORMAT,
    };
    let keys = app.keys();
    let signed = statement.sign(&keys.signing, &keys.verifying.id());
    bundle::open(&signed, &bytes, std::slice::from_ref(&keys.verifying))?;
    sqlx::query!(
        "insert into bundles (org_id, version, sha256, bytes, signed, published_at) values ($1, $2, $3, $4, $5, $6)
        on conflict (org_id, version) do update
        set sha256 = excluded.sha256, bytes = excluded.bytes, signed = excluded.signed, published_at = excluded.published_at",
        org.uuid(),
        rows.version,
        &digest,
        &bytes,
        serde_json::to_value(&signed)?,
        app.now().time(),
    )
    .execute(tx.sql())
    .await?;
    sqlx::query!(
        "delete from bundles where org_id = $1 and version <= $2",
        org.uuid(),
        rows.version - BUNDLES_KEPT
    )
    .execute(tx.sql())
    .await?;
    tracing::info!(org.id = %org, bundle.version = rows.version, "policy.publish");
    Ok(Change::Bundle(signed))
}

/// One publisher at a time: the lock goes with the transaction.
async fn is_ours(tx: &mut SystemTx) -> Result<bool, DbError> {
    let row = sqlx::query!(
        r#"select pg_try_advisory_xact_lock($1) as "ours!""#,
        PUBLISHER_LOCK
    )
    .fetch_one(tx.sql())
    .await?;
    Ok(row.ours)
}

async fn tell(
    tx: &mut SystemTx,
    org: OrgId,
    change: &Change,
    now: OffsetDateTime,
) -> Result<(), PublishError> {
    let row = sqlx::query!(
        "insert into feed (seq, org_id, change, at)
        select coalesce(max(seq), 0) + 1, $1, $2, $3 from feed returning seq",
        org.uuid(),
        serde_json::to_value(change)?,
        now,
    )
    .fetch_one(tx.sql())
    .await?;
    sqlx::query!("delete from feed where seq <= $1", row.seq - FEED_KEPT)
        .execute(tx.sql())
        .await?;
    Ok(())
}
