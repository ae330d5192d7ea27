//! A real server of 2024-11-05 (HTTP+SSE) behind the gateway: found out by discovery, used by the clients of today.

use serde_json::json;
use testbed::{Client, Installation, Raw, Server, until};

#[tokio::test]
async fn clients_of_today_use_it_and_begin_again_after_a_restart() {
    let installation = Installation::start().await;
    let upstream = Server::everything_over_sse().await;
    let org = installation.org("acme").await;
    org.server("older", &upstream.url).await;
    let server = org.rest.get(&org.path("servers/older")).await;
    assert_eq!(
        (&server["status"], &server["transport"]),
        (&json!("ready"), &json!("sse")),
        "{server}"
    );
    org.policy(
        "most",
        &json!({ "version": "1", "default": "allow", "hide": ["get-env"] }),
    )
    .await;
    let (_, token) = org.grant("agent", "older", "most").await;
    let replica = installation.replica("one", None).await;
    until("the replica", || org.enforced(1)).await;
    let url = replica.mcp(&org, "older");

    let python = Client::python(&url, &token, "auto").await;
    let typescript = Client::typescript(&url, &token).await;
    for client in [&python, &typescript] {
        let listed = client.list().await["result"]["tools"].to_string();
        assert!(listed.contains("get-sum") && !listed.contains("get-env"));
        let answer = client.call("echo", json!({ "message": "hello" })).await;
        assert_eq!(
            answer["result"]["content"][0]["text"], "Echo: hello",
            "{answer}"
        );
        let slow = client
            .act(
                json!({ "do": "call", "name": "trigger-long-running-operation", "progress": true,
                "arguments": { "duration": 1, "steps": 4 } }),
            )
            .await;
        let steps = slow["result"]["progress"].as_array().map(Vec::len);
        assert!(steps > Some(0), "{slow}");
        let sampled = client
            .call("trigger-sampling-request", json!({ "prompt": "hello" }))
            .await;
        assert!(
            sampled.to_string().contains("sampled by the test's client"),
            "{sampled}"
        );
    }
    // Without a handshake, too; and a session of another replica is gone.
    let hasty = Raw::new(&url, Some(&token));
    let answer = hasty.call("echo", json!({ "message": "at once" })).await;
    assert_eq!(answer.text(), "Echo: at once");
    let held = Raw::new(&url, Some(&token)).initialize().await;
    let two = installation.replica("two", None).await;
    until("both replicas", || org.enforced(2)).await;
    let mut elsewhere = held.clone();
    elsewhere.url = two.mcp(&org, "older");
    assert_eq!(elsewhere.call("echo", json!({})).await.status, 404);
    elsewhere.session = None;
    let again = elsewhere.initialize().await;
    let answer = again.call("echo", json!({ "message": "again" })).await;
    assert_eq!(answer.text(), "Echo: again");
}
