//! HTTP/2 by hand, as no honest client speaks it.

pub const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

const HEADERS: u8 = 1;
const RST_STREAM: u8 = 3;
const SETTINGS: u8 = 4;
const PING: u8 = 6;
const CONTINUATION: u8 = 9;
const END_STREAM: u8 = 1;
const END_HEADERS: u8 = 4;

fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).expect("a frame is small");
    let mut frame = length.to_be_bytes()[1..].to_vec();
    frame.extend([kind, flags]);
    frame.extend(stream.to_be_bytes());
    frame.extend(payload);
    frame
}

pub fn settings() -> Vec<u8> {
    frame(SETTINGS, 0, 0, &[])
}

pub fn ping() -> Vec<u8> {
    frame(PING, 0, 0, &[7; 8])
}

/// A literal field that is not to be remembered.
fn field(name: &str, value: &str) -> Vec<u8> {
    let mut field = vec![0];
    for text in [name, value] {
        field.extend(length(text.len()));
        field.extend(text.as_bytes());
    }
    field
}

/// A length of HPACK, in seven bits and more.
fn length(mut length: usize) -> Vec<u8> {
    if length < 127 {
        return vec![u8::try_from(length).expect("below 127")];
    }
    let mut bytes = vec![127];
    length -= 127;
    while length >= 128 {
        bytes.push(u8::try_from(length % 128).expect("below 128") | 128);
        length /= 128;
    }
    bytes.push(u8::try_from(length).expect("below 128"));
    bytes
}

fn request(path: &str, authority: &str, token: &str) -> Vec<u8> {
    [
        field(":method", "GET"),
        field(":scheme", "http"),
        field(":path", path),
        field(":authority", authority),
        field("authorization", &format!("Bearer {token}")),
        field("accept", "text/event-stream"),
    ]
    .concat()
}

/// A request, and at once its reset.
pub fn reset_at_once(stream: u32, path: &str, authority: &str, token: &str) -> Vec<u8> {
    let flags = END_STREAM | END_HEADERS;
    let mut frames = frame(HEADERS, flags, stream, &request(path, authority, token));
    frames.extend(frame(RST_STREAM, 0, stream, &8_u32.to_be_bytes()));
    frames
}

/// The beginning of headers that never end.
pub fn headers_begin(path: &str, authority: &str, token: &str) -> Vec<u8> {
    frame(HEADERS, END_STREAM, 1, &request(path, authority, token))
}

pub fn headers_go_on() -> Vec<u8> {
    frame(CONTINUATION, 0, 1, &field("x-more", &"y".repeat(8_000)))
}
