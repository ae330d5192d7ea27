//! An MCP server of the test's own, at the world's edge: quick, in this process, and a witness of what reached it.

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Value, json};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

/// A request that reached the server.
#[derive(Debug, Clone)]
pub struct Seen {
    pub at: Instant,
    pub headers: HeaderMap,
    pub text: String,
    /// The body as this server understood it; null where it did not.
    pub body: Value,
}

/// Read without looking into what is not asked for, so that numbers beyond doubles do no harm here.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Envelope {
    id: Option<Box<RawValue>>,
    method: String,
    params: Option<Box<RawValue>>,
}

#[derive(Debug)]
pub struct Stub {
    pub url: String,
    seen: Arc<Mutex<Vec<Seen>>>,
    task: JoinHandle<()>,
}

#[derive(Clone)]
struct Shared {
    seen: Arc<Mutex<Vec<Seen>>>,
    tools: Arc<Value>,
    delay: Duration,
    gives_sessions: bool,
}

impl Stub {
    /// Offers tools of these names; gives no session ids.
    pub async fn start(tools: &[&str]) -> Self {
        Self::slow(tools, Duration::ZERO).await
    }

    /// The same, with a session id for whoever begins one.
    pub async fn with_sessions(tools: &[&str]) -> Self {
        Self::of(tools, "of a test", Duration::ZERO, true).await
    }

    /// The same without sessions, its tools described like this.
    pub async fn described(tools: &[&str], description: &str) -> Self {
        Self::of(tools, description, Duration::ZERO, false).await
    }

    /// The same, taking its time for every call.
    pub async fn slow(tools: &[&str], delay: Duration) -> Self {
        Self::of(tools, "of a test", delay, false).await
    }

    async fn of(tools: &[&str], description: &str, delay: Duration, gives_sessions: bool) -> Self {
        let tools: Vec<Value> = tools
            .iter()
            .map(|name| json!({ "name": name, "description": description, "inputSchema": { "type": "object" } }))
            .collect();
        let seen: Arc<Mutex<Vec<Seen>>> = Arc::default();
        let shared = Shared {
            seen: seen.clone(),
            tools: Arc::new(tools.into()),
            delay,
            gives_sessions,
        };
        let router = Router::new()
            .route("/mcp", axum::routing::post(answer))
            .with_state(shared);
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let url = format!("http://{}/mcp", listener.local_addr().unwrap());
        let task = tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self { url, seen, task }
    }

    /// Everything that has reached it.
    pub fn seen(&self) -> Vec<Seen> {
        self.seen.lock().unwrap().clone()
    }

    /// The tool calls that have reached it.
    pub fn calls(&self) -> Vec<Seen> {
        self.seen()
            .into_iter()
            .filter(|seen| seen.body["method"] == "tools/call")
            .collect()
    }
}

impl Drop for Stub {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn answer(State(shared): State<Shared>, headers: HeaderMap, body: Bytes) -> Response {
    let at = Instant::now();
    let text = String::from_utf8_lossy(&body).into_owned();
    let envelope: Envelope = serde_json::from_str(&text).unwrap_or_default();
    let params: Value = envelope
        .params
        .and_then(|params| serde_json::from_str(params.get()).ok())
        .unwrap_or_default();
    let (id, method) = (envelope.id.map(|id| id.get().to_owned()), envelope.method);
    let name = params["name"].clone();
    let body = serde_json::from_str(&text).unwrap_or_default();
    shared.seen.lock().unwrap().push(Seen {
        at,
        headers,
        text,
        body,
    });
    let Some(id) = id else {
        return StatusCode::ACCEPTED.into_response();
    };
    let result = match method.as_str() {
        "initialize" => json!({
            "protocolVersion": "2025-11-25", "capabilities": { "tools": {} },
            "serverInfo": { "name": "stub", "version": "1" },
        }),
        "tools/list" => json!({ "tools": *shared.tools }),
        "tools/call" => {
            tokio::time::sleep(shared.delay).await;
            json!({ "content": [{ "type": "text", "text": format!("done: {name}") }] })
        }
        _ => {
            return message(format!(
                r#"{{"jsonrpc":"2.0","id":{id},"error":{{"code":-32601,"message":"Method not found"}}}}"#
            ));
        }
    };
    let mut answer = message(format!(
        r#"{{"jsonrpc":"2.0","id":{id},"result":{result}}}"#
    ));
    if shared.gives_sessions && method == "initialize" {
        let session = HeaderValue::from_static("a-session");
        answer.headers_mut().insert("mcp-session-id", session);
    }
    answer
}

fn message(text: String) -> Response {
    ([(header::CONTENT_TYPE, "application/json")], text).into_response()
}
