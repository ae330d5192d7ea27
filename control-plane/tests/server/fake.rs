//! An MCP server at the world's edge that answers as a test says, and remembers what it was asked.

#![allow(dead_code, reason = "each test file uses a part of it")]

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::{HeaderMap, Method, StatusCode};
use axum::response::Response;
use serde_json::{Value, json};
use std::sync::{Arc, Mutex};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

#[derive(Debug, Clone)]
pub struct Asked {
    pub verb: Method,
    pub headers: HeaderMap,
    /// Null where there was no body.
    pub body: Value,
}

impl Asked {
    pub fn method(&self) -> &str {
        self.body["method"].as_str().unwrap_or_default()
    }

    pub fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .map_or("", |value| value.to_str().unwrap())
    }

    /// The result, as JSON, for this request's id.
    pub fn result(&self, result: &Value) -> Response {
        json_answer(
            200,
            &json!({ "jsonrpc": "2.0", "id": self.body["id"], "result": result }),
        )
    }

    pub fn error(&self, status: u16, code: i32, message: &str) -> Response {
        let error = json!({ "code": code, "message": message });
        json_answer(
            status,
            &json!({ "jsonrpc": "2.0", "id": self.body["id"], "error": error }),
        )
    }
}

pub fn json_answer(status: u16, body: &Value) -> Response {
    answer(
        status,
        &[("content-type", "application/json")],
        body.to_string(),
    )
}

pub fn answer(status: u16, headers: &[(&str, &str)], body: impl Into<Body>) -> Response {
    let mut response = Response::builder().status(status);
    for (name, value) in headers {
        response = response.header(*name, *value);
    }
    response.body(body.into()).unwrap()
}

type Reply = Arc<dyn Fn(&Asked) -> Option<Response> + Send + Sync>;

pub struct Fake {
    pub url: String,
    asked: Arc<Mutex<Vec<Asked>>>,
    listening: JoinHandle<()>,
}

impl Drop for Fake {
    fn drop(&mut self) {
        self.listening.abort();
    }
}

impl Fake {
    /// `reply` answers; where it has nothing to say, the answer never comes.
    pub async fn start(reply: impl Fn(&Asked) -> Option<Response> + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/mcp", listener.local_addr().unwrap());
        let asked: Arc<Mutex<Vec<Asked>>> = Arc::default();
        let reply: Reply = Arc::new(reply);
        let router = Router::new()
            .fallback(take)
            .with_state((Arc::clone(&asked), reply));
        let listening = tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self {
            url,
            asked,
            listening,
        }
    }

    /// A legacy server with a session and these tools, which the test may change.
    pub async fn legacy(tools: Arc<Mutex<Value>>) -> Self {
        Self::start(move |asked| Some(legacy(asked, &tools.lock().unwrap()))).await
    }

    pub fn asked(&self) -> Vec<Asked> {
        self.asked.lock().unwrap().clone()
    }

    pub fn methods(&self) -> Vec<String> {
        let told = |asked: &Asked| {
            if asked.verb == Method::POST {
                asked.method().to_owned()
            } else {
                asked.verb.to_string()
            }
        };
        self.asked().iter().map(told).collect()
    }
}

pub fn legacy(asked: &Asked, tools: &Value) -> Response {
    match asked.method() {
        "initialize" => {
            let mut response = asked.result(&json!({
                "protocolVersion": "2025-06-18", "capabilities": { "tools": {} }, "serverInfo": { "name": "fake", "version": "1" },
            }));
            response
                .headers_mut()
                .insert("mcp-session-id", "session-1".parse().unwrap());
            response
        }
        _ if asked.header("mcp-session-id") != "session-1" => {
            asked.error(400, -32000, "Bad Request: no session")
        }
        "tools/list" => asked.result(&json!({ "tools": tools })),
        _ => answer(202, &[], ""),
    }
}

async fn take(
    State((seen, reply)): State<(Arc<Mutex<Vec<Asked>>>, Reply)>,
    verb: Method,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let asked = Asked {
        verb,
        headers,
        body: serde_json::from_slice(&body).unwrap_or_default(),
    };
    seen.lock().unwrap().push(asked.clone());
    match reply(&asked) {
        Some(response) => response,
        None => std::future::pending().await,
    }
}

/// For tests that read the status alone.
pub fn status(code: u16) -> Response {
    answer(StatusCode::from_u16(code).unwrap().as_u16(), &[], "")
}
