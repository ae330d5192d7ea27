//! Waits for the database: an intent whose rule says `strict` is sent ahead of the shipper, and lets its call go on once the
//! control plane has answered that it is stored. What arrives while a batch is on its way goes in the next one, together.
//! The spool has the same record already; that the shipper sends it once more changes nothing.

use std::time::{Duration, Instant};

use bundle::record::{MAX_BATCH, MAX_BATCH_RECORDS, MAX_RECORD, Name, Stored};
use bytes::Bytes;
use serde_json::value::RawValue;
use tokio::sync::{mpsc, oneshot};

use super::SpoolClosed;
use super::meter::Meter;
use super::ship::{self, Body, Post};

/// How long a call waits for the database.
pub(super) const PATIENCE: Duration = Duration::from_secs(10);
/// Intents that wait at once; a longer queue could not be worked off in time.
const QUEUE: usize = 4_096;
/// What a batch may have grown to while one more record of any length still fits.
const ROOM: usize = MAX_BATCH - ship::ENVELOPE - MAX_RECORD;

#[derive(Debug)]
pub struct Waiting {
    record: Bytes,
    answer: oneshot::Sender<()>,
}

pub type Queue = mpsc::Sender<Waiting>;

/// Answers when the record is stored; where nobody says so in time, it is as if it were not.
pub async fn acknowledged(queue: Option<&Queue>, record: Bytes) -> Result<(), SpoolClosed> {
    let queue = queue.ok_or(SpoolClosed::Unacknowledged)?;
    let (answer, answered) = oneshot::channel();
    queue
        .try_send(Waiting { record, answer })
        .map_err(|_| SpoolClosed::Unacknowledged)?;
    match tokio::time::timeout(PATIENCE, answered).await {
        Ok(Ok(())) => Ok(()),
        // A batch that failed lets go of its answers.
        Ok(Err(_)) | Err(_) => Err(SpoolClosed::Unacknowledged),
    }
}

pub struct Acknowledger {
    queue: mpsc::Receiver<Waiting>,
    replica: Name,
    post: Post,
    meter: std::sync::Arc<Meter>,
}

impl std::fmt::Debug for Acknowledger {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Acknowledger")
            .field("replica", &self.replica)
            .finish_non_exhaustive()
    }
}

impl Acknowledger {
    pub(super) fn new(replica: &str, post: Post, meter: std::sync::Arc<Meter>) -> (Self, Queue) {
        let (sender, queue) = mpsc::channel(QUEUE);
        let replica = replica.into();
        let acknowledger = Self {
            queue,
            replica,
            post,
            meter,
        };
        (acknowledger, sender)
    }

    /// Until the recorder is gone.
    pub async fn run(mut self) {
        let mut number = 0_u64;
        while let Some(first) = self.queue.recv().await {
            let batch = self.gather(first);
            if batch.is_empty() {
                continue;
            }
            number += 1;
            let begun = Instant::now();
            match self.send(number, &batch).await {
                Ok(()) => {
                    self.meter.acknowledged(begun.elapsed());
                    for waiting in batch {
                        // Whoever stopped waiting need not be told.
                        let _ = waiting.answer.send(());
                    }
                }
                Err(error) => {
                    let calls = batch.len();
                    tracing::warn!(error, calls, "strict records were not acknowledged");
                }
            }
        }
    }

    /// What has arrived and is still waited for, as much as a batch may hold.
    fn gather(&mut self, first: Waiting) -> Vec<Waiting> {
        let (mut batch, mut bytes, mut next) = (Vec::new(), 0, Some(first));
        while let Some(waiting) = next {
            if !waiting.answer.is_closed() {
                bytes += waiting.record.len() + 1;
                batch.push(waiting);
            }
            let has_room = batch.len() < MAX_BATCH_RECORDS && bytes <= ROOM;
            next = has_room.then(|| self.queue.try_recv().ok()).flatten();
        }
        batch
    }

    async fn send(&self, number: u64, batch: &[Waiting]) -> Result<(), String> {
        let records: Vec<&RawValue> = batch
            .iter()
            .filter_map(|waiting| serde_json::from_slice(&waiting.record).ok())
            .collect();
        let count = batch.len() as u64;
        let body = Body {
            id: format!("strict-{number}").into(),
            replica: &self.replica,
            records,
        };
        let sent = (self.post)(body.bytes());
        let stored = tokio::time::timeout(PATIENCE, sent)
            .await
            .map_err(|_| format!("no answer within {} seconds", PATIENCE.as_secs()))?
            .map_err(|error| error.to_string())?;
        // What a control plane keeps without understanding it is in the database all the same.
        let Stored {
            stored,
            repeated,
            unread,
        } = stored;
        let kept = u64::from(stored) + u64::from(repeated) + u64::from(unread);
        if kept < count {
            return Err(format!("{kept} of {count} records were stored"));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
