//! How quickly a fleet follows: many organisations, real replicas as processes, changes and revocations at random, and the
//! time until each replica judges by them, seen from outside by calls. Then the same with the feed cut, all replicas begun
//! anew at once, and one that begins from its disk alone.

pub mod fill;
mod probe;
mod restart;
mod times;

pub use restart::from_disk;
pub use times::Times;

use bundle::revocation::{Taken, key};
use fill::{Filled, Tenant};
use probe::Probe;
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use std::collections::BTreeSet;
use std::time::{Duration, Instant};
use testbed::{Door, Installation, Redis, Replica, Stub, until};

#[derive(Debug, Clone, Copy)]
pub struct Wanted {
    pub orgs: usize,
    pub replicas: usize,
    /// Publications and revocations, half of each.
    pub changes: usize,
    pub seed: u64,
}

/// What was measured, each over all changes and all replicas.
#[derive(Debug)]
pub struct Followed {
    pub published: Times,
    pub revoked: Times,
    /// With the feed cut.
    pub revoked_without_feed: Times,
    /// The first call under a limit, made as soon as Redis had been told: those that were refused, and those that were made.
    pub next_limited: (usize, usize),
    /// From the start of all replicas at once to the moment that each judges by what was published while they were away.
    pub storm: Times,
    pub seed: u64,
}

/// An installation with its replicas behind a door, which cuts them off the control plane and leaves them Redis.
struct Fleet {
    redis: Redis,
    door: Door,
    replicas: Vec<Replica>,
    probe: Probe,
    tenants: Vec<Tenant>,
    random: StdRng,
    _installation: Installation,
    _upstream: Stub,
}

/// # Panics
/// Where something does not come at all.
pub async fn follow(wanted: Wanted) -> Followed {
    let mut fleet = Fleet::start(wanted).await;
    let (mut published, mut revoked) = (Times::default(), Times::default());
    for _ in 0..wanted.changes.div_ceil(2) {
        let (tenant, version) = fleet.publish().await;
        let begun = Instant::now();
        published.extend(fleet.probe.enforce(&tenant, version, begun).await);
        let (tenant, token) = fleet.revoke().await;
        let begun = Instant::now();
        revoked.extend(fleet.probe.refuse(&tenant, &token, begun).await);
    }
    let (revoked_without_feed, next_limited) = fleet.without_feed(wanted.changes).await;
    let storm = fleet.storm().await;
    Followed {
        published,
        revoked,
        revoked_without_feed,
        next_limited,
        storm,
        seed: wanted.seed,
    }
}

impl Fleet {
    async fn start(wanted: Wanted) -> Self {
        let redis = Redis::start().await;
        let redis_url = redis.url();
        let variables = [("PORTCULLIS_REDIS_URL", redis_url.as_str())];
        let installation = Installation::start_with(&variables).await;
        let upstream = Stub::start(&["limited", "denied"]).await;
        let Filled { tenants } = fill::fill(&installation, &upstream.url, wanted.orgs).await;
        let url = installation.url();
        let (_, port) = url.rsplit_once(':').expect("a port");
        let door = Door::before(&[port.parse().expect("a port")]).await;
        let through = door.url();
        let variables = [("PORTCULLIS_CONTROL_PLANE_URL", through.as_str())];
        let start = |at: usize| {
            installation
                .replica_not_ready(&format!("r{at}"), Some(&redis_url), &variables)
                .0
        };
        let replicas: Vec<Replica> = (0..wanted.replicas).map(start).collect();
        let probe = Probe::new(replicas.iter().map(Replica::url).collect());
        probe.ready().await;
        fill::applied(&installation, wanted.orgs * wanted.replicas).await;
        Self {
            redis,
            door,
            replicas,
            probe,
            tenants,
            random: StdRng::seed_from_u64(wanted.seed),
            _installation: installation,
            _upstream: upstream,
        }
    }

    /// Publishes in some organisation; answers which policy version every replica has to judge by from then on.
    async fn publish(&mut self) -> (Tenant, u64) {
        let at = self.random.random_range(0..self.tenants.len());
        let tenant = &mut self.tenants[at];
        let number = tenant.publish().await;
        (tenant.clone(), number)
    }

    /// Revokes some grant; answers its token.
    async fn revoke(&mut self) -> (Tenant, String) {
        loop {
            let at = self.random.random_range(0..self.tenants.len());
            let tenant = &mut self.tenants[at];
            if let Some((id, token)) = tenant.spare.pop() {
                tenant.revoke(&id).await;
                return (tenant.clone(), token);
            }
        }
    }

    async fn without_feed(&mut self, changes: usize) -> (Times, (usize, usize)) {
        self.door.shut();
        self.door.cut().await;
        let mut times = Times::default();
        for _ in 0..changes.div_ceil(2) {
            let (tenant, token) = self.revoke().await;
            let begun = Instant::now();
            times.extend(self.probe.refuse(&tenant, &token, begun).await);
        }
        let (mut refused, mut made) = (0, 0);
        for _ in 0..changes.div_ceil(2) {
            let at = self.random.random_range(0..self.tenants.len());
            let Some((id, token)) = self.tenants[at].spare.pop() else {
                continue;
            };
            let tenant = self.tenants[at].clone();
            tenant.revoke(&id).await;
            self.is_told(&tenant, &id).await;
            let statuses = self.probe.call_each(&tenant, &token, "limited").await;
            made += statuses.len();
            refused += statuses.iter().filter(|status| **status == 401).count();
        }
        self.door.open();
        (times, (refused, made))
    }

    async fn is_told(&self, tenant: &Tenant, grant: &str) {
        let client = redis::Client::open(self.redis.url()).expect("its address");
        let connection = client.get_multiplexed_async_connection().await;
        let connection = connection.expect("Redis");
        let grant = grant.parse().expect("a grant");
        until("Redis, told", || {
            let mut ask = redis::cmd("HGET");
            ask.arg(key(tenant.org)).arg(Taken::Grant(grant).field());
            let mut connection = connection.clone();
            async move {
                let told: Option<String> = ask.query_async(&mut connection).await.ok()?;
                told
            }
        })
        .await;
    }

    async fn storm(&mut self) -> Times {
        for replica in &mut self.replicas {
            replica.process.kill();
        }
        let mut changed = BTreeSet::new();
        for _ in 0..20 {
            let at = self.random.random_range(0..self.tenants.len());
            self.tenants[at].publish().await;
            changed.insert(at);
        }
        let begun = Instant::now();
        for replica in &mut self.replicas {
            replica.start_again();
        }
        let mut last = vec![Duration::ZERO; self.replicas.len()];
        for at in changed {
            let tenant = &self.tenants[at];
            let times = self.probe.enforce(tenant, tenant.number, begun).await;
            for (last, time) in last.iter_mut().zip(times) {
                *last = time.max(*last);
            }
        }
        let mut times = Times::default();
        times.extend(last);
        times
    }
}
