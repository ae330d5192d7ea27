//! What was judged is what is sent, and what comes back is what the server said: byte for byte.

use serde_json::json;
use testbed::{Client, Installation, Org, Raw, Replica, Server, Stub, until};

async fn before(installation: &Installation, url: &str) -> (Org, String, Replica) {
    let org = installation.org("acme").await;
    org.server("peer", url).await;
    org.policy("all", &json!({ "version": "1", "default": "allow" }))
        .await;
    let (_, token) = org.grant("agent", "peer", "all").await;
    let replica = installation.replica("one", None).await;
    until("the replica", || org.enforced(1)).await;
    (org, token, replica)
}

#[tokio::test]
async fn results_and_a_list_of_eight_hundred_tools_arrive_as_they_were_sent() {
    let installation = Installation::start().await;
    let upstream = Server::fastmcp(&["--tools", "800"]).await;
    let (org, token, replica) = before(&installation, &upstream.url).await;
    let direct = Raw::new(&upstream.url, None).initialize().await;
    let through = Raw::new(&replica.mcp(&org, "peer"), Some(&token))
        .initialize()
        .await;
    assert!(
        through.session.is_some() && through.session != direct.session,
        "the session id is ours"
    );

    let calls = [
        ("unicode", json!({})),
        ("numbers", json!({})),
        ("key_order", json!({})),
        ("structured", json!({ "city": "Köln", "days": 2 })),
        ("echo", json!({ "text": "back\\slash \u{2028} 😀" })),
    ];
    for (tool, arguments) in calls {
        let (ours, theirs) = (
            through.call(tool, arguments.clone()).await,
            direct.call(tool, arguments).await,
        );
        assert_eq!(ours.status, theirs.status);
        assert_eq!(ours.message(), theirs.message(), "{tool}");
        assert_ne!(ours.json()["result"]["isError"], true, "{tool}: {ours:?}");
    }
    let (ours, theirs) = (
        through.request(7, "tools/list", json!({})).await,
        direct.request(7, "tools/list", json!({})).await,
    );
    assert_eq!(ours.message(), theirs.message());
    assert!(ours.json()["result"]["tools"].as_array().unwrap().len() >= 800);
}

#[tokio::test]
async fn the_request_arrives_as_the_client_wrote_it() {
    let installation = Installation::start().await;
    let upstream = Stub::start(&["work"]).await;
    let (org, token, replica) = before(&installation, &upstream.url).await;
    let client = Raw::new(&replica.mcp(&org, "peer"), Some(&token));
    // Unknown members, a number beyond doubles, white space, an escape: none of it is ours to tidy.
    let body = r#" { "jsonrpc":"2.0", "vendor": 1e999, "id": 18446744073709551616, "method": "tools/\u0063all",
        "params": { "arguments": { "z": 0.10, "a": [1 , 2] }, "name": "work", "extra": {"B":1,"A":2} } }"#;
    let answer = client.post(body).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    assert_eq!(answer.text(), "done: \"work\"");
    assert!(
        answer.body.contains(r#""id":18446744073709551616"#),
        "{answer:?}"
    );
    let arrived = upstream.seen().pop().unwrap();
    assert_eq!(arrived.text, body);
}

#[tokio::test]
async fn real_servers_and_clients_of_both_eras_notice_nothing() {
    let installation = Installation::start().await;
    let upstream = Server::fastmcp(&[]).await;
    let (org, token, replica) = before(&installation, &upstream.url).await;
    let url = replica.mcp(&org, "peer");
    for era in ["legacy", "2026-07-28"] {
        let client = Client::python(&url, &token, era).await;
        let answer = client.call("echo", json!({ "text": "hello" })).await;
        assert_eq!(
            answer["result"]["content"][0]["text"], "hello",
            "{era}: {answer}"
        );
    }
    let client = Client::typescript(&url, &token).await;
    let answer = client.call("echo", json!({ "text": "hello" })).await;
    assert_eq!(answer["result"]["content"][0]["text"], "hello", "{answer}");

    let everything = Server::everything().await;
    org.server("everything", &everything.url).await;
    let grant =
        json!({ "name": "second", "servers": [{ "server": "everything", "policy": "all" }] });
    let grant = org.rest.post(&org.path("grants"), grant).await;
    until("the second server", || org.enforced(1)).await;
    let url = replica.mcp(&org, "everything");
    let token = grant["token"].as_str().unwrap();
    let python = Client::python(&url, token, "legacy").await;
    let typescript = Client::typescript(&url, token).await;
    for client in [&python, &typescript] {
        let answer = client.call("echo", json!({ "message": "hello" })).await;
        assert_eq!(
            answer["result"]["content"][0]["text"], "Echo: hello",
            "{answer}"
        );
        let answer = client.call("get-sum", json!({ "a": 2, "b": 3 })).await;
        assert!(
            answer["result"]["content"][0]["text"]
                .as_str()
                .unwrap()
                .contains('5'),
            "{answer}"
        );
    }
}

#[tokio::test]
async fn a_server_without_sessions_and_a_client_without_a_handshake_work() {
    let installation = Installation::start().await;
    let upstream = Server::fastmcp(&["--stateless", "--json"]).await;
    let (org, token, replica) = before(&installation, &upstream.url).await;
    let client = Raw::new(&replica.mcp(&org, "peer"), Some(&token));
    let answer = client
        .call("echo", json!({ "text": "straight away" }))
        .await;
    assert_eq!(answer.text(), "straight away");
    assert!(
        !answer.headers.contains_key("mcp-session-id"),
        "none was given, so none is minted"
    );
    let greeted = client.initialize().await;
    assert_eq!(greeted.session, None);
    assert_eq!(
        greeted
            .call("echo", json!({ "text": "again" }))
            .await
            .text(),
        "again"
    );
}
