//! A call through the gateway, as its client and its server see it.

mod world;

use bundle::record::{Ending, Record, Verdict};
use world::upstream::{self, Upstream, json};
use world::{Plan, World, call, plan, with_policy};

const RESULT: &str = "{ \"jsonrpc\":\"2.0\",\"id\":1 , \"result\":{\"zeta\":1.50,\"content\":[{\"type\":\"text\",\"text\":\"\\u00e9 \\/ é\"}],\"big\":12345678901234567890123,\"_meta\":{\"v\":null}} }\n";

async fn echo() -> Upstream {
    Upstream::saying(RESULT).await
}

#[tokio::test]
async fn an_allowed_call_arrives_and_returns_as_the_same_bytes() {
    let world = with_policy(world::ALLOW, echo().await).await;
    let sent = " {\"params\": {\"arguments\":{\"b\":1e3,\"a\":[ ]}, \"name\":\"e\\u0063ho\",\"vendor\":{\"x\":1.0}},\"id\":1,\"method\":\"tools/call\",\"jsonrpc\":\"2.0\"}\n";
    let answer = world
        .post(&[("mcp-protocol-version", "2025-06-18")], sent)
        .await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.body, RESULT);
    let saw = world.upstream.saw();
    assert_eq!(saw.len(), 1);
    assert_eq!(saw[0].text(), sent);
    assert_eq!(saw[0].header("mcp-protocol-version"), "2025-06-18");
}

