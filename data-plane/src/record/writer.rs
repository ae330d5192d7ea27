//! The one thread that appends to the spool. Takes what has gathered in its queue, writes it in one write(2), and only
//! then answers those who wait for it. Syncing is the other thread's (`sync`), so that a slow disk holds up only the
//! calls whose rule asked for a synced record.

use bundle::record::Place;
use bytes::Bytes;
use std::fs::File;
use std::io::{self, Write};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender};
use std::time::Duration;

use tokio::sync::oneshot;

use super::SpoolClosed;
use super::frame::{self, HEAD};
use super::meter::Meter;
use super::spool::Spool;
use super::sync::ToSync;

/// What one write(2) takes at most, so that the first in a group does not wait for a long queue.
const GROUP_BYTES: usize = 1 << 20;
/// How often a disk that failed is tried again.
const RETRY: Duration = Duration::from_millis(500);
/// Outcomes kept in memory while the disk does not take them.
const PENDING_BYTES: usize = 16 << 20;

pub type Answer = oneshot::Sender<Result<(), SpoolClosed>>;

#[derive(Debug)]
pub struct Item {
    /// The record; empty where nothing is written.
    pub record: Bytes,
    pub wait: Wait,
}

impl Item {
    /// What it takes in the spool, at most.
    pub fn length(&self) -> usize {
        if self.record.is_empty() {
            return 0;
        }
        HEAD + self.record.len() + Place::MOST
    }
}

/// What the sender of a frame waits for.
#[derive(Debug)]
pub enum Wait {
    /// Nothing: an outcome may be late.
    No,
    /// Nothing, and what the disk does not take now is not kept.
    NotKept,
    /// write(2) has taken it: it survives the process.
    Written(Answer),
    /// fdatasync has returned: it survives the machine.
    Synced(Answer),
}

impl Wait {
    fn fail(self) {
        match self {
            Self::No | Self::NotKept => {}
            // Whoever stopped waiting need not be told.
            Self::Written(answer) | Self::Synced(answer) => {
                let _ = answer.send(Err(SpoolClosed::Disk));
            }
        }
    }
}

#[derive(Debug)]
struct Active {
    number: u64,
    file: Arc<File>,
    length: u64,
}

#[derive(Debug)]
pub struct Writer {
    spool: Arc<Spool>,
    meter: Arc<Meter>,
    queue: Receiver<Item>,
    sync: Sender<ToSync>,
    active: Option<Active>,
    /// Records that a failed write owes: outcomes, whose calls have long gone on.
    pending: Vec<Bytes>,
    pending_bytes: usize,
}

impl Writer {
    pub fn new(
        spool: Arc<Spool>,
        meter: Arc<Meter>,
        queue: Receiver<Item>,
        sync: Sender<ToSync>,
    ) -> Self {
        Self {
            spool,
            meter,
            queue,
            sync,
            active: None,
            pending: Vec::new(),
            pending_bytes: 0,
        }
    }

    /// Until every sender is gone.
    pub fn run(mut self) {
        loop {
            // A sync may fail while nothing comes, and nothing comes while it has failed: one looks now and then.
            let first = match self.queue.recv_timeout(RETRY) {
                Ok(item) => Some(item),
                Err(RecvTimeoutError::Timeout) if self.spool.is_failed() => None,
                Err(RecvTimeoutError::Timeout) => continue,
                Err(RecvTimeoutError::Disconnected) => break,
            };
            let group = first.map(|first| self.gather(first)).unwrap_or_default();
            self.take(group);
        }
        if let Some(active) = self.active.take() {
            self.finish(active);
        }
    }

    fn gather(&self, first: Item) -> Vec<Item> {
        let mut bytes = first.length();
        let mut group = vec![first];
        while bytes < GROUP_BYTES {
            let Ok(item) = self.queue.try_recv() else {
                break;
            };
            bytes += item.length();
            group.push(item);
        }
        group
    }

    fn take(&mut self, group: Vec<Item>) {
        let bytes: usize = group.iter().map(Item::length).sum();
        let written = self
            .heal()
            .and_then(|()| self.append(group.iter().map(|item| &item.record)));
        self.meter.left_queue(group.len(), bytes);
        match written {
            Ok(()) => self.answer(group),
            Err(error) => {
                self.fail(&error);
                for item in group {
                    match item.wait {
                        Wait::No => self.owe(item.record),
                        Wait::NotKept => self.meter.uncaptured(),
                        waiting => waiting.fail(),
                    }
                }
            }
        }
    }

