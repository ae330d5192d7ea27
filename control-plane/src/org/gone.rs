//! What no cascade reaches of an organisation that was deleted: the records of its calls and whatever else refers to nothing.
//! They are too many for one request, so they go here, in batches. Which tables these are, the catalogue of tables says: one
//! that is new is not forgotten.

use crate::app::App;
use crate::db::{DbError, Reason};
use host::stop::Stop;
use sqlx::AssertSqlSafe;
use time::{Duration, OffsetDateTime};
use uuid::Uuid;

const LOOK: std::time::Duration = std::time::Duration::from_mins(1);
/// For so long after a batch nobody else goes on with the organisation.
const LEASE: Duration = Duration::minutes(5);
const SOONEST: Duration = Duration::hours(1);
const AT_ONCE: i64 = 5_000;

/// What tells replicas that the organisation is gone, and that word itself: ids, versions and times.
pub const KEPT: [&str; 4] = ["deleted_orgs", "dirty_orgs", "feed", "revocations"];

/// Looks until `stop`. What is under way then is left to the next who looks.
pub async fn run(app: App, stop: Stop) {
    loop {
        tokio::select! {
            () = stop.stopped() => return,
            swept = sweep(&app) => if let Err(error) = swept {
                tracing::error!(cause = %error, "records of deleted organisations wait");
            },
        }
        tokio::select! {
            () = stop.stopped() => return,
            () = tokio::time::sleep(LOOK) => {}
        }
    }
}

/// Deletes what is left of every organisation that is due; answers how many rows that were.
pub async fn sweep(app: &App) -> Result<u64, DbError> {
    let mut all = 0;
    while let Some(gone) = take(app).await? {
        let mut rows = 0;
        for table in tables(app).await? {
            rows += empty(app, &table, gone.org).await?;
        }
        put_off(app, &gone).await?;
        if rows > 0 {
            tracing::info!(org.id = %gone.org, rows, "what was left of a deleted organisation is gone");
        }
        all += rows;
    }
    Ok(all)
}

struct Gone {
    org: Uuid,
    at: OffsetDateTime,
}

async fn take(app: &App) -> Result<Option<Gone>, DbError> {
    let now = app.now().time();
    let mut tx = app.db().system(Reason::ForgetOrg).await?;
    let gone = sqlx::query_as!(
        Gone,
        "update deleted_orgs set due_at = $2 where org_id = (
            select org_id from deleted_orgs where due_at <= $1 and not exists (select from orgs where id = org_id)
            order by due_at limit 1 for update skip locked
        ) returning org_id as org, at",
        now,
        now + LEASE,
    )
    .fetch_optional(tx.sql())
    .await?;
    tx.commit().await?;
    Ok(gone)
}

/// Every table that names an organisation and is not emptied by the database once that is gone. Of one in parts, the parts.
async fn tables(app: &App) -> Result<Vec<String>, DbError> {
    let kept = KEPT.map(str::to_owned);
    let mut tx = app.db().system(Reason::ForgetOrg).await?;
    let tables = sqlx::query_scalar!(
        r#"with recursive reached as (
            select 'orgs'::regclass::oid as it
            union
            select conrelid from pg_constraint join reached on confrelid = it where contype = 'f' and confdeltype = 'c'
        )
        select c.oid::regclass::text as "name!" from pg_class c
        join pg_attribute a on a.attrelid = c.oid and a.attname = 'org_id' and not a.attisdropped
        where c.relnamespace = 'public'::regnamespace and c.relkind = 'r' and c.relname <> all($1)
            and c.oid not in (select it from reached)
        order by c.relname"#,
        &kept as &[String],
    );
    Ok(tables.fetch_all(tx.sql()).await?)
}

/// A transaction for each batch: one that held all of it would keep old days from going, and a stop would lose it.
async fn empty(app: &App, table: &str, org: Uuid) -> Result<u64, DbError> {
    let mut all = 0;
    loop {
        let mut tx = app.db().system(Reason::ForgetOrg).await?;
        // The name is the database's own, quoted by it where that is needed.
        let query = format!(
            "delete from {table} where org_id = $1 and ctid = any(array(select ctid from {table} where org_id = $1 limit $2))"
        );
        let done = sqlx::query(AssertSqlSafe(query))
            .bind(org)
            .bind(AT_ONCE)
            .execute(tx.sql())
            .await?;
        let rows = done.rows_affected();
        if rows > 0 {
            sqlx::query!(
                "update deleted_orgs set due_at = $2 where org_id = $1",
                org,
                app.now().time() + LEASE
            )
            .execute(tx.sql())
            .await?;
        }
        tx.commit().await?;
        all += rows;
        if rows == 0 {
            return Ok(all);
        }
    }
}

/// A replica that was away sends its records late: each look comes as long after the one before as the organisation is gone.
async fn put_off(app: &App, gone: &Gone) -> Result<(), DbError> {
    let now = app.now().time();
    let mut tx = app.db().system(Reason::ForgetOrg).await?;
    sqlx::query!(
        "update deleted_orgs set due_at = $2 where org_id = $1",
        gone.org,
        now + (now - gone.at).max(SOONEST),
    )
    .execute(tx.sql())
    .await?;
    tx.commit().await
}
