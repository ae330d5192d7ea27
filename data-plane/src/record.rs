//! The record of a call: its intent before the first byte goes upstream, its outcome when it has ended. What is
//! written here survives this process; sending it to the control plane is `ship`'s. Judges nothing.
//!
//! No record, no call: [`Recorder::intent`] answers when the intent is as safe as the rule asked, and only its
//! [`Written`] lets a call go on.

pub mod books;
mod depth;
pub mod frame;
mod meter;
pub mod post;
mod ship;
pub mod spool;
mod strict;
mod sync;
mod writer;
mod written;

#[cfg(test)]
mod tests;

use std::io;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock, mpsc};
use std::thread;
use std::time::Instant;

use crate::budget::Progress;
use bundle::feed::Spooled;
use bundle::record::{Arguments, Ending, Intent, Outcome, Record};
use bytes::Bytes;
use prometheus_client::registry::Registry;
use tokio::sync::oneshot;

use meter::Meter;
pub use ship::{Mail, Post, ShipError, Shipper};
use spool::Spool;
pub use spool::{OpenError, SpoolOptions};
pub use strict::Acknowledger;
use writer::{Item, Wait};
pub use written::Written;

/// Intents in the writer's queue. More than this means that the disk is seconds behind.
const QUEUE: usize = 8_192;
/// The same in bytes, above which no arguments join.
const KEPT_QUEUE: u64 = 32 << 20;
/// Calls on their way at once; each owes one outcome, so this bounds the outcomes, too.
const OPEN: usize = 65_536;
/// No outcome takes more of the spool; a test writes the longest one. Room for it is kept from the intent on, so that
/// a call that was admitted can always be ended.
const OUTCOME: u64 = 512;

/// How safe an intent must be before its call goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Level {
    /// Survives the process.
    Process,
    /// Survives the machine.
    Host,
    /// Survives the machine and its disk: acknowledged by the database.
    Strict,
}

impl From<policy::Record> for Level {
    fn from(record: policy::Record) -> Self {
        match record {
            policy::Record::Process => Self::Process,
            policy::Record::Host => Self::Host,
            policy::Record::Strict => Self::Strict,
        }
    }
}

/// Why a call cannot be recorded, and so cannot be made: HTTP 503, code 1004.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SpoolClosed {
    #[error("the spool is full")]
    Full,
    #[error("the disk of the spool does not take records")]
    Disk,
    #[error("too many records are waiting to be written")]
    Busy,
    #[error("the database has not acknowledged the record")]
    Unacknowledged,
}

impl SpoolClosed {
    /// When to try again.
    pub fn retry_after_seconds(self) -> u32 {
        match self {
            Self::Busy => 1,
            Self::Disk | Self::Unacknowledged => 5,
            Self::Full => 30,
        }
    }
}

/// Milliseconds since 1970.
pub type Clock = Arc<dyn Fn() -> u64 + Send + Sync>;

#[derive(Clone)]
pub struct Recorder {
    inner: Arc<Inner>,
}

struct Inner {
    spool: Arc<Spool>,
    meter: Arc<Meter>,
    queue: mpsc::Sender<Item>,
    open: AtomicUsize,
    clock: Clock,
    /// Where strict intents wait for the database; none until somebody asks it.
    strict: OnceLock<strict::Queue>,
}

impl std::fmt::Debug for Recorder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Recorder")
            .field("spool", &self.inner.spool)
            .finish_non_exhaustive()
    }
}

impl Recorder {
    /// Opens the folder, recovers what another process left in it, and starts writing. Blocks.
    pub fn open(options: SpoolOptions, clock: Clock) -> Result<Self, OpenError> {
        let folder = options.folder.display().to_string();
        let spool = Arc::new(Spool::open(options, clock())?);
        let meter = Arc::new(Meter::default());
        let (queue, items) = mpsc::channel();
        let (sync, to_sync) = mpsc::channel();
        let writer = writer::Writer::new(Arc::clone(&spool), Arc::clone(&meter), items, sync);
        let syncer = sync::Syncer {
            spool: Arc::clone(&spool),
            meter: Arc::clone(&meter),
            queue: to_sync,
        };
        let io = |source: io::Error| OpenError::Io {
            folder: folder.clone(),
            source,
        };
        thread::Builder::new()
            .name("spool-sync".to_owned())
            .spawn(move || syncer.run())
            .map_err(io)?;
        thread::Builder::new()
            .name("spool-write".to_owned())
            .spawn(move || writer.run())
            .map_err(io)?;
        Ok(Self {
            inner: Arc::new(Inner {
                spool,
                meter,
                queue,
                open: AtomicUsize::new(0),
                clock,
                strict: OnceLock::new(),
            }),
        })
    }

    /// Writes the intent of a call that may go upstream. Where this future or the [`Written`] it gives is dropped,
    /// the call was cancelled, and its outcome says so.
    pub async fn intent(&self, intent: Intent, level: Level) -> Result<Written, SpoolClosed> {
        let mut written = self.begin(&intent)?;
        let record = payload(&Record::Intent(Box::new(intent)));
        if let Err(closed) = self.write(&record, level).await {
            written.never_made();
            return Err(closed);
        }
        if level == Level::Strict {
            let queue = self.inner.strict.get();
            if let Err(closed) = strict::acknowledged(queue, record).await {
                self.inner.meter.unacknowledged.inc();
                // Whoever asked gives it back, as where there is no record at all.
                written.refunded();
                written.ended(Ending::NotMade);
                return Err(closed);
            }
        }
        Ok(written)
    }

