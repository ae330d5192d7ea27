//! A fake server with sessions and streams, and a client's handling of both.

use super::World;
use super::upstream::{self, Saw, Upstream, events, json};
use http::{Method, Response};
use http_body_util::BodyExt;
use hyper::body::Incoming;
use std::sync::{Arc, Mutex};
use tokio::sync::mpsc;

pub const INITIALIZE: &str = r#"{"jsonrpc":"2.0","id":0,"method":"initialize","params":{"protocolVersion":"2025-11-25","capabilities":{},"clientInfo":{"name":"probe","version":"9"}}}"#;
pub const AGREED: &str = r#"{"jsonrpc":"2.0","id":0,"result":{"protocolVersion":"2025-06-18","capabilities":{},"serverInfo":{"name":"x","version":"1"}}}"#;
pub const RESULT: &str = r#"{"jsonrpc":"2.0","id":1,"result":{"content":[]}}"#;

pub type Streams = Arc<Mutex<Vec<mpsc::Sender<String>>>>;

/// A server with sessions. What it streams on GET, and in answer to `tools/call` where `streams` says so, the test
/// writes.
pub async fn server(as_stream: bool) -> (Upstream, Streams) {
    let streams: Streams = Arc::default();
    let kept = Arc::clone(&streams);
    let upstream = Upstream::new(move |saw: Saw| {
        let streams = Arc::clone(&kept);
        async move {
            let is_ours = saw.header("mcp-session-id") == "theirs";
            let mut said = match (saw.head.method.clone(), saw.method().as_str()) {
                (Method::POST, "initialize") if as_stream => events(&[AGREED]),
                (Method::POST, "initialize") => json(AGREED),
                _ if !is_ours => return upstream::status(404, "{}"),
                (Method::GET, _) => {
                    let (sender, said) = upstream::stream();
                    streams.lock().unwrap().push(sender);
                    said
                }
                (Method::DELETE, _) => upstream::status(200, ""),
                (_, "tools/call") if as_stream => {
                    let (sender, said) = upstream::stream();
                    streams.lock().unwrap().push(sender);
                    said
                }
                (_, "tools/call") => json(RESULT),
                _ => upstream::status(202, ""),
            };
            said.headers_mut()
                .insert("mcp-session-id", "theirs".parse().unwrap());
            said
        }
    })
    .await;
    (upstream, streams)
}

pub async fn begin(world: &World) -> String {
    let answer = world.post(&[], INITIALIZE).await;
    assert_eq!(answer.status, 200);
    assert!(answer.body.contains(AGREED));
    answer.headers["mcp-session-id"]
        .to_str()
        .unwrap()
        .to_owned()
}

/// Reads until the text ends with what is expected.
pub async fn read_until(response: &mut Response<Incoming>, end: &str) -> String {
    let mut text = String::new();
    while !text.ends_with(end) {
        let frame = tokio::time::timeout(
            std::time::Duration::from_secs(10),
            response.body_mut().frame(),
        )
        .await;
        let frame = frame
            .unwrap_or_else(|_| panic!("only {text}"))
            .unwrap_or_else(|| panic!("ended after {text}"));
        text.push_str(std::str::from_utf8(&frame.unwrap().into_data().unwrap()).unwrap());
    }
    text
}

/// Lets the data plane believe that so many seconds have gone by.
pub async fn pass(seconds: u64) {
    tokio::time::pause();
    tokio::time::advance(std::time::Duration::from_secs(seconds)).await;
    tokio::time::resume();
}

pub async fn sender(streams: &Streams, upstream: &Upstream, number: usize) -> mpsc::Sender<String> {
    upstream
        .wait(|_| streams.lock().unwrap().len() >= number)
        .await;
    streams.lock().unwrap()[number - 1].clone()
}
