//! Event streams: bytes → events, and events → bytes that mean only what was read.
//!
//! A stream is taken apart and framed anew, so that no line break inside a value can become a field of its own. What
//! `data` holds stays as it was; comments are dropped, since the gateway makes its own.

use crate::blocks::Blocks;

/// An event whole: what a reader of the stream would dispatch, and the fields that change its state.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Event {
    pub name: Option<Vec<u8>>,
    pub id: Option<Vec<u8>>,
    pub retry: Option<Vec<u8>>,
    /// `None`: no `data` line at all. Lines are joined by a line feed.
    pub data: Option<Vec<u8>>,
}

impl Event {
    fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// The event as it goes out.
    pub fn to_bytes(&self) -> Vec<u8> {
        let data = self.data.as_deref();
        let mut out = Vec::with_capacity(data.map_or(0, <[u8]>::len) + 64);
        field(&mut out, b"event", self.name.as_deref());
        field(&mut out, b"id", self.id.as_deref());
        field(&mut out, b"retry", self.retry.as_deref());
        if let Some(data) = data {
            for line in data.split(|&byte| byte == b'\n') {
                field(&mut out, b"data", Some(line));
            }
        }
        out.push(b'\n');
        out
    }

    /// An event that carries one message and nothing else.
    pub fn message(data: Vec<u8>) -> Self {
        Self {
            name: Some(b"message".to_vec()),
            data: Some(data),
            ..Self::default()
        }
    }
}

fn field(out: &mut Vec<u8>, name: &[u8], value: Option<&[u8]>) {
    if let Some(value) = value {
        out.extend_from_slice(name);
        out.extend_from_slice(b": ");
        out.extend_from_slice(value);
        out.push(b'\n');
    }
}

/// What is sent on a quiet stream, so that no hop takes it for dead.
pub const KEEP_ALIVE: &[u8] = b": keep-alive\n\n";

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Overrun {
    #[error("an event of the stream is larger than {0} bytes")]
    Event(usize),
    #[error("the stream is larger than {0} bytes")]
    Stream(usize),
}

/// Splits a stream into events, chunk by chunk. INVARIANT: it holds no more than `event_bytes` of an unfinished event.
#[derive(Debug)]
pub struct Splitter {
    event_bytes: usize,
    stream_bytes: usize,
    seen: usize,
    held: usize,
    line: Blocks,
    /// All of the event but its data.
    event: Event,
    data: Option<Blocks>,
    after_return: bool,
    begun: bool,
}

impl Splitter {
    pub fn new(event_bytes: usize, stream_bytes: usize) -> Self {
        Self {
            event_bytes,
            stream_bytes,
            seen: 0,
            held: 0,
            line: Blocks::default(),
            event: Event::default(),
            data: None,
            after_return: false,
            begun: false,
        }
    }

    /// Takes the next bytes and puts the events they finish into `out`. What is unfinished at the end of the stream was
    /// never sent, by the format's own rule.
    pub fn push(&mut self, chunk: &[u8], out: &mut Vec<Event>) -> Result<(), Overrun> {
        self.seen = self.seen.saturating_add(chunk.len());
        if self.seen > self.stream_bytes {
            return Err(Overrun::Stream(self.stream_bytes));
        }
        let mut rest = chunk;
        if self.after_return && !rest.is_empty() {
            self.after_return = false;
            rest = rest.strip_prefix(b"\n").unwrap_or(rest);
        }
        while let Some(end) = rest.iter().position(|&byte| matches!(byte, b'\n' | b'\r')) {
            let (line, ending) = rest.split_at(end);
            self.hold(line)?;
            self.end_line(out);
            let (at, after) = ending.split_at_checked(1).unwrap_or((ending, &[]));
            self.after_return = at == b"\r" && after.is_empty();
            rest = if at == b"\r" {
                after.strip_prefix(b"\n").unwrap_or(after)
            } else {
                after
            };
        }
        self.hold(rest)
    }

    /// How much of an unfinished event is held.
    pub fn held(&self) -> usize {
        self.held
    }

    fn hold(&mut self, part: &[u8]) -> Result<(), Overrun> {
        self.held = self.held.saturating_add(part.len());
        if self.held > self.event_bytes {
            return Err(Overrun::Event(self.event_bytes));
        }
        self.line.extend(part);
        Ok(())
    }

    fn end_line(&mut self, out: &mut Vec<Event>) {
        let mut line = std::mem::take(&mut self.line).into_vec();
        if !self.begun {
            self.begun = true;
            if line.starts_with(b"\xEF\xBB\xBF") {
                line.drain(..3);
            }
        }
        if line.is_empty() {
            let event = Event {
                data: self.data.take().map(Blocks::into_vec),
                ..std::mem::take(&mut self.event)
            };
            self.held = 0;
            if !event.is_empty() {
                out.push(event);
            }
        } else {
            self.take_field(&line);
        }
        // The allocation is kept for the next line, unless it was a long one's: a stream may be quiet for hours.
        if line.capacity() <= 1024 {
            line.clear();
            self.line = Blocks::from_vec(line);
        }
    }

    fn take_field(&mut self, line: &[u8]) {
        let colon = line
            .iter()
            .position(|&byte| byte == b':')
            .unwrap_or(line.len());
        let (name, value) = line.split_at(colon);
        let value = value.strip_prefix(b":").unwrap_or(value);
        let value = value.strip_prefix(b" ").unwrap_or(value);
        match name {
            b"data" => match &mut self.data {
                Some(data) => {
                    data.extend(b"\n");
                    data.extend(value);
                }
                None => self.data.insert(Blocks::default()).extend(value),
            },
            b"event" => self.event.name = Some(value.to_vec()),
            b"id" if !value.contains(&0) => self.event.id = Some(value.to_vec()),
            b"retry" if value.iter().all(u8::is_ascii_digit) && !value.is_empty() => {
                self.event.retry = Some(value.to_vec());
            }
            // Comments (an empty name) and fields that nobody knows are dropped; they count towards nothing further.
            _ => self.held = self.held.saturating_sub(line.len()),
        }
    }
}

#[cfg(test)]
mod tests;
