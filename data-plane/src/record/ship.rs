//! Sends what the spool holds to the control plane, batch after batch, oldest first, and lets the spool forget a batch
//! only when it was acknowledged. Knows the shape of a batch; addresses and credentials are in the `Post` it is given.

mod pause;
#[cfg(test)]
mod tests;

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use bundle::record::{MAX_BATCH, MAX_BATCH_RECORDS, Name, Stored};
use bytes::Bytes;
use serde::Serialize;
use serde_json::value::RawValue;
use tokio_util::sync::CancellationToken;

use super::meter::Meter;
use super::spool::{Load, Piece, Spool};
use pause::Pause;

/// Room for the batch's own fields and commas within [`MAX_BATCH`].
pub(super) const ENVELOPE: usize = 16 * 1024;

/// Sends the body of one batch to `POST /v1/gateway/records`, and answers what the control plane said.
pub type Post = Arc<dyn Fn(Bytes) -> Mail + Send + Sync>;
pub type Mail = Pin<Box<dyn Future<Output = Result<Stored, ShipError>> + Send>>;

#[derive(Debug, thiserror::Error)]
pub enum ShipError {
    #[error("the control plane could not be reached: {0}")]
    Unreachable(String),
    #[error("the control plane answered {status}")]
    Status {
        status: u16,
        retry_after: Option<Duration>,
    },
    #[error("the control plane answered something else than what it stored")]
    Answer,
    #[error("the spool could not be read: {0}")]
    Read(#[from] io::Error),
}

impl ShipError {
    fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Status { retry_after, .. } => *retry_after,
            _ => None,
        }
    }
}

pub struct Shipper {
    spool: Arc<Spool>,
    meter: Arc<Meter>,
    replica: Name,
    post: Post,
}

impl std::fmt::Debug for Shipper {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Shipper")
            .field("replica", &self.replica)
            .finish_non_exhaustive()
    }
}

/// A batch whose records are passed on as the bytes that were spooled.
#[derive(Serialize)]
pub(super) struct Body<'a> {
    pub id: Name,
    pub replica: &'a Name,
    pub records: Vec<&'a RawValue>,
}

impl Body<'_> {
    pub fn bytes(&self) -> Bytes {
        serde_json::to_vec(self)
            .map(Bytes::from)
            .unwrap_or_default()
    }
}

impl Shipper {
    pub(super) fn new(spool: Arc<Spool>, meter: Arc<Meter>, replica: &str, post: Post) -> Self {
        Self {
            spool,
            meter,
            replica: replica.into(),
            post,
        }
    }

    /// Ships until `stop`. What is left then stays in the spool for the next start; [`Self::drain`] before `stop`
    /// leaves nothing where the control plane can be reached.
    pub async fn run(self, stop: CancellationToken) {
        let mut pause = Pause::default();
        // Dropping a batch that is on its way costs nothing: it is sent again, and stored once.
        stop.run_until_cancelled(async {
            loop {
                let Some(piece) = self.spool.next_piece() else {
                    self.spool.more().await;
                    continue;
                };
                match self.send(&piece).await {
                    Ok(()) => pause.reset(),
                    Err(error) => {
                        self.meter.ship_failures.inc();
                        let wait = pause.next(error.retry_after());
                        tracing::warn!(%error, backlog = self.spool.backlog(), ?wait, "records were not acknowledged");
                        tokio::time::sleep(wait).await;
                    }
                }
            }
        })
        .await;
    }

    /// A handle that tells when everything was shipped.
    pub fn drained(&self) -> impl Future<Output = ()> + Send + 'static {
        let spool = Arc::clone(&self.spool);
        async move { spool.shipped_all().await }
    }

    async fn send(&self, piece: &Piece) -> Result<(), ShipError> {
        let reading = piece.clone();
        let read = move || reading.read(MAX_BATCH_RECORDS, MAX_BATCH - ENVELOPE);
        let load = tokio::task::spawn_blocking(read)
            .await
            .map_err(io::Error::other)??;
        if !load.records.is_empty() {
            let stored = (self.post)(self.body(piece, &load)).await?;
            self.meter
                .shipped
                .inc_by(u64::from(stored.stored) + u64::from(stored.repeated));
            if stored.unread > 0 {
                self.meter.unread.inc_by(u64::from(stored.unread));
                tracing::error!(
                    unread = stored.unread,
                    "the control plane did not understand records of ours"
                );
            }
            self.spool.acknowledged(piece, load.end);
        }
        if load.damaged {
            self.spool.set_aside(piece, load.end)?;
        }
        Ok(())
    }

    fn body(&self, piece: &Piece, load: &Load) -> Bytes {
        let records: Vec<&RawValue> = load
            .records
            .iter()
            .filter_map(|bytes| serde_json::from_slice(bytes).ok())
            .collect();
        if records.len() < load.records.len() {
            // The checksum says that these are the bytes that were written, so no later try will read them either.
            let unread = load.records.len() - records.len();
            self.meter.unread.inc_by(unread as u64);
            tracing::error!(
                unread,
                segment = piece.segment,
                "the spool holds frames that are no records"
            );
        }
        let id = format!("{}/{}-{}", piece.segment, piece.from, load.end).into();
        let body = Body {
            id,
            replica: &self.replica,
            records,
        };
        body.bytes()
    }
}
