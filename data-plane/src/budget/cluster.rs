//! The nodes of a Redis Cluster, each with a line and a breaker of its own, so that one that is down takes only its
//! own organisations along. Not the client of the `redis` crate: that one asks again by itself after a broken
//! connection, and a charge may have been made.

pub(super) mod map;

use super::clock::Clock;
use super::line::{Elsewhere, Failure, Line, Question, Reach, Unreachable};
use super::status::Counters;
use address::manner;
use arc_swap::ArcSwap;
use map::{Map, Node, Owned};
use rand::seq::SliceRandom;
use redis::{Client, RedisError, Value};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};
use tokio::sync::{Notify, watch};
use tokio::time::{sleep, timeout};
use tokio_util::task::AbortOnDropHandle;

/// How often who has which slot is asked without need; and while somebody does not answer.
const SURVEY: Duration = Duration::from_secs(5);
const SURVEY_IN_NEED: Duration = Duration::from_millis(250);
/// Between two surveys, however many calls were sent elsewhere.
const PAUSE: Duration = Duration::from_millis(50);
/// How often one call may be sent elsewhere.
const HOPS: usize = 3;

pub(super) struct Cluster {
    seeds: Vec<Client>,
    map: ArcSwap<Map>,
    /// One at a time changes the map.
    changing: Mutex<()>,
    /// A line opened or was lost, or a call was sent elsewhere.
    stirred: Arc<Notify>,
    is_open: watch::Sender<bool>,
    slow: Duration,
    clock: Clock,
    counters: Arc<Counters>,
}

/// The seeds may hold a password.
impl std::fmt::Debug for Cluster {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Cluster")
            .field("is_open", &*self.is_open.borrow())
            .finish_non_exhaustive()
    }
}

impl Cluster {
    pub fn new(seeds: Vec<Client>, slow: Duration, clock: Clock, counters: Arc<Counters>) -> Self {
        Self {
            seeds,
            map: ArcSwap::default(),
            changing: Mutex::new(()),
            stirred: Arc::new(Notify::new()),
            is_open: watch::Sender::new(false),
            slow,
            clock,
            counters,
        }
    }

    pub fn is_open(&self) -> watch::Receiver<bool> {
        self.is_open.subscribe()
    }

    /// Asks the node that has these keys, and follows where it is sent: then nothing had run.
    pub async fn ask(&self, question: &Question<'_>) -> Result<Value, Unreachable> {
        let slot = question.keys.first().map(|key| map::slot_of(key));
        let node = slot.and_then(|slot| self.map.load().owner_of(slot));
        let mut node = node.ok_or(Unreachable::Unasked)?;
        let begun = Instant::now();
        let mut is_for_once = false;
        for _ in 0..HOPS {
            let patience = question.patience.saturating_sub(begun.elapsed());
            let question = Question {
                patience,
                ..*question
            };
            match node.line.ask(&question, is_for_once).await {
                Ok(value) => return Ok(value),
                Err(Failure::Unreachable(why)) => return Err(why),
                Err(Failure::Elsewhere(there)) => {
                    if !there.is_for_once {
                        self.stirred.notify_one();
                    }
                    is_for_once = there.is_for_once;
                    node = self.node_at(&there).ok_or(Unreachable::Unasked)?;
                    let patience = question.patience.saturating_sub(begun.elapsed());
                    let mut is_open = node.line.is_open();
                    let opens = is_open.wait_for(|open| *open);
                    if !matches!(timeout(patience, opens).await, Ok(Ok(_))) {
                        return Err(Unreachable::Unasked);
                    }
                }
            }
        }
        Err(Unreachable::Unasked)
    }

    /// Also one that nobody has told of yet: a new one has no slot before it is given the first.
    fn node_at(&self, there: &Elsewhere) -> Option<Arc<Node>> {
        let address = (there.host.clone(), there.port);
        let known = |map: &Map| map.nodes.get(&address).cloned();
        if let Some(node) = known(&self.map.load()) {
            return Some(node);
        }
        let _changing = self.changing.lock().unwrap_or_else(PoisonError::into_inner);
        let map = self.map.load();
        if let Some(node) = known(&map) {
            return Some(node);
        }
        let node = self.reach(&there.host, there.port)?;
        let mut next = Map::clone(&map);
        next.nodes.insert(address, node.clone());
        self.map.store(Arc::new(next));
        Some(node)
    }

    fn reach(&self, host: &str, port: u16) -> Option<Arc<Node>> {
        let client = address::at(self.seeds.first()?, host, port).ok()?;
        let line = Arc::new(Line::new(
            Reach::At(client.clone()),
            self.slow,
            self.clock,
            self.counters.clone(),
            self.stirred.clone(),
        ));
        let keeper = AbortOnDropHandle::new(tokio::spawn(line.clone().keep()));
        Some(Arc::new(Node::new(client, line, keeper)))
    }

    /// Runs until aborted: knows who has what, and says whether all of it can be asked.
    pub async fn keep(&self) {
        let mut said = false;
        loop {
            match self.survey().await {
                Ok(()) => said = false,
                Err(error) => {
                    if !said {
                        tracing::warn!(%error, "no node of the cluster says who has what");
                    }
                    said = true;
                }
            }
            let wait = if self.tell() { SURVEY } else { SURVEY_IN_NEED };
            let _ = timeout(wait, self.stirred.notified()).await;
            self.tell();
            sleep(PAUSE).await;
        }
    }

    fn tell(&self) -> bool {
        let is_open = self.map.load().is_open();
        self.is_open
            .send_if_modified(|was| std::mem::replace(was, is_open) != is_open);
        is_open
    }

    /// Asks the nodes, in no order, until one says who has which slots.
    async fn survey(&self) -> Result<(), RedisError> {
        let known = self.map.load_full();
        let mut askable: Vec<Client> = known
            .nodes
            .values()
            .map(|node| node.client.clone())
            .collect();
        askable.extend(self.seeds.iter().cloned());
        askable.shuffle(&mut rand::rng());
        let mut last = None;
        for client in askable {
            match slots(&client).await {
                Ok(owned) if !owned.is_empty() => {
                    self.adopt(&owned);
                    return Ok(());
                }
                Ok(_) => {}
                Err(error) => last = Some(error),
            }
        }
        Err(last.unwrap_or_else(|| (redis::ErrorKind::Client, "no node has any slot").into()))
    }

    /// Lines to nodes that stay are kept, and what waits on them.
    fn adopt(&self, owned: &[Owned]) {
        let _changing = self.changing.lock().unwrap_or_else(PoisonError::into_inner);
        let known = self.map.load();
        let mut next = Map::default();
        for one in owned {
            let address = (one.host.clone(), one.port);
            let node = next
                .nodes
                .get(&address)
                .or_else(|| known.nodes.get(&address));
            let Some(node) = node.cloned().or_else(|| self.reach(&one.host, one.port)) else {
                continue;
            };
            next.nodes.insert(address, node.clone());
            next.own(one.first, one.last, node);
        }
        self.map.store(Arc::new(next));
    }
}

async fn slots(client: &Client) -> Result<Vec<Owned>, RedisError> {
    let mut connection = client
        .get_multiplexed_async_connection_with_config(&manner())
        .await?;
    let mut ask = redis::cmd("CLUSTER");
    let told: Value = ask.arg("SLOTS").query_async(&mut connection).await?;
    Ok(map::read(&told, client.get_connection_info().addr()))
}
