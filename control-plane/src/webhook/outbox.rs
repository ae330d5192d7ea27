//! The outbox: put in with the change, sent by whichever process takes it, one at a time for each receiver. At least once:
//! a process that ends before it has kept the answer leaves a delivery that is sent again, under the same id.

use super::secret::{self, Part};
use super::store::{self, Due, Ended, Failed};
use super::{Format, told, wire::WHOLE};
use crate::app::App;
use crate::caller::Actor;
use crate::db::{DbError, Reason, SystemTx};
use crate::event::Event;
use crate::mail::{self, Letter};
use crate::now::Now;
use crate::slack;
use bytes::Bytes;
use futures_util::future::join_all;
use host::stop::Stop;
use ids::{DeliveryId, OrgId};
use sqlx::PgConnection;
use std::time::Instant;
use time::{Duration, OffsetDateTime};
use tokio::task::JoinSet;

const LOOK: std::time::Duration = std::time::Duration::from_secs(1);
/// Receivers that one process sends to at once.
const AT_ONCE: usize = 16;
/// For so long nobody else takes what was taken: longer than an attempt.
const LEASE: Duration = Duration::minutes(1);
/// Between one attempt and the next; after the last it has failed. In all a day.
const PAUSES: [Duration; 8] = [
    Duration::seconds(5),
    Duration::minutes(1),
    Duration::minutes(5),
    Duration::minutes(30),
    Duration::hours(2),
    Duration::hours(5),
    Duration::hours(8),
    Duration::hours(8),
];
/// A receiver that took nothing for so long, and lets a delivery fail, is switched off.
const OFF_AFTER: Duration = Duration::hours(23);
const LOG_KEPT: Duration = Duration::days(30);

/// Puts in what is told of a change, in its transaction. Called by [`crate::db`] alone, with every event.
pub(crate) async fn put(
    sql: &mut PgConnection,
    org: OrgId,
    actor: &Actor,
    now: &Now,
    event: &Event,
) -> Result<(), DbError> {
    let Some(told) = told::of(event, actor) else {
        return Ok(());
    };
    let listening = store::listening(sql, org, told.event, told.approval).await?;
    if listening.is_empty() {
        return Ok(());
    }
    let Some(facts) = store::facts(sql, org, told.approval).await? else {
        return Ok(());
    };
    let data = told.data(&facts);
    for webhook in listening {
        let of = (org, webhook, now.id(DeliveryId::new));
        let what = (told.event, Some(told.approval));
        store::put(sql, of, what, &data, now.time()).await?;
    }
    Ok(())
}

/// Sends what is due, until `stop`. What is under way then is sent again by whoever is there when its lease is up.
pub async fn run(app: App, stop: Stop) {
    let sending = async {
        let mut under_way = JoinSet::new();
        loop {
            while under_way.len() < AT_ONCE {
                match take(&app).await {
                    Ok(Some(due)) => {
                        let app = app.clone();
                        under_way.spawn(async move { settle(&app, due).await });
                    }
                    Ok(None) => break,
                    Err(error) => {
                        tracing::error!(cause = %error, "webhooks wait");
                        break;
                    }
                }
            }
            tokio::select! {
                Some(done) = under_way.join_next() => {
                    if let Ok(Err(error)) = done {
                        tracing::error!(cause = %error, "a delivery's end was not kept");
                    }
                }
                () = tokio::time::sleep(LOOK) => {
                    if let Err(error) = look_through(&app).await {
                        tracing::error!(cause = %error, "old deliveries stay");
                    }
                }
            }
        }
    };
    tokio::select! {
        () = stop.stopped() => {}
        () = sending => {}
    }
}

/// Sends everything that is due now; answers how many attempts that were.
pub async fn deliver(app: &App) -> Result<usize, DbError> {
    look_through(app).await?;
    let mut attempts = 0;
    loop {
        let mut taken = Vec::new();
        while taken.len() < AT_ONCE
            && let Some(due) = take(app).await?
        {
            taken.push(due);
        }
        if taken.is_empty() {
            return Ok(attempts);
        }
        attempts += taken.len();
        for ended in join_all(taken.into_iter().map(|due| settle(app, due))).await {
            ended?;
        }
    }
}

async fn take(app: &App) -> Result<Option<Due>, DbError> {
    let now = app.now().time();
    let mut tx = app.db().system(Reason::Deliver).await?;
    let due = store::take(&mut tx, now, now + LEASE).await?;
    if due.is_some() {
        tx.commit().await?;
    }
    Ok(due)
}

