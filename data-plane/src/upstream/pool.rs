//! One pool of connections for each organisation, server and version of its credential; never shared between two.
//!
//! A changed URL, credential or deadline makes a new pool, with a breaker that knows nothing of the old one's failures; calls
//! under way keep the old one until they end. What no bundle names any more goes within half a minute.

use super::bridge::Bridge;
use super::lanes::Lanes;
use super::turn::MANNER;
use crate::breaker::Breaker;
use crate::bundles::Holder;
use crate::caller::may_enter;
use crate::gateway::Gateway;
use crate::relay::Aside;
use crate::seats::Seats;
use bundle::credential::{Sealed, Secrets, may_be_stored};
use bundle::{Server, Transport};
use egress::{Connector, Egress, Https, Lookup};
use http::Uri;
use http::header::{HeaderMap, HeaderName, HeaderValue};
use ids::{OrgId, ServerId};
use seal::KeyRing;
use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::Duration;
use tokio::time::{Instant, MissedTickBehavior};

/// Pools kept at once; the one longest unused makes room.
const MOST_POOLS: usize = 20_000;
/// One unused for so long goes; the next call makes it anew.
const LONGEST_UNUSED: Duration = Duration::from_mins(10);
const SWEEP: Duration = Duration::from_secs(30);

#[derive(Debug)]
pub struct Upstreams {
    tls: rustls::ClientConfig,
    egress: Arc<Egress>,
    lookup: Lookup,
    keys: KeyRing,
    /// Of bridged sessions: what they hold, and where what is long in them is read.
    seats: Seats,
    aside: Aside,
    pools: RwLock<HashMap<(OrgId, ServerId), Arc<Upstream>>>,
    since: Instant,
    /// How often a breaker has opened.
    rests: Arc<AtomicU64>,
}

/// A server within reach: its address, its pool, what to tell it and what not to pass on.
pub struct Upstream {
    pub(super) uri: Uri,
    pub(super) lanes: Lanes,
    pub(super) headers: HeaderMap,
    pub secrets: Secrets,
    pub(super) breaker: Mutex<Breaker>,
    server: ServerId,
    bridge: Option<Bridge>,
    made_of: MadeOf,
    made_at: Instant,
    /// Milliseconds of the pools' own time.
    last_use: AtomicU64,
    rests: Arc<AtomicU64>,
}

#[derive(Debug)]
struct MadeOf {
    url: String,
    credential: Option<Sealed>,
    connect_ms: u64,
    transport: Transport,
}

impl MadeOf {
    fn of(server: &Server) -> Self {
        Self {
            url: server.url.clone(),
            credential: server.credential.clone(),
            connect_ms: server.timeouts.connect_ms,
            transport: server.transport,
        }
    }

    fn is_of(&self, server: &Server) -> bool {
        self.url == server.url
            && self.credential == server.credential
            && self.connect_ms == server.timeouts.connect_ms
            && self.transport == server.transport
    }
}

/// The server's entry cannot be used; nothing was sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Unusable {
    #[error("its address cannot be used")]
    Url,
    #[error("its credential cannot be opened")]
    Credential,
}

impl Upstreams {
    pub fn new(egress: Egress, keys: KeyRing, lookup: Lookup, seats: Seats, aside: Aside) -> Self {
        Self::trusting(egress::platform_tls(), egress, keys, lookup, seats, aside)
    }

    /// The same, with another's idea of whom TLS trusts.
    pub fn trusting(
        tls: rustls::ClientConfig,
        egress: Egress,
        keys: KeyRing,
        lookup: Lookup,
        seats: Seats,
        aside: Aside,
    ) -> Self {
        Self {
            tls,
            egress: Arc::new(egress),
            lookup,
            keys,
            seats,
            aside,
            pools: RwLock::default(),
            since: Instant::now(),
            rests: Arc::default(),
        }
    }

    /// The pool of this server as the bundle describes it now.
    pub fn reach(&self, org: OrgId, server: &Server) -> Result<Arc<Upstream>, Unusable> {
        let key = (org, server.id);
        let now = self.now_ms();
        {
            let pools = self.pools.read().unwrap_or_else(PoisonError::into_inner);
            if let Some(known) = pools.get(&key).filter(|known| known.made_of.is_of(server)) {
                known.last_use.store(now, Ordering::Relaxed);
                return Ok(Arc::clone(known));
            }
        }
        let made = Arc::new(self.make(org, server, now)?);
        let mut pools = self.pools.write().unwrap_or_else(PoisonError::into_inner);
        if pools.len() >= MOST_POOLS
            && !pools.contains_key(&key)
            && let Some(oldest) = pools
                .iter()
                .min_by_key(|(_, pool)| pool.last_use.load(Ordering::Relaxed))
                .map(|(key, _)| *key)
        {
            pools.remove(&oldest);
        }
        pools.insert(key, Arc::clone(&made));
        Ok(made)
    }

