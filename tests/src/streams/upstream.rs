//! An MCP server of both eras that opens every stream it is asked for and says no more on it.

use axum::Router;
use axum::body::{Body, Bytes};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use futures_util::StreamExt;
use serde_json::{Value, json};
use std::convert::Infallible;
use std::future::ready;
use std::sync::atomic::{AtomicU64, Ordering};
use tokio::net::TcpListener;

/// Serves on a port of its own; says where, and never ends.
pub async fn serve(say: impl FnOnce(String)) {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a port");
    let address = listener.local_addr().expect("bound");
    say(format!("http://{address}/mcp"));
    let standing = || ready(stream(String::new()));
    let told = |headers: HeaderMap, body: Bytes| ready(message(&headers, &body));
    let router = Router::new().route("/mcp", get(standing).post(told));
    axum::serve(listener, router).await.expect("serving");
}

fn stream(first: String) -> Response {
    let first = futures_util::stream::once(async { Ok::<_, Infallible>(Bytes::from(first)) });
    let body = Body::from_stream(first.chain(futures_util::stream::pending()));
    ([(header::CONTENT_TYPE, "text/event-stream")], body).into_response()
}

fn message(headers: &HeaderMap, body: &Bytes) -> Response {
    static SESSIONS: AtomicU64 = AtomicU64::new(0);
    let asked: Value = serde_json::from_slice(body).unwrap_or_default();
    let id = asked["id"].clone();
    if id.is_null() {
        return StatusCode::ACCEPTED.into_response();
    }
    let method = asked["method"].as_str().unwrap_or_default();
    if method == "subscriptions/listen" {
        let said = json!({ "jsonrpc": "2.0", "method": "notifications/subscriptions/acknowledged",
            "params": { "_meta": { "io.modelcontextprotocol/subscriptionId": id }, "notifications": { "toolsListChanged": true } } });
        return stream(format!("event: message\ndata: {said}\n\n"));
    }
    let answer = match method {
        "initialize" => json!({ "jsonrpc": "2.0", "id": id, "result": {
            "protocolVersion": "2025-11-25", "capabilities": { "tools": {} }, "serverInfo": { "name": "streams", "version": "1" } } }),
        "tools/list" => json!({ "jsonrpc": "2.0", "id": id, "result": { "tools": [
            { "name": "work", "description": "of a test", "inputSchema": { "type": "object" } } ] } }),
        "tools/call" => {
            json!({ "jsonrpc": "2.0", "id": id, "result": { "content": [{ "type": "text", "text": "done" }] } })
        }
        _ => {
            json!({ "jsonrpc": "2.0", "id": id, "error": { "code": -32601, "message": "Method not found" } })
        }
    };
    let mut response = (
        [(header::CONTENT_TYPE, "application/json")],
        answer.to_string(),
    )
        .into_response();
    if method == "initialize" && !headers.contains_key("mcp-session-id") {
        let session = format!("session-{}", SESSIONS.fetch_add(1, Ordering::Relaxed));
        let value = header::HeaderValue::from_str(&session).expect("plain letters");
        response.headers_mut().insert("mcp-session-id", value);
    }
    response
}
