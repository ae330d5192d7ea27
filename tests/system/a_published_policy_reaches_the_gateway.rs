//! From the publish button to the next call, on every replica; and back.

use serde_json::{Value, json};
use testbed::{Installation, Org, Raw, Replica, Stub, until};

const TOOLS: [&str; 2] = ["read_note", "delete_note"];

fn only(tool: &str) -> Value {
    json!({ "version": "1", "default": "deny", "tools": { tool: {} } })
}

/// Whether each replica lets `tool` through.
async fn lets(replicas: &[Replica], org: &Org, token: &str, tool: &str) -> Vec<bool> {
    let mut answers = Vec::new();
    for replica in replicas {
        let answer = Raw::new(&replica.mcp(org, "notes"), Some(token))
            .call(tool, json!({}))
            .await;
        answers.push(!answer.text().starts_with("[POLICY DENIED]"));
    }
    answers
}

#[tokio::test]
async fn a_publish_is_enforced_everywhere_a_rollback_is_a_new_version_and_a_revoked_grant_opens_nothing()
 {
    let installation = Installation::start().await;
    let upstream = Stub::start(&TOOLS).await;
    let org = installation.org("acme").await;
    org.server("notes", &upstream.url).await;
    org.policy("notes", &only("read_note")).await;
    let (grant, token) = org.grant("agent", "notes", "notes").await;
    let replicas = [
        installation.replica("one", None).await,
        installation.replica("two", None).await,
    ];
    until("both replicas", || org.enforced(2)).await;

    assert_eq!(
        lets(&replicas, &org, &token, "read_note").await,
        [true, true]
    );
    assert_eq!(
        lets(&replicas, &org, &token, "delete_note").await,
        [false, false]
    );

    assert_eq!(org.publish("notes", &only("delete_note")).await, 2);
    until("version 2 on both", || org.enforced(2)).await;
    assert_eq!(
        lets(&replicas, &org, &token, "read_note").await,
        [false, false]
    );
    assert_eq!(
        lets(&replicas, &org, &token, "delete_note").await,
        [true, true]
    );

    let back = org
        .rest
        .post(
            &org.path("policies/notes/rollback"),
            json!({ "version": 1, "note": "too much" }),
        )
        .await;
    assert_eq!(back["number"], 3);
    until("version 3 on both", || org.enforced(2)).await;
    assert_eq!(
        lets(&replicas, &org, &token, "read_note").await,
        [true, true]
    );
    assert_eq!(
        lets(&replicas, &org, &token, "delete_note").await,
        [false, false]
    );

    let versions = until("all records", || async {
        let calls = org.calls("limit=200").await;
        let versions: Vec<u64> = calls
            .iter()
            .rev()
            .map(|call| call["version"].as_u64().unwrap())
            .collect();
        (versions.len() == 12).then_some(versions)
    })
    .await;
    // In the order of the calls' ids: four calls were judged by each version.
    assert_eq!(versions, [1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3]);

    org.rest
        .post(&org.path(&format!("grants/{grant}/revoke")), json!({}))
        .await;
    until("the revocation on both", || org.enforced(2)).await;
    for replica in &replicas {
        let answer = Raw::new(&replica.mcp(&org, "notes"), Some(&token))
            .call("read_note", json!({}))
            .await;
        assert_eq!(answer.status, 401, "{answer:?}");
    }
    assert_eq!(
        upstream.calls().len(),
        6,
        "two of each version, and none after the revocation"
    );
}

#[tokio::test]
async fn another_organisation_is_neither_seen_nor_touched() {
    let installation = Installation::start().await;
    let upstream = Stub::start(&TOOLS).await;
    let (acme, other) = (
        installation.org("acme").await,
        installation.org("other").await,
    );
    let mut tokens = Vec::new();
    for org in [&acme, &other] {
        org.server("notes", &upstream.url).await;
        org.policy("notes", &only("read_note")).await;
        tokens.push(org.grant("agent", "notes", "notes").await.1);
    }
    let replica = installation.replica("one", None).await;
    until("acme", || acme.enforced(1)).await;
    until("other", || other.enforced(1)).await;
    let crossed = Raw::new(&replica.mcp(&other, "notes"), Some(&tokens[0]))
        .call("read_note", json!({}))
        .await;
    let nowhere = Raw::new(
        &format!("{}/nobody/nothing/mcp", replica.url()),
        Some(&tokens[0]),
    );
    let nowhere = nowhere.call("read_note", json!({})).await;
    assert_eq!(
        (crossed.status, nowhere.status.as_u16()),
        (nowhere.status, 404)
    );
    assert_eq!(crossed.body, nowhere.body);
    assert!(upstream.calls().is_empty());
}
