//! The outbox: mails are put in with the change they tell of, and taken out one by one. Sent at least once: a process that
//! ends between the server's word and ours leaves a mail that is sent again, under the same id.

use super::smtp::Smtp;
use super::store::{self, Taken};
use super::{Mail, Text, Way};
use crate::app::App;
use crate::db::{DbError, Reason};
use crate::now::Now;
use host::stop::Stop;
use ids::MailId;
use sqlx::PgConnection;
use time::Duration;

const LOOK: std::time::Duration = std::time::Duration::from_secs(1);
/// For so long nobody else takes what was taken.
const LEASE: Duration = Duration::minutes(5);
/// A mail that could not be sent in this time is given up.
pub(super) const PATIENCE: Duration = Duration::days(1);
/// How many a local instance keeps for its screen.
pub(super) const KEPT: i64 = 200;

/// Puts a mail in, in the transaction of `sql`.
pub async fn put(app: &App, sql: &mut PgConnection, now: &Now, mail: &Mail) -> Result<(), DbError> {
    let id = now.id(MailId::new);
    let plain =
        serde_json::to_vec(&mail.text).map_err(|error| DbError::Stored(error.to_string()))?;
    let sealed = app
        .keys()
        .credentials
        .seal(app.random().bytes(), &bound_to(id), &plain)
        .ok_or_else(|| DbError::Stored("a mail cannot be sealed".to_owned()))?;
    store::insert(sql, id, mail, &sealed, now.time()).await
}

/// Sends what is due, until `stop`.
pub async fn run(app: App, stop: Stop) {
    if matches!(app.mail(), Way::Nowhere) {
        tracing::warn!(
            "no mail server is configured: addresses cannot be confirmed, nor forgotten passwords replaced"
        );
    }
    loop {
        if let Err(error) = deliver(&app).await {
            tracing::error!(cause = %error, "mails wait");
        }
        tokio::select! {
            () = stop.stopped() => return,
            () = tokio::time::sleep(LOOK) => {}
        }
    }
}

/// Takes everything that is due now; answers how many mails got away.
pub async fn deliver(app: &App) -> Result<usize, DbError> {
    look_through(app).await?;
    let mut delivered = 0;
    loop {
        let way = app.mail();
        if matches!(way, Way::Nowhere) {
            return Ok(delivered);
        }
        let now = app.now().time();
        let mut tx = app.db().system(Reason::Mail).await?;
        let taken = store::take(&mut tx, now, now + LEASE).await?;
        tx.commit().await?;
        let Some(taken) = taken else {
            return Ok(delivered);
        };
        let is_away = match way {
            Way::Out(smtp) => send(app, smtp, &taken).await?,
            Way::Kept | Way::Nowhere => {
                let mut tx = app.db().system(Reason::Mail).await?;
                store::keep(&mut tx, taken.id, now).await?;
                tx.commit().await?;
                true
            }
        };
        if !is_away {
            // One server takes all mails: what it did not take now, it takes no other.
            return Ok(delivered);
        }
        delivered += 1;
    }
}

async fn send(app: &App, smtp: &Smtp, taken: &Taken) -> Result<bool, DbError> {
    let sent = match open(app, taken.id, &taken.sealed) {
        Some(text) => {
            let sent = smtp.send(taken.id, &taken.to, &text, taken.created_at);
            sent.await.map_err(|error| error.to_string())
        }
        None => Err("sealed with a key that is not here".to_owned()),
    };
    let mut tx = app.db().system(Reason::Mail).await?;
    match &sent {
        Ok(()) => store::delete(&mut tx, taken.id).await?,
        Err(cause) => {
            tracing::warn!(mail.id = %taken.id, tries = taken.tries, cause, "a mail was not taken");
            store::put_off(&mut tx, taken.id, app.now().time() + pause(taken.tries)).await?;
        }
    }
    tx.commit().await?;
    Ok(sent.is_ok())
}

/// Lets go what waited for nothing any more, and gives up what waited too long.
async fn look_through(app: &App) -> Result<(), DbError> {
    let now = app.now().time();
    let mut tx = app.db().system(Reason::Mail).await?;
    store::let_go(&mut tx, now).await?;
    let given_up = store::give_up(&mut tx, now).await?;
    tx.commit().await?;
    for (mail, tries) in given_up {
        tracing::error!(mail.id = %mail, tries, "a mail was given up");
    }
    Ok(())
}

pub(super) fn open(app: &App, id: MailId, sealed: &[u8]) -> Option<Text> {
    let plain = app.keys().credentials.open(&bound_to(id), sealed).ok()?;
    serde_json::from_slice(&plain).ok()
}

fn bound_to(id: MailId) -> Vec<u8> {
    format!("mail\n{id}").into_bytes()
}

/// After the first failure a minute, then twice as long each time, an hour at most.
fn pause(tries: u32) -> Duration {
    let minutes = 1_i64 << tries.saturating_sub(1).min(6);
    Duration::minutes(minutes.min(60))
}

#[cfg(test)]
mod tests;
