//! On a real Redis, through the door that calls use.

use super::{Agent, Server, admitted, passed, refused, replica};
use crate::budget::{Ask, Charge, Charged, Count, Mode, Place, Revoked};
use bundle::revocation::{self, NEWS, Revocation, Taken};
use ids::OrgId;
use std::collections::HashMap;

async fn command<T: redis::FromRedisValue>(server: &Server, words: &[&str]) -> T {
    let mut connection = server.connection().await;
    let mut command = redis::cmd(words[0]);
    command.arg(&words[1..]);
    command.query_async(&mut connection).await.unwrap()
}

/// Every ring on the server: its sum, and that of its slots.
async fn rings(server: &Server) -> Vec<(u64, u64)> {
    let keys: Vec<String> = command(server, &["KEYS", "rl:*"]).await;
    let mut all = Vec::new();
    for key in keys {
        let fields: HashMap<String, String> = command(server, &["HGETALL", &key]).await;
        let sum = fields["s"].parse().unwrap();
        let is_slot = |name: &&String| name.parse::<u64>().is_ok();
        let slots = fields
            .keys()
            .filter(is_slot)
            .map(|name| fields[name].parse::<u64>().unwrap());
        all.push((sum, slots.sum()));
    }
    all.sort_unstable();
    all
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_burst_of_ten_times_the_max_through_eight_replicas_admits_exactly_the_max() {
    let server = Server::start();
    let agent = Agent::new();
    let mut tasks = Vec::new();
    for _ in 0..8 {
        let (budget, charges) = (replica(&server.url()).await, [agent.hourly("calls", 100)]);
        tasks.push(tokio::spawn(async move {
            admitted(&budget, &agent, &charges, 1_000).await
        }));
    }
    let mut total = 0;
    for task in tasks {
        total += task.await.unwrap();
    }
    assert_eq!(total, 100);
    assert_eq!(rings(&server).await, [(100, 100)]);
}

#[tokio::test]
async fn a_refused_call_charges_no_other_limit() {
    let server = Server::start();
    let budget = replica(&server.url()).await;
    let agent = Agent::new();
    let both = [agent.hourly("narrow", 10), agent.hourly("wide", 1_000)];
    assert_eq!(admitted(&budget, &agent, &both, 1_000).await, 10);
    assert_eq!(rings(&server).await, [(10, 10), (10, 10)]);
}

#[tokio::test]
async fn all_limits_of_a_call_are_one_trip() {
    let server = Server::start();
    let budget = replica(&server.url()).await;
    let agent = Agent::new();
    let charges = [
        agent.hourly("one", 60),
        agent.hourly("two", 60),
        agent.hourly("three", 60),
        agent.in_flight("four", 60),
    ];
    server.told(agent.org).await;
    // Held, so that nothing is released meanwhile.
    let mut held = Vec::new();
    for _ in 0..100 {
        held.push(budget.charge(&agent.ask(&charges)).await);
    }
    assert_eq!(
        held.iter()
            .filter(|one| matches!(one, Charged::Passed { .. }))
            .count(),
        60
    );
    let renewals = server.calls("fcall").await - 100;
    assert!(
        renewals <= 1,
        "{renewals} more than one trip a call and one renewal"
    );
    for other in ["eval", "evalsha", "multi", "watch", "incr"] {
        assert_eq!(server.calls(other).await, 0, "{other}");
    }
}

#[tokio::test]
async fn a_server_that_lost_the_function_is_taught_again_and_charges_once() {
    let server = Server::start();
    let budget = replica(&server.url()).await;
    let agent = Agent::new();
    let charges = [agent.hourly("calls", 5)];
    assert_eq!(admitted(&budget, &agent, &charges, 2).await, 2);
    let _: () = command(&server, &["FUNCTION", "FLUSH"]).await;
    assert_eq!(admitted(&budget, &agent, &charges, 10).await, 3);
    assert_eq!(rings(&server).await, [(5, 5)]);
    assert_eq!(budget.status().failures, 0);
}

#[tokio::test]
async fn a_server_without_functions_is_given_the_same_text_as_a_script() {
    let server = Server::without_functions();
    let budget = replica(&server.url()).await;
    let agent = Agent::new();
    let both = [agent.hourly("narrow", 10), agent.hourly("wide", 1_000)];
    server.told(agent.org).await;
    assert_eq!(admitted(&budget, &agent, &both, 20).await, 10);
    assert_eq!(server.calls("fcall").await, 0);
    assert_eq!(server.calls("evalsha").await, 20);
    let _: () = command(&server, &["SCRIPT", "FLUSH"]).await;
    assert_eq!(admitted(&budget, &agent, &both[1..], 5).await, 5);
    assert_eq!(rings(&server).await, [(10, 10), (15, 15)]);
}

#[tokio::test]
async fn a_refund_gives_back_once_what_counts_forwarded_calls() {
    let server = Server::start();
    let budget = replica(&server.url()).await;
    let agent = Agent::new();
    let both = [
        Charge {
            count: Count::Forwarded,
            cost: 3,
            ..agent.hourly("forwarded", 10)
        },
        agent.hourly("attempts", 10),
    ];
    let ask = agent.ask(&both);
    let (_, held) = passed(budget.charge(&ask).await);
    let (_, again) = passed(budget.charge(&ask).await);
    assert_eq!(rings(&server).await, [(2, 2), (6, 6)]);
    held.refund().await;
    assert_eq!(rings(&server).await, [(2, 2), (3, 3)]);
    // The same call again: the mark of the first refund stands.
    again.refund().await;
    assert_eq!(rings(&server).await, [(2, 2), (3, 3)]);
}

#[tokio::test]
async fn what_the_control_plane_took_back_is_refused_in_the_same_trip() {
    let server = Server::start();
    let budget = replica(&server.url()).await;
    let agent = Agent::new();
    let charges = [agent.hourly("calls", 5)];
    let key = format!("rev:{{{}}}", agent.org.uuid());
    let grant = format!("g:{}", agent.grant.uuid());
    let upstream = format!("srv:{}", agent.server.uuid());
    for (field, what) in [
        (grant.as_str(), Revoked::Grant),
        (upstream.as_str(), Revoked::Server),
        ("kill", Revoked::Org),
    ] {
        let _: () = command(&server, &["HSET", &key, field, "1"]).await;
        let answer = budget.charge(&agent.ask(&charges)).await;
        assert!(
            matches!(answer, Charged::Revoked { what: found } if found == what),
            "{answer:?}"
        );
        let _: () = command(&server, &["HDEL", &key, field]).await;
    }
    assert_eq!(
        admitted(&budget, &agent, &charges, 10).await,
        5,
        "nothing was charged"
    );
}

#[tokio::test]
async fn a_redis_that_lost_its_history_is_noticed() {
    let server = Server::start();
    let budget = replica(&server.url()).await;
    let agent = Agent::new();
    let charges = [agent.hourly("calls", 5)];
    admitted(&budget, &agent, &charges, 3).await;
    assert_eq!(budget.status().epoch_changes, 0);
    let _: () = command(&server, &["FLUSHALL"]).await;
    admitted(&budget, &agent, &charges, 3).await;
    assert_eq!(budget.status().epoch_changes, 1);
}

#[tokio::test]
async fn places_in_flight_are_shared_and_come_back_when_a_call_ends() {
    let server = Server::start();
    let (one, other) = (replica(&server.url()).await, replica(&server.url()).await);
    let agent = Agent::new();
    let charges = [agent.in_flight("busy", 2), agent.hourly("calls", 1_000_000)];
    let (_, first) = passed(one.charge(&agent.ask(&charges)).await);
    let (_, _second) = passed(other.charge(&agent.ask(&charges)).await);
    let third = one.charge(&agent.ask(&charges)).await;
    assert_eq!(refused(&third), (0, Some(1_000), Mode::Shared));
    drop(first);
    // Freed in the background; nothing else can free a place before its lease ends.
    loop {
        if let Charged::Passed { .. } = other.charge(&agent.ask(&charges)).await {
            break;
        }
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn a_raised_max_counts_what_was_used_and_a_new_window_forgets_nothing() {
    let server = Server::start();
    let budget = replica(&server.url()).await;
    let agent = Agent::new();
    let old = agent.hourly("calls", 5);
    assert_eq!(
        admitted(&budget, &agent, std::slice::from_ref(&old), 10).await,
        5
    );
    let raised = Charge { max: 8, ..old };
    assert_eq!(
        admitted(&budget, &agent, std::slice::from_ref(&raised), 10).await,
        3
    );
    let daily = Charge {
        window_ms: 86_400_000,
        max: 10,
        ..raised
    };
    assert_eq!(admitted(&budget, &agent, &[daily], 10).await, 2);
    assert_eq!(rings(&server).await, [(10, 10)]);
}

#[tokio::test]
async fn the_greatest_costs_are_exact_in_redis_too() {
    let server = Server::start();
    let budget = replica(&server.url()).await;
    let agent = Agent::new();
    let most = crate::budget::GREATEST;
    let charge = |cost| Charge {
        cost,
        ..agent.hourly("units", most)
    };
    assert_eq!(admitted(&budget, &agent, &[charge(most - 1)], 1).await, 1);
    assert_eq!(admitted(&budget, &agent, &[charge(2)], 1).await, 0);
    assert_eq!(admitted(&budget, &agent, &[charge(1)], 3).await, 1);
    assert_eq!(rings(&server).await, [(most, most)]);
}

#[tokio::test]
async fn budgets_expire_from_redis_by_themselves() {
    let server = Server::start();
    let budget = replica(&server.url()).await;
    let agent = Agent::new();
    let charges = [agent.hourly("calls", 5), agent.in_flight("busy", 5)];
    admitted(&budget, &agent, &charges, 3).await;
    let keys: Vec<String> = command(&server, &["KEYS", "*"]).await;
    let bounded = keys.iter().filter(|key| !key.starts_with("ep:"));
    for key in bounded {
        let life: i64 = command(&server, &["PTTL", key]).await;
        assert!(life > 0 && life <= 2 * 61 * 60_000, "{key} lives {life} ms");
    }
}

#[tokio::test]
async fn what_a_bundle_knows_already_is_judged_by_it_and_a_number_that_is_none_takes_back() {
    for server in [Server::start(), Server::without_functions()] {
        let budget = replica(&server.url()).await;
        let agent = Agent::new();
        let charges = [agent.hourly("calls", 100)];
        let key = revocation::key(agent.org);
        let field = Taken::Grant(agent.grant).field();
        for (taken, held, is_refused) in [
            ("7", 6, true),
            ("7", 7, false),
            ("7", 8, false),
            ("9007199254740991", 9_007_199_254_740_990, true),
            ("", 8, true),
            ("nan", 8, true),
            ("soon", 8, true),
        ] {
            let _: () = command(&server, &["HSET", &key, &field, taken]).await;
            let ask = Ask {
                version: held,
                ..agent.ask(&charges)
            };
            let answer = budget.charge(&ask).await;
            let found = matches!(answer, Charged::Revoked { .. });
            assert_eq!(
                found, is_refused,
                "`{taken}` and a bundle of version {held}"
            );
        }
    }
}

/// Adds an entry to the news; answers its name.
async fn add(server: &Server, org: OrgId, what: Taken, version: u64) -> String {
    let one = Revocation { org, what, version };
    let [id, field, version] = one.entry();
    let words = [
        "XADD", NEWS, "*", "org", &id, "what", &field, "version", &version,
    ];
    command(server, &words).await
}

#[tokio::test]
async fn news_are_read_on_by_pages_and_anew_where_they_were_lost() {
    for server in [Server::start(), Server::without_functions()] {
        let budget = replica(&server.url()).await;
        let nothing = budget.news(Place::default()).await.unwrap();
        assert!(nothing.is_all && nothing.taken.is_empty());
        let org = Agent::new().org;
        for version in 1..=1_200 {
            add(&server, org, Taken::Org, version).await;
        }
        let (mut place, mut versions, mut pages) = (Place::default(), Vec::new(), 0);
        loop {
            let news = budget.news(place).await.unwrap();
            versions.extend(news.taken.iter().map(|one| one.version));
            (place, pages) = (news.place, pages + 1);
            if news.is_all {
                break;
            }
        }
        assert!(pages > 1);
        assert_eq!(versions, (1..=1_200).collect::<Vec<_>>());
        let more = budget.news(place).await.unwrap();
        assert!(more.is_all && more.taken.is_empty());

        let _: () = command(&server, &["FLUSHALL"]).await;
        let lost = budget.news(place).await.unwrap();
        assert!(!lost.is_all && lost.place == Place::default());
        add(&server, org, Taken::Org, 9).await;
        assert_eq!(budget.news(lost.place).await.unwrap().taken.len(), 1);
    }
}
