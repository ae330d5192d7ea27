//! Eight replicas, three limits with costs, many calls: every decision is judged at Redis' own time, by everything
//! that all of them were told. Forty thousand calls each time; `PORTCULLIS_TEST_CALLS` says how many instead
//! (`tests/limits-at-size`).

use super::{Agent, PATIENT, Records, Server, fleet, wished};
use crate::budget::reply::{Answer, Reply};
use crate::budget::ring::Geometry;
use crate::budget::shared::Shared;
use crate::budget::{Address, Charge, Count, OnOutage};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::time::{Duration, Instant};

const REPLICAS: usize = 8;
/// Calls of one replica on their way at once.
const AT_ONCE: usize = 6;
/// Each lets through about as many a second as the others, so that now one is in the way and now another.
const LIMITS: [(&str, u64, u64); 3] = [
    ("calls", 1_000, 432),
    ("units", 1_500, 12_800),
    ("money", 2_000, 870_000),
];

/// One decision, as Redis stamped it.
struct Decided {
    now: u64,
    costs: [u64; 3],
    answer: Answer,
}

fn charges(agent: &Agent, costs: [u64; 3]) -> Vec<Charge> {
    let limits = LIMITS.iter().zip(costs);
    limits
        .map(|(&(name, window_ms, max), cost)| Charge {
            window_ms,
            cost,
            count: Count::Attempts,
            on_outage: OnOutage::Closed,
            ..agent.hourly(name, max)
        })
        .collect()
}

async fn replica(server: &Server) -> Arc<Shared> {
    let address = Address::read(&server.url(), None).unwrap();
    let shared = Shared::start(address, PATIENT, fleet(1, 0), Arc::new(Records::default()));
    let mut is_open = shared.lines.is_open();
    let opens = is_open.wait_for(|open| *open);
    let opened = tokio::time::timeout(Duration::from_secs(20), opens).await;
    opened.expect("it connects").unwrap();
    Arc::new(shared)
}

async fn call(shared: Arc<Shared>, agent: Agent, left: Arc<Left>, seed: u64) -> Vec<Decided> {
    let mut random = StdRng::seed_from_u64(seed);
    let mut all = Vec::new();
    while left.take() {
        let costs = [1, random.random_range(0..40), random.random_range(1..2_000)];
        let charges = charges(&agent, costs);
        let ask = agent.ask(&charges);
        let Reply { now, answer, .. } = shared.put(&ask, &ask.parts()).await.expect("it answers");
        if let Answer::Refused(refusal) = answer {
            left.refused[refusal.part].store(true, Relaxed);
        }
        all.push(Decided { now, costs, answer });
    }
    all
}

/// So many calls, and as many more as it takes until each limit was in the way.
struct Left {
    calls: AtomicU64,
    refused: [AtomicBool; 3],
}

impl Left {
    fn take(&self) -> bool {
        let less = |left: u64| left.checked_sub(1);
        let is_left = self.calls.fetch_update(Relaxed, Relaxed, less).is_ok();
        is_left || !self.refused.iter().all(|refused| refused.load(Relaxed))
    }
}

/// Of one limit: what was admitted in each millisecond.
struct Log {
    geometry: Geometry,
    window: u64,
    max: u64,
    times: Vec<u64>,
    /// One more than times: what was admitted before each.
    sums: Vec<u64>,
}

impl Log {
    fn of(limit: usize, all: &[Decided]) -> Self {
        let mut by_time: BTreeMap<u64, u64> = BTreeMap::new();
        for one in all
            .iter()
            .filter(|one| matches!(one.answer, Answer::Passed { .. }))
        {
            *by_time.entry(one.now).or_default() += one.costs[limit];
        }
        let (_, window, max) = LIMITS[limit];
        let mut sums = vec![0];
        for cost in by_time.values() {
            sums.push(sums.last().unwrap() + cost);
        }
        Self {
            geometry: Geometry::of(window),
            window,
            max,
            times: by_time.into_keys().collect(),
            sums,
        }
    }

    /// In `[from, to]`.
    fn within(&self, from: u64, to: u64) -> u64 {
        let before = |time| self.sums[self.times.partition_point(|at| *at < time)];
        before(to + 1) - before(from)
    }

