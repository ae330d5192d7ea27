//! Budgets shared by all replicas: every limit of a call charged in one trip to Redis, all or nothing. Where
//! that fails, `outage.rs` decides.

use super::charge::{Ask, Charged, Key, Measure, Mode, Part, Refusal, SOON_MS, Tally, full};
use super::clock::Clock;
use super::fleet::Fleet;
use super::function::Verb;
use super::held::{self, From, Held};
use super::lease::{self, LEASE_MS, Leases};
use super::ledger::Ledger;
use super::line::Unreachable;
use super::lines::Lines;
use super::memory::Given;
use super::outage::Outage;
use super::recent::Recent;
use super::recount::Recount;
use super::reply::{self, Answer, Reply};
use super::{Settings, key};
use address::Address;
use bundle::revocation::{self, Taken};
use ids::{CallId, OrgId};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio_util::task::AbortOnDropHandle;

/// Organisations whose epoch is remembered.
const EPOCHS: usize = 20_000;

#[derive(Debug)]
pub struct Shared {
    pub(super) lines: Arc<Lines>,
    outage: Arc<Outage>,
    leases: Arc<Leases>,
    pub(super) recount: Arc<Recount>,
    epochs: Mutex<Recent<OrgId, Vec<u8>, EPOCHS>>,
    clock: Clock,
    timeout: Duration,
    _keepers: [AbortOnDropHandle<()>; 4],
}

impl Shared {
    pub(super) fn start(
        address: Address,
        settings: Settings,
        fleet: Arc<Fleet>,
        ledger: Arc<dyn Ledger>,
    ) -> Self {
        let clock = Clock::start();
        let lines = Arc::new(Lines::new(address, settings.slow, clock));
        let outage = Arc::new(Outage::new(fleet));
        let (leases, ended) = Leases::new();
        let leases = Arc::new(leases);
        let keep_leases = lease::keep(lines.clone(), leases.clone(), outage.clone(), ended);
        let recount = Recount::new(lines.clone(), ledger, clock, settings.grace);
        let recount = Arc::new(recount);
        let keepers = [
            AbortOnDropHandle::new(tokio::spawn(lines.clone().keep())),
            AbortOnDropHandle::new(tokio::spawn(keep_leases)),
            AbortOnDropHandle::new(tokio::spawn(recount.clone().keep_mustered())),
            AbortOnDropHandle::new(tokio::spawn(recount.clone().keep_compared())),
        ];
        Self {
            lines,
            outage,
            leases,
            recount,
            epochs: Mutex::new(Recent::new()),
            clock,
            timeout: settings.timeout,
            _keepers: keepers,
        }
    }

    pub(super) async fn charge(self: &Arc<Self>, ask: &Ask<'_>, parts: &[Part]) -> Charged {
        let mut reply = self.put(ask, parts).await;
        if let Ok(Reply {
            answer: Answer::Untold { .. },
            epoch,
            ..
        }) = &reply
        {
            let is_lost = self.compare_epoch(ask.org, epoch);
            if self.recount.tell(ask.org, is_lost).await {
                reply = self.put(ask, parts).await;
            }
        }
        match reply {
            Ok(reply) => self.settle(ask, parts, reply),
            Err(_) => self.do_without(ask, parts),
        }
    }

    /// The one trip.
    pub(super) async fn put(&self, ask: &Ask<'_>, parts: &[Part]) -> Result<Reply, Unreachable> {
        let shadow = ask.shadow_parts();
        let (keys, args) = question(ask, parts, &shadow);
        let value = self
            .lines
            .ask(Verb::Charge, &keys, &args, self.timeout)
            .await?;
        reply::read(value, parts.len(), shadow.len()).ok_or(Unreachable::Failed)
    }

    fn settle(self: &Arc<Self>, ask: &Ask<'_>, parts: &[Part], reply: Reply) -> Charged {
        self.compare_epoch(ask.org, &reply.epoch);
        match reply.answer {
            Answer::Passed { slots } => {
                self.outage.saw(parts, &reply.sums, self.clock.now_ms());
                let seats = held::seats(parts);
                self.outage.local.enter(&seats);
                self.leases.begin(ask.call, seats);
                if parts.iter().any(|part| part.is_kept) {
                    self.recount.charged(ask.org);
                }
                let from = From::Shared(self.clone());
                Charged::Passed {
                    full: full(parts, &reply.sums),
                    mode: Mode::Shared.of(parts),
                    hold: Held::new(from, ask.call, parts, &slots),
                    would: reply.would,
                }
            }
            Answer::Refused(refusal) => {
                self.outage.saw(parts, &reply.sums, self.clock.now_ms());
                refused(parts, refusal, Mode::Shared, full(parts, &reply.sums))
            }
            Answer::Revoked(what) => Charged::Revoked { what },
            Answer::Untold { part } => {
                let wait = Some(SOON_MS);
                let refusal = Refusal { part, wait };
                refused(parts, refusal, Mode::Closed, Vec::new())
            }
        }
    }

