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
    for client in [&python, &typescript] {
        let listed = client.list().await;
        assert!(listed["result"].to_string().contains(TOOL), "{listed}");
        let denied = client
            .call("delete_datastore", json!({ "datastore_id": "x" }))
            .await;
        assert!(text(&denied).starts_with("[POLICY DENIED]"), "{denied}");
        assert_eq!(denied["result"]["isError"], true);
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
        assert!(
            text(&limited).chars().any(|c| c.is_ascii_digit()),
            "it says how long to wait: {limited}"
        );
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
    assert_eq!(org.calls("verdict=deny").await.len(), 2);
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

    let client = Client::python(&replica.mcp(&org, "support"), &token, "auto").await;
    let unknown = client.call(TOOL, arguments()).await;
    assert_eq!(unknown["error"]["code"], -32602, "{unknown}");
    let denied = client.call("describe_services", json!({})).await;
    assert!(text(&denied).starts_with("[POLICY DENIED]"), "{denied}");
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