    fn answer(&self, group: Vec<Item>) {
        let Some(active) = &self.active else { return };
        let mut waiting = Vec::new();
        for item in group {
            match item.wait {
                Wait::No | Wait::NotKept => {}
                Wait::Written(answer) => {
                    let _ = answer.send(Ok(()));
                }
                Wait::Synced(answer) => waiting.push(answer),
            }
        }
        // A syncing thread that is gone drops the answers, and whoever waits for one is refused.
        let _ = self.sync.send(ToSync {
            file: Arc::clone(&active.file),
            waiting,
        });
    }

    /// After a failure: proves on a new segment that the disk takes and keeps bytes again. A descriptor whose sync
    /// failed is never tried again: the kernel has forgotten what it lost.
    fn heal(&mut self) -> io::Result<()> {
        if !self.spool.is_failed() {
            return Ok(());
        }
        if let Some(active) = self.active.take() {
            self.spool.seal(active.number);
        }
        let owed = std::mem::take(&mut self.pending);
        let healed = self.append(owed.iter()).and_then(|()| {
            self.active
                .as_ref()
                .map_or(Ok(()), |active| active.file.sync_data())
        });
        if healed.is_err() {
            self.pending = owed;
            return healed;
        }
        self.pending_bytes = 0;
        self.spool.set_failed(false);
        tracing::info!("the spool can be written again");
        Ok(())
    }

    fn fail(&mut self, error: &io::Error) {
        if !self.spool.set_failed(true) {
            tracing::error!(%error, "the spool cannot be written; no call is admitted until it can");
        }
        self.meter.disk_failed();
    }

    fn owe(&mut self, record: Bytes) {
        if self.pending_bytes + record.len() > PENDING_BYTES {
            self.meter.lost_outcome();
        } else {
            self.pending_bytes += record.len();
            self.pending.push(record);
        }
    }

    /// All of `records` or nothing. They are numbered here, and a number is used up once it is written: what never comes of
    /// those that are told was lost.
    fn append<'a>(&mut self, records: impl Iterator<Item = &'a Bytes>) -> io::Result<()> {
        let (mut frames, mut placed, mut count) = (Vec::new(), Vec::new(), 0);
        for record in records.filter(|record| !record.is_empty()) {
            placed.clear();
            self.spool.place(count).join(record, &mut placed);
            if frame::put(&placed, &mut frames) {
                count += 1;
            }
        }
        self.append_frames(&frames)?;
        self.spool.wrote(count);
        Ok(())
    }

    /// All of `frames` or nothing: a part that was written is cut off again, or its segment is left for good.
    fn append_frames(&mut self, frames: &[u8]) -> io::Result<()> {
        if self.spool.used() + frames.len() as u64 > self.spool.options().total {
            return Err(io::Error::new(
                io::ErrorKind::QuotaExceeded,
                "the spool has reached its size",
            ));
        }
        let full = self
            .active
            .as_ref()
            .is_some_and(|active| active.length >= self.spool.options().segment);
        if full && let Some(active) = self.active.take() {
            self.finish(active);
        }
        let mut active = if let Some(active) = self.active.take() {
            active
        } else {
            let (number, file) = self.spool.begin()?;
            Active {
                number,
                file: Arc::new(file),
                length: super::frame::MAGIC.len() as u64,
            }
        };
        match (&*active.file).write_all(frames) {
            Ok(()) => {
                active.length += frames.len() as u64;
                self.spool.grew(active.number, frames.len() as u64);
                self.active = Some(active);
                Ok(())
            }
            Err(error) => {
                // Readers stop at the length that was reached before, whether the cut works or not.
                let _ = active.file.set_len(active.length);
                self.spool.seal(active.number);
                Err(error)
            }
        }
    }

    fn finish(&self, active: Active) {
        // Its last frames are synced like any others: by the thread that does nothing else.
        let _ = self.sync.send(ToSync {
            file: active.file,
            waiting: Vec::new(),
        });
        self.spool.seal(active.number);
    }
}
