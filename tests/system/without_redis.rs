//! Redis away: each limit does what its `on_outage` says, and the record says so.

use serde_json::{Value, json};
use testbed::{Installation, Raw, Redis, Stub, until};

fn policy() -> Value {
    let limit = |on_outage: &str| json!({ "limits": [{ "counter": on_outage, "window": "minute", "max": 4, "scope": "grant", "on_outage": on_outage }] });
    json!({
        "version": "1", "default": "deny",
        "tools": { "closed": limit("closed"), "share": limit("share"), "open": limit("open"), "free": {} },
    })
}

#[tokio::test]
async fn each_limit_does_what_its_on_outage_says() {
    let (installation, mut redis) = (Installation::start().await, Redis::start().await);
    let upstream = Stub::start(&["closed", "share", "open", "free"]).await;
    let org = installation.org("acme").await;
    org.server("notes", &upstream.url).await;
    org.policy("notes", &policy()).await;
    let (_, token) = org.grant("agent", "notes", "notes").await;
    let replicas = [
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
    // Replicas learn from the feed among how many they share: both must have been heard of before Redis goes.
    until("a feed answer that knows of both", || async {
        let said = replicas
            .iter()
            .all(|replica| replica.process.said().contains("ready"));
        said.then_some(())
    })
    .await;

    redis.stop();
    let limited = clients[0].call("closed", json!({})).await;
    assert!(limited.text().starts_with("[RATE LIMITED]"), "{limited:?}");
    assert_eq!(
        limited.json()["result"]["_meta"]["dev.portcullis/decision"]["retry_after_ms"],
        1000
    );
    for _ in 0..6 {
        assert!(
            clients[0]
                .call("open", json!({}))
                .await
                .text()
                .starts_with("done"),
            "open lets all through"
        );
        assert!(
            clients[0]
                .call("free", json!({}))
                .await
                .text()
                .starts_with("done"),
            "no limit, no Redis"
        );
    }
    let mut shared = 0;
    for client in &clients {
        for _ in 0..6 {
            shared += usize::from(
                client
                    .call("share", json!({}))
                    .await
                    .text()
                    .starts_with("done"),
            );
        }
    }
    assert!(
        (1..=8).contains(&shared),
        "each replica gives no more than it may: {shared}"
    );

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

    redis.resume().await;
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
