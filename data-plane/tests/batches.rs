//! Batches, which one revision had: judged element by element.

mod world;

use world::session::INITIALIZE;
use world::upstream::{self, Upstream, events, json};
use world::{Plan, World, call, plan};

#[tokio::test]
async fn a_batch_is_judged_element_by_element_under_its_one_revision() {
    let upstream = Upstream::new(|saw| async move {
        let id: serde_json::Value =
            serde_json::from_slice::<serde_json::Value>(&saw.body).unwrap()["id"].clone();
        match saw.method().as_str() {
            "ping" => events(&[&format!(r#"{{"jsonrpc":"2.0","id":{id},"result":{{}}}}"#)]),
            "tools/call" => json(&format!(
                r#"{{"jsonrpc":"2.0","id":{id},"result":{{"content":[]}}}}"#
            )),
            _ => upstream::status(202, ""),
        }
    })
    .await;
    let policy = Some(r#"{"version":"1","default":"deny","tools":{"echo":{}}}"#.to_owned());
    let world = World::new(
        Plan {
            policy,
            tools: Some(vec!["echo", "drop"]),
            ..plan()
        },
        upstream,
    )
    .await;
    let (allowed, denied) = (
        call("echo", "{}"),
        call("drop", "{}").replace(r#""id":1"#, r#""id":2"#),
    );
    let ping = r#"{"jsonrpc":"2.0","id":3,"method":"ping"}"#;
    let batch = format!(
        r#"[{denied}, {allowed},{ping},{{"jsonrpc":"2.0","method":"notifications/cancelled"}},{INITIALIZE},7]"#
    );
    let answer = world.post(&[], batch.clone()).await;
    let said = answer.json();
    let ids: Vec<_> = said
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["id"].clone())
        .collect();
    assert_eq!(
        ids,
        [
            2.into(),
            1.into(),
            3.into(),
            0.into(),
            serde_json::Value::Null
        ]
    );
    assert_eq!(said[0]["result"]["isError"], true);
    assert_eq!(said[3]["error"]["code"], -32600);
    let saw: Vec<_> = world
        .upstream
        .saw()
        .iter()
        .map(|saw| saw.text().to_owned())
        .collect();
    assert_eq!(saw.len(), 3);
    assert_eq!(saw[0], allowed);
    for version in ["2025-06-18", "2025-11-25", "2026-07-28"] {
        assert_eq!(
            world
                .post(&[("mcp-protocol-version", version)], batch.clone())
                .await
                .status,
            400,
            "{version}"
        );
    }
    assert_eq!(world.upstream.saw().len(), 3);
}

#[tokio::test]
async fn a_notification_in_a_batch_is_answered_by_nothing_whatever_the_server_says_to_it() {
    let upstream = Upstream::new(|saw| async move {
        match saw.method().as_str() {
            "ping" => json(r#"{"jsonrpc":"2.0","id":3,"result":{}}"#),
            _ => upstream::status(200, ""),
        }
    })
    .await;
    let world = World::new(plan(), upstream).await;
    let note = r#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#;
    let ping = r#"{"jsonrpc":"2.0","id":3,"method":"ping"}"#;
    let answer = world.post(&[], format!("[{note},{ping},{note}]")).await;
    assert_eq!(answer.body, r#"[{"jsonrpc":"2.0","id":3,"result":{}}]"#);
    assert_eq!(world.post(&[], format!("[{note}]")).await.status, 202);
}
