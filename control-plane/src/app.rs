//! What every request shares: the database, the clock, chance and the keys. Small and cloned freely.

use crate::config::{Config, Site};
use crate::db::{Db, DbError};
use crate::http::meter::Meter;
use crate::http::pace::Pace;
use crate::keys::Keys;
use crate::mail::Way;
use crate::now::{Now, Sequence};
use crate::oidc::Providers;
use address::Address;
use host::clock::{Clock, Random};
use ids::Slug;
use std::sync::Arc;

#[derive(Clone, Debug)]
pub struct App(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    db: Db,
    clock: Clock,
    random: Random,
    sequence: Arc<Sequence>,
    meter: Meter,
    pace: Pace,
    keys: Keys,
    site: Site,
    passwords: crate::session::password::Hasher,
    mail: Way,
    providers: Providers,
    redis: Option<Address>,
    reach: crate::server::discover::Reach,
    webhooks: crate::webhook::wire::Wire,
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
            pace: Pace::default(),
            keys: config.keys.clone(),
            reach: crate::server::discover::Reach::new(&config.site, egress::Lookup::system()),
            webhooks: crate::webhook::wire::Wire::new(&config.site, egress::Lookup::system()),
            site: config.site.clone(),
            passwords,
            redis: config.redis.clone(),
            mail: Way::new(config.smtp.clone(), &config.site),
            providers: Providers::new(config.providers.clone(), &config.site),
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

    /// How quickly an address may ask what is open to everybody.
    pub fn pace(&self) -> &Pace {
        &self.0.pace
    }

    pub fn random(&self) -> &Random {
        &self.0.random
    }

    pub fn passwords(&self) -> &crate::session::password::Hasher {
        &self.0.passwords
    }

    /// Where mails go.
    pub fn mail(&self) -> &Way {
        &self.0.mail
    }

    /// Where what is taken back is told besides the feed.
    pub fn redis(&self) -> Option<&Address> {
        self.0.redis.as_ref()
    }

    /// Whom people may sign in with besides.
    pub fn providers(&self) -> &Providers {
        &self.0.providers
    }

    /// The way to the servers of organisations.
    pub fn reach(&self) -> &crate::server::discover::Reach {
        &self.0.reach
    }

    /// The way to the receivers of webhooks.
    pub fn webhooks(&self) -> &crate::webhook::wire::Wire {
        &self.0.webhooks
    }

    pub fn now(&self) -> Now {
        Now::new(
            self.0.clock.now(),
            self.0.random.clone(),
            self.0.sequence.clone(),
        )
    }

    /// The URL an MCP client is pointed at.
    pub fn proxy_url(&self, org: &Slug, server: &Slug) -> String {
        format!(
            "{}/{org}/{server}/mcp",
            self.0.site.gateway_url.as_str().trim_end_matches('/')
        )
    }
}
