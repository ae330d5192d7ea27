//! Someone who calls, and limits to call under.

use crate::budget::subject::{self, Whose};
use crate::budget::{
    Address, Ask, Budget, Charge, Charged, Count, Fleet, Held, Ledger, Mode, OnOutage, Progress,
    Settings, Told, Untold,
};
use bundle::budget::Used;
use bundle::record;
use ids::{CallId, GrantId, OrgId, PolicyId, ServerId};
use seal::Secret;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use uuid::Uuid;

#[derive(Debug, Clone, Copy)]
pub struct Agent {
    pub org: OrgId,
    pub grant: GrantId,
    pub server: ServerId,
    pub policy: PolicyId,
}

fn fresh() -> Uuid {
    Uuid::from_u128(rand::random())
}

impl Agent {
    pub fn new() -> Self {
        Self {
            org: OrgId::from_uuid(fresh()),
            grant: GrantId::from_uuid(fresh()),
            server: ServerId::from_uuid(fresh()),
            policy: PolicyId::from_uuid(fresh()),
        }
    }

    pub fn ask<'a>(&self, charges: &'a [Charge]) -> Ask<'a> {
        Ask {
            org: self.org,
            version: 0,
            call: CallId::from_uuid(fresh()),
            grant: self.grant,
            server: self.server,
            charges,
            shadow: &[],
        }
    }

    /// At most `max` an hour: within a test nothing is freed by time.
    pub fn hourly(&self, counter: &str, max: u64) -> Charge {
        Charge {
            limit: subject::limit(self.policy, counter),
            subject: subject::subject(Whose::Grant(self.grant), &[] as &[&str]),
            window_ms: 3_600_000,
            max,
            cost: 1,
            is_spend: false,
            count: Count::Attempts,
            on_outage: OnOutage::Share,
            concurrency: None,
        }
    }

    pub fn in_flight(&self, counter: &str, places: u32) -> Charge {
        Charge {
            concurrency: Some(places),
            ..self.hourly(counter, 0)
        }
    }
}

/// Patient: these tests share a machine with others, and late is not wrong.
pub const PATIENT: Settings = Settings {
    timeout: Duration::from_secs(10),
    slow: Duration::from_secs(9),
    grace: Duration::ZERO,
};

/// What is on record, as a test says.
#[derive(Debug, Default)]
pub struct Records {
    pub used: Mutex<Vec<record::Charge>>,
    pub is_away: AtomicBool,
    pub progress: Mutex<Progress>,
    pub asked: AtomicUsize,
    /// Sums in a page; none: all of them.
    pub page: Option<usize>,
}

impl Ledger for Records {
    fn used(&self, ask: bundle::budget::Ask) -> Told {
        self.asked.fetch_add(1, Ordering::Relaxed);
        let told = if self.is_away.load(Ordering::Relaxed) {
            Err(Untold("away".to_owned()))
        } else {
            let mut used = self.used.lock().unwrap().clone();
            used.sort_unstable();
            used.retain(|one| ask.after.is_none_or(|after| *one > after));
            let page = self.page.unwrap_or(used.len());
            let is_all = used.len() <= page;
            used.truncate(page);
            Ok(Used { used, is_all })
        };
        Box::pin(async { told })
    }

    fn progress(&self) -> Progress {
        *self.progress.lock().unwrap()
    }
}

pub async fn replica_with(url: &Secret, settings: Settings, records: Arc<Records>) -> Budget {
    let address = Address::read(url, None).unwrap();
    Budget::connect(address, settings, fleet(1, 0), records).await
}

/// A fleet of so many, of which this one is the one at this place.
pub fn fleet(replicas: u32, rank: u32) -> Arc<Fleet> {
    let fleet = Fleet::default();
    fleet.heard(replicas, rank);
    Arc::new(fleet)
}

pub async fn replica(url: &Secret) -> Budget {
    replica_of(url, fleet(1, 0)).await
}

pub async fn replica_of(url: &Secret, fleet: Arc<Fleet>) -> Budget {
    connect(url, PATIENT, fleet).await
}

pub async fn connect(url: &Secret, settings: Settings, fleet: Arc<Fleet>) -> Budget {
    let address = Address::read(url, None).unwrap();
    Budget::connect(address, settings, fleet, Arc::new(Records::default())).await
}

pub fn passed(charged: Charged) -> (Mode, Held) {
    match charged {
        Charged::Passed { mode, hold, .. } => (mode, hold),
        other => panic!("expected it to pass: {other:?}"),
    }
}

pub fn refused(charged: &Charged) -> (usize, Option<u64>, Mode) {
    match *charged {
        Charged::Refused {
            index,
            retry_after_ms,
            mode,
            ..
        } => (index, retry_after_ms, mode),
        ref other => panic!("expected a refusal: {other:?}"),
    }
}

/// How many of so many calls, one after the other, pass.
pub async fn admitted(budget: &Budget, agent: &Agent, charges: &[Charge], calls: usize) -> usize {
    let mut count = 0;
    for _ in 0..calls {
        let answer = budget.charge(&agent.ask(charges)).await;
        count += usize::from(matches!(answer, Charged::Passed { .. }));
    }
    count
}

/// A number that whoever runs the tests may say.
#[expect(
    clippy::disallowed_methods,
    reason = "how much a test does is said by who runs it"
)]
pub fn wished(name: &str) -> Option<u64> {
    let text = std::env::var(name).ok()?;
    Some(
        text.parse()
            .unwrap_or_else(|_| panic!("`{name}` is a number")),
    )
}
