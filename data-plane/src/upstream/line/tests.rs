use super::frames::{Frames, Framing};
use super::*;
use egress::{Connector, Egress, Lookup};
use http::header::{CONNECTION, CONTENT_LENGTH, HOST, HeaderValue};
use http_body_util::BodyExt;
use proptest::prelude::*;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

/// The data of a body that comes in such pieces, and whether it was whole.
fn unframed(framing: Framing, pieces: &[&[u8]]) -> Result<Vec<u8>, &'static str> {
    let (mut frames, mut data) = (Frames::new(framing), Vec::new());
    for piece in pieces {
        let mut came = Bytes::copy_from_slice(piece);
        while let Some(next) = frames.take(&mut came)? {
            assert!(!next.is_empty());
            data.extend_from_slice(&next);
        }
        assert!(came.is_empty());
    }
    frames.end()?;
    Ok(data)
}

fn chunked(chunks: &[Vec<u8>], extension: &str) -> Vec<u8> {
    let mut body = Vec::new();
    for chunk in chunks.iter().filter(|chunk| !chunk.is_empty()) {
        body.extend_from_slice(format!("{:x}{extension}\r\n", chunk.len()).as_bytes());
        body.extend_from_slice(chunk);
        body.extend_from_slice(b"\r\n");
    }
    body.extend_from_slice(b"0\r\nx-trailer: 1\r\n\r\n");
    body
}

proptest! {
    #[test]
    fn however_it_is_cut_a_chunked_body_is_the_data_that_was_sent(
        chunks in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..40), 0..8),
        at in any::<prop::sample::Index>(),
        extension in prop::sample::select(vec!["", ";a=b", " "]),
    ) {
        let body = chunked(&chunks, extension);
        let cut = at.index(body.len());
        let data = unframed(Framing::Chunked, &[&body[..cut], &body[cut..]]);
        prop_assert_eq!(data, Ok(chunks.concat()));
        let bytewise: Vec<&[u8]> = body.chunks(1).collect();
        prop_assert_eq!(unframed(Framing::Chunked, &bytewise), Ok(chunks.concat()));
        prop_assert!(cut == body.len() || unframed(Framing::Chunked, &[&body[..cut]]).is_err());
    }
}

#[test]
fn what_is_no_chunk_is_no_data() {
    for body in [
        "x\r\n",
        "\r\n",
        "-1\r\n",
        "+1\r\na\r\n0\r\n\r\n",
        "1\na\r\n0\r\n\r\n",
        "1\r\nab\r\n0\r\n\r\n",
        "1\r\na\n0\r\n\r\n",
        "1;a\nb\r\na\r\n0\r\n\r\n",
        "10000000000000000\r\n",
        "0\r\na\n\r\n",
        "0\r\n\r\r\n",
    ] {
        let read = unframed(Framing::Chunked, &[body.as_bytes()]);
        assert!(read.is_err(), "{body:?} {read:?}");
    }
    let endless = format!("1;{}\r\na\r\n0\r\n\r\n", "x".repeat(5_000));
    assert!(unframed(Framing::Chunked, &[endless.as_bytes()]).is_err());
    let endless = format!("0\r\n{}\r\n\r\n", "x: y\r\n".repeat(2_000));
    assert!(unframed(Framing::Chunked, &[endless.as_bytes()]).is_err());
}

#[test]
fn a_length_is_kept_to_and_what_follows_is_dropped() {
    assert_eq!(
        unframed(Framing::Length(3), &[b"ab", b"cdef"]),
        Ok(b"abc".to_vec())
    );
    assert!(unframed(Framing::Length(3), &[b"ab"]).is_err());
    assert_eq!(unframed(Framing::Length(0), &[b"ab"]), Ok(Vec::new()));
    assert_eq!(
        unframed(Framing::UntilClose, &[b"ab", b"c"]),
        Ok(b"abc".to_vec())
    );
}

