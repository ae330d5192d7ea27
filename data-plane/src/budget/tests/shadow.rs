//! Limits in shadow: looked at, never charged, and nobody is refused for them.

use super::{Agent, PATIENT, Server, connect, fleet, passed, replica};
use crate::budget::{Ask, Budget, Charge, Charged, Mode};

async fn would(budget: &Budget, ask: Ask<'_>) -> (Mode, Vec<usize>) {
    match budget.charge(&ask).await {
        Charged::Passed { mode, would, .. } => (mode, would),
        other => panic!("expected it to pass: {other:?}"),
    }
}

/// Shared counters are what an enforced limit of the same name has charged.
async fn says_what_it_would_do(budget: &Budget, mode: Mode) {
    let agent = Agent::new();
    let enforced = [agent.hourly("calls", 3)];
    let shadow = [
        agent.hourly("calls", 1),
        agent.hourly("never charged", 1),
        Charge {
            cost: 2,
            ..agent.hourly("too much", 1)
        },
        agent.in_flight("places", 1),
    ];
    let ask = || Ask {
        shadow: &shadow,
        ..agent.ask(&enforced)
    };
    assert_eq!(would(budget, ask()).await, (mode, vec![2]));
    let seat = [agent.in_flight("places", 5)];
    let (_, held) = passed(budget.charge(&agent.ask(&seat)).await);
    for _ in 0..2 {
        assert_eq!(would(budget, ask()).await, (mode, vec![0, 2, 3]));
    }
    assert!(
        matches!(
            budget.charge(&ask()).await,
            Charged::Refused { index: 0, .. }
        ),
        "what is enforced is enforced"
    );
    drop(held);
    let alone = Ask {
        shadow: &shadow,
        ..agent.ask(&[])
    };
    let (mode, over) = would(budget, alone).await;
    assert_eq!(
        (mode, over.contains(&0)),
        (Mode::None, true),
        "nothing was charged, so nobody decided"
    );
}

#[tokio::test]
async fn in_memory_a_limit_in_shadow_says_what_it_would_do() {
    says_what_it_would_do(&Budget::in_memory(), Mode::Memory).await;
}

#[tokio::test]
async fn on_redis_a_limit_in_shadow_says_what_it_would_do() {
    for server in [Server::start(), Server::without_functions()] {
        says_what_it_would_do(&replica(&server.url()).await, Mode::Shared).await;
    }
}

#[tokio::test]
async fn while_redis_is_away_nothing_is_said_of_what_is_in_shadow_and_nothing_refused() {
    let url = seal::Secret::new("redis://127.0.0.1:1".to_owned());
    let budget = connect(&url, PATIENT, fleet(1, 0)).await;
    let agent = Agent::new();
    let shadow = [agent.hourly("calls", 0)];
    let ask = Ask {
        shadow: &shadow,
        ..agent.ask(&[])
    };
    assert_eq!(would(&budget, ask).await, (Mode::None, vec![]));
}
