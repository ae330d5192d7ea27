//! A fake server of 2024-11-05: an event stream, and an address to post to that it names there.

use super::session::{AGREED, Streams};
use super::upstream::{self, Said, Saw, Upstream, event};
use super::{Plan, World, plan};
use http::Method;
use std::sync::Arc;

/// Answers `initialize` by itself; what else it says on its streams the test writes.
pub async fn server() -> (Upstream, Streams) {
    naming("/message?s=7").await
}

/// The same, with this as its endpoint.
pub async fn naming(endpoint: &'static str) -> (Upstream, Streams) {
    let streams: Streams = Arc::default();
    let kept = Arc::clone(&streams);
    let upstream = Upstream::new(move |saw: Saw| {
        let streams = Arc::clone(&kept);
        async move { answer(&streams, endpoint, &saw).await }
    })
    .await;
    (upstream, streams)
}

async fn answer(streams: &Streams, endpoint: &str, saw: &Saw) -> Said {
    if saw.head.method == Method::GET {
        let (sender, said) = upstream::stream();
        let first = format!("event: endpoint\ndata: {endpoint}\n\n");
        sender.send(first).await.unwrap();
        streams.lock().unwrap().push(sender);
        return said;
    }
    if saw.head.uri != *endpoint {
        return upstream::status(405, "");
    }
    if saw.method() == "initialize" {
        let asked: serde_json::Value = serde_json::from_slice(&saw.body).unwrap();
        let agreed = AGREED.replace(r#""id":0"#, &format!(r#""id":{}"#, asked["id"]));
        let stream = streams.lock().unwrap().last().unwrap().clone();
        stream.send(event(&agreed)).await.unwrap();
    }
    upstream::status(202, "Accepted")
}

pub async fn world(upstream: Upstream) -> World {
    World::new(
        Plan {
            change: Box::new(|bundle| bundle.servers[0].transport = bundle::Transport::Sse),
            ..plan()
        },
        upstream,
    )
    .await
}
