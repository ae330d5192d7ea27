//! From rows to replicas: a changed organisation is assembled, signed, stored and told of.
//!
//! The publisher reconciles: it is told nothing but "look", and looks for itself besides. One at a time, over all
//! instances, so that the feed's numbers come in the order of their commits and have no gaps.

mod assemble;
mod feed;
mod outbox;
pub(crate) mod revocation;
mod rows;

/// What a bundle says of a server and of a tool, for whoever must judge or tell here as replicas do.
pub(crate) use assemble::{
    pinning as bundled_pinning, tool as bundled_tool, transport as bundled_transport,
};
pub use feed::{Newest, bundle_bytes, since};
pub use outbox::publish;
pub(crate) use rows::ToolRow;

use crate::app::App;
use crate::db::DbError;
use host::stop::Stop;
use std::time::Duration;

/// Between two looks when nobody says that something changed.
const LOOK_EVERY: Duration = Duration::from_millis(500);

#[derive(Debug, thiserror::Error)]
pub enum PublishError {
    #[error(transparent)]
    Db(#[from] DbError),
    #[error("a bundle cannot be written: {0}")]
    Write(#[from] serde_json::Error),
    #[error("the assembled bundle does not open: {0}")]
    Open(#[from] bundle::CannotOpen),
}

impl From<sqlx::Error> for PublishError {
    fn from(error: sqlx::Error) -> Self {
        Self::Db(error.into())
    }
}

/// Publishes until told to stop. An error is said and tried again: a change stays marked until it is published.
pub async fn run(app: App, newest: Newest, stop: Stop) {
    let changed = app.db().changed();
    let mut is_signed = false;
    loop {
        // Registered before the look, so that a change during it is not missed.
        let next = changed.notified();
        if !is_signed {
            match outbox::sign_anew(&app).await {
                Ok(()) => is_signed = true,
                Err(error) => tracing::error!(cause = %error, "publish failed"),
            }
        }
        if let Err(error) = publish(&app).await {
            tracing::error!(cause = %error, "publish failed");
        }
        if let Err(error) = newest.look(&app).await {
            tracing::error!(cause = %error, "feed cannot be read");
        }
        tokio::select! {
            () = next => {}
            () = tokio::time::sleep(LOOK_EVERY) => {}
            () = stop.stopped() => return,
        }
    }
}
