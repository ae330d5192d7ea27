//! What was used of a day's budget stays used, though Redis is lost with everything in it.

use serde_json::json;
use testbed::{Installation, Raw, Redis, Stub, until};

/// Calls until the budget is used up for longer than a moment; answers how many of them reached the server.
async fn done(clients: &[Raw], most: usize) -> usize {
    let mut done = 0;
    for call in 0.. {
        let answer = clients[call % clients.len()]
            .call("pay", json!({ "amount": 2 }))
            .await;
        if answer.text().starts_with("done") {
            done += 1;
            if done == most {
                break;
            }
            continue;
        }
        let decision = &answer.json()["result"]["_meta"]["dev.portcullis/decision"];
        let wait = decision["retry_after_ms"].as_u64();
        // A second is the word of who has no Redis, or waits for the records.
        if wait.is_some_and(|ms| ms > 60_000) {
            break;
        }
        assert_eq!(wait, Some(1_000), "{}", answer.text());
    }
    done
}

#[tokio::test]
async fn what_was_spent_today_stays_spent_when_redis_is_lost() {
    let (mut installation, mut redis) = (Installation::start().await, Redis::start().await);
    let upstream = Stub::start(&["pay"]).await;
    let org = installation.org("acme").await;
    org.server("bank", &upstream.url).await;
    let limit = json!({ "counter": "spent", "window": "day", "max": 20, "scope": "org", "cost": { "from": "args.amount" } });
    let policy =
        json!({ "version": "1", "default": "deny", "tools": { "pay": { "limits": [limit] } } });
    org.policy("bank", &policy).await;
    let (_, token) = org.grant("agent", "bank", "bank").await;
    let replicas = [
        installation.replica("one", Some(&redis.url())).await,
        installation.replica("two", Some(&redis.url())).await,
    ];
    until("both replicas", || org.enforced(2)).await;
    let clients = replicas
        .each_ref()
        .map(|replica| Raw::new(&replica.mcp(&org, "bank"), Some(&token)));
    assert_eq!(done(&clients, 4).await, 4);

    // At once: the records of the last calls may be on their way.
    redis.stop();
    redis.resume().await;
    assert_eq!(done(&clients, 3).await, 3);

    redis.stop();
    redis.resume().await;
    assert_eq!(
        done(&clients, usize::MAX).await,
        3,
        "seven of ten were spent"
    );

    // Nobody says what was spent: nothing more is.
    installation.stop_control_plane();
    redis.stop();
    redis.resume().await;
    for client in &clients {
        until("a call that finds Redis, and no records", || async {
            let answer = client.call("pay", json!({ "amount": 2 })).await;
            assert!(
                answer.text().starts_with("[RATE LIMITED]"),
                "{}",
                answer.text()
            );
            let said = replicas.each_ref().map(|replica| replica.process.said());
            said.iter()
                .any(|said| said.contains("could not be counted from the records"))
                .then_some(())
        })
        .await;
    }
    assert_eq!(upstream.calls().len(), 10);
}
