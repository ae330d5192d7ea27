//! An MCP server that answers its tools with what nobody can hold.

use axum::Router;
use axum::body::{Body, Bytes};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use flate2::Compression;
use flate2::write::GzEncoder;
use futures_util::{Stream, stream};
use serde_json::{Value, json};
use std::convert::Infallible;
use std::future::ready;
use std::io::Write;
use std::sync::OnceLock;
use std::time::Duration;
use tokio::net::TcpListener;

const TOOLS: [&str; 6] = [
    "endless_event",
    "endless_events",
    "dripping",
    "large",
    "bomb",
    "wide",
];
/// Of a large answer: a little less than is passed on.
const LARGE: usize = 15 << 20;

/// Serves on a port of its own; says where, and never ends.
pub async fn serve(say: impl FnOnce(String)) {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a port");
    let address = listener.local_addr().expect("bound");
    say(format!("http://{address}/mcp"));
    let told = |body: Bytes| ready(answer(&body));
    let router = Router::new().route("/mcp", post(told));
    axum::serve(listener, router).await.expect("serving");
}

type Piece = Result<Bytes, Infallible>;

fn streamed(pieces: impl Stream<Item = Piece> + Send + 'static) -> Response {
    let kind = [(header::CONTENT_TYPE, "text/event-stream")];
    (kind, Body::from_stream(pieces)).into_response()
}

fn answer(body: &Bytes) -> Response {
    let asked: Value = serde_json::from_slice(body).unwrap_or_default();
    let id = asked["id"].clone();
    if id.is_null() {
        return StatusCode::ACCEPTED.into_response();
    }
    let result = match asked["method"].as_str().unwrap_or_default() {
        "initialize" => json!({ "protocolVersion": "2025-11-25", "capabilities": { "tools": {} },
            "serverInfo": { "name": "hostile", "version": "1" } }),
        "tools/list" => {
            let tool = |name| json!({ "name": name, "description": "of a test", "inputSchema": { "type": "object" } });
            json!({ "tools": TOOLS.map(tool) })
        }
        "tools/call" => return tool(asked["params"]["name"].as_str().unwrap_or_default(), &id),
        _ => {
            let error = json!({ "code": -32601, "message": "Method not found" });
            return message(&json!({ "jsonrpc": "2.0", "id": id, "error": error }));
        }
    };
    message(&json!({ "jsonrpc": "2.0", "id": id, "result": result }))
}

fn message(message: &Value) -> Response {
    let kind = [(header::CONTENT_TYPE, "application/json")];
    (kind, message.to_string()).into_response()
}

fn tool(name: &str, id: &Value) -> Response {
    let note = "{\"jsonrpc\":\"2.0\",\"method\":\"notifications/message\",\"params\":{\"level\":\"info\",\"data\":\"";
    match name {
        "endless_event" => {
            let first = stream::iter([Ok(Bytes::from(format!("data: {note}")))]);
            let rest = Bytes::from(vec![b'x'; 64 * 1024]);
            let rest = stream::repeat_with(move || Ok(rest.clone()));
            streamed(futures_util::StreamExt::chain(first, rest))
        }
        "endless_events" => {
            let text = "x".repeat(32 * 1024);
            let event = Bytes::from(format!("data: {note}{text}\"}}}}\n\n"));
            streamed(stream::repeat_with(move || Ok(event.clone())))
        }
        "dripping" => streamed(stream::unfold(0_u8, |count| async move {
            tokio::time::sleep(Duration::from_millis(500)).await;
            Some((Ok(Bytes::from_static(b"data: x\ndata:")), count))
        })),
        "bomb" => bomb(),
        // As many values as are read, in as few bytes.
        "wide" => {
            let values = "0,".repeat(mcp::reply::MOST_VALUES - 20);
            let text = format!(
                r#"{{"jsonrpc":"2.0","id":{id},"result":{{"content":[],"structuredContent":[{values}0]}}}}"#
            );
            ([(header::CONTENT_TYPE, "application/json")], text).into_response()
        }
        _ => {
            let text = "x".repeat(LARGE);
            message(&json!({ "jsonrpc": "2.0", "id": id,
                "result": { "content": [{ "type": "text", "text": text }] } }))
        }
    }
}

/// A large answer in a few thousand bytes.
fn bomb() -> Response {
    static PACKED: OnceLock<Bytes> = OnceLock::new();
    let packed = PACKED.get_or_init(|| {
        let mut packed = GzEncoder::new(Vec::new(), Compression::best());
        let text = "x".repeat(LARGE);
        let answer = format!(
            r#"{{"jsonrpc":"2.0","id":1,"result":{{"content":[{{"type":"text","text":"{text}"}}]}}}}"#
        );
        packed.write_all(answer.as_bytes()).expect("into memory");
        packed.finish().expect("into memory").into()
    });
    let kind = [
        (header::CONTENT_TYPE, "application/json"),
        (header::CONTENT_ENCODING, "gzip"),
    ];
    (kind, packed.clone()).into_response()
}
