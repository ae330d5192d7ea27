//! Budgets that Redis lost, on a real Redis; what is on record is said by the test.

use super::*;
use crate::budget::charge::{Ask as Asked, Charged, Count, Measure, Mode, OnOutage};
use crate::budget::shared::Shared;
use crate::budget::tests::{
    Agent, PATIENT, Records, Server, admitted, passed, refused, replica_with,
};
use crate::budget::{Budget, Progress, Settings};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use std::sync::atomic::Ordering;

async fn command<T: redis::FromRedisValue>(server: &Server, words: &[&str]) -> T {
    let mut connection = server.connection().await;
    let mut command = redis::cmd(words[0]);
    command.arg(&words[1..]);
    command.query_async(&mut connection).await.unwrap()
}

async fn now_ms(server: &Server) -> u64 {
    let (seconds, micros): (u64, u64) = command(server, &["TIME"]).await;
    seconds * 1_000 + micros / 1_000
}

/// What a budget of the agent's has used, so many of its slots ago.
fn used(limit: &crate::budget::Charge, now: u64, ago: u64, cost: u64) -> Charge {
    let geometry = crate::budget::ring::Geometry::of(limit.window_ms);
    Charge {
        limit: limit.limit,
        subject: limit.subject,
        slot_ms: geometry.slot_ms(),
        slots: geometry.slots(),
        slot: now / geometry.slot_ms() - ago,
        cost,
        is_of_forwarded: false,
    }
}

fn daily(agent: &Agent, max: u64) -> crate::budget::Charge {
    crate::budget::Charge {
        window_ms: 86_400_000,
        ..agent.hourly("spent", max)
    }
}

fn shared(budget: &Budget) -> &Arc<Shared> {
    match budget {
        Budget::Shared(shared) => shared,
        Budget::Memory(_) => panic!("it has a Redis"),
    }
}

#[tokio::test]
async fn what_is_on_record_is_used_however_often_redis_is_lost() {
    for server in [Server::start(), Server::without_functions()] {
        let (agent, records) = (Agent::new(), Arc::new(Records::default()));
        let limit = daily(&agent, 10);
        let now = now_ms(&server).await;
        *records.used.lock().unwrap() = vec![used(&limit, now, 0, 4), used(&limit, now, 5, 3)];
        let budget = replica_with(&server.url(), PATIENT, records.clone()).await;
        let charges = [limit];
        assert_eq!(admitted(&budget, &agent, &charges, 20).await, 3);
        let _: () = command(&server, &["FLUSHALL"]).await;
        records.used.lock().unwrap()[0].cost = 6;
        assert_eq!(admitted(&budget, &agent, &charges, 20).await, 1);
        let status = budget.status();
        assert_eq!(
            (
                status.recounts,
                status.epoch_changes,
                status.recount_failures
            ),
            (2, 1, 0)
        );
    }
}

#[tokio::test]
async fn while_nobody_says_what_is_on_record_long_windows_and_costs_are_closed_and_others_go_on() {
    let server = Server::start();
    let (agent, records) = (Agent::new(), Arc::new(Records::default()));
    records.is_away.store(true, Ordering::Relaxed);
    let budget = replica_with(&server.url(), PATIENT, records.clone()).await;
    let minute = crate::budget::Charge {
        window_ms: 60_000,
        ..agent.hourly("calls", 10)
    };
    let spend = crate::budget::Charge {
        is_spend: true,
        ..minute.clone()
    };
    for on_outage in [OnOutage::Closed, OnOutage::Share, OnOutage::Open] {
        let limit = crate::budget::Charge {
            on_outage,
            ..daily(&agent, 10)
        };
        let both = [minute.clone(), limit];
        let answer = budget.charge(&agent.ask(&both)).await;
        assert_eq!(refused(&answer), (1, Some(1_000), Mode::Closed));
    }
    let answer = budget
        .charge(&agent.ask(std::slice::from_ref(&spend)))
        .await;
    assert_eq!(refused(&answer), (0, Some(1_000), Mode::Closed));
    let short = std::slice::from_ref(&minute);
    assert_eq!(
        admitted(&budget, &agent, short, 20).await,
        10,
        "nothing else was charged"
    );
    assert!(budget.status().recount_failures > 0);

    records.is_away.store(false, Ordering::Relaxed);
    let charges = [daily(&agent, 10)];
    loop {
        if let Charged::Passed { .. } = budget.charge(&agent.ask(&charges)).await {
            break;
        }
        tokio::task::yield_now().await;
    }
    assert_eq!(admitted(&budget, &agent, &charges, 20).await, 9);
}

