//! Opening a folder that another process may have left behind, in whatever state a kill or a power cut leaves one.

use std::collections::VecDeque;
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, BufReader, Read, Seek, SeekFrom};
use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64};

use tokio::sync::Notify;

use super::frame::{Found, Frames, MAGIC};
use super::{OpenError, Segment, Spool, SpoolOptions};

pub fn open(options: SpoolOptions, now: u64) -> Result<Spool, OpenError> {
    let name = || options.folder.display().to_string();
    let io = |source| OpenError::Io {
        folder: name(),
        source,
    };
    fs::create_dir_all(&options.folder).map_err(io)?;
    let lock = OpenOptions::new()
        .create(true)
        .truncate(false)
        .write(true)
        .open(options.folder.join("lock"))
        .map_err(io)?;
    match lock.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => return Err(OpenError::InUse { folder: name() }),
        Err(TryLockError::Error(source)) => return Err(io(source)),
    }
    let Left {
        segments,
        aside,
        next,
    } = left_behind(&options.folder).map_err(io)?;
    let used = aside + segments.iter().map(|segment| segment.length).sum::<u64>();
    let found = segments.iter().map(Segment::left).sum();
    Ok(Spool {
        segments: Mutex::new(segments),
        used: AtomicU64::new(used),
        written: AtomicU64::new(0),
        found,
        failed: AtomicBool::new(false),
        damaged: AtomicU64::new(0),
        more: Notify::new(),
        less: Notify::new(),
        next: AtomicU64::new(next),
        first: next,
        epoch: now,
        last: AtomicU64::new(0),
        _lock: lock,
        options,
    })
}

struct Left {
    /// The segments of earlier processes, oldest first and all sealed.
    segments: VecDeque<Segment>,
    /// Bytes of the damaged files set aside.
    aside: u64,
    /// A number no file has.
    next: u64,
}

fn left_behind(folder: &Path) -> io::Result<Left> {
    let (mut segments, mut aside, mut next) = (Vec::new(), 0, 1);
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let path = entry.path();
        let number = path
            .file_stem()
            .and_then(|stem| stem.to_str())
            .and_then(|stem| stem.parse::<u64>().ok());
        if let Some(number) = number {
            let after = number.checked_add(1).ok_or_else(|| {
                let message = format!("`{}` leaves no number for a next one", path.display());
                io::Error::new(io::ErrorKind::InvalidData, message)
            })?;
            next = next.max(after);
        }
        match (number, path.extension().and_then(|end| end.to_str())) {
            (Some(number), Some("seg")) => {
                let length = entry.metadata()?.len();
                let shipped = MAGIC.len() as u64;
                segments.push(Segment {
                    number,
                    path,
                    length,
                    shipped,
                    sealed: true,
                });
            }
            (Some(_), Some("damaged")) => aside += entry.metadata()?.len(),
            _ => {}
        }
    }
    segments.sort_by_key(|segment| segment.number);
    // Only the newest was being written to when the process ended; damage in an older one is found when it is shipped.
    if let Some(newest) = segments.last_mut() {
        newest.length = cut_torn_tail(&newest.path)?;
    }
    // One that holds no frame is not worth a name.
    let mut kept = VecDeque::with_capacity(segments.len());
    for segment in segments {
        if segment.length <= MAGIC.len() as u64 {
            fs::remove_file(&segment.path)?;
        } else {
            kept.push_back(segment);
        }
    }
    Ok(Left {
        segments: kept,
        aside,
        next,
    })
}

/// Cuts a segment at its last good frame and says how long it is now. What goes was never acknowledged to a call:
/// the write that made it did not return.
fn cut_torn_tail(path: &Path) -> io::Result<u64> {
    let mut file = File::options().read(true).write(true).open(path)?;
    let length = file.metadata()?.len();
    let mut magic = Vec::new();
    (&mut file)
        .take(MAGIC.len() as u64)
        .read_to_end(&mut magic)?;
    let good = if magic == MAGIC {
        file.seek(SeekFrom::Start(MAGIC.len() as u64))?;
        let mut frames = Frames::new(BufReader::new(&file), MAGIC.len() as u64);
        let mut payload = Vec::new();
        while frames.next(&mut payload)? == Found::Frame {}
        frames.good()
    } else if MAGIC.starts_with(&magic) {
        0
    } else {
        let message = format!(
            "`{}` is not a spool segment of this version",
            path.display()
        );
        return Err(io::Error::new(io::ErrorKind::InvalidData, message));
    };
    if good < length {
        tracing::warn!(segment = %path.display(), bytes = length - good, "cut the torn tail of a segment");
        file.set_len(good)?;
        file.sync_all()?;
    }
    Ok(good)
}