    /// U: the most that any window held.
    fn worst(&self) -> u64 {
        let windows = self.times.iter();
        windows
            .map(|&end| self.within((end + 1).saturating_sub(self.window), end))
            .max()
            .unwrap_or(0)
    }

    /// V: a refusal is owed to what the retained slots held.
    fn owes(&self, now: u64, cost: u64) -> bool {
        let oldest = (now / self.geometry.slot_ms()).saturating_sub(self.geometry.slots());
        self.within(oldest * self.geometry.slot_ms(), now) + cost > self.max
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn eight_replicas_and_three_limits_with_costs_exceed_nothing_and_refuse_nothing_unduly() {
    let calls = wished("PORTCULLIS_TEST_CALLS").unwrap_or(40_000);
    let seed: u64 = rand::random();
    let server = Server::start();
    let agent = Agent::new();
    let left = Arc::new(Left {
        calls: AtomicU64::new(calls),
        refused: Default::default(),
    });
    let begun = Instant::now();
    let mut tasks = Vec::new();
    for number in 0..REPLICAS {
        let shared = replica(&server).await;
        for place in 0..AT_ONCE {
            let own = seed.wrapping_add((number * AT_ONCE + place) as u64);
            tasks.push(tokio::spawn(call(shared.clone(), agent, left.clone(), own)));
        }
    }
    let mut all = Vec::new();
    for task in tasks {
        all.extend(task.await.unwrap());
    }
    let took = begun.elapsed();
    // At once: a budget is gone two windows after its last use.
    let kept = kept(&server, &agent).await;
    let logs: Vec<Log> = (0..LIMITS.len())
        .map(|limit| Log::of(limit, &all))
        .collect();
    let passed = all
        .iter()
        .filter(|one| matches!(one.answer, Answer::Passed { .. }))
        .count();
    let mut refused_by = [0; LIMITS.len()];
    let mut unduly = 0;
    for one in &all {
        if let Answer::Refused(refusal) = one.answer {
            refused_by[refusal.part] += 1;
            unduly += u64::from(!logs[refusal.part].owes(one.now, one.costs[refusal.part]));
        }
    }
    let worst: Vec<String> = logs
        .iter()
        .map(|log| format!("{}/{}", log.worst(), log.max))
        .collect();
    println!(
        "seed {seed}: {} calls in {took:.1?}, {passed} passed, worst windows {worst:?}, refused by {refused_by:?}, unduly {unduly}",
        all.len()
    );
    for log in &logs {
        assert!(log.worst() <= log.max);
    }
    assert_eq!(unduly, 0);
    assert!(
        refused_by.iter().all(|count| *count > 0),
        "a limit had no part in it"
    );
    let made = all.len() as u64;
    assert!(made >= calls);
    assert_eq!(server.calls("fcall").await, made, "one trip a call");
    for (limit, kept) in kept.iter().enumerate() {
        assert_kept(limit, kept, &all);
    }
}

async fn kept(server: &Server, agent: &Agent) -> Vec<HashMap<String, String>> {
    let charges = charges(agent, [0; 3]);
    let mut connection = server.connection().await;
    let mut pipe = redis::pipe();
    for part in agent.ask(&charges).parts() {
        pipe.cmd("HGETALL").arg(part.key.ring());
    }
    pipe.query_async(&mut connection).await.unwrap()
}

/// What Redis keeps of a limit is what passed, slot by slot: a call that another limit refused is in none.
fn assert_kept(limit: usize, kept: &HashMap<String, String>, all: &[Decided]) {
    let number = |name: &str| kept[name].parse::<u64>().unwrap();
    let head = number("h");
    let mut expected: BTreeMap<u64, u64> = BTreeMap::new();
    for one in all {
        if let Answer::Passed { slots } = &one.answer
            && slots[limit] >= head
            && one.costs[limit] > 0
        {
            *expected.entry(slots[limit]).or_default() += one.costs[limit];
        }
    }
    let is_slot = |name: &String| name.parse::<u64>().ok();
    let slots: BTreeMap<u64, u64> = kept
        .keys()
        .filter_map(|name| is_slot(name).map(|slot| (slot, number(name))))
        .collect();
    assert_eq!(slots, expected, "{}", LIMITS[limit].0);
    assert_eq!(number("s"), expected.values().sum::<u64>());
}
