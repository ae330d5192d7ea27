//! What strangers, and callers who have gone bad, do to a replica; how much memory it takes them; and whether the others
//! are served meanwhile.

pub mod attack;
pub mod frames;
pub mod hostile;

use attack::Target;
use serde_json::json;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;
use testbed::{Installation, Org, Raw, Replica, Stub, resident, until};
use tokio::task::JoinHandle;

/// How much of each attack there is.
#[derive(Debug, Clone, Copy)]
pub struct Force {
    pub connections: usize,
    pub resets: usize,
    pub streams: usize,
}

#[derive(Debug, Clone)]
pub struct Survived {
    pub attack: &'static str,
    /// Resident bytes when all began, and at their most during this attack.
    pub before: u64,
    pub most: u64,
    /// Of the others, in the meantime.
    pub calls: u64,
}

impl Survived {
    pub fn grown(&self) -> u64 {
        self.most.saturating_sub(self.before)
    }
}

/// Two organisations on one replica: `acme` works, `evil` attacks.
#[derive(Debug)]
pub struct Siege {
    _installation: Installation,
    replica: Replica,
    acme: Org,
    token: String,
    target: Arc<Target>,
    _work: Stub,
    hostile: JoinHandle<()>,
    before: u64,
}

impl Siege {
    pub async fn start() -> Self {
        let (say, said) = tokio::sync::oneshot::channel();
        let hostile = tokio::spawn(hostile::serve(move |url| {
            say.send(url).expect("somebody waits for it");
        }));
        let url = said.await.expect("the hostile server says where it is");
        let installation = Installation::start().await;
        let work = Stub::start(&["work"]).await;
        let policy = json!({ "version": "1", "default": "allow" });
        let mut tokens = Vec::new();
        let mut orgs = Vec::new();
        for (slug, url) in [("acme", &work.url), ("evil", &url)] {
            let org = installation.org(slug).await;
            org.server("jobs", url).await;
            org.policy("all", &policy).await;
            tokens.push(org.grant("agent", "jobs", "all").await.1);
            orgs.push(org);
        }
        let replica = installation.replica("besieged", None).await;
        for org in &orgs {
            until("the policy", || org.enforced(1)).await;
        }
        let (evil, acme) = (orgs.pop().expect("two"), orgs.pop().expect("two"));
        let target = Arc::new(Target {
            address: replica.address(),
            path: format!("/{}/jobs/mcp", evil.slug),
            token: tokens.pop().expect("two"),
        });
        let mut siege = Self {
            _installation: installation,
            before: 0,
            token: tokens.pop().expect("two"),
            replica,
            acme,
            target,
            _work: work,
            hostile,
        };
        // What is made once is made now.
        siege.serves(64).await;
        siege.before = siege.replica.process.resident();
        siege
    }

    /// Every attack after the other.
    pub async fn endure(&self, force: Force) -> Vec<Survived> {
        let (target, many) = (&self.target, force.connections);
        vec![
            self.under("slow headers", attack::slow_headers(target, many))
                .await,
            self.under("slow bodies", attack::slow_bodies(target, many))
                .await,
            self.under("long headers", attack::long_headers(target, many))
                .await,
            self.under("endless headers", attack::continuations(target, many / 10))
                .await,
            self.under("resets", attack::resets(target, force.resets))
                .await,
            self.under("pings and settings", attack::pings(target, force.resets))
                .await,
            self.under(
                "endless event",
                attack::unread(target, "endless_event", force.streams),
            )
            .await,
            self.under(
                "endless events",
                attack::unread(target, "endless_events", force.streams),
            )
            .await,
            self.under(
                "dripping event",
                attack::unread(target, "dripping", force.streams),
            )
            .await,
            self.under(
                "large answers",
                attack::unread(target, "large", force.streams),
            )
            .await,
            self.under(
                "packed answers",
                attack::unread(target, "bomb", force.streams),
            )
            .await,
            self.under(
                "wide answers",
                attack::unread(target, "wide", force.streams),
            )
            .await,
            self.under("wide questions", attack::wide_bodies(target, force.streams))
                .await,
        ]
    }

    async fn under(&self, name: &'static str, attack: impl Future<Output = ()>) -> Survived {
        let (over, calls) = (
            Arc::new(AtomicBool::new(false)),
            Arc::new(AtomicU64::new(0)),
        );
        let others: Vec<JoinHandle<()>> = (0..4)
            .map(|_| {
                let (over, calls) = (Arc::clone(&over), Arc::clone(&calls));
                let client = self.client();
                tokio::spawn(async move {
                    while !over.load(Ordering::Relaxed) {
                        works(&client).await;
                        calls.fetch_add(1, Ordering::Relaxed);
                    }
                })
            })
            .collect();
        let most = Arc::new(AtomicU64::new(0));
        let watch = tokio::spawn({
            let (most, pid) = (Arc::clone(&most), self.replica.process.id());
            async move {
                let mut look = tokio::time::interval(Duration::from_millis(50));
                loop {
                    look.tick().await;
                    most.fetch_max(resident(pid).unwrap_or(0), Ordering::Relaxed);
                }
            }
        });
        attack.await;
        over.store(true, Ordering::Relaxed);
        for other in others {
            other.await.expect("every call of the others is answered");
        }
        watch.abort();
        Survived {
            attack: name,
            before: self.before,
            most: most.load(Ordering::Relaxed),
            calls: calls.load(Ordering::Relaxed),
        }
    }

    fn client(&self) -> Raw {
        Raw::new(&self.replica.mcp(&self.acme, "jobs"), Some(&self.token))
    }

    async fn serves(&self, calls: usize) {
        let client = self.client();
        for _ in 0..calls {
            works(&client).await;
        }
    }
}

impl Drop for Siege {
    fn drop(&mut self) {
        self.hostile.abort();
    }
}

async fn works(client: &Raw) {
    let answer = client.call("work", json!({})).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    assert!(answer.text().starts_with("done"), "{answer:?}");
}