#[tokio::test]
async fn nothing_of_the_clients_credentials_goes_upstream_and_nothing_of_the_servers_comes_back() {
    let headers = vec![
        ("authorization", "Bearer upstream-secret-1"),
        ("x-team", "blue"),
    ];
    let upstream = Upstream::new(|_| async {
        let mut said = json(r#"{"jsonrpc":"2.0","id":1,"result":{"echo":"Bearer upstream-secret-1","half":"upstream-secret-1"}}"#);
        for (name, value) in [("set-cookie", "a=b"), ("www-authenticate", "Bearer"), ("access-control-allow-origin", "*"), ("cache-control", "x=upstream-secret-1")] {
            said.headers_mut().insert(name, value.parse().unwrap());
        }
        said
    })
    .await;
    let world = World::new(Plan { headers, ..plan() }, upstream).await;
    let answer = world
        .post(
            &[
                ("cookie", "c=1"),
                ("x-api-key", "k"),
                ("x-forwarded-for", "1.2.3.4"),
                ("forwarded", "for=1"),
                ("mcp-name", "other"),
            ],
            call("echo", "{}"),
        )
        .await;
    let saw = &world.upstream.saw()[0];
    assert_eq!(saw.header("authorization"), "Bearer upstream-secret-1");
    assert_eq!(saw.header("x-team"), "blue");
    for (name, value) in &saw.head.headers {
        assert!(!value.to_str().unwrap().contains(&world.token), "{name}");
        assert!(
            ![
                "cookie",
                "x-api-key",
                "x-forwarded-for",
                "forwarded",
                "mcp-name"
            ]
            .contains(&name.as_str()),
            "{name}"
        );
    }
    assert!(
        !answer.body.contains("upstream-secret-1"),
        "{}",
        answer.body
    );
    assert!(answer.body.contains("[redacted]"));
    for name in [
        "set-cookie",
        "www-authenticate",
        "access-control-allow-origin",
    ] {
        assert!(!answer.headers.contains_key(name), "{name}");
    }
    assert!(
        answer
            .headers
            .values()
            .all(|value| !value.to_str().unwrap().contains("upstream-secret-1"))
    );
}

#[tokio::test]
async fn a_denied_call_is_a_result_that_says_why_and_never_reaches_the_server() {
    let policy = r#"{"version":"1","default":"deny","tools":{"echo":{"deny_if":[{"conditions":[{"path":"args.amount","op":"gt","value":10}],"on_deny":"Too much."}]}}}"#;
    let world = with_policy(policy, echo().await).await;
    let answer = world.call("echo", r#"{"amount":11}"#).await;
    assert_eq!(answer.status, 200);
    let said = answer.json();
    assert_eq!(said["result"]["isError"], true);
    assert_eq!(
        said["result"]["content"][0]["text"],
        "[POLICY DENIED] Too much."
    );
    let decision = &said["result"]["_meta"]["dev.portcullis/decision"];
    assert_eq!(decision["verdict"], "deny");
    assert_eq!(decision["rule"], "/tools/echo/deny_if/args.amount-gt");
    assert_eq!(decision["policy"], "main");
    assert_eq!(decision["version"], 7);
    assert!(world.upstream.saw().is_empty());
    assert_eq!(world.call("echo", r#"{"amount":10}"#).await.body, RESULT);
    assert_eq!(world.upstream.saw().len(), 1);
}

#[tokio::test]
async fn a_grant_without_a_policy_may_do_nothing() {
    let world = World::new(
        Plan {
            policy: None,
            ..plan()
        },
        echo().await,
    )
    .await;
    let answer = world.call("echo", "{}").await;
    assert_eq!(
        answer.json()["result"]["_meta"]["dev.portcullis/decision"]["rule"],
        "(no policy)"
    );
    for method in ["initialize", "tools/list", "ping", "resources/list"] {
        let body = format!(r#"{{"jsonrpc":"2.0","id":1,"method":"{method}"}}"#);
        assert_eq!(
            world.post(&[], body).await.json()["error"]["code"],
            1002,
            "{method}"
        );
    }
    assert!(world.upstream.saw().is_empty());
}

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

#[tokio::test]
async fn a_limit_answers_with_the_seconds_to_wait() {
    let policy = r#"{"version":"1","default":"allow","tools":{"echo":{"rate_limit":"2/minute"}}}"#;
    let world = with_policy(policy, echo().await).await;
    for _ in 0..2 {
        assert_eq!(world.call("echo", "{}").await.body, RESULT);
    }
    let said = world.call("echo", "{}").await.json();
    let text = said["result"]["content"][0]["text"].as_str().unwrap();
    assert!(
        text.starts_with("[RATE LIMITED] ") && text.ends_with(" s."),
        "{text}"
    );
    let decision = &said["result"]["_meta"]["dev.portcullis/decision"];
    assert_eq!(decision["verdict"], "limit");
    let wait = decision["retry_after_ms"].as_u64().unwrap();
    assert!((1..=60_000 + 60_000).contains(&wait), "{wait}");
    assert!(
        text.contains(&format!(" {} s.", wait.div_ceil(1000))),
        "{text}"
    );
    assert_eq!(world.upstream.saw().len(), 2);
}

#[tokio::test]
async fn a_call_that_could_not_be_sent_gives_back_what_counts_only_what_is_forwarded() {
    let policy = r#"{"version":"1","default":"allow","all_tools":{"limits":[{"counter":"sent","window":"hour","max":1,"count":"forwarded"}]}}"#;
    let mut world = with_policy(policy, echo().await).await;
    let good = world.bundle.servers[0].url.clone();
    // Nobody listens on port 1 of this host.
    world.publish(|bundle| bundle.servers[0].url = "http://127.0.0.1:1/mcp".into());
    for _ in 0..3 {
        let answer = world.call("echo", "{}").await;
        assert_eq!(answer.status, 502);
        assert_eq!(answer.json()["error"]["code"], 1001);
        assert_eq!(answer.json()["id"], 1);
        assert!(!answer.body.contains("127.0.0.1"), "{}", answer.body);
    }
    world.publish(|bundle| bundle.servers[0].url = good);
    assert_eq!(world.call("echo", "{}").await.body, RESULT);
    assert!(
        world
            .call("echo", "{}")
            .await
            .body
            .contains("[RATE LIMITED]")
    );
}

#[tokio::test]
async fn what_was_asked_and_what_came_of_it_is_on_record() {
    let policy = r#"{"version":"1","default":"deny","tools":{"echo":{},"other":{"action":"require_approval"}}}"#;
    let world = World::new(
        Plan {
            policy: Some(policy.into()),
            tools: Some(vec!["echo", "other", "third"]),
            ..plan()
        },
        echo().await,
    )
    .await;
    world.call("echo", r#"{"amount":1,"secret":"x"}"#).await;
    world.call("other", "{}").await;
    world.call("third", "{}").await;
    world.call("echo", "[1]").await;
    world
        .post(
            &[],
            r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{}}"#,
        )
        .await;
    let records = world.recorded(|records| records.len() >= 6).await;
    let intents: Vec<_> = records
        .iter()
        .filter_map(|record| match record {
            Record::Intent(intent) => Some(intent),
            Record::Outcome(_) => None,
        })
        .collect();
    let verdict = |verdict| {
        intents
            .iter()
            .find(|intent| intent.verdict == verdict)
            .unwrap_or_else(|| panic!("no {verdict} in {intents:?}"))
    };
    let allowed = verdict(Verdict::Allow);
    assert_eq!(
        allowed
            .argument_keys
            .as_slice()
            .iter()
            .map(AsRef::as_ref)
            .collect::<Vec<_>>(),
        ["amount", "secret"]
    );
    assert_eq!(allowed.policy.unwrap().version, 7);
    assert_eq!(
        verdict(Verdict::Hold).rule.as_ref().unwrap().as_str(),
        "/tools/other/action"
    );
    assert_eq!(
        verdict(Verdict::Deny).rule.as_ref().unwrap().as_str(),
        "(default deny)"
    );
    assert_eq!(
        intents
            .iter()
            .filter(|intent| intent.verdict == Verdict::Invalid)
            .count(),
        2
    );
    let outcome = records
        .iter()
        .find_map(|record| match record {
            Record::Outcome(outcome) => Some(outcome),
            Record::Intent(_) => None,
        })
        .unwrap();
    assert_eq!(
        (outcome.id, outcome.outcome, outcome.upstream_status),
        (allowed.id, Ending::Ok, Some(200))
    );
    assert_eq!(outcome.bytes, RESULT.len() as u64);
}

#[tokio::test]
async fn arguments_that_are_no_object_are_an_error_and_never_forwarded() {
    let world = with_policy(world::ALLOW, echo().await).await;
    for body in [
        call("echo", "[1]"),
        call("echo", "null"),
        call("echo", "\"x\""),
        r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"arguments":{}}}"#.into(),
        r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":["echo"]}}"#.into(),
        r#"{"jsonrpc":"2.0","id":1,"method":"tools/call"}"#.into(),
    ] {
        let answer = world.post(&[], body.clone()).await;
        assert_eq!(
            (
                answer.status.as_u16(),
                answer.json()["error"]["code"].as_i64()
            ),
            (200, Some(-32602)),
            "{body}"
        );
    }
    assert!(world.upstream.saw().is_empty());
}

#[tokio::test]
async fn what_is_no_single_strict_message_is_refused_and_never_forwarded() {
    let world = with_policy(world::ALLOW, echo().await).await;
    let refused: &[(&str, i64)] = &[
        ("", -32700),
        ("\u{feff}{}", -32700),
        (r#"{"jsonrpc":"2.0","id":1,"method":"ping"} x"#, -32700),
        (
            r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"echo","name":"other"}}"#,
            -32600,
        ),
        (
            r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"echo","\u006eame":"other"}}"#,
            -32600,
        ),
        (
            r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"echo","Name":"other"}}"#,
            -32600,
        ),
        (
            r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","Method":"x","params":{"name":"echo"}}"#,
            -32600,
        ),
        (
            r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"echo","arguments":{"a":"\udc00"}}}"#,
            -32600,
        ),
        (
            r#"{"jsonrpc":"2.0","method":"tools/call","params":{"name":"echo"}}"#,
            -32600,
        ),
        (r#"{"jsonrpc":"2.0","id":null,"method":"ping"}"#, -32600),
    ];
    for (body, code) in refused {
        let answer = world.post(&[], (*body).to_owned()).await;
        assert_eq!(
            (
                answer.status.as_u16(),
                answer.json()["error"]["code"].as_i64()
            ),
            (400, Some(*code)),
            "{body}"
        );
    }
    let deep = format!(
        r#"{{"jsonrpc":"2.0","id":1,"method":"ping","params":{{"a":{}{}}}}}"#,
        "[".repeat(2000),
        "]".repeat(2000)
    );
    assert_eq!(world.post(&[], deep).await.status, 400);
    assert_eq!(world.post(&[], " ".repeat((1 << 20) + 1)).await.status, 413);
    assert_eq!(
        world
            .post(&[("content-type", "text/plain")], call("echo", "{}"))
            .await
            .status,
        415
    );
    assert!(world.upstream.saw().is_empty());
}

