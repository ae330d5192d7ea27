//! Makes checkpoints: at most one a minute for each organisation, where its chains have grown. Another process that does the
//! same at the same time waits, and finds nothing to do.

use super::spelled;
use crate::app::App;
use crate::db::{DbError, Reason, SystemTx};
use bundle::chain::{Chain, Checkpoint, Head, Signed};
use host::stop::Stop;
use ids::OrgId;
use time::{Date, Duration, OffsetDateTime};
use uuid::Uuid;

/// How often one looks.
const LOOK: std::time::Duration = std::time::Duration::from_secs(10);
const EVERY: Duration = Duration::minutes(1);

/// Looks until `stop`.
pub async fn run(app: App, stop: Stop) {
    loop {
        if let Err(error) = due(&app).await {
            tracing::error!(cause = %error, "checkpoints of the records cannot be made");
        }
        tokio::select! {
            () = stop.stopped() => return,
            () = tokio::time::sleep(LOOK) => {}
        }
    }
}

/// Makes those that are due; answers how many that were.
pub async fn due(app: &App) -> Result<usize, DbError> {
    let now = app.now().time();
    let mut tx = app.db().system(Reason::Checkpoint).await?;
    let orgs = sqlx::query_scalar!(
        "select distinct call_chains.org_id from call_chains
        where signed < last and not exists (
            select from call_checkpoints
            where call_checkpoints.org_id = call_chains.org_id and call_checkpoints.at > $1
        )
        order by org_id",
        now - EVERY,
    )
    .fetch_all(tx.sql())
    .await?;
    tx.commit().await?;
    let mut count = 0;
    for org in orgs {
        let mut tx = app.db().system(Reason::Checkpoint).await?;
        count += usize::from(make(app, &mut tx, org, now, None).await?);
        tx.commit().await?;
    }
    Ok(count)
}

/// Signs where the organisation's chains have come to, and that its days before `keeps_from` are given up. Whether there was
/// anything to sign.
pub(super) async fn make(
    app: &App,
    tx: &mut SystemTx,
    org: Uuid,
    now: OffsetDateTime,
    keeps_from: Option<Date>,
) -> Result<bool, DbError> {
    sqlx::query!(
        "select pg_advisory_xact_lock(hashtext('checkpoints of an organisation'), hashtext($1))",
        org.to_string()
    )
    .execute(tx.sql())
    .await?;
    let last = last(tx, org).await?;
    let grown = sqlx::query!(
        "select day, writer, last, hash from call_chains where org_id = $1 and signed < last
        order by day, writer for update",
        org
    )
    .fetch_all(tx.sql())
    .await?;
    let before = last.as_ref().map(|(_, before)| before);
    let given_up = keeps_from.map(|day| day.to_string());
    let kept = before.and_then(|before| before.keeps_from.clone());
    if grown.is_empty() && given_up <= kept {
        return Ok(false);
    }
    let checkpoint = Checkpoint {
        org: OrgId::from_uuid(org),
        number: before.map_or(1, |before| before.number + 1),
        at: spelled(now),
        previous: last
            .as_ref()
            .map(|(signed, _)| seal::to_hex(&signed.hash())),
        began: before.map_or_else(|| spelled(now), |before| before.began.clone()),
        keeps_from: given_up.max(kept),
        heads: grown
            .iter()
            .map(|row| head(row.day, &row.writer, row.last, &row.hash))
            .collect(),
    };
    let signed = checkpoint.sign(&app.keys().signing, &app.keys().verifying.id());
    sqlx::query!(
        "insert into call_checkpoints (org_id, number, at, document, key, signature) values ($1, $2, $3, $4, $5, $6)",
        org,
        i64::try_from(checkpoint.number).unwrap_or(i64::MAX),
        now,
        signed.document,
        signed.key,
        signed.signature,
    )
    .execute(tx.sql())
    .await?;
    let days: Vec<Date> = grown.iter().map(|row| row.day).collect();
    let writers: Vec<String> = grown.into_iter().map(|row| row.writer).collect();
    sqlx::query!(
        // They are locked, so that their ends are still those that were signed.
        "update call_chains set signed = last
        from unnest($2::date[], $3::text[]) as grown (day, writer)
        where call_chains.org_id = $1 and call_chains.day = grown.day and call_chains.writer = grown.writer",
        org,
        &days,
        &writers,
    )
    .execute(tx.sql())
    .await?;
    Ok(true)
}

async fn last(tx: &mut SystemTx, org: Uuid) -> Result<Option<(Signed, Checkpoint)>, DbError> {
    let row = sqlx::query_as!(
        Signed,
        "select document, key, signature from call_checkpoints where org_id = $1 order by number desc limit 1",
        org
    );
    let Some(signed) = row.fetch_optional(tx.sql()).await? else {
        return Ok(None);
    };
    let checkpoint = signed
        .read()
        .map_err(|error| DbError::Stored(format!("a checkpoint: {error}")))?;
    Ok(Some((signed, checkpoint)))
}

pub(super) fn head(day: Date, writer: &str, last: i64, hash: &[u8]) -> Head {
    Head {
        chain: Chain {
            day: day.to_string(),
            writer: writer.to_owned(),
        },
        last,
        hash: seal::to_hex(hash),
    }
}
