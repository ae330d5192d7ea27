//! A real receiver of webhooks, which answers as it is told to; and an organisation that has one.

use crate::desk::Desk;
use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use control_plane::webhook::outbox;
use serde_json::{Value, json};
use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

#[derive(Clone, Debug)]
pub enum Reply {
    Status(u16),
    Redirect(String),
    /// The connection stands, and nothing comes.
    Never,
}

#[derive(Clone, Debug)]
pub struct Got {
    pub headers: HeaderMap,
    pub body: Bytes,
}

impl Got {
    pub fn header(&self, name: &str) -> &str {
        self.headers[name].to_str().unwrap()
    }

    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }
}

#[derive(Default)]
struct Inner {
    got: Mutex<Vec<Got>>,
    replies: Mutex<VecDeque<Reply>>,
    changed: tokio::sync::Notify,
}

#[derive(Clone)]
pub struct Receiver {
    pub url: String,
    inner: Arc<Inner>,
}

impl Receiver {
    /// Answers with these first, and 204 afterwards.
    pub async fn start(replies: impl IntoIterator<Item = Reply>) -> Self {
        let inner = Arc::new(Inner {
            replies: Mutex::new(replies.into_iter().collect()),
            ..Inner::default()
        });
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!(
            "http://{}/hook-that-nobody-knows",
            listener.local_addr().unwrap()
        );
        let router = Router::new().fallback(take).with_state(inner.clone());
        tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self { url, inner }
    }

    pub fn got(&self) -> Vec<Got> {
        self.inner.got.lock().unwrap().clone()
    }

    /// The kinds of events, in the order in which they came.
    pub fn kinds(&self) -> Vec<String> {
        let got = self.got();
        let kinds = got
            .iter()
            .map(|got| got.json()["type"].as_str().unwrap().to_owned());
        kinds.collect()
    }

    /// Waits until so many have come.
    pub async fn has(&self, count: usize) {
        loop {
            let next = self.inner.changed.notified();
            if self.got().len() >= count {
                return;
            }
            next.await;
        }
    }
}

async fn take(State(inner): State<Arc<Inner>>, headers: HeaderMap, body: Bytes) -> Response {
    inner.got.lock().unwrap().push(Got { headers, body });
    inner.changed.notify_waiters();
    let reply = inner.replies.lock().unwrap().pop_front();
    match reply.unwrap_or(Reply::Status(204)) {
        Reply::Status(status) => (
            StatusCode::from_u16(status).unwrap(),
            format!("status {status}, says it"),
        )
            .into_response(),
        Reply::Redirect(to) => {
            (StatusCode::TEMPORARY_REDIRECT, [(header::LOCATION, to)]).into_response()
        }
        Reply::Never => std::future::pending().await,
    }
}

impl Desk {
    /// A webhook to this address; its id and its secret.
    pub async fn webhook(&self, name: &str, url: &str) -> (String, String) {
        let body = json!({ "name": name, "url": url });
        let made = self.world.post(&self.owner, "/v1/orgs/acme/webhooks", body);
        let made = made.await.expect(201);
        let said = |key: &str| made[key].as_str().unwrap().to_owned();
        (said("id"), said("secret"))
    }

    /// Sends what is due; answers how many attempts that were.
    pub async fn deliver(&self) -> usize {
        outbox::deliver(&self.world.app).await.unwrap()
    }

    /// The log of a webhook, oldest first.
    pub async fn log(&self, webhook: &str) -> Vec<Value> {
        let path = format!("/v1/orgs/acme/webhooks/{webhook}/deliveries?limit=200");
        let page = self.world.get(&self.owner, &path).await.expect(200);
        let mut items = page["items"].as_array().unwrap().clone();
        items.reverse();
        items
    }

    pub async fn shown(&self, webhook: &str) -> Value {
        let path = format!("/v1/orgs/acme/webhooks/{webhook}");
        self.world.get(&self.owner, &path).await.expect(200)
    }
}
