//! The MCP server of `deploy/bench`: answers from memory, so that what stands in front of it is what is measured. Reads of
//! a message what it must: its id, its method, the tool's name. An answer to a call is as long as the call.

use std::convert::Infallible;
use std::fmt::Write as _;
use std::net::SocketAddr;
use std::sync::Arc;

use bytes::Bytes;
use clap::Parser;
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Incoming;
use hyper::header::{CONTENT_TYPE, HeaderValue};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use serde::Deserialize;
use serde_json::value::RawValue;

/// No benchmark sends more.
const LARGEST: usize = 4 << 20;

/// An MCP server that answers from memory.
#[derive(Debug, Parser)]
struct Arguments {
    /// Where to listen; the server has no passwords, so keep it on loopback.
    #[arg(long)]
    listen: SocketAddr,
    /// How many tools it offers: `tool_1` and so on.
    #[arg(long, default_value_t = 800)]
    tools: usize,
}

#[derive(Deserialize)]
struct Message<'a> {
    #[serde(borrow)]
    id: Option<&'a RawValue>,
    method: String,
    #[serde(default)]
    params: Params,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Params {
    name: String,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> anyhow::Result<()> {
    let Arguments { listen, tools } = Arguments::parse();
    anyhow::ensure!(
        listen.ip().is_loopback(),
        "`{listen}` is not a loopback address, and this server asks nobody for a password"
    );
    let listed: Arc<str> = listed(tools).into();
    let listener = tokio::net::TcpListener::bind(listen).await?;
    loop {
        let (stream, _) = listener.accept().await?;
        stream.set_nodelay(true)?;
        let listed = listed.clone();
        tokio::spawn(async move {
            let service = service_fn(move |request| answer(request, listed.clone()));
            // A client that hangs up is no trouble of ours.
            let _ = http1::Builder::new()
                .serve_connection(TokioIo::new(stream), service)
                .await;
        });
    }
}

fn listed(tools: usize) -> String {
    let mut text = String::from(r#"{"tools":["#);
    for number in 1..=tools {
        let comma = if number == 1 { "" } else { "," };
        let _ = write!(
            text,
            r#"{comma}{{"name":"tool_{number}","description":"Looks up record {number} of the archive and says what it holds","inputSchema":{{"type":"object","properties":{{"text":{{"type":"string"}},"amount":{{"type":"integer"}}}}}}}}"#
        );
    }
    text.push_str("]}");
    text
}

async fn answer(
    request: Request<Incoming>,
    listed: Arc<str>,
) -> Result<Response<Full<Bytes>>, Infallible> {
    let Ok(body) = Limited::new(request.into_body(), LARGEST).collect().await else {
        return Ok(status(StatusCode::BAD_REQUEST));
    };
    let body = body.to_bytes();
    let Ok(message) = serde_json::from_slice::<Message<'_>>(&body) else {
        return Ok(status(StatusCode::BAD_REQUEST));
    };
    let Some(id) = message.id.map(RawValue::get) else {
        return Ok(status(StatusCode::ACCEPTED));
    };
    Ok(
        match (message.method.as_str(), message.params.name.as_str()) {
            ("initialize", _) => result(
                id,
                r#"{"protocolVersion":"2025-11-25","capabilities":{"tools":{}},"serverInfo":{"name":"bench","version":"1"}}"#,
            ),
            ("tools/list", _) => result(id, &listed),
            ("tools/call", "tool_2") => events(id),
            ("tools/call", _) => result(id, &said(body.len())),
            _ => typed(
                "application/json",
                format!(
                    r#"{{"jsonrpc":"2.0","id":{id},"error":{{"code":-32601,"message":"Method not found"}}}}"#
                ),
            ),
        },
    )
}

fn said(length: usize) -> String {
    format!(
        r#"{{"content":[{{"type":"text","text":"done {}"}}]}}"#,
        "x".repeat(length)
    )
}

fn result(id: &str, result: &str) -> Response<Full<Bytes>> {
    typed(
        "application/json",
        format!(r#"{{"jsonrpc":"2.0","id":{id},"result":{result}}}"#),
    )
}

/// An answer as a stream of three events, the last of them the result.
fn events(id: &str) -> Response<Full<Bytes>> {
    let mut text = String::new();
    for step in 1..=2 {
        let _ = write!(
            text,
            "data: {{\"jsonrpc\":\"2.0\",\"method\":\"notifications/message\",\"params\":{{\"level\":\"info\",\"data\":\"step {step}\"}}}}\n\n"
        );
    }
    let result = said(16);
    let _ = write!(
        text,
        "data: {{\"jsonrpc\":\"2.0\",\"id\":{id},\"result\":{result}}}\n\n"
    );
    typed("text/event-stream", text)
}

fn typed(kind: &'static str, text: String) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(Bytes::from(text)));
    let kind = HeaderValue::from_static(kind);
    response.headers_mut().insert(CONTENT_TYPE, kind);
    response
}

fn status(status: StatusCode) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::default());
    *response.status_mut() = status;
    response
}
