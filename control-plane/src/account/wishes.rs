//! Wishes for a new password, granted aside from the requests that made them: an account that is there gets a link, and one
//! that is not gets nothing.

use super::{Purpose, store};
use crate::app::App;
use crate::db::{DbError, Reason};
use crate::mail::Letter;
use crate::session;
use crate::session::ticket::Ticket;
use host::stop::Stop;

const LOOK: std::time::Duration = std::time::Duration::from_secs(1);

pub async fn run(app: App, stop: Stop) {
    loop {
        if let Err(error) = grant(&app).await {
            tracing::error!(cause = %error, "wishes for a new password wait");
        }
        tokio::select! {
            () = stop.stopped() => return,
            () = tokio::time::sleep(LOOK) => {}
        }
    }
}

/// Grants every wish there is; answers how many that were.
pub async fn grant(app: &App) -> Result<usize, DbError> {
    let mut granted = 0;
    loop {
        let now = app.now();
        let mut tx = app.db().system(Reason::Account).await?;
        let Some(email) = store::take_wish(&mut tx).await? else {
            store::forget(&mut tx, now.time()).await?;
            tx.commit().await?;
            return Ok(granted);
        };
        if let Some(found) = session::store::by_email(&mut tx, &email).await? {
            let ticket = Ticket::new(app.random().bytes());
            store::insert_ticket(&mut tx, &ticket, found.user.id, Purpose::Reset, now.time())
                .await?;
            let letter = Letter::Reset {
                ticket: ticket.expose(),
            };
            super::act::tell(app, &mut tx, letter, &email, &now).await?;
        }
        tx.commit().await?;
        granted += 1;
    }
}
