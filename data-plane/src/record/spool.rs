//! The folder of segments: which there are, how long their good part is, how much of it was shipped. Opens and
//! recovers, tells the shipper what is next, deletes what was acknowledged. Writing is `writer`, sending is `ship`.
//!
//! INVARIANT: a segment's file goes only after every record in it was acknowledged by the control plane.
//! INVARIANT: `Segment::length` ends a frame that write(2) has taken; nobody reads past it.

mod piece;
mod recover;
#[cfg(test)]
mod tests;

use std::collections::VecDeque;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use bundle::feed::Spooled;
use bundle::record::Place;
use tokio::sync::Notify;

use super::frame::{self, MAGIC};
use crate::budget::Progress;
pub use piece::{Load, Piece};

#[derive(Debug, Clone)]
pub struct SpoolOptions {
    pub folder: PathBuf,
    /// All segments together. Intents may fill nine tenths; the rest is for outcomes.
    pub total: u64,
    pub segment: u64,
}

impl SpoolOptions {
    pub fn new(folder: PathBuf) -> Self {
        Self {
            folder,
            total: 4 << 30,
            segment: 8 << 20,
        }
    }

    /// What intents may fill.
    pub fn for_intents(&self) -> u64 {
        self.total / 10 * 9
    }
}

#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    #[error("spool folder `{folder}` is in use by another process")]
    InUse { folder: String },
    #[error("spool folder `{folder}` cannot be used")]
    Io { folder: String, source: io::Error },
}

#[derive(Debug)]
struct Segment {
    number: u64,
    path: PathBuf,
    /// The good part: what was written, whole frames only.
    length: u64,
    shipped: u64,
    /// Nothing will be appended any more.
    sealed: bool,
}

impl Segment {
    fn left(&self) -> u64 {
        self.length - self.shipped.min(self.length)
    }
}

#[derive(Debug)]
pub struct Spool {
    options: SpoolOptions,
    segments: Mutex<VecDeque<Segment>>,
    /// Bytes of all files in the folder, damaged ones included.
    used: AtomicU64,
    /// The disk failed; no intent is taken until a new segment could be written and synced.
    failed: AtomicBool,
    /// Damaged segments set aside since start.
    damaged: AtomicU64,
    /// Bytes of frames since the start, and those found at it.
    written: AtomicU64,
    found: u64,
    /// Something was written that can be shipped.
    more: Notify,
    /// Something was acknowledged.
    less: Notify,
    next: AtomicU64,
    /// The first number that a segment of this opening may have.
    first: u64,
    /// This opening's name, and the number of the last record in it.
    epoch: u64,
    last: AtomicU64,
    /// Held for as long as we live: two writers in one folder would ship and delete each other's segments.
    _lock: File,
}

impl Spool {
    /// `now` is the time in Unix milliseconds; it names this opening.
    pub fn open(options: SpoolOptions, now: u64) -> Result<Self, OpenError> {
        recover::open(options, now)
    }

    pub fn options(&self) -> &SpoolOptions {
        &self.options
    }

    pub fn used(&self) -> u64 {
        self.used.load(Ordering::Relaxed)
    }

    /// Whether intents of `bytes` fit, beside what `owed` outcomes will take.
    pub fn has_room(&self, bytes: u64, owed: u64) -> bool {
        let then = self.used() + bytes;
        then <= self.options.for_intents() && then + owed <= self.options.total
    }

    /// What is written, and whether something older waits to be shipped.
    pub fn spooled(&self) -> Spooled {
        let is_older =
            |segment: &Segment| segment.number < self.first && segment.shipped < segment.length;
        Spooled {
            epoch: self.epoch,
            last: self.last.load(Ordering::Relaxed),
            has_older: self.segments().iter().any(is_older),
        }
    }

    /// Where the record stands that is written after `more` others.
    pub fn place(&self, more: u64) -> Place {
        Place {
            epoch: self.epoch,
            seq: self.last.load(Ordering::Relaxed) + more + 1,
        }
    }

