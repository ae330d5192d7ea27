//! 2026-07-28: stateless, its headers mirrored, its rounds sealed.

mod world;

use http::Method;
use http_body_util::BodyExt;
use world::upstream::{self, Upstream, json};
use world::{Answer, Plan, World, plan};

const META: &str = r#""_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientCapabilities":{},"io.modelcontextprotocol/clientInfo":{"name":"m","version":"1"}}"#;
const RESULT: &str = r#"{"jsonrpc":"2.0","id":1,"result":{"content":[],"resultType":"complete"}}"#;

fn body(method: &str, params: &str) -> String {
    let comma = if params.is_empty() { "" } else { "," };
    format!(r#"{{"jsonrpc":"2.0","id":1,"method":"{method}","params":{{{params}{comma}{META}}}}}"#)
}

async fn post(world: &World, method: &str, name: Option<&str>, body: String) -> Answer {
    let mut headers = vec![
        ("mcp-protocol-version", "2026-07-28"),
        ("mcp-method", method),
    ];
    headers.extend(name.map(|name| ("mcp-name", name)));
    world.post(&headers, body).await
}

async fn call(world: &World, tool: &str, params: &str) -> Answer {
    post(
        world,
        "tools/call",
        Some(tool),
        body("tools/call", &format!(r#""name":"{tool}"{params}"#)),
    )
    .await
}

#[tokio::test]
async fn a_call_passes_with_its_headers_and_without_a_session() {
    let upstream = Upstream::new(|_| async {
        let mut said = json(RESULT);
        said.headers_mut()
            .insert("mcp-session-id", "stray".parse().unwrap());
        said
    })
    .await;
    let world = World::new(plan(), upstream).await;
    let sent = body("tools/call", r#""name":"echo","arguments":{"a":1.0}"#);
    let headers = [
        ("mcp-protocol-version", "2026-07-28"),
        ("mcp-method", "tools/call"),
        ("mcp-name", "=?base64?ZWNobw==?="),
        ("mcp-param-x", "1"),
        ("mcp-session-id", "stray"),
    ];
    let answer = world.post(&headers, sent.clone()).await;
    assert_eq!(
        (answer.status.as_u16(), answer.body.as_str()),
        (200, RESULT)
    );
    assert!(!answer.headers.contains_key("mcp-session-id"));
    let saw = &world.upstream.saw()[0];
    assert_eq!(saw.text(), sent);
    assert_eq!(
        (
            saw.header("mcp-name"),
            saw.header("mcp-param-x"),
            saw.header("mcp-session-id")
        ),
        ("=?base64?ZWNobw==?=", "1", "")
    );
    for method in [Method::GET, Method::DELETE] {
        let answer = world
            .send(world.request(method, &[("mcp-protocol-version", "2026-07-28")], ""))
            .await;
        assert_eq!(answer.status(), 405);
    }
}

#[tokio::test]
async fn headers_that_are_not_the_bodys_are_refused_and_nothing_is_forwarded() {
    let world = World::new(
        Plan {
            tools: Some(vec!["echo", "drop"]),
            ..plan()
        },
        Upstream::saying(RESULT).await,
    )
    .await;
    let sent = body("tools/call", r#""name":"drop""#);
    let version = ("mcp-protocol-version", "2026-07-28");
    let method = ("mcp-method", "tools/call");
    let cases: &[&[(&str, &str)]] = &[
        &[version, method, ("mcp-name", "echo")],
        &[version, method, ("mcp-name", "DROP")],
        &[version, method, ("mcp-name", "=?base64?ZWNobw==?=")],
        &[version, method],
        &[version, method, ("mcp-name", "drop"), ("mcp-name", "echo")],
        &[version, ("mcp-method", "tools/list"), ("mcp-name", "drop")],
        &[version, ("mcp-name", "drop")],
        &[version, version, method, ("mcp-name", "drop")],
        &[
            ("mcp-protocol-version", "2025-11-25"),
            method,
            ("mcp-name", "drop"),
        ],
        &[method, ("mcp-name", "drop")],
    ];
    for headers in cases {
        let answer = world.post(headers, sent.clone()).await;
        assert_eq!(
            (
                answer.status.as_u16(),
                answer.json()["error"]["code"].as_i64()
            ),
            (400, Some(-32020)),
            "{headers:?}"
        );
        assert_eq!(answer.json()["id"], 1);
    }
    let legacy_body = r#"{"jsonrpc":"2.0","id":1,"method":"tools/list"}"#;
    let answer = world
        .post(&[version, ("mcp-method", "tools/list")], legacy_body)
        .await;
    assert_eq!(
        (
            answer.status.as_u16(),
            answer.json()["error"]["code"].as_i64()
        ),
        (400, Some(-32602))
    );
    let future = world
        .post(&[("mcp-protocol-version", "2099-01-01")], legacy_body)
        .await;
    assert_eq!(
        (
            future.status.as_u16(),
            future.json()["error"]["code"].as_i64()
        ),
        (400, Some(-32022))
    );
    assert!(
        future.json()["error"]["data"]["supported"]
            .as_array()
            .unwrap()
            .contains(&"2026-07-28".into())
    );
    assert!(world.upstream.saw().is_empty());
}

#[tokio::test]
async fn an_argument_that_the_schema_mirrors_is_compared_with_its_header() {
    let list = r#"{"jsonrpc":"2.0","id":1,"result":{"tools":[{"name":"echo","inputSchema":{"properties":{"region":{"type":"string","x-mcp-header":"Region"}}}}]}}"#;
    let upstream = Upstream::new(move |saw| async move {
        if saw.method() == "tools/list" {
            json(list)
        } else {
            json(RESULT)
        }
    })
    .await;
    let world = World::new(plan(), upstream).await;
    post(&world, "tools/list", None, body("tools/list", "")).await;
    let send = async |region: &str| {
        let headers = [
            ("mcp-protocol-version", "2026-07-28"),
            ("mcp-method", "tools/call"),
            ("mcp-name", "echo"),
            ("mcp-param-region", region),
        ];
        world
            .post(
                &headers,
                body("tools/call", r#""name":"echo","arguments":{"region":"eu"}"#),
            )
            .await
            .status
            .as_u16()
    };
    assert_eq!(send("eu").await, 200);
    assert_eq!(send("us").await, 400);
    assert_eq!(send("").await, 400);
}

#[tokio::test]
async fn a_replica_that_has_seen_no_list_compares_the_headers_that_are_recorded() {
    let change = |bundle: &mut bundle::OrgBundle| {
        let tool = &mut bundle.servers[0].tools.as_mut().unwrap()[0];
        tool.param_headers = vec![mcp::ParamHeader {
            name: "region".into(),
            path: vec!["place".into(), "region".into()],
        }];
    };
    let plan = Plan {
        change: Box::new(change),
        ..plan()
    };
    let world = World::new(plan, Upstream::saying(RESULT).await).await;
    let sent = body(
        "tools/call",
        r#""name":"echo","arguments":{"place":{"region":"eu"}}"#,
    );
    let base = [
        ("mcp-protocol-version", "2026-07-28"),
        ("mcp-method", "tools/call"),
        ("mcp-name", "echo"),
        ("mcp-param-made-up", "any"),
    ];
    for wrong in [
        vec![],
        vec![("mcp-param-region", "us")],
        vec![("mcp-param-region", "=?base64?dXM=?=")],
        vec![("mcp-param-region", "eu"), ("mcp-param-region", "eu")],
    ] {
        let answer = world
            .post(&[base.as_slice(), &wrong].concat(), sent.clone())
            .await;
        assert_eq!(
            (
                answer.status.as_u16(),
                answer.json()["error"]["code"].as_i64()
            ),
            (400, Some(-32020)),
            "{wrong:?}"
        );
    }
    assert!(world.upstream.saw().is_empty());
    let right = [base.as_slice(), &[("mcp-param-region", "eu")]].concat();
    assert_eq!(world.post(&right, sent).await.body, RESULT);
    let saw = &world.upstream.saw()[0];
    assert_eq!(
        (
            saw.header("mcp-param-region"),
            saw.header("mcp-param-made-up")
        ),
        ("eu", "any"),
        "what nobody knows goes on"
    );
}

#[tokio::test]
async fn a_tool_that_was_just_met_is_held_to_its_headers_and_a_hidden_one_shows_none() {
    let list = r#"{"jsonrpc":"2.0","id":1,"result":{"tools":[{"name":"new","inputSchema":{"properties":{"region":{"type":"string","x-mcp-header":"Region"}}}},{"name":"hidden_a","inputSchema":{"properties":{"region":{"type":"string","x-mcp-header":"Region"}}}}]}}"#;
    let upstream = Upstream::new(move |saw| async move {
        match saw.method().as_str() {
            "initialize" => {
                json(r#"{"jsonrpc":"2.0","id":0,"result":{"protocolVersion":"2025-11-25"}}"#)
            }
            "tools/list" => json(list),
            _ => json(RESULT),
        }
    })
    .await;
    let policy = Some(r#"{"version":"1","default":"allow","hide":["hidden_*"]}"#.to_owned());
    let world = World::new(Plan { policy, ..plan() }, upstream).await;
    let region = r#","arguments":{"region":"eu"}"#;
    let new = call(&world, "new", region).await;
    assert_eq!(
        (new.status.as_u16(), new.json()["error"]["code"].as_i64()),
        (400, Some(-32020))
    );
    let hidden = call(&world, "hidden_a", region).await;
    let unknown = call(&world, "hidden_b", region).await;
    assert_eq!(
        (hidden.status, hidden.body.replace("hidden_a", "hidden_b")),
        (unknown.status, unknown.body)
    );
    let saw = world.upstream.saw();
    assert!(saw.iter().all(|saw| saw.method() != "tools/call"));
}

#[tokio::test]
async fn a_method_over_its_limit_is_a_429_with_the_seconds_to_wait() {
    let policy = r#"{"version":"1","default":"allow","all_tools":{"limits":[{"counter":"all","window":"hour","max":1,"methods":"all"}]}}"#;
    let empty = r#"{"jsonrpc":"2.0","id":1,"result":{"tools":[]}}"#;
    let plan = Plan {
        policy: Some(policy.into()),
        ..plan()
    };
    let world = World::new(plan, Upstream::saying(empty).await).await;
    let ask = async || post(&world, "tools/list", None, body("tools/list", "")).await;
    assert_eq!(ask().await.body, empty);
    let over = ask().await;
    let said = over.json();
    assert_eq!(
        (over.status.as_u16(), said["error"]["code"].as_i64()),
        (429, Some(1003))
    );
    let wait = said["error"]["data"]["retry_after_ms"].as_u64().unwrap();
    let seconds = wait.div_ceil(1000).to_string();
    assert_eq!(over.headers["retry-after"], seconds.as_str());
    let text = said["error"]["message"].as_str().unwrap();
    assert!(text.starts_with("[RATE LIMITED] ") && text.ends_with(&format!(" {seconds} s.")));
}

#[tokio::test]
async fn refusals_have_the_status_of_their_era() {
    let policy = Some(r#"{"version":"1","default":"deny"}"#.to_owned());
    let world = World::new(Plan { policy, ..plan() }, Upstream::saying(RESULT).await).await;
    let denied = call(&world, "echo", "").await;
    assert_eq!(
        (
            denied.status.as_u16(),
            denied.json()["result"]["resultType"].as_str()
        ),
        (200, Some("complete"))
    );
    for method in [
        "initialize",
        "ping",
        "logging/setLevel",
        "resources/subscribe",
        "made/up",
    ] {
        let answer = post(&world, method, None, body(method, "")).await;
        assert_eq!(
            (
                answer.status.as_u16(),
                answer.json()["error"]["code"].as_i64()
            ),
            (404, Some(-32601)),
            "{method}"
        );
    }
    let read = post(
        &world,
        "resources/read",
        Some("x:y"),
        body("resources/read", r#""uri":"x:y""#),
    )
    .await;
    assert_eq!(
        (read.status.as_u16(), read.json()["error"]["code"].as_i64()),
        (403, Some(1002))
    );
    let list = post(&world, "prompts/list", None, body("prompts/list", ""))
        .await
        .json();
    assert_eq!(
        (
            list["result"]["ttlMs"].as_i64(),
            list["result"]["cacheScope"].as_str()
        ),
        (Some(0), Some("private"))
    );
    assert_eq!(
        world
            .post(
                &[("mcp-protocol-version", "2026-07-28")],
                r#"{"jsonrpc":"2.0","id":9,"result":{}}"#
            )
            .await
            .status,
        400
    );
    assert!(world.upstream.saw().is_empty());
}

#[tokio::test]
async fn a_state_is_sealed_to_the_grant_and_to_the_question() {
    let upstream = Upstream::new(|saw| async move {
        if saw.text().contains("requestState") {
            return json(RESULT);
        }
        json(r#"{"jsonrpc":"2.0","id":1,"result":{"resultType":"input_required","requestState":"opaq\u0075e","inputRequests":{"a":{"method":"elicitation/create","params":{}}}}}"#)
    })
    .await;
    let world = World::new(
        Plan {
            tools: Some(vec!["echo", "other"]),
            ..plan()
        },
        upstream,
    )
    .await;
    let first = call(&world, "echo", r#","arguments":{"x":1}"#).await;
    let state = first.json()["result"]["requestState"]
        .as_str()
        .unwrap()
        .to_owned();
    assert!(!first.body.contains("opaque") && !first.body.contains("opaq\\u0075e"));
    let retry = |x: &str, state: &str| {
        format!(
            r#","arguments":{{"x":{x}}},"inputResponses":{{"a":{{}}}},"requestState":"{state}""#
        )
    };
    let before = world.upstream.saw().len();
    for (tool, params) in [
        ("echo", retry("2", &state)),
        ("other", retry("1", &state)),
        ("echo", retry("1", "opaque")),
        ("echo", retry("1", &state[1..])),
    ] {
        let answer = call(&world, tool, &params).await;
        assert_eq!(
            (
                answer.status.as_u16(),
                answer.json()["error"]["code"].as_i64()
            ),
            (400, Some(-32602)),
            "{params}"
        );
    }
    let sent = body(
        "tools/call",
        &format!(r#""name":"echo"{}"#, retry("1", &state)),
    );
    let other = format!("Bearer {}", world.other_token);
    let stolen = world
        .post(
            &[
                ("authorization", &other),
                ("mcp-protocol-version", "2026-07-28"),
                ("mcp-method", "tools/call"),
                ("mcp-name", "echo"),
            ],
            sent,
        )
        .await;
    assert_eq!(stolen.status, 400);
    assert_eq!(world.upstream.saw().len(), before);
    assert_eq!(
        call(&world, "echo", &retry("1.0", &state)).await.body,
        RESULT,
        "the same question in another spelling"
    );
    assert!(
        world
            .upstream
            .saw()
            .last()
            .unwrap()
            .text()
            .contains(r#""requestState":"opaque""#)
    );
}

#[tokio::test]
async fn a_round_that_asks_for_what_is_switched_off_does_not_pass() {
    let asks = r#"{"jsonrpc":"2.0","id":1,"result":{"resultType":"input_required","inputRequests":{"a":{"method":"sampling/createMessage"}}}}"#;
    let change = |bundle: &mut bundle::OrgBundle| bundle.servers[0].allows_sampling = false;
    let world = World::new(
        Plan {
            change: Box::new(change),
            ..plan()
        },
        Upstream::saying(asks).await,
    )
    .await;
    let answer = call(&world, "echo", "").await;
    assert_eq!(answer.status, 502);
    assert!(!answer.body.contains("sampling"));
}

#[tokio::test]
async fn a_client_that_hangs_up_cancels_its_call() {
    let (told, mut gone) = tokio::sync::watch::channel(false);
    let told = std::sync::Arc::new(told);
    let upstream = Upstream::new(move |_| {
        let told = std::sync::Arc::clone(&told);
        async move {
            let (sender, said) = upstream::stream();
            tokio::spawn(async move {
                sender.send(": begun\n\ndata: {\"jsonrpc\":\"2.0\",\"method\":\"notifications/progress\"}\n\n".into()).await.unwrap();
                sender.closed().await;
                told.send_replace(true);
            });
            said
        }
    })
    .await;
    let world = World::new(plan(), upstream).await;
    let headers = [
        ("mcp-protocol-version", "2026-07-28"),
        ("mcp-method", "tools/call"),
        ("mcp-name", "echo"),
    ];
    let request = world.request(
        Method::POST,
        &headers,
        body("tools/call", r#""name":"echo""#),
    );
    let mut response = world.send(request).await;
    response.body_mut().frame().await.unwrap().unwrap();
    drop(response);
    tokio::time::timeout(
        std::time::Duration::from_secs(10),
        gone.wait_for(|gone| *gone),
    )
    .await
    .expect("the upstream call goes on")
    .unwrap();
    let records = world.recorded(|records| records.len() == 2).await;
    assert!(
        matches!(&records[1], bundle::record::Record::Outcome(outcome) if outcome.outcome == bundle::record::Ending::Cancelled)
    );
}

#[tokio::test]
async fn a_stream_that_breaks_off_ends_in_an_error_with_the_requests_id() {
    let upstream = Upstream::new(|_| async {
        upstream::events(&[r#"{"jsonrpc":"2.0","method":"notifications/progress"}"#])
    })
    .await;
    let world = World::new(plan(), upstream).await;
    let answer = call(&world, "echo", "").await;
    assert!(
        answer.body.ends_with("\n\n") && answer.body.contains(r#""id":1,"error":{"code":1001"#),
        "{}",
        answer.body
    );
}

#[tokio::test]
async fn a_subscription_loses_the_parts_that_the_policy_keeps_out() {
    let policy = Some(r#"{"version":"1","default":"deny"}"#.to_owned());
    let acknowledged = r#"{"jsonrpc":"2.0","method":"notifications/subscriptions/acknowledged","params":{"_meta":{"io.modelcontextprotocol/subscriptionId":1}}}"#;
    let end = r#"{"jsonrpc":"2.0","id":1,"result":{"resultType":"complete"}}"#;
    let upstream =
        Upstream::new(move |_| async move { upstream::events(&[acknowledged, end]) }).await;
    let world = World::new(Plan { policy, ..plan() }, upstream).await;
    let wanted = r#""notifications":{"toolsListChanged":true,"resourceSubscriptions":["x:y"],"ResourceSubscription\u017f":["x:y"],"promptsListChanged":true,"PROMPTSLISTCHANGED":true}"#;
    let answer = post(
        &world,
        "subscriptions/listen",
        None,
        body("subscriptions/listen", wanted),
    )
    .await;
    assert!(
        answer.body.contains(acknowledged),
        "a subscription is named by its request's id, which is its client's own"
    );
    let saw = world.upstream.saw()[0].text().to_owned();
    assert!(
        saw.contains(r#""notifications":{"toolsListChanged":true}"#),
        "{saw}"
    );
}

#[tokio::test]
async fn a_batch_is_no_answer_where_the_protocol_has_none() {
    let note = r#"{"jsonrpc":"2.0","method":"notifications/message","params":{}}"#;
    let batch = format!("[{note},{RESULT}]");
    let world = World::new(plan(), Upstream::saying(batch).await).await;
    let answer = call(&world, "echo", "").await;
    assert_eq!(answer.status, 502);
    assert_eq!(answer.json()["error"]["code"], 1001);
}