    fn do_without(self: &Arc<Self>, ask: &Ask<'_>, parts: &[Part]) -> Charged {
        let (tally, mode) = self.outage.charge(parts, self.clock.now_ms());
        match tally {
            Tally::Refused(refusal) => refused(parts, refusal, mode, Vec::new()),
            Tally::Passed { slots } => {
                let given: Vec<Given> = held::charged(parts, &slots).map(|(_, one)| one).collect();
                self.lines.counters.unposted(self.outage.owe(&given));
                self.leases.begin(ask.call, held::seats(parts));
                let from = From::Share(self.clone());
                Charged::Passed {
                    mode: mode.of(parts),
                    hold: Held::new(from, ask.call, parts, &slots),
                    would: Vec::new(),
                    full: Vec::new(),
                }
            }
        }
    }

    /// Best effort: a refund that does not arrive leaves the budget too full, never too empty.
    pub(super) async fn refund(&self, call: CallId, given: &[Given]) {
        let Some(org) = given.first().map(|one| one.key.org) else {
            return;
        };
        let life = given.iter().map(|one| one.geometry.retained_ms()).max();
        let mut keys = vec![key::refunded(org, call)];
        let mut args = vec![life.unwrap_or_default().to_string()];
        for one in given {
            keys.push(one.key.ring());
            args.extend([
                one.geometry.slot_ms().to_string(),
                one.geometry.slots().to_string(),
                one.slot.to_string(),
                one.cost.to_string(),
            ]);
        }
        let told = self.lines.ask(Verb::Refund, &keys, &args, self.timeout);
        if let Err(error) = told.await {
            tracing::debug!(%error, %call, "a refund was lost");
        }
    }

    pub(super) fn refund_share(&self, given: &[Given]) {
        self.outage.local.refund(given);
        self.outage.forgive(given);
    }

    pub(super) fn leave(&self, call: CallId, seats: Vec<Key>) {
        self.outage.local.leave(&seats);
        self.leases.end(call, seats);
    }

    /// Answers whether Redis has lost what this replica knew that it had.
    fn compare_epoch(&self, org: OrgId, epoch: &[u8]) -> bool {
        // Its end says that the records have been counted since.
        let epoch = epoch.strip_suffix(b"+").unwrap_or(epoch);
        let mut epochs = self.epochs.lock().unwrap_or_else(PoisonError::into_inner);
        if epochs.get(&org).is_some_and(|known| known == epoch) {
            return false;
        }
        let is_lost = epochs.put(org, epoch.to_vec()).is_some();
        if is_lost {
            self.lines.counters.epoch_changed();
            tracing::warn!(%org, "limiter_epoch_change: the shared counters lost their history");
        }
        is_lost
    }
}

pub(super) fn question(
    ask: &Ask<'_>,
    parts: &[Part],
    shadow: &[Part],
) -> (Vec<String>, Vec<String>) {
    let mut keys = vec![revocation::key(ask.org), key::epoch(ask.org)];
    let first_kept = parts.iter().position(|part| part.is_kept);
    let mut args = vec![
        format!("{:032x}", rand::random::<u128>()),
        Taken::Grant(ask.grant).field(),
        Taken::Server(ask.server).field(),
        ask.version.to_string(),
        ask.call.uuid().to_string(),
        LEASE_MS.to_string(),
        shadow.len().to_string(),
        first_kept.map_or(0, |part| part + 1).to_string(),
    ];
    for part in parts.iter().chain(shadow) {
        let (key, numbers) = match part.measure {
            Measure::Rate {
                geometry,
                cost,
                max,
            } => (
                part.key.ring(),
                [geometry.slot_ms(), geometry.slots(), cost, max],
            ),
            Measure::InFlight { max } => (part.key.lease(), [0, 0, 1, max]),
        };
        keys.push(key);
        args.extend(numbers.map(|number| number.to_string()));
    }
    (keys, args)
}

pub(super) fn refused(
    parts: &[Part],
    refusal: Refusal,
    mode: Mode,
    full: Vec<(usize, u64)>,
) -> Charged {
    Charged::Refused {
        index: parts.get(refusal.part).map_or(0, |part| part.index),
        retry_after_ms: refusal.wait,
        mode,
        full,
    }
}

#[cfg(test)]
mod tests;