#[tokio::test]
async fn many_calls_of_many_replicas_ask_the_records_once() {
    let server = Server::start();
    let (agent, records) = (Agent::new(), Arc::new(Records::default()));
    let mut tasks = Vec::new();
    for _ in 0..4 {
        let budget = replica_with(&server.url(), PATIENT, records.clone()).await;
        let charges = [daily(&agent, 30)];
        for _ in 0..10 {
            let (budget, charges) = (budget.clone(), charges.clone());
            tasks.push(tokio::spawn(async move {
                admitted(&budget, &agent, &charges, 1).await
            }));
        }
    }
    let mut total = 0;
    for task in tasks {
        total += task.await.unwrap();
    }
    assert_eq!((total, records.asked.load(Ordering::Relaxed)), (30, 1));
}

#[tokio::test]
async fn nobody_counts_from_the_records_while_somebody_else_is_behind_with_them() {
    let server = Server::start();
    let (agent, late) = (Agent::new(), Arc::new(Records::default()));
    late.progress.lock().unwrap().written = 100;
    let behind = replica_with(&server.url(), PATIENT, late.clone()).await;
    loop {
        let declared: u64 = command(&server, &["ZCARD", key::MUSTER[1]]).await;
        if declared == 1 {
            break;
        }
        tokio::task::yield_now().await;
    }
    let other = replica_with(&server.url(), PATIENT, Arc::default()).await;
    let charges = [daily(&agent, 10)];
    let answer = other.charge(&agent.ask(&charges)).await;
    assert_eq!(refused(&answer).2, Mode::Closed);
    *late.progress.lock().unwrap() = Progress {
        written: 100,
        stored: 100,
    };
    loop {
        if let Charged::Passed { .. } = other.charge(&agent.ask(&charges)).await {
            break;
        }
    }
    drop(behind);
}

#[tokio::test]
async fn a_redis_that_has_just_begun_waits_for_what_is_on_its_way() {
    let server = Server::start();
    let (agent, records) = (Agent::new(), Arc::new(Records::default()));
    let settings = Settings {
        grace: Duration::from_millis(300),
        ..PATIENT
    };
    let budget = replica_with(&server.url(), settings, records).await;
    let before = now_ms(&server).await;
    let charges = [daily(&agent, 10)];
    let (mode, _) = passed(budget.charge(&agent.ask(&charges)).await);
    assert_eq!(mode, Mode::Shared);
    assert!(now_ms(&server).await >= before + 300);
}

#[tokio::test]
async fn a_redis_that_came_back_with_less_is_raised_to_what_is_on_record_and_never_lowered() {
    let server = Server::start();
    let (agent, records) = (Agent::new(), Arc::new(Records::default()));
    let budget = replica_with(&server.url(), PATIENT, records.clone()).await;
    let limit = daily(&agent, 10);
    let now = now_ms(&server).await;
    let charges = [limit.clone()];
    assert_eq!(admitted(&budget, &agent, &charges, 3).await, 3);
    *records.used.lock().unwrap() = vec![used(&limit, now, 0, 1)];
    shared(&budget).recount.compare().await;
    assert_eq!(budget.status().raised, 0);
    assert_eq!(admitted(&budget, &agent, &charges, 1).await, 1);
    let _: () = command(&server, &["DEL", &key::lead(agent.org, "compare")]).await;
    *records.used.lock().unwrap() = vec![used(&limit, now, 0, 2), used(&limit, now, 3, 6)];
    shared(&budget).recount.compare().await;
    assert_eq!(budget.status().raised, 4);
    assert_eq!(admitted(&budget, &agent, &charges, 20).await, 2);
}

#[tokio::test]
async fn what_is_told_by_pages_is_told_whole() {
    let server = Server::start();
    let agent = Agent::new();
    let now = now_ms(&server).await;
    let limits: Vec<_> = (0..40)
        .map(|number| crate::budget::Charge {
            window_ms: 3_600_000,
            ..agent.hourly(&number.to_string(), 5)
        })
        .collect();
    let on_record = limits.iter().map(|limit| used(limit, now, 1, 4)).collect();
    let records = Arc::new(Records {
        used: Mutex::new(on_record),
        page: Some(7),
        ..Records::default()
    });
    let budget = replica_with(&server.url(), PATIENT, records).await;
    for limit in &limits {
        let charges = std::slice::from_ref(limit);
        assert_eq!(admitted(&budget, &agent, charges, 3).await, 1);
    }
}

