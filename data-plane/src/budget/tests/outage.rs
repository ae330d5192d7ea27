//! Redis is stopped, and comes back.

use super::{
    Agent, PATIENT, Server, admitted, connect, fleet, passed, refused, replica, replica_of,
};
use crate::budget::{Budget, Charge, Charged, Fleet, Mode, OnOutage, Settings};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::time::Duration;
use tokio::time::{Instant, timeout};

async fn until(budget: &Budget, reachable: bool) {
    let mut watch = budget.reachable().unwrap();
    let change = watch.wait_for(|is| *is == reachable);
    timeout(Duration::from_secs(20), change)
        .await
        .unwrap()
        .unwrap();
}

/// Calls until Redis decides again.
async fn until_shared(budget: &Budget, agent: &Agent, charge: &Charge) {
    let asking = async {
        loop {
            match budget
                .charge(&agent.ask(std::slice::from_ref(charge)))
                .await
            {
                Charged::Passed {
                    mode: Mode::Shared, ..
                }
                | Charged::Refused {
                    mode: Mode::Shared, ..
                } => return,
                _ => tokio::task::yield_now().await,
            }
        }
    };
    timeout(Duration::from_secs(20), asking).await.unwrap();
}

#[tokio::test]
async fn each_limit_does_what_it_says_and_the_mode_says_which() {
    let mut server = Server::start();
    let budget = replica(&server.url()).await;
    let agent = Agent::new();
    let on = |on_outage, name: &str| Charge {
        on_outage,
        ..agent.hourly(name, 3)
    };
    let closed = [on(OnOutage::Closed, "closed")];
    let share = [on(OnOutage::Share, "share")];
    let open = [on(OnOutage::Open, "open")];
    for limit in [&closed, &share, &open] {
        assert_eq!(
            passed(budget.charge(&agent.ask(limit)).await).0,
            Mode::Shared
        );
    }
    server.stop();
    until(&budget, false).await;

    let answer = budget.charge(&agent.ask(&closed)).await;
    assert_eq!(refused(&answer), (0, Some(1_000), Mode::Closed));
    assert_eq!(
        passed(budget.charge(&agent.ask(&share)).await).0,
        Mode::Share
    );
    assert_eq!(
        admitted(&budget, &agent, &share, 5).await,
        1,
        "three in all"
    );
    assert_eq!(
        refused(&budget.charge(&agent.ask(&share)).await).2,
        Mode::Share
    );
    for _ in 0..10 {
        assert_eq!(passed(budget.charge(&agent.ask(&open)).await).0, Mode::Open);
    }
    let mixed = [share[0].clone(), closed[0].clone()];
    assert_eq!(
        refused(&budget.charge(&agent.ask(&mixed)).await).0,
        0,
        "the longest wait answers"
    );

    server.run();
    until_shared(&budget, &agent, &on(OnOutage::Closed, "other")).await;
    assert_eq!(
        passed(budget.charge(&agent.ask(&closed)).await).0,
        Mode::Shared
    );
}

#[tokio::test]
async fn shares_of_two_replicas_and_what_redis_had_counted_make_one_budget() {
    let mut server = Server::start();
    let one = replica_of(&server.url(), fleet(2, 0)).await;
    let other = replica_of(&server.url(), fleet(2, 1)).await;
    let agent = Agent::new();
    let charges = [agent.hourly("calls", 20)];
    assert_eq!(admitted(&one, &agent, &charges, 5).await, 5);
    assert_eq!(admitted(&other, &agent, &charges, 3).await, 3);
    let _ = admitted(&one, &agent, &[agent.hourly("calls", 0)], 1).await;
    server.stop();
    until(&one, false).await;
    until(&other, false).await;
    let during =
        admitted(&one, &agent, &charges, 50).await + admitted(&other, &agent, &charges, 50).await;
    assert_eq!(during, 12);
}

