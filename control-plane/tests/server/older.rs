//! Servers of 2024-11-05: one event stream, and an address to post to that it names.

use crate::world::World;
use crate::{SERVERS, add, discover};
use axum::Router;
use axum::body::Body;
use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::response::Response;
use axum::routing::{get, post};
use serde_json::{Value, json};
use std::collections::HashMap;
use std::convert::Infallible;
use std::sync::{Arc, Mutex};
use tokio::net::TcpListener;
use tokio::sync::mpsc;
use tokio_stream::StreamExt;
use tokio_stream::wrappers::ReceiverStream;
use tokio_util::task::AbortOnDropHandle;

#[derive(Clone)]
struct Older {
    endpoint: String,
    stream: Arc<Mutex<Option<mpsc::Sender<String>>>>,
    told: Arc<Mutex<Vec<Value>>>,
}

impl Older {
    /// Its URL; it listens until the handle is dropped.
    async fn start(endpoint: &str) -> (String, Self, AbortOnDropHandle<()>) {
        let older = Self {
            endpoint: endpoint.to_owned(),
            stream: Arc::default(),
            told: Arc::default(),
        };
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/sse", listener.local_addr().unwrap());
        let router = Router::new()
            .route("/sse", get(open))
            .route("/message", post(take))
            .with_state(older.clone());
        let listening = tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        (url, older, AbortOnDropHandle::new(listening))
    }
}

async fn open(State(older): State<Older>) -> Response {
    let (sender, events) = mpsc::channel(8);
    let first = format!("event: endpoint\ndata: {}\n\n", older.endpoint);
    sender.send(first).await.unwrap();
    *older.stream.lock().unwrap() = Some(sender);
    let frames = ReceiverStream::new(events).map(Ok::<_, Infallible>);
    Response::builder()
        .header("content-type", "text/event-stream")
        .body(Body::from_stream(frames))
        .unwrap()
}

async fn take(
    State(older): State<Older>,
    Query(query): Query<HashMap<String, String>>,
    body: String,
) -> StatusCode {
    if query.get("s").map(String::as_str) != Some("7") {
        return StatusCode::BAD_REQUEST;
    }
    let told: Value = serde_json::from_str(&body).unwrap();
    older.told.lock().unwrap().push(told.clone());
    let result = match told["method"].as_str() {
        Some("initialize") => {
            json!({ "protocolVersion": "2024-11-05", "capabilities": { "tools": {} } })
        }
        Some("tools/list") => json!({ "tools": [{ "name": "a" }] }),
        _ => return StatusCode::ACCEPTED,
    };
    let ping = json!({ "jsonrpc": "2.0", "id": "p", "method": "ping" });
    let answer = json!({ "jsonrpc": "2.0", "id": told["id"], "result": result });
    let stream = older.stream.lock().unwrap().clone().unwrap();
    for message in [ping, answer] {
        let event = format!("event: message\ndata: {message}\n\n");
        stream.send(event).await.unwrap();
    }
    StatusCode::ACCEPTED
}

#[tokio::test]
async fn its_tools_are_read_over_its_stream_and_how_it_speaks_is_recorded() {
    let world = World::new().await;
    let ann = world.owner("acme").await;
    let (url, older, _listening) = Older::start("/message?s=7").await;
    let added = add(&world, &ann, "files", &url).await;
    assert_eq!(added["transport"], "streamable_http", "until it is known");
    let server = discover(&world, &ann, "files").await.expect(200);
    assert_eq!(
        (
            &server["status"],
            &server["tool_count"],
            &server["transport"]
        ),
        (&json!("ready"), &json!(1), &json!("sse"))
    );
    let told = older.told.lock().unwrap().clone();
    let methods: Vec<&str> = told
        .iter()
        .filter_map(|told| told["method"].as_str())
        .collect();
    assert_eq!(
        methods,
        ["initialize", "notifications/initialized", "tools/list"]
    );
    assert!(told.contains(&json!({ "jsonrpc": "2.0", "id": "p", "result": {} })));
    // Elsewhere it may speak otherwise.
    let moved = world
        .patch(
            &ann,
            &format!("{SERVERS}/files"),
            json!({ "url": "https://files.example/mcp" }),
        )
        .await
        .expect(200);
    assert_eq!(moved["transport"], "streamable_http");
}

#[tokio::test]
async fn an_endpoint_elsewhere_is_no_endpoint() {
    let world = World::new().await;
    let ann = world.owner("acme").await;
    let (canary, heard, _canary) = Older::start("/message?s=7").await;
    let elsewhere = canary.replace("/sse", "/message?s=7");
    let (url, _, _listening) = Older::start(&elsewhere).await;
    add(&world, &ann, "files", &url).await;
    let failed = discover(&world, &ann, "files").await.expect(502);
    assert!(
        failed["detail"].as_str().unwrap().contains("405"),
        "it says what the newer way met: {failed}"
    );
    let server = world
        .get(&ann, &format!("{SERVERS}/files"))
        .await
        .expect(200);
    assert_eq!(
        (&server["status"], &server["transport"]),
        (&json!("unreachable"), &json!("streamable_http"))
    );
    assert!(heard.told.lock().unwrap().is_empty());
}
