//! Tools that nobody has met yet, that are hidden, or that wait for their review.

mod world;

use world::upstream::{self, Upstream, json};
use world::{Plan, World, plan};

const RESULT: &str = r#"{"jsonrpc":"2.0","id":1,"result":{"content":[]}}"#;

#[tokio::test]
async fn a_hidden_tool_and_one_that_does_not_exist_are_answered_by_the_same_bytes() {
    let upstream = Upstream::new(|saw| async move {
        match saw.method().as_str() {
            "initialize" => json(r#"{"jsonrpc":"2.0","id":0,"result":{"protocolVersion":"2025-11-25","capabilities":{}}}"#),
            "tools/list" => json(r#"{"jsonrpc":"2.0","id":1,"result":{"tools":[{"name":"hidden_one"}]}}"#),
            _ => json(RESULT),
        }
    })
    .await;
    let world = World::new(
        Plan {
            policy: Some(r#"{"version":"1","default":"allow","hide":["hidden_*"]}"#.into()),
            tools: Some(vec!["hidden_one"]),
            ..plan()
        },
        upstream,
    )
    .await;
    let hidden = world.call("hidden_one", "{}").await;
    let unknown = world.call("hidden_two", "{}").await;
    assert_eq!(
        hidden.body,
        r#"{"jsonrpc":"2.0","id":1,"error":{"code":-32602,"message":"Unknown tool: hidden_one"}}"#
    );
    assert_eq!(
        unknown.body,
        hidden.body.replace("hidden_one", "hidden_two")
    );
    assert_eq!(hidden.status, unknown.status);
    let mut names = [&hidden, &unknown].map(|answer| {
        answer
            .headers
            .keys()
            .map(ToString::to_string)
            .collect::<Vec<_>>()
    });
    for names in &mut names {
        names.sort_unstable();
    }
    assert_eq!(names[0], names[1]);
    assert!(
        world
            .upstream
            .saw()
            .iter()
            .all(|saw| saw.method() != "tools/call")
    );
    let lists = world
        .upstream
        .saw()
        .iter()
        .filter(|saw| saw.method() == "tools/list")
        .count();
    assert_eq!(lists, 1, "read once a minute, not once a call");
}

#[tokio::test]
async fn a_tool_added_upstream_works_without_anyones_help() {
    let upstream = Upstream::new(|saw| async move {
        match saw.method().as_str() {
            "initialize" => upstream::status(404, r#"{"jsonrpc":"2.0","id":0,"error":{"code":-32601,"message":"no"}}"#),
            "tools/list" if saw.text().contains("cursor") => json(r#"{"jsonrpc":"2.0","id":2,"result":{"tools":[{"name":"newest"}]}}"#),
            "tools/list" => json(r#"{"jsonrpc":"2.0","id":1,"result":{"tools":[{"name":"new"}],"nextCursor":"two"}}"#),
            _ => json(RESULT),
        }
    })
    .await;
    let world = World::new(
        Plan {
            tools: None,
            ..plan()
        },
        upstream,
    )
    .await;
    assert_eq!(world.call("newest", "{}").await.body, RESULT);
    assert_eq!(world.call("new", "{}").await.body, RESULT);
}

#[tokio::test]
async fn a_tool_that_waits_for_its_review_is_denied_under_pinning() {
    let upstream = Upstream::new(|saw| async move {
        match saw.method().as_str() {
            "initialize" => {
                json(r#"{"jsonrpc":"2.0","id":0,"result":{"protocolVersion":"2025-11-25"}}"#)
            }
            "tools/list" => json(r#"{"jsonrpc":"2.0","id":1,"result":{"tools":[{"name":"new"}]}}"#),
            _ => json(RESULT),
        }
    })
    .await;
    let change =
        |bundle: &mut bundle::OrgBundle| bundle.servers[0].pinning = bundle::Pinning::Block;
    let world = World::new(
        Plan {
            change: Box::new(change),
            ..plan()
        },
        upstream,
    )
    .await;
    let answer = world.call("new", "{}").await;
    assert_eq!(
        answer.json()["result"]["_meta"]["dev.portcullis/decision"]["rule"],
        "(changed)"
    );
    assert!(
        world
            .upstream
            .saw()
            .iter()
            .all(|saw| saw.method() != "tools/call")
    );
}
