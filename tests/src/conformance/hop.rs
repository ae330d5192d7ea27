//! A hop on the loopback before the gateway, for a client that cannot send a token: adds it, and changes nothing else.

use axum::Router;
use axum::body::Body;
use axum::extract::State;
use axum::http::header::AUTHORIZATION;
use axum::http::{HeaderValue, Request, StatusCode, Uri, uri};
use axum::response::{IntoResponse, Response};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

#[derive(Debug)]
pub struct Hop {
    pub url: String,
    task: JoinHandle<()>,
}

#[derive(Debug)]
struct Beyond {
    client: Client<HttpConnector, Body>,
    token: HeaderValue,
    targets: Vec<Uri>,
    next: AtomicUsize,
}

impl Hop {
    /// Before all of `targets`: each request goes to the next of them, as no balancer with any sense would do it.
    pub async fn start(targets: &[String], token: &str) -> Self {
        let targets = targets
            .iter()
            .map(|target| target.parse().expect("a target is an address"));
        let beyond = Arc::new(Beyond {
            client: Client::builder(TokioExecutor::new()).build_http(),
            token: HeaderValue::from_str(&format!("Bearer {token}"))
                .expect("a token fits a header"),
            targets: targets.collect(),
            next: AtomicUsize::new(0),
        });
        let router = Router::new().fallback(pass).with_state(beyond);
        let listener = TcpListener::bind(("127.0.0.1", 0))
            .await
            .expect("the loopback has a port");
        // By its name, as people write it: what the gateway sees in `Host` is not its own address.
        let port = listener
            .local_addr()
            .expect("a listener has an address")
            .port();
        let url = format!("http://localhost:{port}/mcp");
        let task =
            tokio::spawn(async move { axum::serve(listener, router).await.expect("axum serves") });
        Self { url, task }
    }
}

impl Drop for Hop {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Bodies stream both ways, and whoever hangs up on one side has hung up on the other.
async fn pass(State(beyond): State<Arc<Beyond>>, mut request: Request<Body>) -> Response {
    let turn = beyond.next.fetch_add(1, Ordering::Relaxed) % beyond.targets.len();
    let mut parts: uri::Parts = beyond.targets[turn].clone().into();
    if request.uri().path() != "/mcp" {
        parts.path_and_query = request.uri().path_and_query().cloned();
    }
    *request.uri_mut() = Uri::from_parts(parts).expect("an address with another path is one");
    request
        .headers_mut()
        .insert(AUTHORIZATION, beyond.token.clone());
    match beyond.client.request(request).await {
        Ok(response) => response.map(Body::new),
        Err(error) => (
            StatusCode::BAD_GATEWAY,
            format!("the gateway did not answer: {error}"),
        )
            .into_response(),
    }
}

#[cfg(test)]
mod tests;
