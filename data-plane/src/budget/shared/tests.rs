//! The function beside its model: every answer of Redis is replayed, at Redis's time, into `ring.rs`.

use super::*;
use crate::budget::ring::{Geometry, Ring};
use crate::budget::tests::{Agent, PATIENT, Records, Server, fleet, passed, refused};
use crate::budget::{Charge, Count, OnOutage};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

async fn start(server: &Server) -> Shared {
    let address = Address::read(&server.url(), None).unwrap();
    let shared = Shared::start(address, PATIENT, fleet(1, 0), Arc::new(Records::default()));
    let mut is_open = shared.lines.is_open();
    let opens = is_open.wait_for(|open| *open);
    let opened = tokio::time::timeout(Duration::from_secs(20), opens).await;
    opened.expect("it connects").unwrap();
    shared
}

/// What `ring.rs` says to the same question.
fn expect(rings: &mut [Ring], parts: &[Part], now: u64) -> (Answer, Vec<u64>) {
    let mut worst = None;
    let mut reckoned = Vec::new();
    for (at, (ring, part)) in rings.iter_mut().zip(parts).enumerate() {
        let Measure::Rate {
            geometry,
            cost,
            max,
        } = part.measure
        else {
            panic!("these histories have rates only");
        };
        reckoned.push(ring.open(geometry, now));
        if !ring.admits(cost, max) {
            let wait = ring.wait(now, cost, max);
            worst = Refusal::worst(worst, Some(Refusal { part: at, wait }));
        }
    }
    let sums = |rings: &[Ring]| rings.iter().map(Ring::sum).collect();
    if let Some(refusal) = worst {
        return (Answer::Refused(refusal), sums(rings));
    }
    let slots = rings
        .iter_mut()
        .zip(parts)
        .zip(reckoned)
        .map(|((ring, part), now)| match part.measure {
            Measure::Rate { cost, .. } => ring.charge(now, cost),
            Measure::InFlight { .. } => 0,
        });
    (
        Answer::Passed {
            slots: slots.collect(),
        },
        sums(rings),
    )
}

/// A machine that stalls for a second breaks the line, as it should; what was asked then is in doubt, so the comparison
/// begins again with fresh budgets.
async fn agrees_with_the_model(server: Server, seed: u64) {
    let shared = start(&server).await;
    for _ in 0..3 {
        if compare(&shared, seed).await.is_ok() {
            return;
        }
        shared.lines.is_open().wait_for(|open| *open).await.unwrap();
    }
    panic!("the line broke three times");
}

/// Three limits with short windows, one of which changes its window, for some seconds of real time.
async fn compare(shared: &Shared, seed: u64) -> Result<(), Unreachable> {
    let agent = Agent::new();
    let mut random = StdRng::seed_from_u64(seed);
    let mut rings = vec![Ring::new(Geometry::of(1_000)); 3];
    let (mut began, mut passed, mut refused, mut freed) = (None, 0, 0, 0_u64);
    loop {
        let late = freed % 400 > 200;
        let windows = [1_000, 1_500, if late { 2_000 } else { 1_000 }];
        let limits = ["a", "b", "c"].iter().zip(windows).zip([90, 150, 120]);
        let charges: Vec<Charge> = limits
            .map(|((name, window_ms), max)| Charge {
                window_ms,
                cost: random.random_range(0..4),
                count: Count::Attempts,
                on_outage: OnOutage::Closed,
                ..agent.hourly(name, max)
            })
            .collect();
        let ask = agent.ask(&charges);
        let parts = ask.parts();
        let reply = shared.put(&ask, &parts).await?;
        let before: u64 = rings.iter().map(Ring::sum).sum();
        let (answer, sums) = expect(&mut rings, &parts, reply.now);
        assert_eq!(
            (&reply.answer, &reply.sums),
            (&answer, &sums),
            "seed {seed}"
        );
        freed += before.saturating_sub(sums.iter().sum());
        match answer {
            Answer::Passed { .. } => passed += 1,
            Answer::Refused(_) => refused += 1,
            Answer::Revoked(_) | Answer::Untold { .. } => panic!("it is known and told"),
        }
        if reply.now - *began.get_or_insert(reply.now) > 4_500 {
            break;
        }
    }
    assert!(
        passed > 100 && refused > 100 && freed > 200,
        "{passed} {refused} {freed}: too tame"
    );
    Ok(())
}

#[tokio::test]
async fn the_function_answers_as_the_ring_does() {
    agrees_with_the_model(Server::start(), rand::random()).await;
}

#[tokio::test]
async fn the_script_answers_as_the_ring_does() {
    agrees_with_the_model(Server::without_functions(), rand::random()).await;
}

#[tokio::test]
async fn places_of_a_replica_that_died_are_free_when_their_lease_ends() {
    let server = Server::start();
    let shared = start(&server).await;
    let agent = Agent::new();
    let charges = [agent.in_flight("busy", 1)];
    let short = async |ask: Ask<'_>| {
        let (keys, mut args) = question(&ask, &ask.parts(), &[]);
        args[5] = "80".into();
        let patience = PATIENT.timeout;
        let value = shared.lines.ask(Verb::Charge, &keys, &args, patience).await;
        reply::read(value.unwrap(), 1, 0).unwrap()
    };
    let taken = short(agent.ask(&charges)).await;
    assert!(matches!(taken.answer, Answer::Passed { .. }));
    loop {
        let reply = short(agent.ask(&charges)).await;
        match reply.answer {
            Answer::Refused(_) => assert!(reply.now < taken.now + 80),
            Answer::Passed { .. } => {
                assert!(reply.now >= taken.now + 80);
                break;
            }
            Answer::Revoked(_) | Answer::Untold { .. } => panic!("it is known and told"),
        }
    }
}

#[tokio::test]
async fn a_renewal_restores_the_places_that_redis_lost() {
    let server = Server::start();
    let shared = Arc::new(start(&server).await);
    let agent = Agent::new();
    let charges = [agent.in_flight("busy", 1)];
    let ask = agent.ask(&charges);
    let (_, held) = passed(shared.charge(&ask, &ask.parts()).await);
    let mut connection = server.connection().await;
    let flush = redis::cmd("FLUSHALL");
    flush.exec_async(&mut connection).await.unwrap();
    shared.leases.renew(&shared.lines).await;
    let other = agent.ask(&charges);
    let answer = shared.charge(&other, &other.parts()).await;
    assert_eq!(refused(&answer), (0, Some(1_000), Mode::Shared));
    // Ended, it is renewed no more.
    drop(held);
    shared.leases.renew(&shared.lines).await;
    loop {
        let reply = shared.put(&other, &other.parts()).await.unwrap();
        if matches!(reply.answer, Answer::Passed { .. }) {
            break;
        }
    }
}

#[tokio::test]
async fn a_budget_that_cannot_be_read_refuses_or_shares_and_opens_nothing_else() {
    let server = Server::start();
    let shared = Arc::new(start(&server).await);
    let agent = Agent::new();
    let charges = [agent.hourly("calls", 1)];
    let ask = agent.ask(&charges);
    let parts = ask.parts();
    let mut connection = server.connection().await;
    let mut spoil = redis::cmd("SET");
    spoil.arg(parts[0].key.ring()).arg("no ring");
    spoil.exec_async(&mut connection).await.unwrap();
    let (mode, _) = passed(shared.charge(&ask, &parts).await);
    assert_eq!(mode, Mode::Share);
    assert_eq!(refused(&shared.charge(&ask, &parts).await).2, Mode::Share);
}