    /// Writes the only record of a call that was refused.
    pub async fn refused(&self, intent: Intent) -> Result<(), SpoolClosed> {
        self.write(&payload(&Record::Intent(Box::new(intent))), Level::Process)
            .await
    }

    /// Waits until all that was handed in before is written.
    pub async fn flush(&self) -> Result<(), SpoolClosed> {
        let (answer, answered) = oneshot::channel();
        self.enqueue(Item {
            record: Bytes::new(),
            wait: Wait::Synced(answer),
        })?;
        answered.await.unwrap_or(Err(SpoolClosed::Disk))
    }

    /// Whether calls can be recorded now; for `/readyz`.
    pub fn is_open(&self) -> bool {
        self.inner.spool.is_open()
    }

    /// How far the records have come on their way to the control plane.
    pub fn progress(&self) -> Progress {
        self.inner.spool.progress()
    }

    /// What has been written so far, for the control plane to tell what it lacks.
    pub fn spooled(&self) -> Spooled {
        self.inner.spool.spooled()
    }

    /// What sends the records on. One for each recorder.
    pub fn shipper(&self, replica: &str, post: Post) -> Shipper {
        Shipper::new(
            Arc::clone(&self.inner.spool),
            Arc::clone(&self.inner.meter),
            replica,
            post,
        )
    }

    /// What asks the database about strict intents. One for each recorder; while none runs, no strict call is made.
    pub fn acknowledger(&self, replica: &str, post: Post) -> Acknowledger {
        let (acknowledger, queue) = Acknowledger::new(replica, post, Arc::clone(&self.inner.meter));
        // Of two the first is asked; the other finds that nobody can ask it, and ends.
        let _ = self.inner.strict.set(queue);
        acknowledger
    }

    pub fn register(&self, registry: &mut Registry) {
        self.inner.meter.register(registry);
        registry.register_collector(Box::new(depth::Depth(Arc::clone(&self.inner.spool))));
    }

    fn begin(&self, intent: &Intent) -> Result<Written, SpoolClosed> {
        if self.inner.open.fetch_add(1, Ordering::Relaxed) >= OPEN {
            self.inner.open.fetch_sub(1, Ordering::Relaxed);
            self.inner.meter.refused.inc();
            return Err(SpoolClosed::Busy);
        }
        Ok(Written::new(self.clone(), intent))
    }

    async fn write(&self, record: &Bytes, level: Level) -> Result<(), SpoolClosed> {
        let begun = Instant::now();
        let written = self.admit(record, level).await;
        match written {
            Ok(()) => {
                self.inner.meter.intents.inc();
                self.inner.meter.wait.observe(begun.elapsed().as_secs_f64());
            }
            Err(_) => drop(self.inner.meter.refused.inc()),
        }
        written
    }

    async fn admit(&self, record: &Bytes, level: Level) -> Result<(), SpoolClosed> {
        if self.inner.spool.is_failed() {
            return Err(SpoolClosed::Disk);
        }
        let (answer, answered) = oneshot::channel();
        let wait = match level {
            Level::Process => Wait::Written(answer),
            Level::Host | Level::Strict => Wait::Synced(answer),
        };
        let item = Item {
            record: record.clone(),
            wait,
        };
        let length = item.length();
        // A record's types bound it below a frame's length; what does not fit all the same is not recorded, so not made.
        if length > frame::HEAD + frame::MAX_PAYLOAD {
            return Err(SpoolClosed::Full);
        }
        let (frames, bytes) = self.inner.meter.joined_queue(length);
        let refused = if frames > QUEUE {
            Some(SpoolClosed::Busy)
        } else if !self.inner.spool.has_room(
            bytes,
            self.inner.open.load(Ordering::Relaxed) as u64 * OUTCOME,
        ) {
            Some(SpoolClosed::Full)
        } else {
            None
        };
        if let Some(closed) = refused {
            self.inner.meter.left_queue(1, length);
            return Err(closed);
        }
        self.inner.queue.send(item).map_err(|_| SpoolClosed::Disk)?;
        // A writer that is gone drops the answer.
        answered.await.unwrap_or(Err(SpoolClosed::Disk))
    }

    fn enqueue(&self, item: Item) -> Result<(), SpoolClosed> {
        self.inner.meter.joined_queue(item.length());
        self.inner.queue.send(item).map_err(|_| SpoolClosed::Disk)
    }

    /// Keeps the arguments of a call, where there is room: of the spool and of its queue they get half.
    pub fn keep(&self, arguments: Arguments) {
        let item = Item {
            record: payload(&Record::Arguments(Box::new(arguments))),
            wait: Wait::NotKept,
        };
        let (meter, spool, length) = (&self.inner.meter, &self.inner.spool, item.length());
        let (frames, bytes) = meter.joined_queue(length);
        let has_room = frames <= QUEUE / 2
            && !spool.is_failed()
            && bytes <= KEPT_QUEUE
            && spool.used() + bytes <= spool.options().total / 2;
        if !has_room || self.inner.queue.send(item).is_err() {
            meter.left_queue(1, length);
            meter.uncaptured();
        }
    }

    /// Outcomes are taken whenever the disk takes them: their calls have been made.
    fn outcome(&self, outcome: Outcome) {
        let item = Item {
            record: payload(&Record::Outcome(outcome)),
            wait: Wait::No,
        };
        if self.enqueue(item).is_err() {
            self.inner.meter.lost_outcome();
        }
    }

    fn ended(&self) {
        self.inner.open.fetch_sub(1, Ordering::Relaxed);
    }
}

/// A record has no part that JSON lacks.
fn payload(record: &Record) -> Bytes {
    serde_json::to_vec(record)
        .map(Bytes::from)
        .unwrap_or_default()
}
