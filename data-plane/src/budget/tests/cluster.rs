//! On a real Redis Cluster of three nodes, which the test starts.

mod nodes;

use super::{Agent, admitted, passed, refused, replica};
use crate::budget::{Budget, Charge, Charged, Mode, OnOutage, Place};
use nodes::Nodes;
use std::time::Duration;
use tokio::time::timeout;

fn closed(agent: &Agent, max: u64) -> [Charge; 2] {
    let of = |name| Charge {
        on_outage: OnOutage::Closed,
        ..agent.hourly(name, max)
    };
    [of("calls"), of("others")]
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

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn every_organisation_of_a_cluster_has_exactly_its_max_on_the_node_that_has_its_slot() {
    let nodes = Nodes::start().await;
    let replicas = [replica(&nodes.url()).await, replica(&nodes.url()).await];
    let agents: Vec<Agent> = (0..9).map(|at| Nodes::agent(at % 3)).collect();
    for (at, agent) in agents.iter().enumerate() {
        nodes.servers[at % 3].told(agent.org).await;
    }
    let bursts = agents.iter().flat_map(|&agent| {
        replicas.clone().map(|budget| {
            tokio::spawn(async move { admitted(&budget, &agent, &closed(&agent, 40), 60).await })
        })
    });
    let mut total = 0;
    for burst in bursts.collect::<Vec<_>>() {
        total += burst.await.unwrap();
    }
    assert_eq!(total, 9 * 40);
    for server in &nodes.servers {
        assert_eq!(server.calls("fcall").await, 3 * 2 * 60, "one trip a call");
    }
    for budget in &replicas {
        let status = budget.status();
        assert_eq!((status.failures, status.timeouts), (0, 0), "{status:?}");
        assert!(status.is_reachable);
    }
}

#[tokio::test]
async fn a_node_that_dies_takes_only_its_own_organisations_along() {
    let mut nodes = Nodes::start().await;
    let budget = replica(&nodes.url()).await;
    let (struck, spared) = (Nodes::agent(0), [Nodes::agent(1), Nodes::agent(2)]);
    let limits = closed(&struck, 10);
    let shares = [struck.hourly("share", 10)];
    assert_eq!(admitted(&budget, &struck, &limits, 4).await, 4);
    assert_eq!(admitted(&budget, &struck, &shares, 4).await, 4);
    for agent in &spared {
        assert_eq!(admitted(&budget, agent, &closed(agent, 10), 4).await, 4);
    }
    nodes.servers[0].stop();
    let mut reachable = budget.reachable().unwrap();
    let away = reachable.wait_for(|is| !*is);
    timeout(Duration::from_secs(20), away)
        .await
        .unwrap()
        .unwrap();

    let mut last = budget.charge(&struck.ask(&limits)).await;
    // Each node answers for itself, however often the one that is down is asked.
    for _ in 0..50 {
        last = budget.charge(&struck.ask(&limits)).await;
        assert_eq!(refused(&last), (0, Some(1_000), Mode::Closed));
        for agent in &spared {
            let answer = budget
                .charge(&agent.ask(&[agent.hourly("free", 1_000)]))
                .await;
            assert_eq!(passed(answer).0, Mode::Shared);
        }
    }
    drop(last);
    assert_eq!(admitted(&budget, &struck, &shares, 20).await, 6);
    for agent in &spared {
        assert_eq!(admitted(&budget, agent, &closed(agent, 10), 20).await, 6);
    }

    nodes.servers[0].run();
    until_shared(&budget, &struck).await;
    // It came back empty: that is noticed, and told of this organisation alone.
    assert_eq!(admitted(&budget, &struck, &limits, 20).await, 10);
    assert_eq!(budget.status().epoch_changes, 1);
}

#[tokio::test]
async fn calls_follow_a_slot_that_moves_and_nothing_is_counted_twice() {
    let nodes = Nodes::start().await;
    let budget = replica(&nodes.url()).await;
    let agent = Nodes::agent(0);
    let limits = closed(&agent, 20);
    assert_eq!(admitted(&budget, &agent, &limits, 5).await, 5);
    // The list of revocations exists: then a call finds all of its keys on one side or the other.
    let revoked = format!("rev:{{{}}}", agent.org.uuid());
    let _: () = nodes.tell(0, &["HSET", &revoked, "g:another", "1"]).await;
    let slot = Nodes::slot_of(&agent);
    nodes.begin_to_move(slot, 0, 1).await;
    assert_eq!(
        admitted(&budget, &agent, &limits, 5).await,
        5,
        "still there"
    );
    nodes.move_keys(slot, 0, 1).await;
    assert_eq!(
        admitted(&budget, &agent, &limits, 5).await,
        5,
        "asked there"
    );
    let answer = budget
        .charge(&agent.ask(&[agent.hourly("unseen", 5)]))
        .await;
    // A key that neither side has yet: nobody serves it, and nobody counts it.
    assert_eq!(passed(answer).0, Mode::Share);
    nodes.end_to_move(slot, 1).await;
    assert_eq!(admitted(&budget, &agent, &limits, 20).await, 5);
    assert_eq!(budget.status().epoch_changes, 0);
    assert_eq!(budget.status().opened, 0);
}

#[tokio::test]
async fn a_replica_that_takes_the_place_of_its_primary_goes_on_where_that_stopped() {
    let mut nodes = Nodes::start().await;
    let budget = replica(&nodes.url()).await;
    let agent = Nodes::agent(0);
    let limits = closed(&agent, 20);
    let heir = nodes.replica_of(0).await;
    assert_eq!(admitted(&budget, &agent, &limits, 12).await, 12);
    heir.catch_up_with(&nodes.servers[0]).await;
    nodes.servers[0].stop();
    until_shared(&budget, &agent).await;
    assert_eq!(admitted(&budget, &agent, &limits, 20).await, 8);
    assert_eq!(budget.status().epoch_changes, 0);
    assert!(heir.calls("fcall").await >= 8);
}

#[tokio::test]
async fn what_was_taken_back_is_read_from_the_node_that_has_the_news() {
    let nodes = Nodes::start().await;
    let budget = replica(&nodes.url()).await;
    let org = Nodes::agent(1).org.uuid().to_string();
    let entry = ["org", &org, "what", "kill", "version", "3"];
    let words = [&["XADD", "rev:{news}", "*"][..], &entry].concat();
    // Two of the three send it elsewhere.
    let mut is_added = false;
    for node in 0..3 {
        is_added |= nodes.try_tell(node, &words).await;
    }
    assert!(is_added);
    let news = budget.news(Place::default()).await.unwrap();
    assert_eq!(news.taken.len(), 1);
}
