//! One span a request and a call, in one trace where a client sent one; logs as JSON lines; numbers on a listener apart.

use serde_json::{Value, json};
use testbed::{Collector, Installation, Raw, Replica, Span, Stub, free_port, until};

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

    let told = knock(&replica, &replica.mcp(&org, "jobs"), &token).await;
    the_numbers_are_apart(&metrics, &replica).await;

    replica.process.terminate();
    the_data_plane_tells_of_every_request(&collector, told).await;
    the_control_plane_tells_of_every_request(&collector).await;
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

/// What is no call: each is a request, and has a span all the same.
async fn knock(replica: &Replica, url: &str, token: &str) -> Vec<(&'static str, u16)> {
    let client = reqwest::Client::new();
    let post = |url: &str, body: &'static str| {
        let request = client.post(url).body(body);
        request
            .header("content-type", "application/json")
            .header("accept", "application/json, text/event-stream")
    };
    let unknown = r#"{"jsonrpc":"2.0","method":"notifications/none-such"}"#;
    let asked = [
        ("POST", post(url, "{}")),
        ("GET", client.get(url)),
        ("DELETE", client.delete(url)),
        ("GET", client.get(format!("{}/nowhere", replica.url()))),
        ("POST", post(url, "no json").bearer_auth(token)),
        ("POST", post(url, unknown).bearer_auth(token)),
        ("PUT", client.put(url).bearer_auth(token)),
    ];
    let mut told = Vec::new();
    for (method, request) in asked {
        let answer = request.send().await.unwrap();
        told.push((method, answer.status().as_u16()));
    }
    assert_eq!(
        told.iter().map(|(_, status)| *status).collect::<Vec<_>>(),
        [401, 401, 401, 404, 400, 202, 405]
    );
    told
}

fn requests<'s>(spans: &'s [Span], service: &str) -> Vec<&'s Span> {
    let of = |span: &&Span| span.service == service && span.name == "request";
    spans.iter().filter(of).collect()
}

/// One for each request, with its method and status, and one within it for each call.
async fn the_data_plane_tells_of_every_request(
    collector: &Collector,
    mut told: Vec<(&'static str, u16)>,
) {
    // The two calls, and who asked the public listener for numbers.
    told.extend([("POST", 200), ("POST", 200), ("GET", 404)]);
    told.sort_unstable();
    let spans = until("the spans of the data plane", || async {
        let spans = collector.spans();
        (requests(&spans, "portcullis-data-plane").len() >= told.len()).then_some(spans)
    })
    .await;
    let requests = requests(&spans, "portcullis-data-plane");
    let mut said: Vec<(&str, u16)> = requests
        .iter()
        .map(|span| {
            let status = span.attribute("http.response.status_code").parse().unwrap();
            (span.attribute("http.request.method"), status)
        })
        .collect();
    said.sort_unstable();
    assert_eq!(said, told);

    let calls: Vec<&Span> = spans.iter().filter(|span| span.name == "call").collect();
    let about = |span: &Span| {
        ["gen_ai.tool.name", "portcullis.verdict", "mcp.method.name"]
            .map(|name| span.attribute(name).to_owned())
    };
    let mut judged: Vec<_> = calls.iter().map(|span| about(span)).collect();
    judged.sort_unstable();
    assert_eq!(
        judged,
        [
            ["missing", "unknown_tool", "tools/call"],
            ["work", "allow", "tools/call"]
        ]
    );
    for call in calls {
        let request = requests.iter().find(|request| request.id == call.parent);
        let request = request.unwrap_or_else(|| panic!("outside of any request: {call:?}"));
        assert_eq!(request.trace, call.trace);
        let is_traced = call.attribute("gen_ai.tool.name") == "work";
        assert_eq!(call.trace == TRACE, is_traced, "the client's trace goes on");
    }
}

async fn the_control_plane_tells_of_every_request(collector: &Collector) {
    let asked = [
        ("POST", "/v1/signup", "201"),
        ("POST", "/v1/orgs/{org}/api-keys", "201"),
        ("POST", "/v1/orgs/{org}/servers", "201"),
        ("POST", "/v1/orgs/{org}/servers/{server}/discover", "200"),
        ("POST", "/v1/orgs/{org}/policies", "201"),
        ("PUT", "/v1/orgs/{org}/policies/{policy}/draft", "200"),
        ("POST", "/v1/orgs/{org}/policies/{policy}/publish", "201"),
        ("POST", "/v1/orgs/{org}/grants", "201"),
    ];
    let counted = until("the spans of the control plane", || async {
        let spans = collector.spans();
        let requests = requests(&spans, "portcullis-control-plane");
        let count = |(method, route, status): &(&str, &str, &str)| {
            let is = |span: &&&Span| {
                span.attribute("http.request.method") == *method
                    && span.attribute("http.route") == *route
                    && span.attribute("http.response.status_code") == *status
            };
            requests.iter().filter(is).count()
        };
        let counts: Vec<usize> = asked.iter().map(count).collect();
        counts.iter().all(|count| *count > 0).then_some(counts)
    })
    .await;
    assert_eq!(counted, [1; 8], "one span a request: {asked:?}");
    assert!(collector.holds("/v1/gateway/feed"));
}
