//! Without Redis: the same answers, by this process alone.

use super::{Agent, admitted, passed, refused};
use crate::budget::{Budget, Charge, Charged, Count, Mode};

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_burst_from_many_tasks_admits_exactly_the_max() {
    let budget = Budget::in_memory();
    let agent = Agent::new();
    let tasks = (0..8).map(|_| {
        let (budget, charges) = (budget.clone(), [agent.hourly("calls", 50)]);
        tokio::spawn(async move { admitted(&budget, &agent, &charges, 500).await })
    });
    let mut total = 0;
    for task in tasks.collect::<Vec<_>>() {
        total += task.await.unwrap();
    }
    assert_eq!(total, 50);
}

#[tokio::test]
async fn a_refused_call_charges_no_other_limit() {
    let budget = Budget::in_memory();
    let agent = Agent::new();
    let (narrow, wide) = (agent.hourly("narrow", 10), agent.hourly("wide", 1_000));
    let both = [narrow, wide.clone()];
    assert_eq!(admitted(&budget, &agent, &both, 1_000).await, 10);
    assert_eq!(admitted(&budget, &agent, &[wide], 2_000).await, 990);
}

#[tokio::test]
async fn the_longest_wait_is_the_answer_and_never_is_longest() {
    let budget = Budget::in_memory();
    let agent = Agent::new();
    let short = Charge {
        window_ms: 1_000,
        ..agent.hourly("short", 1)
    };
    let long = agent.hourly("long", 1);
    let same = agent.hourly("same", 1);
    let never = Charge {
        cost: 2,
        ..agent.hourly("never", 1)
    };
    let all = [short.clone(), long.clone(), same.clone()];
    let _held = passed(budget.charge(&agent.ask(&all)).await);
    let answer = budget.charge(&agent.ask(&all)).await;
    let (index, wait, mode) = refused(&answer);
    assert_eq!((index, mode), (1, Mode::Memory), "the first among equals");
    assert!(wait > Some(3_500_000), "{wait:?}");
    let answer = budget.charge(&agent.ask(&[short, long, same, never])).await;
    assert_eq!(refused(&answer), (3, None, Mode::Memory));
}

#[tokio::test]
async fn a_counter_met_twice_is_charged_once_the_greater_cost_under_the_smaller_max() {
    let budget = Budget::in_memory();
    let agent = Agent::new();
    let twice = [
        Charge {
            cost: 3,
            ..agent.hourly("units", 100)
        },
        Charge {
            cost: 5,
            ..agent.hourly("units", 20)
        },
    ];
    assert_eq!(admitted(&budget, &agent, &twice, 50).await, 4);
}

#[tokio::test]
async fn calls_in_flight_are_bounded_and_their_places_come_back() {
    let budget = Budget::in_memory();
    let agent = Agent::new();
    let charges = [agent.in_flight("busy", 2)];
    let (_, first) = passed(budget.charge(&agent.ask(&charges)).await);
    let (_, _second) = passed(budget.charge(&agent.ask(&charges)).await);
    let third = budget.charge(&agent.ask(&charges)).await;
    assert_eq!(refused(&third), (0, Some(1_000), Mode::Memory));
    drop(first);
    passed(budget.charge(&agent.ask(&charges)).await);
}

#[tokio::test]
async fn only_what_counts_forwarded_calls_is_given_back() {
    let budget = Budget::in_memory();
    let agent = Agent::new();
    let forwarded = Charge {
        count: Count::Forwarded,
        ..agent.hourly("forwarded", 10)
    };
    let attempts = agent.hourly("attempts", 10);
    for _ in 0..4 {
        let both = [forwarded.clone(), attempts.clone()];
        let (_, held) = passed(budget.charge(&agent.ask(&both)).await);
        held.refund().await;
    }
    assert_eq!(admitted(&budget, &agent, &[forwarded], 50).await, 10);
    assert_eq!(admitted(&budget, &agent, &[attempts], 50).await, 6);
}

#[tokio::test]
async fn a_call_without_limits_passes_without_a_limiter() {
    let agent = Agent::new();
    let (mode, _) = passed(Budget::in_memory().charge(&agent.ask(&[])).await);
    assert_eq!(mode, Mode::None);
}

#[tokio::test]
async fn one_organisation_that_opens_budgets_without_end_is_refused_alone() {
    let budget = Budget::in_memory();
    let (greedy, other) = (Agent::new(), Agent::new());
    let mut opened = 0_u32;
    loop {
        let mut charge = greedy.hourly("by", 10);
        charge.subject = u128::from(opened).to_be_bytes();
        match budget.charge(&greedy.ask(&[charge])).await {
            Charged::Passed { .. } => opened += 1,
            refusal => {
                assert_eq!(refused(&refusal).0, 0);
                break;
            }
        }
        assert!(opened < 1_000_000, "without bound");
    }
    // What it already has goes on, and so does everybody else.
    let mut known = greedy.hourly("by", 10);
    known.subject = 0_u128.to_be_bytes();
    assert_eq!(admitted(&budget, &greedy, &[known], 20).await, 9);
    let charges = [other.hourly("calls", 5)];
    assert_eq!(admitted(&budget, &other, &charges, 20).await, 5);
}