/// One attempt, and what becomes of it.
async fn settle(app: &App, due: Due) -> Result<(), DbError> {
    let begun = Instant::now();
    let answered = attempt(app, &due).await;
    let took = begun.elapsed().as_millis().min(WHOLE.as_millis() * 2);
    let now = app.now();
    let (status, answer, error) = match answered {
        Ok(answered) => {
            let error = answered.fault();
            (Some(answered.status), Some(answered.text), error)
        }
        Err(error) => (None, None, Some(error)),
    };
    let is_gone = status == Some(http::StatusCode::GONE);
    let ended = Ended {
        status: status.map(|status| i32::from(status.as_u16())),
        answer,
        took_ms: i32::try_from(took).unwrap_or(i32::MAX),
        failed: error.map(|error| Failed {
            error,
            again_at: again_at(app, due.attempts, now.time()).filter(|_| !is_gone),
        }),
    };
    let mut tx = app.db().system(Reason::Deliver).await?;
    store::ended(&mut tx, &due, &ended, now.time()).await?;
    if let Some(failed) = ended.failed.filter(|failed| failed.again_at.is_none()) {
        let since = due.failing_since.unwrap_or(now.time());
        if is_gone || now.time() - since >= OFF_AFTER {
            switch_off(app, &mut tx, &now, &due, &failed.error).await?;
        }
    }
    tx.commit().await
}

async fn attempt(app: &App, due: &Due) -> Result<super::wire::Answered, String> {
    let unreadable = |_| "sealed with a key that is not here".to_owned();
    let open = |part, sealed: &[u8]| {
        secret::open(app, (due.org, due.webhook), part, sealed).map_err(unreadable)
    };
    let url = open(Part::Url, &due.url)?;
    let body = told::body(&due.event, due.at, &due.data, &app.site().public_url);
    if due.format == Format::Slack {
        let message = slack::message::message(&body, due.has_app).to_string();
        let answered = app.webhooks().post(url.expose(), &[], Bytes::from(message));
        return answered.await;
    }
    let body = body.to_string();
    let (id, unix_s) = (due.delivery.to_string(), app.now().time().unix_timestamp());
    let mut signatures = Vec::new();
    for sealed in [Some(&due.secret), due.secret_before.as_ref()]
        .into_iter()
        .flatten()
    {
        let signature = secret::sign(&open(Part::Secret, sealed)?, &id, unix_s, body.as_bytes());
        signatures.push(signature.ok_or("there is no secret to sign with")?);
    }
    let (stamp, signatures) = (unix_s.to_string(), signatures.join(" "));
    let headers = [
        ("webhook-id", id.as_str()),
        ("webhook-timestamp", stamp.as_str()),
        ("webhook-signature", signatures.as_str()),
    ];
    let answered = app
        .webhooks()
        .post(url.expose(), &headers, Bytes::from(body));
    answered.await
}

/// When it is tried again after so many attempts; a fifth later at most, so that not all come at once.
fn again_at(app: &App, attempts: i32, now: OffsetDateTime) -> Option<OffsetDateTime> {
    let place = usize::try_from(attempts).unwrap_or(0).saturating_sub(1);
    let pause = *PAUSES.get(place)?;
    let [share] = app.random().bytes::<1>();
    Some(now + pause + pause * i32::from(share) / (5 * 255))
}

/// Nobody is called for ever: it is said in the events, and by mail to whoever administers the organisation.
async fn switch_off(
    app: &App,
    tx: &mut SystemTx,
    now: &Now,
    due: &Due,
    because: &str,
) -> Result<(), DbError> {
    if !store::switch_off(tx, due, because).await? {
        return Ok(());
    }
    let event = Event::WebhookSwitchedOff {
        webhook: due.webhook,
        name: due.webhook_name.clone(),
        because: because.to_owned(),
    };
    let clock = crate::approval::expire::clock();
    tx.say(due.org, &clock, now, &event).await?;
    for (org, address) in store::administrators(tx, due.org).await? {
        let letter = Letter::WebhookOff {
            org: &org,
            webhook: due.webhook,
        };
        let mail = letter.to(&address, &app.site().public_url);
        mail::outbox::put(app, tx.sql(), now, &mail).await?;
    }
    Ok(())
}

/// Ends what waits for nobody any more, and forgets what is long over.
async fn look_through(app: &App) -> Result<(), DbError> {
    let now = app.now().time();
    let mut tx = app.db().system(Reason::Deliver).await?;
    store::give_up(&mut tx, now, Duration::days(1)).await?;
    store::sweep(&mut tx, now - LOG_KEPT).await?;
    tx.commit().await
}
