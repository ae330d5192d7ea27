//! The next stretch of records to ship, and what happens to it when it was shipped or cannot be read.

use std::fs::{self, File};
use std::io::{self, BufReader, Read, Seek, SeekFrom};
use std::path::PathBuf;
use std::sync::atomic::Ordering;

use super::Spool;
use super::frame::{Found, Frames};

/// Where the records lie that are to be shipped next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Piece {
    pub segment: u64,
    pub from: u64,
    to: u64,
    path: PathBuf,
}

/// What a piece held.
#[derive(Debug, Default)]
pub struct Load {
    /// The payloads, in order.
    pub records: Vec<Vec<u8>>,
    /// Where the last of them ends in its segment.
    pub end: u64,
    /// What follows in the segment cannot be read.
    pub damaged: bool,
}

impl Piece {
    /// Reads whole records, at most `count` of them and `bytes` together, at least one where there is one. Blocks.
    pub fn read(&self, count: usize, bytes: usize) -> io::Result<Load> {
        let mut file = File::open(&self.path)?;
        file.seek(SeekFrom::Start(self.from))?;
        let mut frames = Frames::new(
            BufReader::new(file.take(self.to.saturating_sub(self.from))),
            self.from,
        );
        let mut load = Load {
            end: self.from,
            ..Load::default()
        };
        let (mut size, mut payload) = (0, Vec::new());
        while load.records.len() < count {
            match frames.next(&mut payload)? {
                Found::Frame => {}
                // The length is one that whole frames add up to, so an early end is damage, too.
                Found::End => {
                    load.damaged = frames.good() < self.to;
                    break;
                }
                Found::Torn => {
                    load.damaged = true;
                    break;
                }
            }
            size += payload.len();
            if size > bytes && !load.records.is_empty() {
                break;
            }
            load.end = frames.good();
            load.records.push(std::mem::take(&mut payload));
        }
        Ok(load)
    }
}

impl Spool {
    /// The oldest records that were not acknowledged yet.
    pub fn next_piece(&self) -> Option<Piece> {
        self.segments()
            .iter()
            .find(|segment| segment.shipped < segment.length)
            .map(|segment| Piece {
                segment: segment.number,
                from: segment.shipped,
                to: segment.length,
                path: segment.path.clone(),
            })
    }

    /// Everything up to `end` in the piece's segment was acknowledged.
    pub fn acknowledged(&self, piece: &Piece, end: u64) {
        let mut segments = self.segments();
        if let Some(segment) = segments
            .iter_mut()
            .find(|segment| segment.number == piece.segment)
        {
            segment.shipped = segment.shipped.max(end);
        }
        self.sweep(&mut segments);
        drop(segments);
        self.less.notify_waiters();
    }

    /// The piece's segment cannot be read from `end` on: it is set aside for a human, and the ones after it go on.
    /// Its bytes still count, so that a disk which keeps damaging segments ends in no admission.
    pub fn set_aside(&self, piece: &Piece, end: u64) -> io::Result<()> {
        let mut segments = self.segments();
        let place = segments
            .iter()
            .position(|segment| segment.number == piece.segment && segment.sealed);
        let Some(segment) = place.and_then(|place| segments.remove(place)) else {
            // Waits until the writer has left it.
            return Err(io::Error::new(
                io::ErrorKind::InvalidData,
                "the segment being written cannot be read",
            ));
        };
        drop(segments);
        self.damaged.fetch_add(1, Ordering::Relaxed);
        let aside = segment.path.with_extension("damaged");
        let renamed = fs::rename(&segment.path, &aside);
        tracing::error!(
            segment = segment.number,
            from = end,
            bytes = segment.length - end,
            file = %aside.display(),
            error = renamed.err().map(|error| error.to_string()),
            "records cannot be read; their segment was set aside"
        );
        self.less.notify_waiters();
        Ok(())
    }
}
