//! The one thread that syncs. One fdatasync is in flight; whatever arrives meanwhile joins the next. Frames nobody
//! waits for are synced all the same, a little later: that is what the loss of a machine can cost.

use std::fs::File;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::{Duration, Instant};

use super::SpoolClosed;
use super::meter::Meter;
use super::spool::Spool;
use super::writer::Answer;

/// How long written frames wait for company when nobody waits for them.
const BEHIND: Duration = Duration::from_millis(20);

#[derive(Debug)]
pub struct ToSync {
    pub file: Arc<File>,
    pub waiting: Vec<Answer>,
}

#[derive(Debug)]
pub struct Syncer {
    pub spool: Arc<Spool>,
    pub meter: Arc<Meter>,
    pub queue: Receiver<ToSync>,
}

impl Syncer {
    /// Until the writer is gone.
    pub fn run(self) {
        while let Ok(first) = self.queue.recv() {
            let mut files = vec![first.file];
            let mut waiting = first.waiting;
            let deadline = Instant::now() + BEHIND;
            loop {
                let next = if waiting.is_empty() {
                    self.queue
                        .recv_timeout(deadline.saturating_duration_since(Instant::now()))
                } else {
                    self.queue.try_recv().map_err(|_| RecvTimeoutError::Timeout)
                };
                let Ok(next) = next else { break };
                if !files.iter().any(|file| Arc::ptr_eq(file, &next.file)) {
                    files.push(next.file);
                }
                waiting.extend(next.waiting);
            }
            self.sync(&files, waiting);
        }
    }

    fn sync(&self, files: &[Arc<File>], waiting: Vec<Answer>) {
        let begun = Instant::now();
        let synced = files.iter().try_for_each(|file| file.sync_data());
        self.meter.synced(begun.elapsed());
        let answered = synced.as_ref().map_err(|_| SpoolClosed::Disk).copied();
        if let Err(error) = &synced {
            // The writer finds the flag before its next group and leaves this segment for good.
            if !self.spool.set_failed(true) {
                tracing::error!(%error, "the spool cannot be synced; no call is admitted until it can");
            }
            self.meter.disk_failed();
        }
        for answer in waiting {
            // Whoever stopped waiting need not be told.
            let _ = answer.send(answered);
        }
    }
}
