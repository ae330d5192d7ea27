use super::Standing;
use bytes::Bytes;
use futures_util::stream;
use http::Response;
use http::header::{CONTENT_LENGTH, CONTENT_TYPE};
use http_body_util::StreamBody;
use hyper::body::Frame;
use std::io;
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex};

type Said = Result<Bytes, io::Error>;

/// What the peer reads of an answer that says this.
async fn read(said: Vec<Said>) -> (String, bool) {
    let (mut peer, wire) = duplex(64);
    let sent = tokio::spawn(standing(wire, said).send());
    let mut read = Vec::new();
    peer.read_to_end(&mut read).await.expect("read");
    let is_whole = sent.await.expect("no panic").is_ok();
    (String::from_utf8(read).expect("text"), is_whole)
}

fn standing(
    wire: DuplexStream,
    said: Vec<Said>,
) -> Standing<impl hyper::body::Body<Data = Bytes, Error = io::Error> + Unpin, DuplexStream> {
    let frames = stream::iter(said.into_iter().map(|said| said.map(Frame::data)));
    let mut answer = Response::new(StreamBody::new(frames));
    let headers = answer.headers_mut();
    headers.insert(CONTENT_TYPE, "text/event-stream".parse().expect("a value"));
    headers.insert(CONTENT_LENGTH, "7".parse().expect("a value"));
    Standing::new(wire, answer)
}

#[tokio::test]
async fn every_event_is_a_chunk_and_the_head_says_how_it_ends() {
    let long = "y".repeat(300);
    let said = ["one", "", &long].map(|text| Ok(Bytes::copy_from_slice(text.as_bytes())));
    let (text, is_whole) = read(said.into()).await;
    let (head, body) = text.split_once("\r\n\r\n").expect("a head");
    assert!(is_whole);
    assert!(head.starts_with("HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n"));
    assert!(head.ends_with("\r\nconnection: close\r\ntransfer-encoding: chunked"));
    assert!(head.contains("\r\ndate: ") && !head.contains("content-length"));
    assert_eq!(body, format!("3\r\none\r\n12c\r\n{long}\r\n0\r\n\r\n"));
}

#[tokio::test]
async fn an_answer_that_breaks_off_lacks_its_end() {
    let said = vec![Ok("one".into()), Err(io::ErrorKind::ConnectionReset.into())];
    let (text, is_whole) = read(said).await;
    assert!(!is_whole);
    assert!(text.ends_with("\r\n\r\n3\r\none\r\n"));
}

#[tokio::test]
async fn a_peer_that_goes_ends_it_and_one_that_speaks_does_not() {
    for speaks in [false, true] {
        let (mut peer, wire) = duplex(4096);
        let body = StreamBody::new(stream::pending::<Result<Frame<Bytes>, io::Error>>());
        let sent = tokio::spawn(Standing::new(wire, Response::new(body)).send());
        let mut first = [0; 12];
        peer.read_exact(&mut first).await.expect("its head");
        if speaks {
            peer.write_all(b"GET / HTTP/1.1\r\n").await.expect("sent");
            tokio::task::yield_now().await;
            assert!(!sent.is_finished());
            sent.abort();
        } else {
            drop(peer);
            sent.await.expect("no panic").expect("it ended");
        }
    }
}
