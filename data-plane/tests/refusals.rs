//! The answers that the gateway makes itself, and that what they answer goes nowhere.

mod world;

use data_plane::budget::{Address, Budget, Ledger, Progress, Settings, Told};
use std::sync::Arc;
use world::upstream::Upstream;
use world::{Plan, World, call, plan, with_policy};

const RESULT: &str = r#"{"jsonrpc":"2.0","id":1,"result":{"content":[]}}"#;

async fn echo() -> Upstream {
    Upstream::saying(RESULT).await
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
async fn a_call_that_cannot_be_recorded_is_not_made() {
    let plan = Plan {
        policy: Some(
            r#"{"version":"1","default":"allow","all_tools":{"limits":[{"counter":"sent","window":"hour","max":1,"count":"forwarded"}]}}"#.into(),
        ),
        spool: 100,
        ..plan()
    };
    let world = World::new(plan, echo().await).await;
    for _ in 0..2 {
        let answer = world.call("echo", "{}").await;
        assert_eq!(
            (
                answer.status.as_u16(),
                answer.headers["retry-after"].to_str().unwrap()
            ),
            (503, "30")
        );
        assert_eq!(
            answer.body,
            r#"{"jsonrpc":"2.0","id":1,"error":{"code":1004,"message":"the call cannot be recorded, so it is not made"}}"#
        );
    }
    assert!(world.upstream.saw().is_empty());
    let is_ready = world.gateway.recorder.is_open();
    assert!(!is_ready, "a replica that can record nothing is not ready");
}

#[tokio::test]
async fn a_budget_that_is_nearly_used_up_is_told_of() {
    let policy = r#"{"version":"1","default":"allow","all_tools":{"limits":[{"counter":"sent","window":"hour","max":5}]}}"#;
    let plan = Plan {
        policy: Some(policy.into()),
        ..plan()
    };
    let world = World::new(plan, echo().await).await;
    for expected in [None, None, None, Some(4), Some(5), Some(5)] {
        world.call("echo", "{}").await;
        let told = world.gateway.fills.take();
        assert_eq!(told.first().map(|fill| fill.used), expected);
        for fill in told {
            assert_eq!(
                (fill.rule.as_str(), fill.max, fill.window_ms),
                ("/all_tools/limits/sent", 5, 3_600_000)
            );
        }
    }
}

/// Nothing was ever charged.
#[derive(Debug)]
struct NoRecords;

impl Ledger for NoRecords {
    fn used(&self, _: bundle::budget::Ask) -> Told {
        Box::pin(async {
            Ok(bundle::budget::Used {
                used: Vec::new(),
                is_all: true,
            })
        })
    }

    fn progress(&self) -> Progress {
        Progress::default()
    }
}

#[tokio::test]
async fn a_limit_that_is_closed_names_a_second_and_none_where_waiting_cannot_help() {
    let url = seal::Secret::new("redis://127.0.0.1:1".to_owned());
    let address = Address::read(&url, None).unwrap();
    let budget = Budget::connect(
        address,
        Settings::default(),
        Arc::default(),
        Arc::new(NoRecords),
    )
    .await;
    let policy = r#"{"version":"1","default":"allow","tools":{"echo":{"limits":[{"counter":"spent","window":"hour","max":5,"cost":{"from":"args.n"}}]}}}"#;
    let plan = Plan {
        policy: Some(policy.into()),
        budget,
        ..plan()
    };
    let world = World::new(plan, echo().await).await;
    let soon = world.call("echo", r#"{"n":1}"#).await.json();
    let never = world.call("echo", r#"{"n":6}"#).await.json();
    let wait = |said: &serde_json::Value| {
        said["result"]["_meta"]["dev.portcullis/decision"]["retry_after_ms"].as_u64()
    };
    let text = |said: &serde_json::Value| {
        said["result"]["content"][0]["text"]
            .as_str()
            .unwrap()
            .to_owned()
    };
    assert_eq!(wait(&soon), Some(1000));
    assert!(
        text(&soon).ends_with(" Try again in 1 s."),
        "{}",
        text(&soon)
    );
    assert_eq!(wait(&never), None);
    assert!(!text(&never).contains("Try again"), "{}", text(&never));
    assert!(world.upstream.saw().is_empty());
}
