//! Follows the feed: asks what is new, fetches it, and says what became of it. What that is, is `apply`'s.

use super::apply::{Applier, Wanted};
use super::disk::Disk;
use super::hold::Holder;
use super::link::{ControlPlane, LinkError};
use crate::budget::{Fills, Fleet};
use crate::record::Recorder;
use bundle::Signed;
use bundle::feed::{Ack, Heard, LimiterKind, Report};
use bytes::Bytes;
use futures_util::StreamExt;
use host::clock::{Clock, Random};
use ids::OrgId;
use seal::VerifyingKey;
use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::Notify;

const HEARTBEAT: Duration = Duration::from_secs(5);
const AT_ONCE: usize = 8;
/// Of one report: a replica that begins with many organisations says so in several.
const MOST_ACKS: usize = 1_000;
const SHORTEST_PAUSE: Duration = Duration::from_millis(200);
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

#[derive(Clone, Debug)]
pub struct Fetcher(Arc<Inner>);

struct Inner {
    link: ControlPlane,
    applier: Applier,
    address: String,
    limiter: LimiterKind,
    recorder: Recorder,
    clock: Clock,
    /// What the control plane has not been told yet.
    unsaid: Mutex<HashMap<OrgId, Ack>>,
    applied: Notify,
    /// The feed has answered since the start.
    is_fresh: AtomicBool,
    fleet: Arc<Fleet>,
    fills: Arc<Fills>,
}

impl std::fmt::Debug for Inner {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Fetcher")
            .field("link", &self.link)
            .finish_non_exhaustive()
    }
}

/// What a fetcher works with.
#[derive(Debug)]
pub struct Parts {
    pub link: ControlPlane,
    pub holder: Arc<Holder>,
    pub disk: Disk,
    pub keys: Vec<VerifyingKey>,
    /// Where this replica is reached.
    pub address: String,
    pub limiter: LimiterKind,
    /// What it writes down, which the control plane is told the end of.
    pub recorder: Recorder,
}

impl Fetcher {
    pub fn new(parts: Parts, clock: Clock, random: Random) -> Self {
        let Parts {
            link,
            holder,
            disk,
            keys,
            address,
            limiter,
            recorder,
        } = parts;
        Self(Arc::new(Inner {
            link,
            applier: Applier {
                holder,
                disk,
                keys,
                random,
            },
            address,
            limiter,
            recorder,
            clock,
            unsaid: Mutex::default(),
            applied: Notify::new(),
            is_fresh: AtomicBool::new(false),
            fleet: Arc::default(),
            fills: Arc::default(),
        }))
    }

    /// Among how many replicas a shared budget is split while Redis is away.
    pub fn fleet(&self) -> Arc<Fleet> {
        self.0.fleet.clone()
    }

    /// What calls find of their budgets, for the next report.
    pub fn fills(&self) -> Arc<Fills> {
        self.0.fills.clone()
    }

    /// Calls can be judged: the feed has answered, or a snapshot was good.
    pub fn is_ready(&self) -> bool {
        self.0.is_fresh.load(Ordering::Relaxed) || !self.0.applier.holder.orgs().is_empty()
    }

    /// Puts the snapshot in force; answers how many organisations that were.
    pub fn start_from_disk(&self) -> Result<usize, super::DiskError> {
        if let Some(fleet) = self.0.applier.disk.load_fleet() {
            self.0.fleet.restore(&fleet);
        }
        self.0.applier.start_from_disk()
    }

    /// Follows the feed until dropped. Without a control plane, what is held goes on being enforced.
    pub async fn follow(&self) {
        let mut cursor = None;
        let mut failures = 0_u32;
        loop {
            match self.round(cursor).await {
                Ok(next) => (cursor, failures) = (Some(next), 0),
                Err(error) => {
                    failures = failures.saturating_add(1);
                    let pause = self.pause(failures);
                    tracing::warn!(%error, ?pause, "the feed did not answer");
                    tokio::time::sleep(pause).await;
                }
            }
        }
    }

