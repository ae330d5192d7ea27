//! A policy that allows tools and no other methods: real clients connect and list cleanly, and no resource or prompt can be
//! read.

use futures_util::future::join_all;
use serde_json::{Value, json};
use testbed::{Client, Installation, Kind, Raw, Server, until};

const POLICY_REFUSED: i64 = 1002;

/// Every client in every era that it speaks.
fn clients() -> Vec<(Kind, &'static str)> {
    let legacy = Kind::ALL.map(|kind| (kind, "legacy"));
    let modern = Kind::ALL
        .into_iter()
        .filter(|kind| !kind.is_legacy_only())
        .map(|kind| (kind, "2026-07-28"));
    legacy.into_iter().chain(modern).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_client_lists_cleanly_and_reads_no_resource_and_no_prompt() {
    let installation = Installation::start().await;
    let org = installation.org("acme").await;
    let (fastmcp, rmcp) = tokio::join!(Server::fastmcp(&[]), Server::rmcp());
    let tools_only = json!({ "version": "1", "default": "deny", "tools": { "echo": {} } });
    org.policy("tools", &tools_only).await;
    let mut tokens = Vec::new();
    for (slug, server) in [("fastmcp", &fastmcp), ("rmcp", &rmcp)] {
        org.server(slug, &server.url).await;
        tokens.push((slug, org.grant(slug, slug, "tools").await.1));
    }
    let replica = installation.replica("one", None).await;
    until("the replica", || org.enforced(1)).await;

    let tried = tokens.iter().flat_map(|(slug, token)| {
        let url = replica.mcp(&org, slug);
        clients().into_iter().map(move |(kind, era)| {
            let url = url.clone();
            async move {
                let client = Client::connect(kind, &url, token, era).await;
                let client =
                    client.unwrap_or_else(|error| panic!("{} {era}: {error}", kind.name()));
                sees_tools_only(&client, &format!("{} with {slug}, {era}", kind.name())).await;
            }
        })
    });
    assert_eq!(join_all(tried).await.len(), 16);
    for server in [&fastmcp, &rmcp] {
        assert_eq!(server.said("asked"), Vec::<Value>::new());
        let called = server.calls();
        assert_eq!(called.len(), clients().len(), "{called:?}");
        assert!(
            called.iter().all(|call| call["called"] == "echo"),
            "{called:?}"
        );
        // It would have told.
        let directly = Raw::new(&server.url, None).initialize().await;
        for method in ["resources/list", "prompts/list"] {
            directly.request(1, method, json!({})).await;
        }
        let told = |asked: &[Value]| asked == [json!("resources/list"), json!("prompts/list")];
        assert!(server.says("asked", told).await, "{server:?}");
    }
}

async fn sees_tools_only(client: &Client, who: &str) {
    let tools = client.list().await;
    let names: Vec<&str> = tools["result"]["tools"]
        .as_array()
        .unwrap_or_else(|| panic!("{who}: {tools}"))
        .iter()
        .filter_map(|tool| tool["name"].as_str())
        .collect();
    // A denied one stays: its denial tells the agent why.
    assert!(
        names.contains(&"echo") && names.contains(&"delete_everything"),
        "{who}: {tools}"
    );
    for list in ["resources", "prompts"] {
        let answer = client.act(json!({ "do": list })).await;
        assert_eq!(answer["result"][list], json!([]), "{who}: {answer}");
    }
    let refused = [
        json!({ "do": "read", "uri": "memo://one" }),
        json!({ "do": "subscribe", "uri": "memo://one" }),
        json!({ "do": "prompt", "name": "greet", "arguments": { "name": "Ada" } }),
    ];
    for command in refused {
        let what = command["do"].clone();
        let answer = client.act(command).await;
        // A subscription of the modern era is a stream for whatever the policy leaves of it: here for nothing.
        if what == "subscribe" && answer.get("result").is_some() {
            let left = &answer["result"]["acknowledged"]["resourceSubscriptions"];
            assert!(left.is_null() || left == &json!([]), "{who}: {answer}");
            continue;
        }
        assert!(is_refused(&answer), "{who}, {what}: {answer}");
    }
    let answer = client.call("echo", json!({ "text": "hello" })).await;
    assert_eq!(
        answer["result"]["content"][0]["text"], "hello",
        "{who}: {answer}"
    );
    let answer = client
        .call("delete_everything", json!({ "confirm": true }))
        .await;
    let text = answer["result"]["content"][0]["text"]
        .as_str()
        .unwrap_or_else(|| panic!("{who}: {answer}"));
    assert!(text.starts_with("[POLICY DENIED]"), "{who}: {answer}");
}

/// By its code; or, where a client shows an error of HTTP 403 as one of the connection, by there being no result.
fn is_refused(answer: &Value) -> bool {
    let error = &answer["error"];
    answer.get("result").is_none() && (error["code"] == POLICY_REFUSED || error["code"].is_null())
}
