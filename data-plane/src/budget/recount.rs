//! Budgets of long windows and of costs, counted from the records where Redis has lost them (`tell`), and compared with
//! them now and then (`keep_compared`): a Redis that came back with less than it had is raised, and never lowered.
//!
//! Until an organisation's budgets are told, the function charges none of them. Calls wait for it here, or are refused.

use super::charge::Key;
use super::clock::Clock;
use super::function::Verb;
use super::key;
use super::ledger::{Ledger, Untold};
use super::line::Unreachable;
use super::lines::Lines;
use super::recent::Recent;
use address::PATIENT;
use bundle::budget::Ask;
use bundle::record::Charge;
use ids::OrgId;
use redis::Value;
use std::collections::{BTreeMap, HashMap, HashSet, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::{interval, sleep, timeout};

/// How long a call waits to be told; then it is refused, and comes again.
const CALL_WAITS: Duration = Duration::from_secs(2);
/// All of it, with the wait for others; then it is begun anew by who calls.
const LONGEST: Duration = Duration::from_secs(20);
/// Nobody else begins while this lasts.
const LEAD: Duration = Duration::from_secs(2);
const LOOK: Duration = Duration::from_millis(50);
/// After a failure calls are refused at once for so long.
const REST_MS: u64 = 1_000;
/// Organisations at once, in this process.
const MOST: usize = 1_000;
/// Rings in one command, so that no call waits long behind it.
const RINGS: usize = 16;
const BEAT: Duration = Duration::from_millis(250);
/// Records that are on their way for more beats than this make a replica one that is behind.
const BEATS: usize = 3;
const BEHIND: Duration = Duration::from_secs(2);
const COMPARE: Duration = Duration::from_mins(1);
/// Of several replicas one compares.
const COMPARED: Duration = Duration::from_secs(50);

#[derive(Debug, thiserror::Error)]
enum Trouble {
    #[error("{0}")]
    Untold(#[from] Untold),
    #[error("{0}")]
    Unreachable(#[from] Unreachable),
    #[error("the shared counters answered something else than what was asked")]
    Answer,
    #[error("the shared counters lost their memory once more")]
    LostAgain,
    #[error("records of this replica are not stored yet")]
    Behind,
    #[error("it took too long")]
    TooLong,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Going,
    Told,
    Failed,
}

#[derive(Debug)]
pub(super) struct Recount {
    lines: Arc<Lines>,
    ledger: Arc<dyn Ledger>,
    clock: Clock,
    /// How long after a loss the others' records may be on their way.
    grace: Duration,
    /// This process among the replicas.
    name: String,
    going: Mutex<HashMap<OrgId, watch::Receiver<State>>>,
    /// Until when nobody tries again.
    failed: Mutex<Recent<OrgId, u64, MOST>>,
    /// Charged since they were last compared.
    active: Mutex<HashSet<OrgId>>,
}

/// Who leads, and whether there is still something to do.
struct Lead {
    epoch: String,
    is_told: bool,
    is_mine: bool,
}

impl Recount {
    pub fn new(lines: Arc<Lines>, ledger: Arc<dyn Ledger>, clock: Clock, grace: Duration) -> Self {
        Self {
            lines,
            ledger,
            clock,
            grace,
            name: format!("{:032x}", rand::random::<u128>()),
            going: Mutex::default(),
            failed: Mutex::new(Recent::new()),
            active: Mutex::default(),
        }
    }

    /// Answers whether the organisation's budgets can be charged now. `is_lost`: this replica knew them.
    pub async fn tell(self: &Arc<Self>, org: OrgId, is_lost: bool) -> bool {
        let Some(mut state) = self.begin(org, is_lost) else {
            return false;
        };
        let over = state.wait_for(|state| *state != State::Going);
        match timeout(CALL_WAITS, over).await {
            Ok(Ok(state)) => *state == State::Told,
            Ok(Err(_)) | Err(_) => false,
        }
    }

    /// One for each organisation, however many calls wait.
    fn begin(self: &Arc<Self>, org: OrgId, is_lost: bool) -> Option<watch::Receiver<State>> {
        let mut going = lock(&self.going);
        if let Some(state) = going.get(&org) {
            return Some(state.clone());
        }
        let rests = lock(&self.failed).get(&org).copied();
        if rests.is_some_and(|until| until > self.clock.now_ms()) || going.len() >= MOST {
            return None;
        }
        let (sender, state) = watch::channel(State::Going);
        going.insert(org, state.clone());
        tokio::spawn(self.clone().run(org, is_lost, sender));
        Some(state)
    }

    async fn run(self: Arc<Self>, org: OrgId, is_lost: bool, sender: watch::Sender<State>) {
        let told = timeout(LONGEST, self.recount(org, is_lost)).await;
        let told = told.unwrap_or(Err(Trouble::TooLong));
        let state = match told {
            Ok(()) => State::Told,
            Err(error) => {
                self.lines.counters.recount_failed();
                tracing::warn!(%org, %error, "budgets of long windows stay closed: they could not be counted from the records");
                let until = self.clock.now_ms().saturating_add(REST_MS);
                lock(&self.failed).put(org, until);
                State::Failed
            }
        };
        lock(&self.going).remove(&org);
        sender.send_replace(state);
    }

    async fn recount(&self, org: OrgId, is_lost: bool) -> Result<(), Trouble> {
        let epoch = loop {
            let lead = self.lead(org, "recount", LEAD).await?;
            if lead.is_told {
                return Ok(());
            }
            if lead.is_mine {
                break lead.epoch;
            }
            sleep(LOOK).await;
        };
        if is_lost {
            sleep(self.grace).await;
        }
        self.all_are_here().await?;
        let raised = self.raise(org, &epoch, true).await?;
        self.lines.counters.recounted();
        if raised > 0 || is_lost {
            tracing::info!(%org, raised, "budgets of long windows were counted from the records");
        }
        Ok(())
    }

    /// Returns when what was charged before the loss is on record, as far as anybody can know.
    async fn all_are_here(&self) -> Result<(), Trouble> {
        let grace = u64::try_from(self.grace.as_millis()).unwrap_or(u64::MAX);
        loop {
            let (age, behind) = self.muster(false).await?;
            if age >= grace && behind == 0 {
                break;
            }
            sleep(LOOK).await;
        }
        let written = self.ledger.progress().written;
        let stored = async {
            while self.ledger.progress().stored < written {
                sleep(LOOK).await;
            }
        };
        timeout(CALL_WAITS, stored)
            .await
            .map_err(|_| Trouble::Behind)
    }

    /// Since when this Redis knows anything, in milliseconds, and how many others are behind.
    async fn muster(&self, is_behind: bool) -> Result<(u64, u64), Trouble> {
        let args = [
            self.name.clone(),
            u8::from(is_behind).to_string(),
            BEHIND.as_millis().to_string(),
        ];
        let keys = key::MUSTER.map(str::to_owned);
        let answer = self.lines.ask(Verb::Muster, &keys, &args, PATIENT).await?;
        let told: (i64, i64) = redis::from_redis_value(answer).map_err(|_| Trouble::Answer)?;
        let whole = |number| u64::try_from(number).map_err(|_| Trouble::Answer);
        Ok((whole(told.0)?, whole(told.1)?))
    }

    async fn lead(&self, org: OrgId, what: &str, life: Duration) -> Result<Lead, Trouble> {
        let keys = [key::epoch(org), key::lead(org, what)];
        let args = [
            format!("{:032x}", rand::random::<u128>()),
            self.name.clone(),
            life.as_millis().to_string(),
        ];
        let answer = self.lines.ask(Verb::Lead, &keys, &args, PATIENT).await?;
        let (epoch, is_told, is_mine): (String, u8, u8) =
            redis::from_redis_value(answer).map_err(|_| Trouble::Answer)?;
        Ok(Lead {
            epoch,
            is_told: is_told == 1,
            is_mine: is_mine == 1,
        })
    }

    /// Answers what was missing.
    async fn raise(&self, org: OrgId, epoch: &str, is_recount: bool) -> Result<u64, Trouble> {
        let (mut after, mut raised) = (None, 0);
        loop {
            let page = self.ledger.used(Ask { org, after }).await?;
            let last = page.used.last().copied();
            let rings: Vec<_> = by_budget(org, page.used).into_iter().collect();
            for rings in rings.chunks(RINGS) {
                raised += self.raise_some(org, epoch, rings, false).await?;
            }
            if page.is_all {
                break;
            }
            // Who is told the same again would ask for ever.
            if last.is_none() || last <= after {
                return Err(Untold("a page that does not go on".to_owned()).into());
            }
            after = last;
        }
        if is_recount {
            self.raise_some(org, epoch, &[], true).await?;
        }
        Ok(raised)
    }

    async fn raise_some(
        &self,
        org: OrgId,
        epoch: &str,
        rings: &[(Key, Vec<Charge>)],
        is_all: bool,
    ) -> Result<u64, Trouble> {
        let (keys, args) = question(org, epoch, rings, is_all);
        match self.lines.ask(Verb::Raise, &keys, &args, PATIENT).await? {
            Value::Int(raised) => u64::try_from(raised).map_err(|_| Trouble::LostAgain),
            _ => Err(Trouble::Answer),
        }
    }

    /// A budget that is counted anew from records was charged.
    pub fn charged(&self, org: OrgId) {
        let mut active = lock(&self.active);
        // Beyond it, those that are charged again are compared the next time.
        if active.len() < 20 * MOST {
            active.insert(org);
        }
    }

    /// Says so, while this replica's records are long on their way. Runs until aborted.
    pub async fn keep_mustered(self: Arc<Self>) {
        let (mut beat, mut marks) = (interval(BEAT), VecDeque::new());
        loop {
            beat.tick().await;
            let progress = self.ledger.progress();
            marks.push_back(progress.written);
            let mark = (marks.len() > BEATS).then(|| marks.pop_front()).flatten();
            if mark.is_some_and(|written| written > progress.stored) {
                // Where nobody answers, nobody counts from the records either.
                let _ = self.muster(true).await;
            }
        }
    }

    /// Runs until aborted.
    pub async fn keep_compared(self: Arc<Self>) {
        loop {
            sleep(COMPARE).await;
            self.compare().await;
        }
    }

    pub async fn compare(&self) {
        let active = std::mem::take(&mut *lock(&self.active));
        for org in active {
            match self.compare_one(org).await {
                Ok(0) => {}
                Ok(raised) => {
                    self.lines.counters.raised(raised);
                    tracing::warn!(%org, raised, "the shared counters knew of less than is on record");
                }
                Err(error) => {
                    tracing::debug!(%org, %error, "budgets were not compared with the records");
                }
            }
        }
    }

    async fn compare_one(&self, org: OrgId) -> Result<u64, Trouble> {
        let lead = self.lead(org, "compare", COMPARED).await?;
        if lead.is_told && lead.is_mine {
            self.raise(org, &lead.epoch, false).await
        } else {
            Ok(0)
        }
    }
}

fn by_budget(org: OrgId, used: Vec<Charge>) -> BTreeMap<Key, Vec<Charge>> {
    let mut rings: BTreeMap<Key, Vec<Charge>> = BTreeMap::new();
    for one in used {
        let key = Key {
            org,
            limit: one.limit,
            subject: one.subject,
        };
        rings.entry(key).or_default().push(one);
    }
    rings
}

/// A budget that was cut otherwise before begins as it was cut last.
pub(super) fn question(
    org: OrgId,
    epoch: &str,
    rings: &[(Key, Vec<Charge>)],
    is_all: bool,
) -> (Vec<String>, Vec<String>) {
    let mut keys = vec![key::epoch(org)];
    let mut args = vec![epoch.to_owned(), u8::from(is_all).to_string()];
    for (key, slots) in rings {
        let Some(newest) = slots.iter().max_by_key(|slot| slot.end_ms()) else {
            continue;
        };
        keys.push(key.ring());
        args.extend([newest.slot_ms, newest.slots, slots.len() as u64].map(|n| n.to_string()));
        for slot in slots {
            args.extend([slot.end_ms(), slot.cost].map(|n| n.to_string()));
        }
    }
    (keys, args)
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests;
