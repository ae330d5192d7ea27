//! Answers that come compressed though nobody asked for it: read like any other, and a bomb is no larger here than a sentence.

mod world;

use bytes::Bytes;
use flate2::Compression;
use flate2::write::{GzEncoder, ZlibEncoder};
use http::{Method, Response};
use http_body_util::{BodyExt, Full, StreamBody};
use hyper::body::Frame;
use std::convert::Infallible;
use std::io::Write;
use tokio::sync::mpsc;
use tokio_stream::StreamExt;
use tokio_stream::wrappers::ReceiverStream;
use world::session::read_until;
use world::upstream::{Said, Upstream, event};
use world::{Answer, World, beside, call, plan, with_policy};

const RESULT: &str = r#"{"jsonrpc":"2.0","id":1,"result":{"content":[]}}"#;
const ENCODINGS: [&str; 4] = ["gzip", "deflate", "br", "zstd"];

fn packed(encoding: &str, text: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    match encoding {
        "gzip" => {
            let mut gzip = GzEncoder::new(&mut out, Compression::default());
            gzip.write_all(text).unwrap();
            gzip.finish().unwrap();
        }
        "deflate" => {
            let mut zlib = ZlibEncoder::new(&mut out, Compression::default());
            zlib.write_all(text).unwrap();
            zlib.finish().unwrap();
        }
        "br" => {
            let mut input = text;
            let params = brotli::enc::BrotliEncoderParams {
                quality: 5,
                ..Default::default()
            };
            brotli::BrotliCompress(&mut input, &mut out, &params).unwrap();
        }
        "zstd" => out = zstd::encode_all(text, 3).unwrap(),
        other => panic!("{other}"),
    }
    out
}

/// Frames of zstd, written by hand: blocks that say "128 KiB of spaces" in four bytes each, 10 GB in all.
fn ten_gigabytes_of_zstd() -> Vec<u8> {
    let mut frame = vec![0x28, 0xb5, 0x2f, 0xfd, 0x00, 13 << 3];
    let header = (128_u32 << 10 << 3) | (1 << 1);
    for _ in 0..81_920 {
        frame.extend_from_slice(&header.to_le_bytes()[..3]);
        frame.push(b' ');
    }
    frame.extend_from_slice(&[0x01, 0x00, 0x00]);
    frame
}

fn said(encoding: &str, kind: &str, body: Vec<u8>) -> Said {
    Response::builder()
        .header("content-type", kind)
        .header("content-encoding", encoding)
        .body(Full::new(Bytes::from(body)).boxed_unsync())
        .unwrap()
}

async fn answering(encoding: &'static str, kind: &'static str, body: Vec<u8>) -> Upstream {
    Upstream::new(move |_| {
        let body = body.clone();
        async move { said(encoding, kind, body) }
    })
    .await
}

#[tokio::test]
async fn an_encoded_answer_is_passed_on_as_it_was_before_it_was_encoded() {
    let long = format!(
        r#"{{"jsonrpc":"2.0","id":1,"result":{{"content":[{{"type":"text","text":"{}"}}]}}}}"#,
        (0..50_000).map(|n: u32| n.to_string()).collect::<String>()
    );
    for encoding in ENCODINGS {
        for text in [RESULT, &long] {
            let body = packed(encoding, text.as_bytes());
            let world = with_policy(
                world::ALLOW,
                answering(encoding, "application/json", body).await,
            )
            .await;
            let answer = world.call("echo", "{}").await;
            assert!(answer.body == text, "{encoding}");
            assert!(!answer.headers.contains_key("content-encoding"));
            assert_eq!(
                world.upstream.saw()[0].header("accept-encoding"),
                "identity"
            );
        }
    }
}

