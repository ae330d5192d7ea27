//! Places in flight that Redis knows of: renewed while their calls run, freed when they end. And, in the
//! same background, what an outage left owing is told to Redis. No call waits for anything here.

use super::charge::Key;
use super::function::Verb;
use super::line::Unreachable;
use super::lines::Lines;
use super::outage::{Debt, Outage};
use address::PATIENT;
use ids::{CallId, OrgId};
use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::mpsc;
use tokio::time::{MissedTickBehavior, interval, sleep};

/// A dead replica's places are free after this.
pub(super) const LEASE_MS: u64 = 15_000;
const RENEW: Duration = Duration::from_secs(5);
const AGAIN: Duration = Duration::from_millis(200);
/// Keys in one command, so that no other call waits long behind it.
const BATCH: usize = 64;
/// Ended calls not yet told to Redis; of those beyond, the lease runs out by itself.
const ENDED: usize = 8_192;

#[derive(Debug)]
pub(super) struct Leases {
    live: Mutex<HashMap<CallId, Vec<Key>>>,
    ended: mpsc::Sender<Ended>,
}

#[derive(Debug)]
pub(super) struct Ended {
    call: CallId,
    seats: Vec<Key>,
}

impl Leases {
    pub fn new() -> (Self, mpsc::Receiver<Ended>) {
        let (ended, receiver) = mpsc::channel(ENDED);
        let live = Mutex::new(HashMap::new());
        (Self { live, ended }, receiver)
    }

    fn live(&self) -> MutexGuard<'_, HashMap<CallId, Vec<Key>>> {
        self.live.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn begin(&self, call: CallId, seats: Vec<Key>) {
        if !seats.is_empty() {
            self.live().insert(call, seats);
        }
    }

    /// Also restores what Redis has lost since.
    pub async fn renew(&self, lines: &Lines) {
        let seats = {
            let running = self.live();
            let calls = running.iter();
            calls
                .flat_map(|(call, keys)| keys.iter().map(|key| (*key, *call)))
                .collect()
        };
        tell(lines, Verb::Renew, seats).await;
    }

    pub fn end(&self, call: CallId, seats: Vec<Key>) {
        self.live().remove(&call);
        // Full means thousands ended within a second of silence: their leases end by themselves.
        let _ = self.ended.try_send(Ended { call, seats });
    }
}

/// Runs until aborted. INVARIANT: one task renews and releases, so a release is never overtaken by a
/// renewal of the same call.
pub(super) async fn keep(
    lines: Arc<Lines>,
    leases: Arc<Leases>,
    outage: Arc<Outage>,
    mut ended: mpsc::Receiver<Ended>,
) {
    let mut renewal = interval(RENEW);
    renewal.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut batch = Vec::new();
    loop {
        tokio::select! {
            count = ended.recv_many(&mut batch, BATCH) => {
                if count == 0 {
                    return;
                }
                let seats = batch.drain(..).flat_map(|one: Ended| {
                    one.seats.into_iter().map(move |key| (key, one.call))
                });
                tell(&lines, Verb::Release, seats.collect()).await;
            }
            _ = renewal.tick() => {
                leases.renew(&lines).await;
            }
            () = outage.owes.notified() => {
                if !post(&lines, &outage).await {
                    sleep(AGAIN).await;
                    outage.owes.notify_one();
                }
            }
        }
    }
}

/// What cannot be told now is told by the next renewal, or need not be: a lease runs out.
async fn tell(lines: &Lines, verb: Verb, seats: Vec<(Key, CallId)>) {
    let mut by_org: BTreeMap<OrgId, Vec<(Key, CallId)>> = BTreeMap::new();
    for seat in seats {
        by_org.entry(seat.0.org).or_default().push(seat);
    }
    for seat in by_org.values().flat_map(|seats| seats.chunks(BATCH)) {
        let keys: Vec<String> = seat.iter().map(|(key, _)| key.lease()).collect();
        let lease = (verb == Verb::Renew).then(|| LEASE_MS.to_string());
        let calls = seat.iter().map(|(_, call)| call.uuid().to_string());
        let args: Vec<String> = lease.into_iter().chain(calls).collect();
        // Another organisation's may be on another node.
        let _ = lines.ask(verb, &keys, &args, PATIENT).await;
    }
}

/// Answers whether nothing is owed any more.
async fn post(lines: &Lines, outage: &Outage) -> bool {
    let mut by_org: BTreeMap<OrgId, Vec<(Key, Debt)>> = BTreeMap::new();
    for debt in outage.take_debts() {
        by_org.entry(debt.0.org).or_default().push(debt);
    }
    let mut is_paid = true;
    for debts in by_org.values().flat_map(|debts| debts.chunks(BATCH)) {
        match post_some(lines, debts).await {
            // Late, it was carried out in all likelihood: told twice, it would refuse calls that fit.
            Ok(()) | Err(Unreachable::TimedOut) => {}
            Err(Unreachable::Unasked | Unreachable::Broken) => {
                is_paid = false;
                lines.counters.unposted(outage.owe_again(debts));
            }
            // Asked again it would be refused again, and its errors would open the breaker for everybody.
            Err(Unreachable::Failed) => {
                let lost = debts.iter().map(|(_, debt)| debt.cost);
                lines.counters.unposted(lost.fold(0, u64::saturating_add));
            }
        }
    }
    is_paid
}

async fn post_some(lines: &Lines, debts: &[(Key, Debt)]) -> Result<(), Unreachable> {
    let keys: Vec<String> = debts.iter().map(|(key, _)| key.ring()).collect();
    let args: Vec<String> = debts
        .iter()
        .flat_map(|(_, debt)| {
            [
                debt.geometry.slot_ms().to_string(),
                debt.geometry.slots().to_string(),
                debt.cost.to_string(),
            ]
        })
        .collect();
    lines.ask(Verb::Post, &keys, &args, PATIENT).await.map(drop)
}
