//! How records lie in a segment: length, checksum, bytes. Reads and writes frames; knows nothing of files or records.
//!
//! A frame is `length: u32 LE`, `CRC-32 of length and payload: u32 LE`, payload. The length is under the checksum, so a
//! run of zeros (what some file systems leave after a power cut) is not a frame. Plain CRC-32, not CRC-32C: it finds
//! the same torn writes, and the crate is already here for the tokens.

use std::io::{self, ErrorKind, Read};

/// Longer than any record, so a frame that claims more is damage and no reason to allocate.
pub const MAX_PAYLOAD: usize = bundle::record::MAX_RECORD;
pub const HEAD: usize = 8;
/// The first bytes of every segment; the digit is the version of this layout.
pub const MAGIC: &[u8; 8] = b"pcspool1";

fn checksum(length: [u8; 4], payload: &[u8]) -> u32 {
    let mut crc = crc32fast::Hasher::new();
    crc.update(&length);
    crc.update(payload);
    crc.finalize()
}

/// The frame of a payload, or none where the payload is longer than a frame may be.
pub fn frame(payload: &[u8]) -> Option<Vec<u8>> {
    let mut out = Vec::with_capacity(HEAD + payload.len());
    put(payload, &mut out).then_some(out)
}

/// Appends the frame of a payload to `out`, but of one that is longer than a frame may be, which it denies.
#[must_use]
pub fn put(payload: &[u8], out: &mut Vec<u8>) -> bool {
    let Some(bytes) = u32::try_from(payload.len())
        .ok()
        .filter(|_| payload.len() <= MAX_PAYLOAD)
    else {
        return false;
    };
    let length = bytes.to_le_bytes();
    out.extend_from_slice(&length);
    out.extend_from_slice(&checksum(length, payload).to_le_bytes());
    out.extend_from_slice(payload);
    true
}

#[derive(Debug, PartialEq, Eq)]
pub enum Found {
    /// The payload is in the buffer that was given.
    Frame,
    /// The bytes end where a frame ends.
    End,
    /// From here on the bytes are no frame: cut off while being written, or damaged.
    Torn,
}

/// Reads frame after frame and remembers how far they were good.
#[derive(Debug)]
pub struct Frames<R> {
    source: R,
    good: u64,
    over: bool,
}

impl<R: Read> Frames<R> {
    /// `from` is where in the segment `source` stands.
    pub fn new(source: R, from: u64) -> Self {
        Self {
            source,
            good: from,
            over: false,
        }
    }

    /// The end of the last good frame.
    pub fn good(&self) -> u64 {
        self.good
    }

    /// Reads the next payload into `payload`, in place of what was there. After `End` or `Torn` nothing more comes.
    pub fn next(&mut self, payload: &mut Vec<u8>) -> io::Result<Found> {
        payload.clear();
        if self.over {
            return Ok(Found::End);
        }
        let found = self.step(payload)?;
        self.over = found != Found::Frame;
        Ok(found)
    }

    fn step(&mut self, payload: &mut Vec<u8>) -> io::Result<Found> {
        let mut head = [0; HEAD];
        match fill(&mut self.source, &mut head)? {
            0 => return Ok(Found::End),
            HEAD => {}
            _ => return Ok(Found::Torn),
        }
        let (&length, crc) = head
            .split_first_chunk()
            .expect("a head is longer than its length");
        let crc = u32::from_le_bytes(crc.try_into().expect("a head ends with its checksum"));
        let bytes = u32::from_le_bytes(length) as usize;
        if bytes > MAX_PAYLOAD {
            return Ok(Found::Torn);
        }
        payload.resize(bytes, 0);
        if fill(&mut self.source, payload)? < bytes || checksum(length, payload) != crc {
            payload.clear();
            return Ok(Found::Torn);
        }
        self.good += (HEAD + bytes) as u64;
        Ok(Found::Frame)
    }
}

/// Like `read_exact`, but an early end is a number and not an error.
fn fill(source: &mut impl Read, into: &mut [u8]) -> io::Result<usize> {
    let mut filled = 0;
    while let Some(rest) = into.get_mut(filled..).filter(|rest| !rest.is_empty()) {
        match source.read(rest) {
            Ok(0) => break,
            Ok(n) => filled += n,
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(filled)
}

#[cfg(test)]
mod tests;