    fn make(&self, org: OrgId, server: &Server, now: u64) -> Result<Upstream, Unusable> {
        let uri: Uri = server.url.parse().map_err(|_| Unusable::Url)?;
        let authority = uri.authority().ok_or(Unusable::Url)?;
        if authority.as_str().contains('@') || !matches!(uri.scheme_str(), Some("http" | "https")) {
            return Err(Unusable::Url);
        }
        let stored = match &server.credential {
            Some(sealed) => sealed
                .open(org, server.id, &self.keys)
                .map_err(|_| Unusable::Credential)?,
            None => bundle::credential::Headers::new(),
        };
        let mut headers = HeaderMap::new();
        for (name, value) in &stored {
            let name = HeaderName::from_bytes(name.as_bytes()).map_err(|_| Unusable::Credential)?;
            let mut value =
                HeaderValue::from_str(value.expose()).map_err(|_| Unusable::Credential)?;
            value.set_sensitive(true);
            if may_be_stored(name.as_str()) {
                headers.insert(name, value);
            }
        }
        let connector = Connector {
            egress: Arc::clone(&self.egress),
            lookup: self.lookup.owned_by(org.uuid().as_u128()),
            timeout: Duration::from_millis(server.timeouts.connect_ms),
        };
        Ok(Upstream {
            uri,
            lanes: Lanes::new(
                Https::new(self.tls.clone(), connector.clone()),
                Https::http1(self.tls.clone(), connector),
            ),
            secrets: Secrets::of(stored.values().map(seal::Secret::expose)),
            headers,
            breaker: Mutex::new(Breaker::new(MANNER)),
            server: server.id,
            bridge: (server.transport == Transport::Sse)
                .then(|| Bridge::new(org, self.seats.clone(), self.aside.clone())),
            made_of: MadeOf::of(server),
            made_at: Instant::now(),
            last_use: AtomicU64::new(now),
            rests: Arc::clone(&self.rests),
        })
    }

    /// Lets go of what no held bundle describes, what was not used for long, and connections that nobody needs.
    pub fn sweep(&self, holder: &Holder) {
        let unused = u64::try_from(LONGEST_UNUSED.as_millis()).unwrap_or(u64::MAX);
        let now = self.now_ms();
        let is_kept = |(org, server): &(OrgId, ServerId), pool: &mut Arc<Upstream>| {
            let idle = now.saturating_sub(pool.last_use.load(Ordering::Relaxed));
            let is_used = idle < unused || pool.bridge().is_some_and(Bridge::is_in_use);
            is_used
                && holder.org(*org).is_some_and(|org| {
                    let mut entries = org.bundle().servers.iter();
                    entries.any(|entry| entry.id == *server && pool.made_of.is_of(entry))
                })
        };
        let mut pools = self.pools.write().unwrap_or_else(PoisonError::into_inner);
        pools.retain(is_kept);
        for pool in pools.values() {
            pool.lanes.trim();
        }
    }

    /// Ends the bridged sessions of grants that do not open their server any more: nothing else would before an hour.
    pub fn end_revoked(&self, holder: &Holder, now_ms: u64) {
        let pools = self.pools.read().unwrap_or_else(PoisonError::into_inner);
        for (place, pool) in pools.iter() {
            if let Some(bridge) = pool.bridge() {
                bridge.keep_only(|grant| may_enter(holder, *place, grant, now_ms));
            }
        }
    }

    /// How many pools there are, how many of their servers rest, and how often one was made to.
    pub(super) fn counts(&self) -> (usize, usize, u64) {
        let pools = self.pools.read().unwrap_or_else(PoisonError::into_inner);
        let resting = pools.values().filter(|pool| pool.is_resting()).count();
        (pools.len(), resting, self.rests.load(Ordering::Relaxed))
    }

    fn now_ms(&self) -> u64 {
        u64::try_from(self.since.elapsed().as_millis()).unwrap_or(u64::MAX)
    }
}

/// Sweeps for ever; whoever spawns it ends it.
pub async fn keep_swept(app: Arc<Gateway>) {
    let mut tick = tokio::time::interval(SWEEP);
    tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            _ = tick.tick() => app.upstreams.sweep(&app.holder),
            () = app.holder.changed() => {}
        }
        app.upstreams.end_revoked(&app.holder, app.now_ms());
    }
}

impl Upstream {
    pub(super) const fn bridge(&self) -> Option<&Bridge> {
        self.bridge.as_ref()
    }

    /// Milliseconds since it was first reached.
    pub(super) fn age_ms(&self) -> u64 {
        u64::try_from(self.made_at.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    /// Its breaker has just opened.
    pub(super) fn rested(&self) {
        tracing::warn!(server.id = %self.server, "the server keeps failing and is left alone for a while");
        self.rests.fetch_add(1, Ordering::Relaxed);
    }
}

impl std::fmt::Debug for Upstream {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Upstream")
            .field("uri", &self.uri)
            .finish_non_exhaustive()
    }
}
