//! An OTLP collector at the world's edge: takes spans over HTTP and keeps their bytes.

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::routing::post;
use std::sync::{Arc, Mutex};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

#[derive(Debug)]
pub struct Collector {
    pub url: String,
    received: Arc<Mutex<Vec<u8>>>,
    task: JoinHandle<()>,
}

impl Collector {
    pub async fn start() -> Self {
        let received: Arc<Mutex<Vec<u8>>> = Arc::default();
        let router = Router::new()
            .route("/v1/traces", post(take))
            .with_state(received.clone());
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let task = tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self {
            url,
            received,
            task,
        }
    }

    /// All that was received, in protobuf: texts stand in it as they are.
    pub fn received(&self) -> Vec<u8> {
        self.received.lock().unwrap().clone()
    }

    pub fn holds(&self, text: &str) -> bool {
        self.received()
            .windows(text.len())
            .any(|window| window == text.as_bytes())
    }
}

impl Drop for Collector {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn take(State(received): State<Arc<Mutex<Vec<u8>>>>, body: Bytes) {
    received.lock().unwrap().extend_from_slice(&body);
}