    /// So many records more were written. Only the writer says so.
    pub fn wrote(&self, records: u64) {
        self.last.fetch_add(records, Ordering::Relaxed);
    }

    pub fn is_failed(&self) -> bool {
        self.failed.load(Ordering::Acquire)
    }

    /// Whether an intent of the usual length would be taken now.
    pub fn is_open(&self) -> bool {
        const USUAL: u64 = 1024;
        !self.is_failed() && self.has_room(USUAL, 0)
    }

    pub fn set_failed(&self, failed: bool) -> bool {
        self.failed.swap(failed, Ordering::AcqRel)
    }

    pub fn damaged(&self) -> u64 {
        self.damaged.load(Ordering::Relaxed)
    }

    /// Bytes written and not yet acknowledged.
    pub fn backlog(&self) -> u64 {
        self.segments().iter().map(Segment::left).sum()
    }

    pub fn segment_count(&self) -> usize {
        self.segments().len()
    }

    /// What was written, with what an earlier process left here, and how much of that is acknowledged.
    pub fn progress(&self) -> Progress {
        let segments = self.segments();
        let left: u64 = segments.iter().map(Segment::left).sum();
        // Read under the lock under which it grows.
        let written = self.written.load(Ordering::Relaxed) + self.found;
        Progress {
            written,
            stored: written.saturating_sub(left),
        }
    }

    /// Waits until something may have been written since the last look.
    pub async fn more(&self) {
        self.more.notified().await;
    }

    /// Waits until nothing is left to ship.
    pub async fn shipped_all(&self) {
        loop {
            let less = self.less.notified();
            if self.backlog() == 0 {
                return;
            }
            less.await;
        }
    }

    /// A new segment, its name safe on disk. The segment before it must be sealed.
    pub fn begin(&self) -> io::Result<(u64, File)> {
        let after = |number: u64| number.checked_add(1);
        let number = self
            .next
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, after)
            .map_err(|_| io::Error::other("no number is left for a segment"))?;
        let path = self.options.folder.join(format!("{number:020}.seg"));
        let mut file = OpenOptions::new()
            .append(true)
            .create_new(true)
            .open(&path)?;
        if let Err(error) = file
            .write_all(MAGIC)
            .and_then(|()| sync_folder(&self.options.folder))
        {
            // A segment nobody wrote to must not be found as a torn one.
            let _ = fs::remove_file(&path);
            return Err(error);
        }
        let length = MAGIC.len() as u64;
        self.used.fetch_add(length, Ordering::Relaxed);
        self.segments().push_back(Segment {
            number,
            path,
            length,
            shipped: length,
            sealed: false,
        });
        Ok((number, file))
    }

    /// `bytes` more were written to segment `number`.
    pub fn grew(&self, number: u64, bytes: u64) {
        self.used.fetch_add(bytes, Ordering::Relaxed);
        if let Some(segment) = self
            .segments()
            .iter_mut()
            .find(|segment| segment.number == number)
        {
            segment.length += bytes;
            self.written.fetch_add(bytes, Ordering::Relaxed);
        }
        self.more.notify_one();
    }

    pub fn seal(&self, number: u64) {
        let mut segments = self.segments();
        if let Some(segment) = segments.iter_mut().find(|segment| segment.number == number) {
            segment.sealed = true;
        }
        self.sweep(&mut segments);
    }

    /// Deletes what is sealed and wholly shipped.
    fn sweep(&self, segments: &mut VecDeque<Segment>) {
        segments.retain(|segment| {
            if !segment.sealed || segment.shipped < segment.length {
                return true;
            }
            // A file that stays is shipped again after a restart, which does no harm.
            match fs::remove_file(&segment.path) {
                Ok(()) => {}
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) => tracing::warn!(segment = segment.number, %error, "a shipped segment could not be deleted"),
            }
            self.used.fetch_sub(segment.length, Ordering::Relaxed);
            false
        });
    }

    fn segments(&self) -> MutexGuard<'_, VecDeque<Segment>> {
        // What is under the lock is valid after every statement, so a panic elsewhere does not spoil it.
        self.segments.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn sync_folder(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}
