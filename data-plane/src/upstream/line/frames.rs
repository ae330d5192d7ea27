//! Where a body ends, and which of its bytes are data (RFC 9112, 6 and 7). PURE.

use bytes::{Buf, Bytes};

/// Of one chunk's line behind its size, and of the trailers together; both are thrown away.
const MOST_ASIDE: u32 = 4 * 1024;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Framing {
    Length(u64),
    Chunked,
    UntilClose,
}

#[derive(Debug)]
pub struct Frames(State);

#[derive(Debug, Clone, Copy)]
enum State {
    Done,
    UntilClose,
    /// So many bytes of data; then the end of the body.
    Length(u64),
    Size {
        size: u64,
        digits: u32,
    },
    Extension {
        size: u64,
        read: u32,
    },
    SizeEnd {
        size: u64,
    },
    /// So many bytes of data; then the end of the chunk.
    Data(u64),
    DataEnd,
    DataEnded,
    /// `blank`: nothing of this line has come yet.
    Trailer {
        read: u32,
        blank: bool,
    },
    TrailerEnd {
        read: u32,
        blank: bool,
    },
}

impl Frames {
    pub fn new(framing: Framing) -> Self {
        Self(match framing {
            Framing::Length(0) => State::Done,
            Framing::Length(length) => State::Length(length),
            Framing::Chunked => State::Size { size: 0, digits: 0 },
            Framing::UntilClose => State::UntilClose,
        })
    }

    pub fn is_done(&self) -> bool {
        matches!(self.0, State::Done)
    }

    /// The next data in what came; none once all of it is read. What comes after the end is dropped.
    pub fn take(&mut self, came: &mut Bytes) -> Result<Option<Bytes>, &'static str> {
        while !came.is_empty() {
            match self.0 {
                State::Done => came.clear(),
                State::UntilClose => return Ok(Some(std::mem::take(came))),
                State::Length(left) => {
                    let (data, left) = data(came, left);
                    self.0 = match left {
                        0 => State::Done,
                        left => State::Length(left),
                    };
                    return Ok(Some(data));
                }
                State::Data(left) => {
                    let (data, left) = data(came, left);
                    self.0 = match left {
                        0 => State::DataEnd,
                        left => State::Data(left),
                    };
                    return Ok(Some(data));
                }
                state => self.0 = aside(state, came.get_u8())?,
            }
        }
        Ok(None)
    }

    /// The connection has ended.
    pub fn end(&mut self) -> Result<(), &'static str> {
        match std::mem::replace(&mut self.0, State::Done) {
            State::Done | State::UntilClose => Ok(()),
            _ => Err("it ended in the middle"),
        }
    }
}

fn data(came: &mut Bytes, left: u64) -> (Bytes, u64) {
    let here = usize::try_from(left).map_or(came.len(), |left| left.min(came.len()));
    (came.split_to(here), left - here as u64)
}

/// One byte that is no data.
fn aside(state: State, byte: u8) -> Result<State, &'static str> {
    Ok(match (state, byte) {
        (State::Size { size, digits }, b'0'..=b'9' | b'a'..=b'f' | b'A'..=b'F') => {
            let digit = char::from(byte).to_digit(16).unwrap_or_default();
            if digits >= 16 {
                return Err("a chunk is too large");
            }
            State::Size {
                size: size << 4 | u64::from(digit),
                digits: digits + 1,
            }
        }
        (State::Size { digits: 0, .. }, _) => return Err("a chunk has no size"),
        (State::Size { size, .. } | State::Extension { size, .. }, b'\r') => {
            State::SizeEnd { size }
        }
        (State::Size { size, .. }, b';' | b' ' | b'\t') => State::Extension { size, read: 1 },
        (State::Extension { size, read }, byte) if byte != b'\n' && read < MOST_ASIDE => {
            State::Extension {
                size,
                read: read + 1,
            }
        }
        (State::SizeEnd { size: 0 }, b'\n') => State::Trailer {
            read: 0,
            blank: true,
        },
        (State::SizeEnd { size }, b'\n') => State::Data(size),
        (State::DataEnd, b'\r') => State::DataEnded,
        (State::DataEnded, b'\n') => State::Size { size: 0, digits: 0 },
        (State::Trailer { read, blank }, b'\r') => State::TrailerEnd { read, blank },
        (State::Trailer { read, .. }, byte) if byte != b'\n' && read < MOST_ASIDE => {
            State::Trailer {
                read: read + 1,
                blank: false,
            }
        }
        (State::TrailerEnd { blank: true, .. }, b'\n') => State::Done,
        (State::TrailerEnd { read, .. }, b'\n') => State::Trailer { read, blank: true },
        _ => return Err("a chunk cannot be read"),
    })
}
