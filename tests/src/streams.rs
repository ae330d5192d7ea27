//! Open event streams by the thousand through one replica, and what each of them costs it in memory.
//!
//! What a stream costs is the growth of the replica's resident memory, both of its connections included: to the client and
//! to the MCP server. What the kernel holds for sockets is not in it.

pub mod client;
pub mod upstream;

use client::Open;
use futures_util::{StreamExt, TryStreamExt};
use serde_json::json;
use std::sync::Arc;
use std::time::Duration;
use testbed::{Installation, Org, Replica, free_port, until};

/// Opened before the first look, so that what a replica makes once is not counted as a stream's.
const WARM: usize = 20;
/// Being opened at the same time.
const AT_ONCE: usize = 32;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// The standing stream of a legacy session.
    Get,
    /// A subscription of the modern era.
    Listen,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wire {
    Http1,
    Http2,
}

#[derive(Debug, Clone, Copy)]
pub struct Measured {
    pub streams: usize,
    /// Resident bytes with [`WARM`] streams open, and with all of them.
    pub before: u64,
    pub after: u64,
}

impl Measured {
    pub fn bytes_per_stream(&self) -> u64 {
        self.after.saturating_sub(self.before) / self.streams as u64
    }
}

/// A control plane, and one organisation with one server.
#[derive(Debug)]
pub struct Bench {
    installation: Installation,
    org: Org,
    token: String,
    replicas: usize,
}

impl Bench {
    pub async fn start(upstream: &str) -> Self {
        let installation = Installation::start().await;
        let org = installation.org("acme").await;
        org.server("events", upstream).await;
        let policy = json!({ "version": "1", "default": "allow" });
        org.policy("all", &policy).await;
        let (_, token) = org.grant("agent", "events", "all").await;
        Self {
            installation,
            org,
            token,
            replicas: 0,
        }
    }

    /// What `streams` idle streams cost a replica that has just been started.
    pub async fn measure(&mut self, kind: Kind, wire: Wire, streams: usize) -> Measured {
        let (replica, metrics) = self.replica(streams + WARM).await;
        let target = Arc::new(client::Target {
            address: replica.address(),
            path: format!("/{}/events/mcp", self.org.slug),
            token: self.token.clone(),
            kind,
        });
        let warm = open(&target, wire, WARM).await;
        are_open(&metrics, WARM).await;
        let before = replica.process.resident();
        let mut more = open(&target, wire, streams).await;
        are_open(&metrics, WARM + streams).await;
        // Every stream has been used once more: the gateway's own sign of life has gone through the last of them.
        if let Some(last) = more.last_mut() {
            last.sign_of_life().await;
        }
        let after = replica.process.resident();
        drop((warm, more));
        Measured {
            streams,
            before,
            after,
        }
    }

    /// A fresh replica that lets one grant have so many streams, and where its metrics are.
    async fn replica(&mut self, streams: usize) -> (Replica, String) {
        self.replicas += 1;
        let (port, most) = (free_port(), (streams * 4).to_string());
        let metrics = format!("127.0.0.1:{port}");
        let variables = [
            ("PORTCULLIS_METRICS_LISTEN", metrics.as_str()),
            ("PORTCULLIS_STREAMS", &most),
            ("PORTCULLIS_ORG_STREAMS", &most),
            ("PORTCULLIS_GRANT_STREAMS", &most),
            ("PORTCULLIS_LOG", "warn"),
        ];
        let name = format!("streams-{}", self.replicas);
        let (replica, url) = self.installation.replica_not_ready(&name, None, &variables);
        let client = asks();
        until("the replica", || async {
            let ready = client.get(format!("{url}/readyz")).send().await.ok()?;
            ready.status().is_success().then_some(())
        })
        .await;
        until("the policy", || self.org.enforced(1)).await;
        (replica, format!("http://127.0.0.1:{port}/metrics"))
    }
}

async fn open(target: &Arc<client::Target>, wire: Wire, streams: usize) -> Vec<Open> {
    // Of HTTP/2, one connection takes as many as a gateway takes on one.
    let each = match wire {
        Wire::Http1 => 1,
        Wire::Http2 => 100,
    };
    let connections = (0..streams).step_by(each).map(|first| {
        let (target, many) = (Arc::clone(target), each.min(streams - first));
        async move {
            match wire {
                Wire::Http1 => client::http1(&target).await.map(|stream| vec![stream]),
                Wire::Http2 => client::http2(&target, many).await,
            }
        }
    });
    let opened: Vec<Vec<Open>> = futures_util::stream::iter(connections)
        .buffer_unordered(AT_ONCE)
        .try_collect()
        .await
        .expect("every stream opens");
    opened.into_iter().flatten().collect()
}

/// What asks a replica about itself: on loopback, and answered at once or not at all.
fn asks() -> reqwest::Client {
    let client = reqwest::Client::builder().timeout(Duration::from_secs(5));
    client
        .build()
        .expect("a client without settings of its own")
}

async fn are_open(metrics: &str, streams: usize) {
    let line = format!("portcullis_call_open_streams{{plane=\"data-plane\"}} {streams}");
    let client = asks();
    until(&line, || async {
        let said = client.get(metrics).send().await.ok()?.text().await.ok()?;
        said.lines().any(|said| said == line).then_some(())
    })
    .await;
}
