//! One span a request and a call, in one trace where a client sent one; logs as JSON lines; numbers on a listener apart.

use serde_json::{Value, json};
use testbed::{Collector, Installation, Raw, Replica, Stub, free_port, until};

const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";

#[tokio::test(flavor = "multi_thread")]
async fn spans_logs_and_numbers_tell_of_both_planes() {
    let collector = Collector::start().await;
    let metrics = [free_port(), free_port()].map(|port| format!("127.0.0.1:{port}"));
    let control = [
        ("PORTCULLIS_OTLP_ENDPOINT", collector.url.as_str()),
        ("PORTCULLIS_METRICS_LISTEN", metrics[0].as_str()),
    ];
    let installation = Installation::start_with(&control).await;
    let upstream = Stub::start(&["work"]).await;
    let org = installation.org("acme").await;
    org.server("jobs", &upstream.url).await;
    org.policy("jobs", &json!({ "version": "1", "default": "allow" }))
        .await;
    let (_, token) = org.grant("agent", "jobs", "jobs").await;
    let data = [
        ("PORTCULLIS_OTLP_ENDPOINT", collector.url.as_str()),
        ("PORTCULLIS_METRICS_LISTEN", metrics[1].as_str()),
    ];
    let (mut replica, _) = installation.replica_not_ready("one", None, &data);
    until("the replica", || org.enforced(1)).await;

    let traced = reqwest::Client::new()
        .post(replica.mcp(&org, "jobs"))
        .bearer_auth(&token)
        .header("accept", "application/json, text/event-stream")
        .header("traceparent", format!("00-{TRACE}-00f067aa0ba902b7-01"))
        .json(&json!({ "jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": { "name": "work" } }))
        .send()
        .await
        .unwrap();
    assert_eq!(traced.status(), 200);
    let denied = Raw::new(&replica.mcp(&org, "jobs"), Some(&token))
        .call("missing", json!({}))
        .await;
    assert_eq!(denied.json()["error"]["code"], -32602);
    let forwarded = upstream.calls().pop().unwrap().headers["traceparent"]
        .to_str()
        .unwrap()
        .to_owned();
    assert!(
        forwarded.contains(TRACE),
        "the trace goes on upstream: {forwarded}"
    );
    assert!(
        !forwarded.contains("00f067aa0ba902b7"),
        "with a span of ours as its parent: {forwarded}"
    );

    the_numbers_are_apart(&metrics, &replica).await;

    replica.process.terminate();
    the_spans_arrive(&collector).await;
    for process in [&replica.process, &installation.control_plane] {
        let lines: Vec<Value> = process
            .said()
            .lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect();
        assert!(
            lines.iter().any(|line| line["level"] == "INFO"),
            "{lines:?}"
        );
    }
}

async fn the_numbers_are_apart(metrics: &[String; 2], replica: &Replica) {
    let client = reqwest::Client::new();
    let read = |listen: String| {
        let client = client.clone();
        async move {
            client
                .get(format!("http://{listen}/metrics"))
                .send()
                .await
                .unwrap()
                .text()
                .await
                .unwrap()
        }
    };
    let (ours, theirs) = (
        read(metrics[0].clone()).await,
        read(metrics[1].clone()).await,
    );
    assert!(
        ours.contains(r#"route="/v1/orgs/{org}/grants",method="POST",status="201""#),
        "{ours}"
    );
    assert!(
        theirs.contains(r#"verdict="allow""#) && theirs.contains(r#"verdict="unknown_tool""#),
        "{theirs}"
    );
    assert!(
        !theirs.contains("acme") && !theirs.contains("work"),
        "no names of organisations or tools"
    );
    let public = client
        .get(format!("{}/metrics", replica.url()))
        .send()
        .await
        .unwrap();
    assert_ne!(public.status(), 200, "the public listener shows no numbers");
}

async fn the_spans_arrive(collector: &Collector) {
    until("the spans", || async {
        let told = [
            "mcp.method.name",
            "tools/call",
            "gen_ai.tool.name",
            "portcullis.verdict",
            "portcullis-data-plane",
        ];
        told.iter().all(|text| collector.holds(text)).then_some(())
    })
    .await;
    until("the control plane's spans", || async {
        let every = [
            "/v1/signup",
            "/api-keys",
            "/servers",
            "/discover",
            "/policies",
            "/draft",
            "/publish",
            "/grants",
            "/feed",
        ];
        every
            .iter()
            .all(|route| collector.holds(route))
            .then_some(())
    })
    .await;
}
