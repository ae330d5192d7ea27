//! A primary dies, and the replica that follows it takes its place: found through a real sentinel.

use super::{Agent, PATIENT, Server, admitted, connect, fleet, folder, free_port};
use crate::budget::{Budget, Charge, Charged, Mode, OnOutage};
use seal::Secret;
use std::time::Duration;
use tokio::time::timeout;

/// Watches the primary, and promotes its replica a second after it fell silent.
fn sentinel(primary: &Server) -> Server {
    let (dir, port) = (folder(), free_port());
    let watched = primary.port.unwrap();
    let config = format!(
        "port {port}\nbind 127.0.0.1\nsentinel monitor main 127.0.0.1 {watched} 1\n\
         sentinel down-after-milliseconds main 1000\nsentinel failover-timeout main 5000\n"
    );
    std::fs::write(dir.join("sentinel.conf"), config).unwrap();
    Server::sentinel(dir, port)
}

struct Watched {
    primary: Server,
    heir: Server,
    sentinel: Server,
}

impl Watched {
    async fn start() -> Self {
        let primary = Server::on_a_port(&[]);
        let port = primary.port.unwrap().to_string();
        let heir = Server::on_a_port(&["--replicaof", "127.0.0.1", &port]);
        heir.catch_up_with(&primary).await;
        let sentinel = sentinel(&primary);
        let known = async {
            loop {
                let replicas: Vec<redis::Value> =
                    ask(&sentinel, &["SENTINEL", "REPLICAS", "main"]).await;
                if !replicas.is_empty() {
                    return;
                }
                tokio::task::yield_now().await;
            }
        };
        timeout(Duration::from_mins(1), known).await.unwrap();
        Self {
            primary,
            heir,
            sentinel,
        }
    }

    async fn replica(&self) -> Budget {
        let port = self.sentinel.port.unwrap();
        let url = Secret::new(format!("redis+sentinel://127.0.0.1:{port}/main"));
        connect(&url, PATIENT, fleet(1, 0)).await
    }
}

async fn ask<T: redis::FromRedisValue>(server: &Server, words: &[&str]) -> T {
    let mut connection = server.connection().await;
    let mut command = redis::cmd(words[0]);
    command.arg(&words[1..]);
    command.query_async(&mut connection).await.unwrap()
}

fn closed(agent: &Agent, max: u64) -> [Charge; 1] {
    [Charge {
        on_outage: OnOutage::Closed,
        ..agent.hourly("calls", max)
    }]
}

async fn until_shared(budget: &Budget, agent: &Agent) {
    let other = [agent.hourly("nothing", 0)];
    let asking = async {
        loop {
            if let Charged::Refused {
                mode: Mode::Shared, ..
            } = budget.charge(&agent.ask(&other)).await
            {
                return;
            }
            tokio::task::yield_now().await;
        }
    };
    timeout(Duration::from_mins(1), asking).await.unwrap();
}

#[tokio::test]
async fn the_replica_that_sentinels_promote_is_found_and_has_what_was_counted() {
    let mut watched = Watched::start().await;
    let budget = watched.replica().await;
    let agent = Agent::new();
    assert_eq!(admitted(&budget, &agent, &closed(&agent, 20), 12).await, 12);
    watched.heir.catch_up_with(&watched.primary).await;
    watched.primary.stop();
    until_shared(&budget, &agent).await;
    assert_eq!(admitted(&budget, &agent, &closed(&agent, 20), 20).await, 8);
    assert_eq!(budget.status().epoch_changes, 0);
    assert!(watched.heir.calls("fcall").await >= 8);
}

#[tokio::test]
async fn what_a_promoted_replica_had_not_heard_of_is_admitted_once_more_and_no_more_than_that() {
    let mut watched = Watched::start().await;
    let budget = watched.replica().await;
    let (agent, unheard) = (Agent::new(), Agent::new());
    assert_eq!(admitted(&budget, &agent, &closed(&agent, 20), 12).await, 12);
    watched.heir.catch_up_with(&watched.primary).await;
    // It hears nothing from here on: so much is lost with the primary.
    watched.heir.freeze();
    let _: u64 = ask(&watched.primary, &["CLIENT", "KILL", "TYPE", "replica"]).await;
    assert_eq!(admitted(&budget, &agent, &closed(&agent, 20), 3).await, 3);
    assert_eq!(
        admitted(&budget, &unheard, &closed(&unheard, 20), 3).await,
        3
    );
    watched.primary.stop();
    watched.heir.thaw();
    until_shared(&budget, &agent).await;
    let after = admitted(&budget, &agent, &closed(&agent, 20), 30).await;
    assert_eq!(
        12 + 3 + after,
        20 + 3,
        "the max, and the three it had not heard of"
    );
    let status = budget.status();
    assert_eq!(
        status.epoch_changes, 0,
        "it has a history, if not the last of it"
    );
    assert_eq!(
        admitted(&budget, &unheard, &closed(&unheard, 20), 30).await,
        20
    );
    let status = budget.status();
    assert_eq!(status.epoch_changes, 1, "one without a history is noticed");
}