#[tokio::test]
async fn a_list_that_comes_encoded_is_cut_like_any_other() {
    let policy = r#"{"version":"1","default":"allow","tools":{"secret":{"action":"hide"}}}"#;
    let list = r#"{"jsonrpc":"2.0","id":1,"result":{"tools":[{"name":"echo"},{"name":"secret"}]}}"#;
    for encoding in ENCODINGS {
        let body = packed(encoding, list.as_bytes());
        let upstream = answering(encoding, "application/json", body).await;
        let world = with_policy(policy, upstream).await;
        let answer = world
            .post(&[], r#"{"jsonrpc":"2.0","id":1,"method":"tools/list"}"#)
            .await;
        assert_eq!(answer.status, 200);
        assert!(answer.body.contains("echo") && !answer.body.contains("secret"));
    }
}

#[tokio::test]
async fn events_of_an_encoded_stream_arrive_one_by_one() {
    let (sender, receiver) = mpsc::channel::<Vec<u8>>(1);
    let receiver = std::sync::Mutex::new(Some(receiver));
    let upstream = Upstream::new(move |_| {
        let pieces = ReceiverStream::new(receiver.lock().unwrap().take().unwrap());
        let frames = pieces.map(|piece| Ok::<_, Infallible>(Frame::data(Bytes::from(piece))));
        async move {
            Response::builder()
                .header("content-type", "text/event-stream")
                .header("content-encoding", "gzip")
                .body(StreamBody::new(frames).boxed_unsync())
                .unwrap()
        }
    })
    .await;
    let world = with_policy(world::ALLOW, upstream).await;
    let mut response = world
        .send(world.request(Method::POST, &[], call("echo", "{}")))
        .await;
    assert!(!response.headers().contains_key("content-encoding"));
    let mut gzip = GzEncoder::new(Vec::new(), Compression::default());
    let note = r#"{"jsonrpc":"2.0","method":"notifications/message","params":{}}"#;
    for text in [note, note, RESULT] {
        gzip.write_all(event(text).as_bytes()).unwrap();
        gzip.flush().unwrap();
        sender.send(std::mem::take(gzip.get_mut())).await.unwrap();
        assert_eq!(read_until(&mut response, "\n\n").await, event(text));
    }
    sender.send(gzip.finish().unwrap()).await.unwrap();
    drop(sender);
    assert!(response.body_mut().frame().await.is_none());
}

#[tokio::test]
async fn what_is_broken_or_in_an_encoding_unknown_here_ends_in_a_clear_error() {
    for (encoding, body) in [
        ("gzip", RESULT.as_bytes().to_vec()),
        ("compress", RESULT.as_bytes().to_vec()),
        (
            "gzip, gzip",
            packed("gzip", &packed("gzip", RESULT.as_bytes())),
        ),
        ("br", packed("br", RESULT.as_bytes())[..8].to_vec()),
    ] {
        let world = with_policy(
            world::ALLOW,
            answering(encoding, "application/json", body).await,
        )
        .await;
        let answer = world.call("echo", "{}").await;
        assert_eq!(answer.status, 502, "{encoding}");
        assert_eq!(answer.json()["error"]["code"], 1001, "{encoding}");
        assert_eq!(answer.json()["id"], 1, "{encoding}");
    }
}

fn peak_kib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmHWM"));
    let number = line.unwrap().split_whitespace().nth(1);
    number.unwrap().parse().unwrap()
}

/// A good server, beside one that throws this bomb.
async fn with_bomb(encoding: &'static str, kind: &'static str, bomb: Vec<u8>) -> (World, Upstream) {
    let good = Upstream::saying(RESULT).await;
    let url = format!("http://{}/mcp", good.address);
    let plan = world::Plan {
        change: Box::new(move |bundle| beside(bundle, "other", url)),
        ..plan()
    };
    (
        World::new(plan, answering(encoding, kind, bomb).await).await,
        good,
    )
}

#[tokio::test]
async fn bombs_end_in_a_clear_error_in_flat_memory_while_others_are_answered() {
    // Made before anything is measured.
    let text = vec![b' '; 64 << 20];
    let mut bombs: Vec<(&str, Vec<u8>)> = ENCODINGS
        .iter()
        .map(|encoding| (*encoding, packed(encoding, &text)))
        .collect();
    drop(text);
    bombs.push(("zstd", ten_gigabytes_of_zstd()));
    let before = peak_kib();
    for (encoding, bomb) in bombs {
        for kind in ["application/json", "text/event-stream"] {
            let (world, _good) = with_bomb(encoding, kind, bomb.clone()).await;
            let throw = || world.call("echo", "{}");
            let mut request = world.request(Method::POST, &[], call("echo", "{}"));
            *request.uri_mut() = format!("http://{}/acme/other/mcp", world.address)
                .parse()
                .unwrap();
            let (one, two, three, four, other) =
                tokio::join!(throw(), throw(), throw(), throw(), async {
                    Answer::of(world.send(request).await).await
                });
            assert_eq!(other.body, RESULT);
            for answer in [one, two, three, four] {
                let said = answer.body.trim_end();
                let message = said.rsplit("data: ").next().unwrap();
                let message: serde_json::Value = serde_json::from_str(message).unwrap();
                assert_eq!(message["error"]["code"], 1001, "{encoding} {kind}");
                assert_eq!(message["id"], 1);
                let sentence = message["error"]["message"].as_str().unwrap();
                assert!(sentence.contains("more than is passed on"), "{sentence}");
            }
        }
    }
    let grown = peak_kib() - before;
    assert!(grown < 200 << 10, "{grown} KiB");
}
