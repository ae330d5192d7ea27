//! Providers that are slow, or not there, and those beside them.

use crate::world::{Who, World};
use axum::Router;
use axum::routing::get;
use control_plane::oidc::Provider;
use serde_json::json;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::sync::Notify;
use tokio::task::JoinHandle;

/// A provider at the world's edge.
pub struct Edge {
    pub provider: Provider,
    /// How often it was asked what it says of itself.
    asked: Arc<AtomicUsize>,
    is_asked: Arc<Notify>,
    task: JoinHandle<()>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Behaves {
    Well,
    /// Takes the question and says nothing.
    Slowly,
    /// Answers what is none.
    Badly,
}

impl Drop for Edge {
    fn drop(&mut self) {
        self.task.abort();
    }
}

pub async fn provider(name: &str, behaves: Behaves) -> Edge {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let issuer = format!("http://{}", listener.local_addr().unwrap());
    let (asked, is_asked) = (Arc::new(AtomicUsize::new(0)), Arc::new(Notify::new()));
    let metadata = json!({ "issuer": issuer, "authorization_endpoint": format!("{issuer}/auth"),
        "token_endpoint": format!("{issuer}/token"), "jwks_uri": format!("{issuer}/keys") });
    let (count, word) = (asked.clone(), is_asked.clone());
    let about = move || {
        let metadata = metadata.to_string();
        count.fetch_add(1, Ordering::Relaxed);
        word.notify_one();
        async move {
            match behaves {
                Behaves::Well => metadata,
                Behaves::Badly => "no".to_owned(),
                Behaves::Slowly => std::future::pending().await,
            }
        }
    };
    let router = Router::new()
        .route("/.well-known/openid-configuration", get(about))
        .route("/keys", get(|| async { r#"{"keys":[]}"# }));
    let task = tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
    Edge {
        provider: Provider {
            name: name.to_owned(),
            title: name.to_owned(),
            issuer: issuer.parse().unwrap(),
            issuer_text: issuer,
            client_id: "gate".to_owned(),
            client_secret: None,
        },
        asked,
        is_asked,
        task,
    }
}

#[tokio::test]
async fn a_provider_that_says_nothing_keeps_nobody_from_another() {
    let slow = provider("slow", Behaves::Slowly).await;
    let corp = provider("corp", Behaves::Well).await;
    let all = vec![slow.provider.clone(), corp.provider.clone()];
    let world = Arc::new(World::with(|config| config.providers = all).await);
    let waiting = tokio::spawn({
        let world = world.clone();
        async move { world.get(&Who::default(), "/v1/login/oidc/slow").await }
    });
    slow.is_asked.notified().await;
    let left = world.get(&Who::default(), "/v1/login/oidc/corp").await;
    assert_eq!(left.status, 303, "{}", left.text);
    assert!(!waiting.is_finished(), "the other waits still");
    waiting.abort();
}

#[tokio::test]
async fn a_provider_that_did_not_answer_as_it_should_is_left_alone_for_ten_seconds() {
    let bad = provider("bad", Behaves::Badly).await;
    let world = World::with(|config| config.providers = vec![bad.provider.clone()]).await;
    for (later, asked) in [(0, 1), (0, 1), (9, 1), (1, 2), (0, 2)] {
        world.clock.advance(Duration::from_secs(later));
        let answer = world.get(&Who::default(), "/v1/login/oidc/bad").await;
        answer.expect(503);
        assert_eq!(bad.asked.load(Ordering::Relaxed), asked);
    }
}
