//! Event streams: however they are cut into chunks, they say what the format's own words say, and what is framed anew
//! says it again.

use crate::parts::choice;
use mcp::sse::{Event, Overrun, Splitter};

const EVENT: usize = 256;
const STREAM: usize = 2048;

pub fn run(data: &[u8]) {
    let (step, stream) = choice(data, 64);
    let step = usize::from(step) + 1;
    let (whole, end) = split(std::iter::once(stream), EVENT, STREAM);
    let (cut, cut_end) = split(stream.chunks(step), EVENT, STREAM);
    if end.is_ok() && cut_end.is_ok() {
        assert_eq!(whole, cut);
    }
    // A limit may end one of them earlier; until then they agree.
    assert!(whole.starts_with(&cut) || cut.starts_with(&whole));

    let (events, end) = split(stream.chunks(step), usize::MAX, usize::MAX);
    assert_eq!(end, Ok(()));
    assert_eq!(events, slow(stream));
    assert!(events.starts_with(&whole));
    let framed: Vec<u8> = events.iter().flat_map(Event::to_bytes).collect();
    let (again, _) = split(std::iter::once(framed.as_slice()), usize::MAX, usize::MAX);
    assert_eq!(again, events);
}

fn split<'a>(
    chunks: impl Iterator<Item = &'a [u8]>,
    event: usize,
    stream: usize,
) -> (Vec<Event>, Result<(), Overrun>) {
    let mut splitter = Splitter::new(event, stream);
    let mut out = Vec::new();
    for chunk in chunks {
        if let Err(overrun) = splitter.push(chunk, &mut out) {
            return (out, Err(overrun));
        }
    }
    (out, Ok(()))
}

/// The format as its specification tells it: lines first, then fields, then events.
fn slow(stream: &[u8]) -> Vec<Event> {
    let stream = stream.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(stream);
    let mut lines = Vec::new();
    let mut line = Vec::new();
    let mut bytes = stream.iter().copied().peekable();
    while let Some(byte) = bytes.next() {
        match byte {
            b'\r' => {
                if bytes.peek() == Some(&b'\n') {
                    bytes.next();
                }
                lines.push(std::mem::take(&mut line));
            }
            b'\n' => lines.push(std::mem::take(&mut line)),
            other => line.push(other),
        }
    }
    let mut events = Vec::new();
    let mut event = Event::default();
    for line in lines {
        if line.is_empty() {
            if event != Event::default() {
                events.push(std::mem::take(&mut event));
            }
            continue;
        }
        let mut halves = line.splitn(2, |byte| *byte == b':');
        let name = halves.next().unwrap_or_default();
        let value = halves.next().unwrap_or_default();
        let value = if value.first() == Some(&b' ') {
            &value[1..]
        } else {
            value
        }
        .to_vec();
        match name {
            b"data" => {
                event.data = Some(match event.data.take() {
                    Some(before) => [before, value].join(&b'\n'),
                    None => value,
                });
            }
            b"event" => event.name = Some(value),
            b"id" if !value.contains(&0) => event.id = Some(value),
            b"retry" if !value.is_empty() && value.iter().all(u8::is_ascii_digit) => {
                event.retry = Some(value);
            }
            _ => {}
        }
    }
    events
}
