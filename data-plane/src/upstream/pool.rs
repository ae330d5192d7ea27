//! One pool of connections for each organisation, server and version of its credential; never shared between two.
//!
//! A changed URL, credential or deadline makes a new pool; calls under way keep the old one until they end.

use bundle::Server;
use bundle::credential::{Sealed, Secrets, may_be_stored};
use bytes::Bytes;
use egress::{ConnectError, Connector, Egress, Lookup};
use http::header::{HeaderMap, HeaderName, HeaderValue};
use http::{Method, Request, Response, Uri};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use ids::{OrgId, ServerId};
use seal::KeyRing;
use std::collections::HashMap;
use std::error::Error as _;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

/// Pools kept at once; the one longest unused makes room.
const MOST_POOLS: usize = 20_000;
const IDLE: Duration = Duration::from_secs(90);
const IDLE_PER_SERVER: usize = 64;
const H2_PING: Duration = Duration::from_secs(20);

#[derive(Debug)]
pub struct Upstreams {
    tls: rustls::ClientConfig,
    egress: Arc<Egress>,
    lookup: Lookup,
    keys: KeyRing,
    pools: RwLock<HashMap<(OrgId, ServerId), Arc<Upstream>>>,
    uses: AtomicU64,
}

/// A server within reach: its address, its pool, what to tell it and what not to pass on.
pub struct Upstream {
    uri: Uri,
    client: Client<HttpsConnector<Connector>, Full<Bytes>>,
    headers: HeaderMap,
    pub secrets: Secrets,
    made_of: MadeOf,
    last_use: AtomicU64,
}

#[derive(Debug)]
struct MadeOf {
    url: String,
    credential: Option<Sealed>,
    connect_ms: u64,
}

impl MadeOf {
    fn of(server: &Server) -> Self {
        Self {
            url: server.url.clone(),
            credential: server.credential.clone(),
            connect_ms: server.timeouts.connect_ms,
        }
    }

    fn is_of(&self, server: &Server) -> bool {
        self.url == server.url
            && self.credential == server.credential
            && self.connect_ms == server.timeouts.connect_ms
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

#[derive(Debug, thiserror::Error)]
pub enum SendError {
    /// No byte reached it.
    #[error("no connection")]
    NotConnected(#[source] hyper_util::client::legacy::Error),
    #[error("the connection took too long")]
    ConnectTimeout,
    #[error("the connection broke")]
    Broken(#[source] hyper_util::client::legacy::Error),
}

impl Upstreams {
    pub fn new(egress: Egress, keys: KeyRing, lookup: Lookup) -> Self {
        Self {
            tls: egress::platform_tls(),
            egress: Arc::new(egress),
            lookup,
            keys,
            pools: RwLock::default(),
            uses: AtomicU64::new(0),
        }
    }

    /// The pool of this server as the bundle describes it now.
    pub fn reach(&self, org: OrgId, server: &Server) -> Result<Arc<Upstream>, Unusable> {
        let key = (org, server.id);
        let now = self.uses.fetch_add(1, Ordering::Relaxed);
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
            lookup: self.lookup.clone(),
            timeout: Duration::from_millis(server.timeouts.connect_ms),
        };
        let https = HttpsConnectorBuilder::new()
            .with_tls_config(self.tls.clone())
            .https_or_http()
            .enable_http1()
            .enable_http2()
            .wrap_connector(connector);
        let client = Client::builder(TokioExecutor::new())
            .pool_timer(TokioTimer::new())
            .timer(TokioTimer::new())
            .pool_idle_timeout(IDLE)
            .pool_max_idle_per_host(IDLE_PER_SERVER)
            .http2_adaptive_window(true)
            .http2_keep_alive_interval(H2_PING)
            .build(https);
        Ok(Upstream {
            uri,
            client,
            secrets: Secrets::of(stored.values().map(seal::Secret::expose)),
            headers,
            made_of: MadeOf::of(server),
            last_use: AtomicU64::new(now),
        })
    }
}

impl Upstream {
    /// Sends a request: the given headers, then the stored ones, which win.
    pub async fn send(
        &self,
        method: Method,
        mut headers: HeaderMap,
        body: Bytes,
    ) -> Result<Response<Incoming>, SendError> {
        for (name, value) in &self.headers {
            headers.insert(name, value.clone());
        }
        let mut request = Request::new(Full::new(body));
        *request.method_mut() = method;
        *request.uri_mut() = self.uri.clone();
        *request.headers_mut() = headers;
        self.client.request(request).await.map_err(|error| {
            if !error.is_connect() {
                return SendError::Broken(error);
            }
            let slow = error
                .source()
                .and_then(|source| source.downcast_ref::<ConnectError>())
                .is_some_and(|cause| matches!(cause, ConnectError::Slow(_)));
            if slow {
                SendError::ConnectTimeout
            } else {
                SendError::NotConnected(error)
            }
        })
    }
}

impl std::fmt::Debug for Upstream {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Upstream")
            .field("uri", &self.uri)
            .finish_non_exhaustive()
    }
}
