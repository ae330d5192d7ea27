//! Answers that came compressed though nobody asked for it, decoded as they come. PURE: bytes in, bytes or the reason why
//! not out.
//!
//! What a few bytes can become is bounded before it is made: by twenty times what came, by what one answer may weigh, and
//! by the window that a decoder keeps.

use brotli_decompressor::{BrotliDecompressStream, BrotliResult, BrotliState, StandardAlloc};
use bytes::Bytes;
use flate2::write::MultiGzDecoder;
use flate2::{Decompress, FlushDecompress, Status};
use http::HeaderMap;
use http::header::CONTENT_ENCODING;
use std::io::{self, Write};
use zstd::stream::raw::{DParameter, InBuffer, Operation, OutBuffer};

/// Text seldom shrinks to less than a twentieth; what grows by more is made to grow.
const RATIO: usize = 20;
/// Lists that say the same over and over do: up to here that harms nobody.
const FREE: usize = 1 << 20;
/// More never comes of one piece.
const MOST_AT_ONCE: usize = 16 << 20;
/// RFC 9659: no content encoding needs a larger window of zstd.
const ZSTD_WINDOW_LOG: u32 = 23;
const STEP: usize = 32 * 1024;

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Undecodable {
    #[error("an encoding that is not read here")]
    Unknown,
    #[error("an answer that grows beyond measure when it is decoded")]
    TooLarge,
    #[error("an answer that is not in the encoding it claims")]
    Broken,
}

pub struct Decoder {
    kind: Kind,
    taken: usize,
    given: usize,
}

enum Kind {
    Identity,
    Gzip(Box<MultiGzDecoder<Sink>>),
    /// HTTP means zlib by it, and some servers do not.
    Deflate(Option<Box<Deflate>>),
    Brotli(Box<Brotli>),
    Zstd(Zstd),
}

struct Deflate {
    raw: Decompress,
    is_done: bool,
    sink: Sink,
}

struct Brotli {
    state: BrotliState<StandardAlloc, StandardAlloc, StandardAlloc>,
    is_done: bool,
    sink: Sink,
}

struct Zstd {
    raw: zstd::stream::raw::Decoder<'static>,
    is_whole: bool,
    sink: Sink,
}

/// Takes what is decoded, up to what is allowed now.
#[derive(Default)]
struct Sink {
    out: Vec<u8>,
    most: usize,
    is_over: bool,
}

impl Write for Sink {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.out.len() + bytes.len() > self.most {
            self.is_over = true;
            return Err(io::Error::other("too large"));
        }
        self.out.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Decoder {
    /// For an answer with these headers.
    pub fn of(headers: &HeaderMap) -> Result<Self, Undecodable> {
        let mut named = headers.get_all(CONTENT_ENCODING).iter();
        let kind = match (named.next(), named.next()) {
            (None, _) => Kind::Identity,
            (Some(name), None) => {
                let name = name.to_str().map_err(|_| Undecodable::Unknown)?;
                Kind::named(&name.trim().to_ascii_lowercase())?
            }
            // One inside the other is a way to multiply ratios.
            (Some(_), Some(_)) => return Err(Undecodable::Unknown),
        };
        Ok(Self {
            kind,
            taken: 0,
            given: 0,
        })
    }

    /// What the next piece of the body becomes: of all that could be decoded by now, nothing is kept back.
    pub fn push(&mut self, piece: Bytes) -> Result<Bytes, Undecodable> {
        if let Kind::Identity = self.kind {
            return Ok(piece);
        }
        self.taken = self.taken.saturating_add(piece.len());
        let allowed = self.taken.saturating_mul(RATIO).max(FREE);
        let most = allowed.saturating_sub(self.given).min(MOST_AT_ONCE);
        let out = self.kind.push(&piece, most)?;
        self.given = self.given.saturating_add(out.len());
        Ok(out.into())
    }

    /// The body has ended: whether it ended where its encoding does.
    pub fn finish(&mut self) -> Result<(), Undecodable> {
        // An answer of nothing at all says nothing, in any encoding.
        if self.taken == 0 || self.kind.is_whole() {
            Ok(())
        } else {
            Err(Undecodable::Broken)
        }
    }
}

impl Kind {
    fn named(name: &str) -> Result<Self, Undecodable> {
        Ok(match name {
            "" | "identity" => Self::Identity,
            "gzip" | "x-gzip" => Self::Gzip(Box::new(MultiGzDecoder::new(Sink::default()))),
            "deflate" => Self::Deflate(None),
            "br" => Self::Brotli(Box::new(Brotli::new())),
            "zstd" => Self::Zstd(Zstd::new().map_err(|_| Undecodable::Unknown)?),
            _ => return Err(Undecodable::Unknown),
        })
    }

    fn push(&mut self, piece: &[u8], most: usize) -> Result<Vec<u8>, Undecodable> {
        match self {
            Self::Identity => Ok(piece.to_vec()),
            Self::Gzip(decoder) => {
                decoder.get_mut().most = most;
                let done = decoder.write_all(piece).and_then(|()| decoder.flush());
                decoder.get_mut().take(&done)
            }
            Self::Deflate(decoder) => {
                let Some(first) = piece.first() else {
                    return Ok(Vec::new());
                };
                let decoder = decoder.get_or_insert_with(|| Box::new(Deflate::of(*first)));
                decoder.sink.most = most;
                let done = decoder.push(piece);
                decoder.sink.take(&done)
            }
            Self::Brotli(brotli) => {
                brotli.sink.most = most;
                let done = brotli.push(piece);
                brotli.sink.take(&done)
            }
            Self::Zstd(zstd) => {
                zstd.sink.most = most;
                let done = zstd.push(piece);
                zstd.sink.take(&done)
            }
        }
    }