/// Random rings, random records of every geometry: raised to what is on record and no further, never lowered, whole
/// afterwards; and in another epoch nothing is touched.
#[tokio::test]
async fn raising_takes_nothing_away_and_stops_at_what_is_on_record() {
    let seed: u64 = rand::random();
    println!("seed {seed}");
    let mut random = StdRng::seed_from_u64(seed);
    let server = Server::start();
    let budget = replica_with(&server.url(), PATIENT, Arc::default()).await;
    let lines = &shared(&budget).lines;
    for _ in 0..300 {
        let agent = Agent::new();
        let windows = [61_000, 3_600_000, 86_400_000, 31 * 86_400_000];
        let window_ms = windows[random.random_range(0..windows.len())];
        let limit = crate::budget::Charge {
            window_ms,
            ..agent.hourly("spent", 1_000_000)
        };
        let now = now_ms(&server).await;
        let known = random.random_range(0..200);
        let charged = crate::budget::Charge {
            cost: known,
            count: Count::Attempts,
            ..limit.clone()
        };
        if known > 0 {
            assert_eq!(admitted(&budget, &agent, &[charged], 1).await, 1);
        }
        let mut on_record = Vec::new();
        for _ in 0..random.random_range(1..8) {
            let cut = crate::budget::Charge {
                window_ms: windows[random.random_range(0..windows.len())],
                ..limit.clone()
            };
            // None of them so old that a window leaves it while this runs.
            on_record.push(used(
                &cut,
                now,
                random.random_range(0..15),
                random.random_range(0..90),
            ));
        }
        let ask: Asked<'_> = agent.ask(std::slice::from_ref(&limit));
        let part = ask.parts()[0];
        assert!(matches!(part.measure, Measure::Rate { .. }));
        let ring = part.key.ring();
        let before = slots(&server, &ring).await;
        let epoch: Option<String> = command(&server, &["GET", &key::epoch(agent.org)]).await;
        let epoch = epoch.unwrap_or_else(|| "none".to_owned());
        if epoch == "none" {
            let _: () = command(&server, &["SET", &key::epoch(agent.org), "none"]).await;
        }
        let rings = [(part.key, on_record)];
        let raise = async |epoch: &str| -> i64 {
            let (keys, args) = question(agent.org, epoch, &rings, false);
            let answer = lines.ask(Verb::Raise, &keys, &args, PATIENT.timeout).await;
            redis::from_redis_value(answer.unwrap()).unwrap()
        };
        assert_eq!(raise("another").await, -1);
        assert_eq!(slots(&server, &ring).await, before, "another epoch");

        let raised = u64::try_from(raise(&epoch).await).unwrap();
        let after = slots(&server, &ring).await;
        let whole: u64 = after.slots.values().sum();
        assert_eq!(whole, after.sum, "a ring adds up");
        assert_eq!(after.sum, before.sum + raised);
        for (slot, cost) in &before.slots {
            assert!(after.slots[slot] >= *cost, "slot {slot} was lowered");
        }
        let geometry = after.geometry.unwrap_or((1, 0));
        let oldest = (now / geometry.0).saturating_sub(geometry.1);
        let counted = rings[0]
            .1
            .iter()
            .filter(|one| one.end_ms() / geometry.0 >= oldest);
        let total: u64 = counted.map(|one| one.cost).sum();
        assert_eq!(
            after.sum,
            before.sum.max(total),
            "{before:?} {:?}",
            rings[0].1
        );
        assert_eq!(raise(&epoch).await, 0, "told again, nothing is added");
    }
}

#[derive(Debug, Default, PartialEq, Eq)]
struct Ring {
    sum: u64,
    geometry: Option<(u64, u64)>,
    slots: BTreeMap<u64, u64>,
}

async fn slots(server: &Server, ring: &str) -> Ring {
    let fields: HashMap<String, String> = command(server, &["HGETALL", ring]).await;
    let number = |text: &str| text.parse::<u64>().unwrap();
    Ring {
        sum: fields.get("s").map_or(0, |sum| number(sum)),
        geometry: fields.get("g").map(|geometry| {
            let (span, slots) = geometry.split_once('x').unwrap();
            (number(span), number(slots))
        }),
        slots: fields
            .iter()
            .filter_map(|(name, cost)| Some((name.parse().ok()?, number(cost))))
            .collect(),
    }
}

#[tokio::test]
async fn a_call_says_what_it_charged_for_its_record() {
    let server = Server::start();
    let agent = Agent::new();
    let budget = replica_with(&server.url(), PATIENT, Arc::default()).await;
    let forwarded = crate::budget::Charge {
        cost: 3,
        count: Count::Forwarded,
        ..daily(&agent, 10)
    };
    let short = crate::budget::Charge {
        window_ms: 10_000,
        ..agent.hourly("short", 10)
    };
    let charges = [short, agent.in_flight("busy", 9), forwarded.clone()];
    let (_, held) = passed(budget.charge(&agent.ask(&charges)).await);
    let now = now_ms(&server).await;
    let kept = held.kept().into_vec();
    let [one] = kept.as_slice() else {
        panic!("one of them is kept: {kept:?}");
    };
    let expected = used(&forwarded, now, 0, 3);
    assert_eq!((one.limit, one.subject), (expected.limit, expected.subject));
    assert_eq!((one.slot_ms, one.slots, one.cost), (1_800_000, 48, 3));
    assert!(one.is_of_forwarded && expected.slot - one.slot <= 1);
    assert!(held.refund().await, "what is given back is kept");
}