/// Until so many were refused in a row.
async fn drain(budget: Budget, agent: Agent, charge: Charge, told: Arc<AtomicUsize>) {
    let mut refused = 0;
    while refused < 50 {
        match budget
            .charge(&agent.ask(std::slice::from_ref(&charge)))
            .await
        {
            Charged::Passed { .. } => {
                refused = 0;
                told.fetch_add(1, Relaxed);
            }
            _ => refused += 1,
        }
        tokio::task::yield_now().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn eight_replicas_whose_redis_dies_under_load_admit_hardly_more_than_one_budget() {
    const MAX: usize = 4_000;
    let mut server = Server::start();
    let agent = Agent::new();
    let (shared, closed) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let limit = agent.hourly("share", MAX as u64);
    let strict = Charge {
        on_outage: OnOutage::Closed,
        ..agent.hourly("closed", 1_000_000)
    };
    let (mut replicas, mut tasks) = (Vec::new(), Vec::new());
    for rank in 0..8 {
        let budget = replica_of(&server.url(), fleet(8, rank)).await;
        tasks.push(tokio::spawn(drain(
            budget.clone(),
            agent,
            limit.clone(),
            shared.clone(),
        )));
        tasks.push(tokio::spawn(drain(
            budget.clone(),
            agent,
            strict.clone(),
            closed.clone(),
        )));
        replicas.push(budget);
    }
    while shared.load(Relaxed) < MAX / 2 {
        tokio::task::yield_now().await;
    }
    server.stop();
    for task in tasks {
        task.await.unwrap();
    }
    let total = shared.load(Relaxed);
    assert!(
        total <= MAX + MAX / 10,
        "{total} of {MAX} in the window of the switch"
    );
    // Each may hold back a unit of its share for every division that is not even.
    assert!(
        total >= MAX - MAX / 10,
        "{total} of {MAX}: refused without need"
    );
    for budget in &replicas {
        until(budget, false).await;
        let strict = std::slice::from_ref(&strict);
        assert_eq!(admitted(budget, &agent, strict, 20).await, 0);
    }
    assert!(closed.load(Relaxed) > 0, "before, it let calls through");
}

#[tokio::test]
async fn a_budget_smaller_than_the_fleet_belongs_to_the_first_replicas() {
    let mut server = Server::start();
    let mut total = 0;
    let agent = Agent::new();
    let charges = [agent.hourly("calls", 1)];
    let url = server.url();
    let replicas = [
        replica_of(&url, fleet(2, 0)).await,
        replica_of(&url, fleet(2, 1)).await,
    ];
    server.stop();
    for budget in &replicas {
        until(budget, false).await;
        total += admitted(budget, &agent, &charges, 10).await;
    }
    assert_eq!(total, 1);
}

#[tokio::test]
async fn a_replica_that_was_never_told_of_the_others_has_no_share_until_it_is() {
    let mut server = Server::start();
    let others = Arc::new(Fleet::default());
    let budget = replica_of(&server.url(), others.clone()).await;
    let agent = Agent::new();
    let charges = [agent.hourly("calls", 4)];
    server.stop();
    until(&budget, false).await;
    let answer = budget.charge(&agent.ask(&charges)).await;
    assert_eq!(refused(&answer), (0, Some(1_000), Mode::Share));
    others.heard(2, 1);
    assert_eq!(admitted(&budget, &agent, &charges, 10).await, 2);
}

#[tokio::test]
async fn what_passed_during_an_outage_is_counted_when_redis_is_back() {
    let mut server = Server::start();
    let budget = replica(&server.url()).await;
    let agent = Agent::new();
    let charges = [agent.hourly("calls", 100)];
    server.stop();
    until(&budget, false).await;
    assert_eq!(admitted(&budget, &agent, &charges, 60).await, 60);
    server.run();
    until_shared(&budget, &agent, &agent.hourly("other", 1)).await;
    // The debt is told in the background: wait until the server has it.
    let key = format!(
        "rl:{{{}}}:{}:{}",
        agent.org.uuid(),
        uuid::Uuid::from_bytes(charges[0].limit),
        seal::to_hex(&charges[0].subject)
    );
    let told = async {
        loop {
            let mut connection = server.connection().await;
            let mut get = redis::cmd("HGET");
            get.arg(&key).arg("s");
            let sum: Option<u64> = get.query_async(&mut connection).await.unwrap();
            if sum == Some(60) {
                return;
            }
        }
    };
    timeout(Duration::from_secs(20), told).await.unwrap();
    assert_eq!(admitted(&budget, &agent, &charges, 100).await, 40);
}

fn hasty() -> Settings {
    Settings {
        timeout: Duration::from_millis(25),
        ..PATIENT
    }
}

#[tokio::test]
async fn a_frozen_redis_is_given_up_in_time_and_the_charge_is_not_repeated() {
    let server = Server::start();
    let budget = connect(&server.url(), hasty(), fleet(1, 0)).await;
    let agent = Agent::new();
    let charges = [Charge {
        on_outage: OnOutage::Closed,
        ..agent.hourly("calls", 100)
    }];
    server.freeze();
    let started = Instant::now();
    let answer = budget.charge(&agent.ask(&charges)).await;
    let took = started.elapsed();
    server.thaw();
    assert_eq!(refused(&answer), (0, Some(1_000), Mode::Closed));
    assert!(took < Duration::from_millis(500), "{took:?}");
    assert_eq!(budget.status().timeouts, 1);
    // What was sent is carried out, late and once.
    while server.calls("fcall").await == 0 {}
    assert_eq!(server.calls("fcall").await, 1);
}

#[tokio::test]
async fn a_redis_that_stays_frozen_is_not_waited_for_by_every_call() {
    let server = Server::start();
    let budget = connect(&server.url(), hasty(), fleet(1, 0)).await;
    let agent = Agent::new();
    let charges = [agent.hourly("calls", 1_000_000)];
    server.freeze();
    assert_eq!(admitted(&budget, &agent, &charges, 200).await, 200);
    let status = budget.status();
    server.thaw();
    assert!(status.opened >= 1, "{status:?}");
    assert!(status.timeouts < 20, "{status:?}");
    until_shared(&budget, &agent, &agent.hourly("other", 1)).await;
}

#[tokio::test]
async fn calls_in_flight_keep_their_share_of_places() {
    let mut server = Server::start();
    let budget = replica(&server.url()).await;
    let agent = Agent::new();
    let charges = [agent.in_flight("busy", 2)];
    let (_, first) = passed(budget.charge(&agent.ask(&charges)).await);
    server.stop();
    until(&budget, false).await;
    let (mode, _second) = passed(budget.charge(&agent.ask(&charges)).await);
    assert_eq!(mode, Mode::Share);
    assert_eq!(
        refused(&budget.charge(&agent.ask(&charges)).await).2,
        Mode::Share
    );
    drop(first);
    passed(budget.charge(&agent.ask(&charges)).await);
}

#[tokio::test]
async fn an_open_limit_lets_calls_in_and_takes_no_place_of_others_when_they_end() {
    let mut server = Server::start();
    let budget = replica(&server.url()).await;
    let agent = Agent::new();
    let share = [agent.in_flight("busy", 1)];
    let open = [Charge {
        on_outage: OnOutage::Open,
        ..share[0].clone()
    }];
    server.stop();
    until(&budget, false).await;
    let (_, held) = passed(budget.charge(&agent.ask(&share)).await);
    for _ in 0..3 {
        assert_eq!(passed(budget.charge(&agent.ask(&open)).await).0, Mode::Open);
    }
    assert_eq!(
        refused(&budget.charge(&agent.ask(&share)).await).2,
        Mode::Share,
        "its place is still taken"
    );
    drop(held);
    passed(budget.charge(&agent.ask(&share)).await);
}