    /// Tells the control plane that this replica lives and what it has applied, now and then and after each change.
    pub async fn report(&self) {
        loop {
            let acks: Vec<Ack> = self.unsaid().values().take(MOST_ACKS).cloned().collect();
            let report = Report {
                address: self.0.address.clone(),
                software: format!("portcullis/{}", env!("CARGO_PKG_VERSION")),
                limiter: self.0.limiter,
                is_stale: !self.0.is_fresh.load(Ordering::Relaxed),
                acks,
                // Lost where the report is: the next call under such a limit tells it again.
                fills: self.0.fills.take(),
                spool: Some(self.0.recorder.spooled()),
            };
            match self.0.link.report(&report).await {
                Ok(heard) => {
                    if self.said(&report.acks) > 0 {
                        self.0.applied.notify_one();
                    }
                    self.learn(heard).await;
                }
                Err(error) => tracing::debug!(%error, "the report was not taken"),
            }
            let _ = tokio::time::timeout(HEARTBEAT, self.0.applied.notified()).await;
        }
    }

    /// Among how many budgets are split, should Redis go; kept for a start that nobody answers.
    async fn learn(&self, heard: Heard) {
        let Heard { replicas, rank } = heard;
        if !self.0.fleet.heard(replicas, rank) {
            return;
        }
        tracing::info!(replicas, rank, "fleet");
        let this = self.clone();
        let kept = tokio::task::spawn_blocking(move || {
            let Applier { disk, random, .. } = &this.0.applier;
            disk.keep_fleet(&this.0.fleet.kept(), random.bytes())
        });
        if let Ok(Err(error)) = kept.await {
            tracing::error!(%error, "what is known of the fleet was not kept");
        }
    }

    async fn round(&self, cursor: Option<u64>) -> Result<u64, LinkError> {
        let feed = self.0.link.feed(cursor).await?;
        let Wanted { bundles, held } = self.0.applier.wanted(&feed);
        for ack in held {
            self.say(ack);
        }
        let fetched = futures_util::stream::iter(bundles).map(|signed| async move {
            let bytes = self.0.link.bundle(&signed).await;
            (signed, bytes)
        });
        let mut fetched = std::pin::pin!(fetched.buffer_unordered(AT_ONCE));
        let (mut failed, mut in_a_row) = (None, 0);
        while let Some((signed, bytes)) = fetched.next().await {
            // One that cannot be fetched must not keep the others waiting. It is named again by the same cursor.
            match self.took(signed, bytes).await {
                Ok(()) => in_a_row = 0,
                Err(error) => {
                    in_a_row += 1;
                    failed.get_or_insert(error);
                }
            }
            if in_a_row >= AT_ONCE {
                break;
            }
        }
        if let Some(error) = failed {
            return Err(error);
        }
        self.0.is_fresh.store(true, Ordering::Relaxed);
        self.0.applier.holder.confirm(self.0.clock.unix_ms());
        Ok(feed.cursor)
    }

    async fn took(&self, signed: Signed, came: Result<Bytes, LinkError>) -> Result<(), LinkError> {
        let (org, version) = (signed.statement.org, signed.statement.version);
        let this = self.clone();
        // Compiling and the disk are work for another thread: calls go on meanwhile.
        let took = tokio::task::spawn_blocking(move || this.0.applier.took(&signed, came)).await;
        let ack = took.unwrap_or_else(|error| {
            let error = format!("applying it failed: {error}");
            Ok(Some(self.0.applier.judged(org, version, Some(error))))
        })?;
        if let Some(ack) = ack {
            self.say(ack);
        }
        Ok(())
    }

    fn say(&self, ack: Ack) {
        self.unsaid().insert(ack.org, ack);
        self.0.applied.notify_one();
    }

    /// Answers how many are left to be said.
    fn said(&self, acks: &[Ack]) -> usize {
        let mut unsaid = self.unsaid();
        for ack in acks {
            if unsaid.get(&ack.org) == Some(ack) {
                unsaid.remove(&ack.org);
            }
        }
        unsaid.len()
    }

    fn unsaid(&self) -> std::sync::MutexGuard<'_, HashMap<OrgId, Ack>> {
        self.0.unsaid.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Doubles with every failure, with chance in it, so that replicas do not come back all at once.
    fn pause(&self, failures: u32) -> Duration {
        let most = SHORTEST_PAUSE
            .saturating_mul(2_u32.saturating_pow(failures.min(10)))
            .min(LONGEST_PAUSE);
        let [chance] = self.0.applier.random.bytes::<1>();
        most.mul_f64(0.5 + f64::from(chance) / 512.0)
    }
}
