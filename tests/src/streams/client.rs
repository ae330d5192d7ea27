//! Clients that open a stream and wait, as cheaply as can be: it is the gateway that is weighed.

use super::Kind;
use anyhow::{Context, ensure};
use bytes::Bytes;
use http::{Method, Request, Response};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::client::conn::http2;
use hyper_util::rt::{TokioExecutor, TokioIo};
use std::fmt::Write as _;
use std::net::SocketAddr;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// What does not come in this time does not come.
const PATIENCE: Duration = Duration::from_mins(2);
const SIGN_OF_LIFE: &[u8] = b": keep-alive";

#[derive(Debug)]
pub struct Target {
    pub address: SocketAddr,
    pub path: String,
    pub token: String,
    pub kind: Kind,
}

/// An open stream; it ends when dropped.
#[derive(Debug)]
pub enum Open {
    Http1(TcpStream),
    Http2(Incoming),
}

impl Open {
    /// Reads until the gateway says that the stream is alive.
    pub async fn sign_of_life(&mut self) {
        let heard = tokio::time::timeout(PATIENCE, async {
            let mut said = Vec::new();
            while !contains(&said, SIGN_OF_LIFE) {
                match self {
                    Self::Http1(stream) => {
                        let read = stream.read_buf(&mut said).await.expect("the stream stands");
                        assert_ne!(read, 0, "the stream ended");
                    }
                    Self::Http2(body) => {
                        let frame = body.frame().await.expect("the stream goes on");
                        let frame = frame.expect("the stream stands");
                        said.extend_from_slice(frame.data_ref().map_or(&[], |data| data));
                    }
                }
            }
        });
        heard.await.expect("a sign of life");
    }
}

impl Open {
    /// All that still comes, to the end of the connection.
    pub async fn rest(self) -> Vec<u8> {
        let mut said = Vec::new();
        let ended = tokio::time::timeout(PATIENCE, async {
            match self {
                Self::Http1(mut stream) => {
                    stream.read_to_end(&mut said).await.expect("a clean end");
                }
                Self::Http2(body) => {
                    let whole = body.collect().await.expect("a clean end");
                    said.extend_from_slice(&whole.to_bytes());
                }
            }
        });
        ended.await.expect("the stream ends");
        said
    }
}

fn contains(text: &[u8], part: &[u8]) -> bool {
    text.windows(part.len()).any(|window| window == part)
}

const HELLO: &str = r#"{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-11-25","capabilities":{},"clientInfo":{"name":"streams","version":"1"}}}"#;
const LISTEN: &str = r#"{"jsonrpc":"2.0","id":1,"method":"subscriptions/listen","params":{"_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientCapabilities":{},"io.modelcontextprotocol/clientInfo":{"name":"streams","version":"1"}},"notifications":{"toolsListChanged":true}}}"#;

