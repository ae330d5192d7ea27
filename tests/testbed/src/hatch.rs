//! A small proxy before the control plane, that a replica talks through. What is asked at one path can be kept from its
//! asker: it has been done over there, and nobody is told.

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{DefaultBodyLimit, State};
use axum::http::{HeaderMap, Method, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use std::io;
use std::sync::{Arc, Mutex};
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;

#[derive(Debug)]
pub struct Hatch {
    url: String,
    shared: Arc<Shared>,
    task: JoinHandle<()>,
}

/// What becomes of the next answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Next {
    Passed,
    Kept,
    Lost,
}

#[derive(Debug)]
struct Shared {
    to: String,
    path: &'static str,
    client: reqwest::Client,
    next: Mutex<Next>,
    /// Answers that are kept just now.
    kept: watch::Sender<usize>,
    /// Answers that were lost.
    lost: watch::Sender<usize>,
}

impl Hatch {
    /// Before this address, watching this path.
    pub async fn before(to: &str, path: &'static str) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let shared = Arc::new(Shared {
            to: to.to_owned(),
            path,
            client: reqwest::Client::new(),
            next: Mutex::new(Next::Passed),
            kept: watch::Sender::new(0),
            lost: watch::Sender::new(0),
        });
        let router = Router::new()
            .fallback(pass)
            .layer(DefaultBodyLimit::disable())
            .with_state(Arc::clone(&shared));
        let task = tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self { url, shared, task }
    }

    pub fn url(&self) -> &str {
        &self.url
    }

    /// The next answer is kept for good.
    pub fn keep_next(&self) {
        *self.shared.next.lock().unwrap() = Next::Kept;
    }

    /// The next answer breaks off on its way.
    pub fn lose_next(&self) {
        *self.shared.next.lock().unwrap() = Next::Lost;
    }

    /// Waits until an answer is kept: what was asked has been done.
    pub async fn has_kept(&self) {
        let mut kept = self.shared.kept.subscribe();
        kept.wait_for(|kept| *kept > 0).await.unwrap();
    }

    /// How many answers were lost.
    pub fn lost(&self) -> usize {
        *self.shared.lost.borrow()
    }
}

impl Drop for Hatch {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn pass(
    State(shared): State<Arc<Shared>>,
    method: Method,
    uri: Uri,
    mut headers: HeaderMap,
    body: Bytes,
) -> Response {
    headers.remove(header::HOST);
    headers.remove(header::CONTENT_LENGTH);
    let path = uri.path_and_query().map_or("/", |path| path.as_str());
    let request = shared
        .client
        .request(method, format!("{}{path}", shared.to))
        .headers(headers)
        .body(body);
    let answer = match request.send().await {
        Ok(answer) => answer,
        Err(error) => return (StatusCode::BAD_GATEWAY, error.to_string()).into_response(),
    };
    let (status, kind) = (
        answer.status(),
        answer.headers().get(header::CONTENT_TYPE).cloned(),
    );
    let Ok(bytes) = answer.bytes().await else {
        return StatusCode::BAD_GATEWAY.into_response();
    };
    let mut next = Next::Passed;
    if uri.path() == shared.path {
        std::mem::swap(&mut next, &mut *shared.next.lock().unwrap());
    }
    let body = match next {
        Next::Passed => Body::from(bytes),
        Next::Kept => {
            shared.kept.send_modify(|kept| *kept += 1);
            std::future::pending().await
        }
        Next::Lost => {
            shared.lost.send_modify(|lost| *lost += 1);
            let broken = Err::<Bytes, _>(io::Error::other("lost on purpose"));
            Body::from_stream(futures_util::stream::iter([broken]))
        }
    };
    let mut response = (status, body).into_response();
    if let Some(kind) = kind {
        response.headers_mut().insert(header::CONTENT_TYPE, kind);
    }
    response
}
