//! The kill switch, thrown at the control plane and felt at the gateway.

use serde_json::{Value, json};
use testbed::{Installation, Raw, Stub, until};

#[tokio::test]
async fn a_thrown_switch_stops_the_next_call_and_a_lifted_one_lets_it_go_on() {
    let installation = Installation::start().await;
    let upstream = Stub::start(&["read_note"]).await;
    let org = installation.org("acme").await;
    org.server("notes", &upstream.url).await;
    org.policy("notes", &json!({ "version": "1", "default": "allow" }))
        .await;
    let (grant, token) = org.grant("agent", "notes", "notes").await;
    let replica = installation.replica("one", None).await;
    until("the replica", || org.enforced(1)).await;
    let client = Raw::new(&replica.mcp(&org, "notes"), Some(&token));
    assert_eq!(client.call("read_note", json!({})).await.status, 200);

    for (target, id) in [
        ("grant", json!(grant)),
        ("server", json!("notes")),
        ("org", Value::Null),
    ] {
        let reached = upstream.calls().len();
        for (on, status) in [(true, 403), (false, 200)] {
            let switch = json!({ "target": target, "id": id, "on": on });
            org.rest.post(&org.path("kill"), switch).await;
            until("the switch at the replica", || org.enforced(1)).await;
            let answer = client.call("read_note", json!({})).await;
            assert_eq!(answer.status, status, "{target} {on}: {}", answer.body);
        }
        assert_eq!(
            upstream.calls().len(),
            reached + 1,
            "{target}: what was stopped went nowhere"
        );
    }
}