#[tokio::test]
async fn methods_that_the_policy_keeps_out_are_empty_lists_or_refusals() {
    let policy = r#"{"version":"1","default":"deny","methods":["prompts"],"tools":{"echo":{}}}"#;
    let world = with_policy(policy, echo().await).await;
    let ask = |method: &str| {
        format!(r#"{{"jsonrpc":"2.0","id":"a","method":"{method}","params":{{"uri":"x:y"}}}}"#)
    };
    assert_eq!(
        world.post(&[], ask("resources/list")).await.body,
        r#"{"jsonrpc":"2.0","id":"a","result":{"resources":[]}}"#
    );
    assert_eq!(
        world.post(&[], ask("resources/templates/list")).await.body,
        r#"{"jsonrpc":"2.0","id":"a","result":{"resourceTemplates":[]}}"#
    );
    for method in [
        "resources/read",
        "resources/subscribe",
        "resources/unsubscribe",
    ] {
        let said = world.post(&[], ask(method)).await.json();
        assert_eq!(
            (
                said["error"]["code"].as_i64(),
                said["error"]["data"]["rule"].as_str()
            ),
            (Some(1002), Some("/methods/resources")),
            "{method}"
        );
    }
    for method in [
        "tools/Call",
        "made/up",
        "server/discover",
        "sampling/createMessage",
        "tasks/update",
    ] {
        let answer = world.post(&[], ask(method)).await;
        assert_eq!(
            (
                answer.status.as_u16(),
                answer.json()["error"]["code"].as_i64()
            ),
            (200, Some(-32601)),
            "{method}"
        );
    }
    assert!(world.upstream.saw().is_empty());
    world.post(&[], ask("prompts/list")).await;
    assert_eq!(world.upstream.saw().len(), 1);
}

#[tokio::test]
async fn a_limit_on_all_methods_counts_lists_too() {
    let policy = r#"{"version":"1","default":"allow","all_tools":{"limits":[{"counter":"all","window":"hour","max":1,"methods":"all"}]}}"#;
    let world = with_policy(
        policy,
        Upstream::saying(r#"{"jsonrpc":"2.0","id":1,"result":{"tools":[]}}"#).await,
    )
    .await;
    let list = r#"{"jsonrpc":"2.0","id":1,"method":"tools/list"}"#;
    assert_eq!(
        world.post(&[], list).await.json()["result"]["tools"],
        serde_json::json!([])
    );
    let answer = world.post(&[], list).await;
    assert_eq!(
        (
            answer.status.as_u16(),
            answer.json()["error"]["code"].as_i64()
        ),
        (200, Some(1003))
    );
    assert!(answer.headers.contains_key("retry-after"));
    assert!(
        world
            .call("echo", "{}")
            .await
            .body
            .contains("[RATE LIMITED]")
    );
}

#[tokio::test]
async fn an_upstreams_refusal_of_its_credential_never_looks_like_ours() {
    for status in [401, 403] {
        let world = with_policy(
            world::ALLOW,
            Upstream::new(move |_| async move { upstream::status(status, "{}") }).await,
        )
        .await;
        let call = world.call("echo", "{}").await;
        assert_eq!(
            (
                call.status.as_u16(),
                call.json()["result"]["isError"].as_bool()
            ),
            (200, Some(true))
        );
        assert!(call.json()["result"].get("_meta").is_none());
        let list = world
            .post(&[], r#"{"jsonrpc":"2.0","id":1,"method":"tools/list"}"#)
            .await;
        assert_eq!(
            (list.status.as_u16(), list.json()["error"]["code"].as_i64()),
            (502, Some(1001))
        );
    }
}

#[tokio::test]
async fn garbage_redirects_and_foreign_answers_end_in_a_clear_error() {
    for said in [
        "<html>",
        "{}",
        r#"{"jsonrpc":"2.0","id":2,"result":{}}"#,
        r#"{"jsonrpc":"2.0","id":1,"result":{},"id":2}"#,
        "",
    ] {
        let world = with_policy(world::ALLOW, Upstream::saying(said).await).await;
        let answer = world.call("echo", "{}").await;
        assert_eq!(
            (
                answer.status.as_u16(),
                answer.json()["error"]["code"].as_i64(),
                answer.json()["id"].as_i64()
            ),
            (502, Some(1001), Some(1)),
            "{said}"
        );
    }
    let canary = echo().await;
    let target = format!("http://{}/", canary.address);
    let redirecting = Upstream::new(move |_| {
        let target = target.clone();
        async move {
            let mut said = upstream::status(307, "{}");
            said.headers_mut()
                .insert("location", target.parse().unwrap());
            said
        }
    })
    .await;
    let world = with_policy(world::ALLOW, redirecting).await;
    assert_eq!(world.call("echo", "{}").await.status, 502);
    assert!(canary.saw().is_empty());
}

#[tokio::test]
async fn an_upstream_that_does_not_answer_in_time_is_given_up() {
    let change =
        |bundle: &mut bundle::OrgBundle| bundle.servers[0].timeouts.call_first_byte_ms = 50;
    let upstream = Upstream::new(|_| async { std::future::pending().await }).await;
    let world = World::new(
        Plan {
            change: Box::new(change),
            ..plan()
        },
        upstream,
    )
    .await;
    let answer = world.call("echo", "{}").await;
    assert_eq!(
        (
            answer.status.as_u16(),
            answer.json()["error"]["code"].as_i64()
        ),
        (504, Some(1001))
    );
    let records = world.recorded(|records| records.len() == 2).await;
    assert!(
        matches!(&records[1], Record::Outcome(outcome) if outcome.outcome == Ending::UpstreamError)
    );
}
