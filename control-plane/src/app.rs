//! What every request shares: the database, the clock, chance and the keys. Small and cloned freely.

use crate::config::Config;
use crate::db::{Db, DbError};
use crate::http::meter::Meter;
use crate::keys::Keys;
use host::clock::{Clock, Random};
use ids::Slug;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use time::OffsetDateTime;
use url::Url;

#[derive(Clone, Debug)]
pub struct App(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    db: Db,
    clock: Clock,
    random: Random,
    sequence: Arc<Sequence>,
    meter: Meter,
    keys: Keys,
    site: Site,
    passwords: crate::session::password::Hasher,
    attempts: crate::session::attempts::Attempts,
    reach: crate::server::discover::Reach,
}

/// How this instance is reached, and what it may reach.
#[derive(Debug, Clone)]
pub struct Site {
    pub public_url: Url,
    /// What the proxy URLs of servers begin with.
    pub gateway_url: Url,
    /// A local instance: plain http, cookies without `Secure`.
    pub is_local: bool,
    pub egress_allow: Vec<ipnet::IpNet>,
}

impl App {
    pub async fn start(config: &Config, clock: Clock, random: Random) -> Result<Self, DbError> {
        let db = Db::connect(&config.database_url, &config.database_system_url).await?;
        let passwords = crate::session::password::Hasher::new(&random);
        Ok(Self(Arc::new(Inner {
            db,
            clock,
            random,
            sequence: Arc::default(),
            meter: Meter::default(),
            keys: config.keys.clone(),
            reach: crate::server::discover::Reach::new(&config.site, egress::Lookup::system()),
            site: config.site.clone(),
            passwords,
            attempts: crate::session::attempts::Attempts::default(),
        })))
    }

    pub fn db(&self) -> &Db {
        &self.0.db
    }

    pub fn keys(&self) -> &Keys {
        &self.0.keys
    }

    pub fn site(&self) -> &Site {
        &self.0.site
    }

    pub fn meter(&self) -> &Meter {
        &self.0.meter
    }

    pub fn random(&self) -> &Random {
        &self.0.random
    }

    pub fn passwords(&self) -> &crate::session::password::Hasher {
        &self.0.passwords
    }

    pub fn attempts(&self) -> &crate::session::attempts::Attempts {
        &self.0.attempts
    }

    /// The way to the servers of organisations.
    pub fn reach(&self) -> &crate::server::discover::Reach {
        &self.0.reach
    }

    pub fn now(&self) -> Now {
        Now {
            time: self.0.clock.now(),
            random: self.0.random.clone(),
            sequence: self.0.sequence.clone(),
        }
    }

    /// The URL an MCP client is pointed at.
    pub fn proxy_url(&self, org: &Slug, server: &Slug) -> String {
        format!(
            "{}/{org}/{server}/mcp",
            self.0.site.gateway_url.as_str().trim_end_matches('/')
        )
    }
}

/// One moment: everything that a request does happens at it.
#[derive(Debug, Clone)]
pub struct Now {
    time: OffsetDateTime,
    random: Random,
    sequence: Arc<Sequence>,
}

/// Keeps ids of one process in the order of their making, within a millisecond too: lists are sorted by them.
/// A counter in the bits that RFC 9562 leaves for one (6.2, method 1).
#[derive(Debug, Default)]
struct Sequence(AtomicU64);

impl Sequence {
    /// The millisecond and the counter of the next id; borrows from the next millisecond where one is used up.
    fn next(&self, unix_ms: u64) -> (u64, [u8; 2]) {
        let later = |last: u64| Some((last + 1).max(unix_ms << 12));
        let last = self
            .0
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, later)
            .unwrap_or_default();
        let next = (last + 1).max(unix_ms << 12);
        let [.., high, low] = (next & 0xFFF).to_be_bytes();
        (next >> 12, [high, low])
    }
}

impl Now {
    pub fn time(&self) -> OffsetDateTime {
        self.time
    }

    pub fn unix_ms(&self) -> u64 {
        u64::try_from(self.time.unix_timestamp_nanos() / 1_000_000).unwrap_or(0)
    }

    /// A fresh id: `now.id(PolicyId::new)`.
    pub fn id<T>(&self, new: fn(u64, [u8; 10]) -> T) -> T {
        let (unix_ms, counter) = self.sequence.next(self.unix_ms());
        let mut random = self.random.bytes();
        random[..2].copy_from_slice(&counter);
        new(unix_ms, random)
    }

    /// A fresh etag.
    pub fn etag(&self) -> uuid::Uuid {
        uuid::Builder::from_random_bytes(self.random.bytes()).into_uuid()
    }
}

#[cfg(test)]
mod tests;
