//! HTTP/2 by hand: header fields that would be another request in HTTP/1.1.

use crate::world::session::RESULT;
use crate::world::upstream::Upstream;
use crate::world::{World, call, plan};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

const PATIENCE: Duration = Duration::from_secs(20);
const HEADERS: u8 = 1;
const DATA: u8 = 0;
const RESET: u8 = 3;
const SETTINGS: u8 = 4;
const GO_AWAY: u8 = 7;
const END_STREAM: u8 = 1;
const END_HEADERS: u8 = 4;

fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).unwrap().to_be_bytes();
    let mut out = length[1..].to_vec();
    out.extend([kind, flags]);
    out.extend(stream.to_be_bytes());
    out.extend_from_slice(payload);
    out
}

/// A string of HPACK, written out (RFC 7541, 5.2).
fn string(out: &mut Vec<u8>, text: &[u8]) {
    if text.len() < 127 {
        out.push(u8::try_from(text.len()).unwrap());
    } else {
        out.push(127);
        let mut rest = text.len() - 127;
        while rest >= 128 {
            out.push(u8::try_from(rest % 128).unwrap() | 128);
            rest /= 128;
        }
        out.push(u8::try_from(rest).unwrap());
    }
    out.extend_from_slice(text);
}

/// Each field written out and never indexed.
fn block(fields: &[(&[u8], &[u8])]) -> Vec<u8> {
    let mut out = Vec::new();
    for (name, value) in fields {
        out.push(0x10);
        string(&mut out, name);
        string(&mut out, value);
    }
    out
}

/// Sends one request of these fields; answers the kinds of frames that came back on its stream, or for all.
async fn ask(world: &World, fields: &[(&[u8], &[u8])], body: &[u8]) -> Vec<u8> {
    let mut stream = TcpStream::connect(world.address).await.unwrap();
    let mut sent = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_vec();
    sent.extend(frame(SETTINGS, 0, 0, &[]));
    sent.extend(frame(HEADERS, END_HEADERS, 1, &block(fields)));
    sent.extend(frame(DATA, END_STREAM, 1, body));
    stream.write_all(&sent).await.unwrap();
    let mut kinds = Vec::new();
    loop {
        let mut head = [0; 9];
        let read = tokio::time::timeout(PATIENCE, stream.read_exact(&mut head)).await;
        if read.expect("the stream has no end").is_err() {
            return kinds;
        }
        let length = u32::from_be_bytes([0, head[0], head[1], head[2]]);
        let mut payload = vec![0; usize::try_from(length).unwrap()];
        stream.read_exact(&mut payload).await.unwrap();
        let (kind, flags, on) = (head[3], head[4], head[8]);
        if on == 1 || kind == GO_AWAY {
            kinds.push(kind);
        }
        let is_over = flags & END_STREAM != 0 && matches!(kind, HEADERS | DATA);
        if (on == 1 && (is_over || kind == RESET)) || kind == GO_AWAY {
            return kinds;
        }
    }
}

#[tokio::test]
async fn a_field_that_http_2_does_not_have_is_no_request() {
    let world = World::new(plan(), Upstream::saying(RESULT).await).await;
    let authority = world.address.to_string();
    let bearer = format!("Bearer {}", world.token);
    let body = call("echo", "{}");
    let pseudo: [(&[u8], &[u8]); 4] = [
        (b":method", b"POST"),
        (b":scheme", b"http"),
        (b":authority", authority.as_bytes()),
        (b":path", b"/acme/files/mcp"),
    ];
    let rest: [(&[u8], &[u8]); 3] = [
        (b"authorization", bearer.as_bytes()),
        (b"content-type", b"application/json"),
        (b"accept", b"application/json, text/event-stream"),
    ];
    let honest = [pseudo.as_slice(), rest.as_slice()].concat();
    let kinds = ask(&world, &honest, body.as_bytes()).await;
    assert!(kinds.starts_with(&[HEADERS, DATA]), "{kinds:?}");
    assert_eq!(world.upstream.saw().len(), 1);
    let hidden = b"x\r\n\r\nPOST /acme/files/mcp HTTP/1.1\r\nx: y";
    let long = (body.len() + 1).to_string();
    let extra: [(&[u8], &[u8]); 24] = [
        (b"connection", b"close"),
        (b"connection", b"mcp-name"),
        (b"keep-alive", b"1"),
        (b"proxy-connection", b"close"),
        (b"transfer-encoding", b"chunked"),
        (b"transfer-encoding", b"identity"),
        (b"upgrade", b"h2c"),
        (b"te", b"chunked"),
        (b"te", b"trailers, chunked"),
        (b"content-length", b"0"),
        (b"content-length", b"1"),
        (b"content-length", long.as_bytes()),
        (b"content-length", b"-1"),
        (b"host", b"evil.example"),
        (b":authority", b"evil.example"),
        (b":path", b"/elsewhere"),
        (b":method", b"GET"),
        (b":made-up", b"x"),
        (b"X-Upper", b"x"),
        (b"x:y", b"x"),
        (b"x y", b"x"),
        (b"x\r\ntransfer-encoding: chunked\r\ny", b"x"),
        (b"x", hidden),
        (b"user-agent", b"a\0b"),
    ];
    for (name, value) in extra {
        let fields = [honest.as_slice(), &[(name, value)]].concat();
        ask(&world, &fields, body.as_bytes()).await;
        let shown = (
            String::from_utf8_lossy(name),
            String::from_utf8_lossy(value),
        );
        assert_eq!(world.upstream.saw().len(), 1, "{shown:?} went on");
    }
    let instead: [(usize, &[u8]); 14] = [
        (0, b"POST /x HTTP/1.1\r\nx: y"),
        (0, b"PO ST"),
        (0, b"CONNECT"),
        (0, b""),
        (1, b"http://evil.example/?"),
        (2, b"evil.example"),
        (2, b"evil.example@"),
        (2, b""),
        (3, b"/acme/files/mcp HTTP/1.1\r\nx: y"),
        (3, b"/acme/files/mcp "),
        (3, b"http://evil.example/acme/files/mcp"),
        (3, b"//evil.example/acme/files/mcp"),
        (3, b"*"),
        (3, b""),
    ];
    for (at, value) in instead {
        let mut fields = honest.clone();
        fields[at].1 = value;
        ask(&world, &fields, body.as_bytes()).await;
        let shown = String::from_utf8_lossy(value);
        assert_eq!(world.upstream.saw().len(), 1, "{at} {shown:?} went on");
    }
    let late = [rest.as_slice(), pseudo.as_slice()].concat();
    ask(&world, &late, body.as_bytes()).await;
    assert_eq!(world.upstream.saw().len(), 1, "fields before the request");
}