#[test]
fn a_head_says_where_its_body_ends_or_is_refused() {
    let framing = |head: &str| {
        let head = format!("HTTP/1.1 200 OK\r\n{head}\r\n");
        head::read(head.as_bytes()).map(|read| read.unwrap().framing)
    };
    assert_eq!(
        framing("Transfer-Encoding: Chunked\r\n"),
        Ok(Framing::Chunked)
    );
    assert_eq!(framing("Content-Length: 7\r\n"), Ok(Framing::Length(7)));
    assert_eq!(framing(""), Ok(Framing::UntilClose));
    for doubtful in [
        "Content-Length: 7\r\nTransfer-Encoding: chunked\r\n",
        "Content-Length: 7\r\nContent-Length: 7\r\n",
        "Content-Length: 7, 7\r\n",
        "Content-Length: +7\r\n",
        "Content-Length: 0x7\r\n",
        "Content-Length: 99999999999999999999\r\n",
        "Transfer-Encoding: gzip, chunked\r\n",
        "Transfer-Encoding: identity\r\n",
        "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n",
        "Content-Length : 7\r\n",
        "X: a\r\n b\r\n",
        "X: a\0b\r\n",
    ] {
        assert!(framing(doubtful).is_err(), "{doubtful:?}");
    }
    let old = head::read(b"HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
    assert!(old.is_err());
    assert!(
        head::read(b"HTTP/1.1 200 OK\r\nX: y\r\n")
            .unwrap()
            .is_none()
    );
}

#[test]
fn what_frames_a_request_is_the_lines_own_to_say() {
    let mut headers = HeaderMap::new();
    for name in [HOST, CONNECTION, CONTENT_LENGTH] {
        headers.insert(name, HeaderValue::from_static("99"));
    }
    headers.insert("accept", HeaderValue::from_static("text/event-stream"));
    let uri = "http://mcp.example:81/a?b".parse().unwrap();
    let head = String::from_utf8(head::write(&Method::POST, &uri, &headers, 2)).unwrap();
    assert_eq!(
        head,
        "POST /a?b HTTP/1.1\r\nhost: mcp.example:81\r\ncontent-length: 2\r\n\
         accept: text/event-stream\r\n\r\n"
    );
}

/// What the answer of a server that says just this comes to.
async fn asked(said: impl Into<String>) -> Result<(StatusCode, Vec<u8>), String> {
    let said = said.into();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let server = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut request = Vec::new();
        while !request.ends_with(b"\r\n\r\n") {
            request.push(stream.read_u8().await.unwrap());
        }
        for piece in said.as_bytes().chunks(5) {
            // It may have been hung up on.
            if stream.write_all(piece).await.is_err() {
                return;
            }
        }
    });
    let https = Https::http1(
        egress::platform_tls(),
        Connector {
            egress: Arc::new(Egress::new(vec!["127.0.0.0/8".parse().unwrap()])),
            lookup: Lookup::system(),
            timeout: Duration::from_secs(20),
        },
    );
    let uri = format!("http://127.0.0.1:{port}/mcp").parse().unwrap();
    let answered = ask(https, &uri, &Method::GET, &HeaderMap::new(), b"").await;
    let outcome = match answered {
        Ok(response) => {
            let status = response.status();
            let body = response.into_body().collect().await;
            body.map(|body| (status, body.to_bytes().to_vec()))
                .map_err(|error| error.to_string())
        }
        Err(error) => Err(error.to_string()),
    };
    server.await.unwrap();
    outcome
}

#[tokio::test]
async fn an_answer_is_read_to_its_end_behind_any_answers_before_it() {
    let said = "HTTP/1.1 103 Early Hints\r\nlink: x\r\n\r\nHTTP/1.1 100 Continue\r\n\r\n\
                HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n6\r\ndata: \r\n1\r\n1\r\n0\r\n\r\n";
    assert_eq!(asked(said).await, Ok((StatusCode::OK, b"data: 1".to_vec())));
    let closing = "HTTP/1.0 200 OK\r\n\r\ndata: 1\n\n";
    assert_eq!(
        asked(closing).await,
        Ok((StatusCode::OK, b"data: 1\n\n".to_vec()))
    );
    let empty = "HTTP/1.1 204 No Content\r\ntransfer-encoding: chunked\r\n\r\n";
    assert_eq!(asked(empty).await, Ok((StatusCode::NO_CONTENT, Vec::new())));
}

#[tokio::test]
async fn what_is_no_answer_is_an_error() {
    for said in [
        "",
        "garbage\r\n\r\n",
        "HTTP/1.1 101 Switching Protocols\r\n\r\n",
        "HTTP/1.1 200 OK\r\nx: y\r\n",
        "HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nshort",
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nda",
    ] {
        let outcome = asked(said).await;
        assert!(outcome.is_err(), "{said:?} {outcome:?}");
    }
    let endless = format!("HTTP/1.1 200 OK\r\nx: {}", "y".repeat(100_000));
    assert!(asked(endless).await.is_err());
    let waiting = "HTTP/1.1 100 Continue\r\n\r\n".repeat(20);
    assert!(asked(waiting).await.is_err());
}
