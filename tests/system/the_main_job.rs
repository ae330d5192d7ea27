//! One tool of a real server is let through at ten a minute; everything else is not.

use serde_json::{Value, json};
use testbed::{Client, Installation, Raw, Redis, Server, until};

const TOOL: &str = "start_dicom_import_job";

fn policy() -> Value {
    json!({
        "version": "1",
        "default": "deny",
        "tools": { TOOL: { "rate_limit": { "max": 10, "window": 60 } } },
    })
}

fn arguments() -> Value {
    json!({
        "datastore_id": "0123456789abcdef0123456789abcdef",
        "data_access_role_arn": "arn:aws:iam::123456789012:role/import",
        "input_s3_uri": "s3://bucket/in/",
        "output_s3_uri": "s3://bucket/out/",
    })
}

fn text(answer: &Value) -> &str {
    answer["result"]["content"][0]["text"]
        .as_str()
        .unwrap_or_else(|| panic!("no text in {answer}"))
}

/// Tries every tool of the list but this one, and answers how many those are: each is denied.
async fn denied_all_but(client: &Client, allowed: &str) -> usize {
    let listed = client.list().await;
    let tools = listed["result"]["tools"].as_array();
    let tools = tools.unwrap_or_else(|| panic!("no tools in {listed}"));
    let names = tools.iter().map(|tool| tool["name"].as_str().unwrap());
    let others: Vec<&str> = names.filter(|name| *name != allowed).collect();
    for name in &others {
        let denied = client.call(name, json!({})).await;
        assert!(
            text(&denied).starts_with("[POLICY DENIED]"),
            "{name}: {denied}"
        );
        assert_eq!(denied["result"]["isError"], true, "{name}");
    }
    others.len()
}

/// In words for the agent and in figures for its client, which are the same.
fn says_how_long_to_wait(limited: &Value) {
    let said = text(limited);
    let (_, wait) = said
        .rsplit_once(" Try again in ")
        .unwrap_or_else(|| panic!("no wait in {limited}"));
    let seconds: u64 = wait.strip_suffix(" s.").unwrap().parse().unwrap();
    // A window of 60 seconds is counted in slots of one, and one more is retained.
    assert!((1..=61).contains(&seconds), "{limited}");
    let decision = &limited["result"]["_meta"]["dev.portcullis/decision"];
    let exact = decision["retry_after_ms"].as_u64().unwrap();
    assert_eq!(exact.div_ceil(1000), seconds, "{limited}");
}

#[tokio::test]
async fn ten_calls_a_minute_reach_the_server_however_they_are_spread_over_replicas() {
    let (installation, redis) = (Installation::start().await, Redis::start().await);
    let upstream = Server::stdio(&["--aws", "awslabs.healthimaging-mcp-server"]).await;
    let org = installation.org("clinic").await;
    org.server("imaging", &upstream.url).await;
    org.policy("imports", &policy()).await;
    let (_, token) = org.grant("agent", "imaging", "imports").await;
    let one = installation.replica("one", Some(&redis.url())).await;
    let two = installation.replica("two", Some(&redis.url())).await;
    until("both replicas", || org.enforced(2)).await;

    let python = Client::python(&one.mcp(&org, "imaging"), &token, "auto").await;
    let typescript = Client::typescript(&two.mcp(&org, "imaging"), &token).await;
    let mut denied = 0;
    for client in [&python, &typescript] {
        let listed = client.list().await;
        assert!(listed["result"].to_string().contains(TOOL), "{listed}");
        let others = denied_all_but(client, TOOL).await;
        assert!(others > 1, "a server with more than one tool: {listed}");
        denied += others;
    }
    for number in 0..10 {
        let client = if number % 2 == 0 {
            &python
        } else {
            &typescript
        };
        let answer = client.call(TOOL, arguments()).await;
        assert_ne!(answer["result"]["isError"], true, "{answer}");
    }
    for client in [&python, &typescript] {
        let limited = client.call(TOOL, arguments()).await;
        assert!(text(&limited).starts_with("[RATE LIMITED]"), "{limited}");
        says_how_long_to_wait(&limited);
    }
    let reached = upstream.calls();
    assert_eq!(reached.len(), 10, "{reached:?}");
    assert!(reached.iter().all(|call| call["called"] == TOOL));

    let limited = until("the records", || async {
        let calls = org.calls("verdict=limit").await;
        (calls.len() == 2).then_some(calls)
    })
    .await;
    for call in limited {
        assert_eq!(call["limiter"], "shared");
        assert_eq!(
            call["rule"],
            "/tools/start_dicom_import_job/limits/start_dicom_import_job_rate"
        );
        assert_eq!(call["outcome"], Value::Null);
    }
    assert_eq!(
        org.calls("verdict=allow&tool=start_dicom_import_job")
            .await
            .len(),
        10
    );
    let refused = until("the records of what was denied", || async {
        let calls = org.calls("verdict=deny&limit=200").await;
        (calls.len() == denied).then_some(calls)
    })
    .await;
    assert!(refused.iter().all(|call| call["outcome"] == Value::Null));
}

#[tokio::test]
async fn a_server_without_the_tool_lets_nothing_through() {
    let installation = Installation::start().await;
    let upstream = Server::stdio(&["awslabs.aws-support-mcp-server"]).await;
    let org = installation.org("desk").await;
    org.server("support", &upstream.url).await;
    org.policy("imports", &policy()).await;
    let (_, token) = org.grant("agent", "support", "imports").await;
    let replica = installation.replica("one", None).await;
    until("the replica", || org.enforced(1)).await;

    let url = replica.mcp(&org, "support");
    for client in [
        Client::python(&url, &token, "auto").await,
        Client::typescript(&url, &token).await,
    ] {
        let unknown = client.call(TOOL, arguments()).await;
        assert_eq!(unknown["error"]["code"], -32602, "{unknown}");
        let others = denied_all_but(&client, TOOL).await;
        assert!(others > 1, "a server with more than one tool");
    }
    assert_eq!(upstream.calls(), Vec::<Value>::new());
}

#[tokio::test]
async fn a_stranger_learns_nothing_from_any_path() {
    let installation = Installation::start().await;
    let org = installation.org("acme").await;
    let replica = installation.replica("one", None).await;
    until("the replica", || org.enforced(1)).await;
    let of = |url: String| async move {
        Raw::new(&url, None)
            .request(1, "tools/list", json!({}))
            .await
    };
    let known = of(replica.mcp(&org, "files")).await;
    let unknown = of(format!("{}/nobody/nothing/mcp", replica.url())).await;
    assert_eq!((known.status.as_u16(), unknown.status.as_u16()), (401, 401));
    assert_eq!(known.body, unknown.body);
    assert!(known.headers.contains_key("www-authenticate"));
}