type Headers = Vec<(&'static str, String)>;

impl Target {
    /// The requests of one stream: the session first, where it has one.
    fn hello(&self) -> (Method, Headers, &'static str) {
        (Method::POST, self.headers(&[]), HELLO)
    }

    fn opening(&self, session: Option<String>) -> (Method, Headers, &'static str) {
        match (self.kind, session) {
            (Kind::Get, session) => {
                let mut headers = self.headers(&[("mcp-protocol-version", "2025-11-25")]);
                headers.extend(session.map(|id| ("mcp-session-id", id)));
                (Method::GET, headers, "")
            }
            (Kind::Listen, _) => {
                let modern = [
                    ("mcp-protocol-version", "2026-07-28"),
                    ("mcp-method", "subscriptions/listen"),
                ];
                (Method::POST, self.headers(&modern), LISTEN)
            }
        }
    }

    fn headers(&self, more: &[(&'static str, &str)]) -> Headers {
        let mut headers = vec![
            ("authorization", format!("Bearer {}", self.token)),
            ("content-type", "application/json".to_owned()),
            ("accept", "application/json, text/event-stream".to_owned()),
        ];
        headers.extend(
            more.iter()
                .map(|(name, value)| (*name, (*value).to_owned())),
        );
        headers
    }
}

/// One connection with one stream.
pub async fn http1(target: &Target) -> anyhow::Result<Open> {
    let mut stream = TcpStream::connect(target.address).await?;
    let mut session = None;
    if target.kind == Kind::Get {
        let head = ask(&mut stream, target, target.hello()).await?;
        session = head
            .lines()
            .find_map(|line| line.strip_prefix("mcp-session-id: "))
            .map(str::to_owned);
        ensure!(session.is_some(), "no session: {head}");
    }
    let head = ask(&mut stream, target, target.opening(session)).await?;
    ensure!(head.contains("text/event-stream"), "no stream: {head}");
    Ok(Open::Http1(stream))
}

/// Sends a request and reads the answer's head, and its body where it says how long that is.
async fn ask(
    stream: &mut TcpStream,
    target: &Target,
    (method, headers, body): (Method, Headers, &str),
) -> anyhow::Result<String> {
    let mut text = format!(
        "{method} {} HTTP/1.1\r\nhost: {}\r\n",
        target.path, target.address
    );
    for (name, value) in headers {
        write!(text, "{name}: {value}\r\n")?;
    }
    write!(text, "content-length: {}\r\n\r\n{body}", body.len())?;
    stream.write_all(text.as_bytes()).await?;
    let mut read = Vec::new();
    let end = loop {
        let chunk = tokio::time::timeout(PATIENCE, stream.read_buf(&mut read)).await??;
        ensure!(
            chunk > 0,
            "the connection ended: {}",
            String::from_utf8_lossy(&read)
        );
        if let Some(end) = read.windows(4).position(|window| window == b"\r\n\r\n") {
            break end + 4;
        }
    };
    let head = String::from_utf8(read[..end].to_vec())?;
    ensure!(head.starts_with("HTTP/1.1 200"), "refused: {head}");
    let length = head
        .lines()
        .find_map(|line| line.strip_prefix("content-length: "));
    if let Some(length) = length {
        let mut rest = vec![0; length.parse::<usize>()?.saturating_sub(read.len() - end)];
        stream.read_exact(&mut rest).await?;
    }
    Ok(head)
}

/// One connection with several streams.
pub async fn http2(target: &Target, streams: usize) -> anyhow::Result<Vec<Open>> {
    let stream = TcpStream::connect(target.address).await?;
    let (mut sender, connection) =
        http2::handshake(TokioExecutor::new(), TokioIo::new(stream)).await?;
    // Ends with the last stream, which is the caller's.
    tokio::spawn(connection);
    let mut open = Vec::with_capacity(streams);
    for _ in 0..streams {
        let mut session = None;
        if target.kind == Kind::Get {
            let answer = send(&mut sender, target, target.hello()).await?;
            let id = answer
                .headers()
                .get("mcp-session-id")
                .context("no session")?;
            session = Some(id.to_str()?.to_owned());
            answer.into_body().collect().await?;
        }
        let answer = send(&mut sender, target, target.opening(session)).await?;
        open.push(Open::Http2(answer.into_body()));
    }
    Ok(open)
}

async fn send(
    sender: &mut http2::SendRequest<Full<Bytes>>,
    target: &Target,
    (method, headers, body): (Method, Headers, &str),
) -> anyhow::Result<Response<Incoming>> {
    let mut request = Request::builder()
        .method(method)
        .uri(format!("http://{}{}", target.address, target.path));
    for (name, value) in headers {
        request = request.header(name, value);
    }
    let body = Full::new(Bytes::copy_from_slice(body.as_bytes()));
    let answer = tokio::time::timeout(PATIENCE, sender.send_request(request.body(body)?)).await??;
    ensure!(answer.status() == 200, "refused: {answer:?}");
    Ok(answer)
}