    fn is_whole(&mut self) -> bool {
        match self {
            Self::Identity => true,
            Self::Gzip(decoder) => decoder.try_finish().is_ok(),
            Self::Deflate(decoder) => decoder.as_ref().is_some_and(|decoder| decoder.is_done),
            Self::Brotli(brotli) => brotli.is_done,
            Self::Zstd(zstd) => zstd.is_whole,
        }
    }
}

impl Sink {
    fn take(&mut self, done: &io::Result<()>) -> Result<Vec<u8>, Undecodable> {
        match done {
            Ok(()) => Ok(std::mem::take(&mut self.out)),
            Err(_) if self.is_over => Err(Undecodable::TooLarge),
            Err(_) => Err(Undecodable::Broken),
        }
    }
}

impl Deflate {
    /// A zlib header begins with its method, 8; a raw stream that begins so would be a block of nothing compressed.
    fn of(first: u8) -> Self {
        Self {
            raw: Decompress::new(first & 0x0f == 8),
            is_done: false,
            sink: Sink::default(),
        }
    }

    fn push(&mut self, piece: &[u8]) -> io::Result<()> {
        let mut step = vec![0; STEP];
        let mut left = piece;
        while !self.is_done {
            let (before, made) = (self.raw.total_in(), self.raw.total_out());
            let status = self
                .raw
                .decompress(left, &mut step, FlushDecompress::None)?;
            let taken = usize::try_from(self.raw.total_in() - before).unwrap_or(usize::MAX);
            let filled = usize::try_from(self.raw.total_out() - made).unwrap_or(usize::MAX);
            left = left.get(taken..).unwrap_or_default();
            self.sink
                .write_all(step.get(..filled).unwrap_or_default())?;
            self.is_done = status == Status::StreamEnd;
            if self.is_done {
                break;
            }
            if left.is_empty() && filled < STEP {
                return Ok(());
            }
            if taken == 0 && filled == 0 {
                return Err(io::ErrorKind::InvalidData.into());
            }
        }
        if left.is_empty() {
            Ok(())
        } else {
            Err(io::ErrorKind::InvalidData.into())
        }
    }
}

impl Brotli {
    fn new() -> Self {
        let alloc = StandardAlloc::default;
        Self {
            // Strict: without the large windows that the format's extension allows, a gigabyte each.
            state: BrotliState::new_strict(alloc(), alloc(), alloc()),
            is_done: false,
            sink: Sink::default(),
        }
    }

    fn push(&mut self, piece: &[u8]) -> io::Result<()> {
        let (mut left, mut at) = (piece.len(), 0);
        let mut step = vec![0; STEP];
        let mut total = 0;
        while !self.is_done {
            let (mut room, mut filled) = (step.len(), 0);
            let result = BrotliDecompressStream(
                &mut left,
                &mut at,
                piece,
                &mut room,
                &mut filled,
                &mut step,
                &mut total,
                &mut self.state,
            );
            self.sink
                .write_all(step.get(..filled).unwrap_or_default())?;
            match result {
                BrotliResult::NeedsMoreInput => return Ok(()),
                BrotliResult::NeedsMoreOutput => {}
                BrotliResult::ResultSuccess => self.is_done = true,
                BrotliResult::ResultFailure => return Err(io::ErrorKind::InvalidData.into()),
            }
        }
        if left == 0 {
            Ok(())
        } else {
            Err(io::ErrorKind::InvalidData.into())
        }
    }
}

impl Zstd {
    fn new() -> io::Result<Self> {
        let mut raw = zstd::stream::raw::Decoder::new()?;
        raw.set_parameter(DParameter::WindowLogMax(ZSTD_WINDOW_LOG))?;
        Ok(Self {
            raw,
            is_whole: false,
            sink: Sink::default(),
        })
    }

    fn push(&mut self, piece: &[u8]) -> io::Result<()> {
        let mut input = InBuffer::around(piece);
        let mut step = vec![0; STEP];
        loop {
            let was_at = input.pos();
            let mut output = OutBuffer::around(&mut step[..]);
            // Several frames may follow each other: the decoder begins anew by itself.
            let remaining = self.raw.run(&mut input, &mut output)?;
            let filled = output.pos();
            self.sink
                .write_all(step.get(..filled).unwrap_or_default())?;
            if input.pos() > was_at || filled > 0 {
                self.is_whole = remaining == 0;
            }
            // Room left over says that there is nothing more to be had of what came.
            if input.pos() == piece.len() && filled < STEP {
                return Ok(());
            }
            if input.pos() == was_at && filled == 0 {
                return Err(io::ErrorKind::InvalidData.into());
            }
        }
    }
}

impl std::fmt::Debug for Decoder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Decoder")
            .field("taken", &self.taken)
            .field("given", &self.given)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
