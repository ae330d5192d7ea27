//! Redis away: each limit does what its `on_outage` says, and the record says so.

use serde_json::{Value, json};
use testbed::{Installation, Raw, Redis, Replica, Stub, until};

fn policy() -> Value {
    let limit = |on_outage: &str| json!({ "limits": [{ "counter": on_outage, "window": "hour", "max": 4, "scope": "grant", "on_outage": on_outage }] });
    json!({
        "version": "1", "default": "deny",
        "tools": { "closed": limit("closed"), "share": limit("share"), "open": limit("open"), "free": {} },
    })
}

/// Whether this replica has said that there are so many.
fn knows(replica: &Replica, replicas: u64) -> bool {
    let said = replica.process.said();
    let mut lines = said
        .lines()
        .filter_map(|line| serde_json::from_str::<Value>(line).ok());
    lines.any(|line| line["fields"]["message"] == "fleet" && line["fields"]["replicas"] == replicas)
}

/// How many of so many calls reach the server.
async fn done(client: &Raw, tool: &str, calls: usize) -> usize {
    let mut done = 0;
    for _ in 0..calls {
        let answer = client.call(tool, json!({})).await;
        done += usize::from(answer.text().starts_with("done"));
    }
    done
}

#[tokio::test]
async fn each_limit_does_what_its_on_outage_says() {
    let (mut installation, mut redis) = (Installation::start().await, Redis::start().await);
    let upstream = Stub::start(&["closed", "share", "open", "free"]).await;
    let org = installation.org("acme").await;
    org.server("notes", &upstream.url).await;
    org.policy("notes", &policy()).await;
    let (_, token) = org.grant("agent", "notes", "notes").await;
    let mut replicas = [
        installation.replica("one", Some(&redis.url())).await,
        installation.replica("two", Some(&redis.url())).await,
    ];
    until("both replicas", || org.enforced(2)).await;
    let clients = replicas
        .each_ref()
        .map(|replica| Raw::new(&replica.mcp(&org, "notes"), Some(&token)));
    assert!(
        clients[0]
            .call("closed", json!({}))
            .await
            .text()
            .starts_with("done")
    );
    for replica in &replicas {
        until("a replica that knows of both", || async {
            knows(replica, 2).then_some(())
        })
        .await;
    }

    redis.stop();
    let limited = clients[0].call("closed", json!({})).await;
    assert!(limited.text().starts_with("[RATE LIMITED]"), "{limited:?}");
    assert_eq!(
        limited.json()["result"]["_meta"]["dev.portcullis/decision"]["retry_after_ms"],
        1000
    );
    assert_eq!(
        done(&clients[0], "open", 6).await,
        6,
        "open lets all through"
    );
    assert_eq!(done(&clients[0], "free", 6).await, 6, "no limit, no Redis");
    for client in &clients {
        let shared = done(client, "share", 6).await;
        assert_eq!(shared, 2, "each replica gives its half of four");
    }

    let calls = until("the records", || async {
        let calls = org.calls("limit=200").await;
        (calls.len() == 2 + 12 + 12).then_some(calls)
    })
    .await;
    let modes = |tool: &str| -> Vec<String> {
        let mut modes: Vec<String> = calls
            .iter()
            .filter(|call| call["tool"] == tool)
            .map(|call| call["limiter"].as_str().unwrap().to_owned())
            .collect();
        modes.sort();
        modes.dedup();
        modes
    };
    assert_eq!(modes("closed"), ["closed", "shared"]);
    assert_eq!(modes("open"), ["open"]);
    assert_eq!(modes("share"), ["share"]);
    assert_eq!(modes("free"), ["none"]);

    // Whoever starts while nobody answers goes on from what it knew: one of two, not the only one.
    installation.stop_control_plane();
    replicas[1].process.kill();
    replicas[1].resume().await;
    assert_eq!(done(&clients[1], "share", 6).await, 2);

    // Empty: what an hour's budget has used is asked of the control plane.
    redis.resume().await;
    installation.resume_control_plane().await;
    until("the shared counters again", || async {
        clients[1]
            .call("closed", json!({}))
            .await
            .text()
            .starts_with("done")
            .then_some(())
    })
    .await;
}

#[tokio::test]
async fn a_replica_that_counts_alone_says_so_at_its_start_and_to_who_looks() {
    let (installation, redis) = (Installation::start().await, Redis::start().await);
    let org = installation.org("acme").await;
    let alone = installation.replica("alone", None).await;
    let together = installation.replica("together", Some(&redis.url())).await;
    until("both replicas", || org.enforced(2)).await;
    let warns = |replica: &Replica| {
        let said = replica.process.said();
        let mut lines = said
            .lines()
            .filter_map(|line| serde_json::from_str::<Value>(line).ok());
        lines.any(|line| {
            line["level"] == "WARN"
                && line["fields"]["message"]
                    .as_str()
                    .is_some_and(|said| said.starts_with("no Redis is configured"))
        })
    };
    assert!(warns(&alone) && !warns(&together));
    let gateways = org.rest.get(&org.path("gateways")).await;
    let told: Vec<[&Value; 2]> = gateways["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|gateway| [&gateway["name"], &gateway["limiter"]])
        .collect();
    assert_eq!(
        json!(told),
        json!([["alone", "memory"], ["together", "shared"]])
    );
}
