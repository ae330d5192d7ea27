//! The connections to one server, in lanes: each a client of hyper's, which keeps one connection of HTTP/2 or any number of
//! HTTP/1.1.
//!
//! A server that speaks HTTP/2 takes so many streams on a connection and lets the others wait, which a stream that stands for
//! hours makes them do for hours. So a lane takes few at once, fewer of those that stand, and those apart from the calls.

use bytes::Bytes;
use egress::Https;
use http::uri::Scheme;
use http::{Uri, Version};
use http_body_util::Full;
use hyper_util::client::legacy::Client;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

const IDLE: Duration = Duration::from_secs(90);
/// Of a connection over HTTP/1.1: a head, or a piece of a body. hyper takes six times as much where nobody says.
const MOST_BUFFER: usize = 64 * 1024;
const IDLE_PER_LANE: usize = 64;
const H2_PING: Duration = Duration::from_secs(20);
/// Until a server has said how many streams it takes, which it does with its first bytes.
const FIRST_STREAMS: usize = 4;
/// Further requests share the lanes there are.
const MOST_LANES: usize = 4096;

pub type Http = Client<Https, Full<Bytes>>;

#[derive(Debug)]
pub struct Lanes {
    https: Https,
    /// The same, for HTTP/1.1 alone.
    line: Https,
    /// What the server last spoke.
    is_http1: AtomicBool,
    calls: Kind,
    standing: Kind,
}

/// How long what is asked for may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lasting {
    Call,
    Standing,
}

#[derive(Debug)]
struct Kind {
    at_once: usize,
    lanes: RwLock<Vec<Lane>>,
}

#[derive(Debug)]
struct Lane {
    client: Http,
    under_way: Arc<AtomicUsize>,
}

/// A place in a lane, free again when it is dropped.
#[derive(Debug)]
pub struct Place(Arc<AtomicUsize>);

impl Drop for Place {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Lanes {
    pub fn new(https: Https, line: Https) -> Self {
        let kind = |at_once| Kind {
            at_once,
            lanes: RwLock::default(),
        };
        Self {
            https,
            line,
            is_http1: AtomicBool::new(false),
            calls: kind(16),
            standing: kind(4),
        }
    }

    pub fn heard(&self, version: Version) {
        let is_http1 = version <= Version::HTTP_11;
        self.is_http1.store(is_http1, Ordering::Relaxed);
    }

    /// What to stand on apart from the lanes: HTTP/2 shares a connection, and HTTP/1.1 is what is spoken without TLS, or was
    /// when it was last asked.
    pub fn line(&self, uri: &Uri) -> Option<Https> {
        let is_http1 = uri.scheme() == Some(&Scheme::HTTP) || self.is_http1.load(Ordering::Relaxed);
        is_http1.then(|| self.line.clone())
    }

    /// The first lane with room: so the first ones are full, and the last ones empty and free to go.
    pub fn take(&self, lasting: Lasting) -> (Http, Place) {
        let kind = match lasting {
            Lasting::Call => &self.calls,
            Lasting::Standing => &self.standing,
        };
        let found = kind.with_room(&kind.lanes.read().unwrap_or_else(PoisonError::into_inner));
        if let Some(found) = found {
            return found;
        }
        let mut lanes = kind.lanes.write().unwrap_or_else(PoisonError::into_inner);
        // Another may have made one meanwhile.
        if let Some(found) = kind.with_room(&lanes) {
            return found;
        }
        if lanes.len() >= MOST_LANES
            && let Some(lane) = lanes
                .iter()
                .min_by_key(|lane| lane.under_way.load(Ordering::Relaxed))
        {
            lane.under_way.fetch_add(1, Ordering::Relaxed);
            return lane.found();
        }
        let lane = Lane {
            client: client(self.https.clone()),
            under_way: Arc::new(AtomicUsize::new(1)),
        };
        let found = lane.found();
        lanes.push(lane);
        found
    }

    /// Lets go of lanes that nobody is in, but for the first.
    pub fn trim(&self) {
        for kind in [&self.calls, &self.standing] {
            let mut lanes = kind.lanes.write().unwrap_or_else(PoisonError::into_inner);
            // Nobody takes a place while the lock is held.
            let used = lanes
                .iter()
                .rposition(|lane| lane.under_way.load(Ordering::Relaxed) > 0);
            lanes.truncate(used.map_or(1, |last| last + 1));
        }
    }
}

impl Kind {
    fn with_room(&self, lanes: &[Lane]) -> Option<(Http, Place)> {
        let is_free = |lane: &&Lane| {
            let more = |taken: usize| (taken < self.at_once).then_some(taken + 1);
            lane.under_way
                .fetch_update(Ordering::Relaxed, Ordering::Relaxed, more)
                .is_ok()
        };
        lanes.iter().find(is_free).map(Lane::found)
    }
}

impl Lane {
    /// For whoever has counted himself in.
    fn found(&self) -> (Http, Place) {
        (self.client.clone(), Place(Arc::clone(&self.under_way)))
    }
}

fn client(https: Https) -> Http {
    Client::builder(TokioExecutor::new())
        .pool_timer(TokioTimer::new())
        .timer(TokioTimer::new())
        .pool_idle_timeout(IDLE)
        .pool_max_idle_per_host(IDLE_PER_LANE)
        .http1_max_buf_size(MOST_BUFFER)
        .http2_adaptive_window(true)
        .http2_keep_alive_interval(H2_PING)
        .http2_initial_max_send_streams(FIRST_STREAMS)
        .build(https)
}

#[cfg(test)]
mod tests;
