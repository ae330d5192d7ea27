//! The control plane may be down; the data plane goes on, and comes up again from its own disk.

use serde_json::json;
use testbed::{Installation, Raw, Stub, until};

#[tokio::test]
async fn calls_go_on_and_a_replica_restarted_meanwhile_judges_the_same() {
    let mut installation = Installation::start().await;
    let upstream = Stub::start(&["read_note", "delete_note"]).await;
    let org = installation.org("acme").await;
    org.server("notes", &upstream.url).await;
    org.policy(
        "notes",
        &json!({ "version": "1", "default": "deny", "tools": { "read_note": {} } }),
    )
    .await;
    let (_, token) = org.grant("agent", "notes", "notes").await;
    let mut replica = installation.replica("one", None).await;
    until("the replica", || org.enforced(1)).await;
    let url = replica.mcp(&org, "notes");
    let judged_as_ever = || async {
        let client = Raw::new(&url, Some(&token));
        assert_eq!(
            client.call("read_note", json!({})).await.text(),
            "done: \"read_note\""
        );
        assert!(
            client
                .call("delete_note", json!({}))
                .await
                .text()
                .starts_with("[POLICY DENIED]")
        );
        let stranger = Raw::new(&url, Some(&token[..token.len() - 1]))
            .call("read_note", json!({}))
            .await;
        assert_eq!(stranger.status, 401);
    };
    judged_as_ever().await;

    installation.stop_control_plane();
    judged_as_ever().await;
    replica.process.kill();
    replica.resume().await;
    judged_as_ever().await;

    installation.resume_control_plane().await;
    let recorded = until("the records of all three rounds", || async {
        let calls = org.calls("limit=200").await;
        (calls.len() == 6).then_some(calls)
    })
    .await;
    assert!(recorded.iter().all(|call| call["version"] == 1));
}

#[tokio::test]
async fn a_replica_that_never_had_a_bundle_is_not_ready_and_lets_nobody_in() {
    let mut installation = Installation::start().await;
    let org = installation.org("acme").await;
    installation.stop_control_plane();
    let (replica, url) = installation.replica_not_ready("one", None, &[]);
    let client = reqwest::Client::new();
    let alive = until("the listener", || async {
        client.get(format!("{url}/healthz")).send().await.ok()
    })
    .await;
    assert_eq!(alive.status(), 200);
    assert_eq!(
        client
            .get(format!("{url}/readyz"))
            .send()
            .await
            .unwrap()
            .status(),
        503
    );
    let answer = Raw::new(&replica.mcp(&org, "notes"), Some("pcl_x"))
        .call("read_note", json!({}))
        .await;
    assert_eq!(answer.status, 401);
}
