//! A call through the gateway, as its client and its server see it.

mod world;

use bundle::record::{Ending, Record, Verdict, Would};
use world::upstream::{Upstream, json};
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
            _ => None,
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
            _ => None,
        })
        .unwrap();
    assert_eq!(
        (outcome.id, outcome.outcome, outcome.upstream_status),
        (allowed.id, Ending::Ok, Some(200))
    );
    assert_eq!(outcome.bytes, RESULT.len() as u64);
}

#[tokio::test]
async fn a_limit_in_shadow_refuses_nobody_and_is_on_record() {
    let policy = r#"{"version":"1","default":"deny","all_tools":{"limits":[{"counter":"calls","window":"hour","max":10}]},"tools":{"echo":{"mode":"shadow","limits":[{"counter":"calls","window":"hour","max":1}]}}}"#;
    let world = with_policy(policy, echo().await).await;
    for _ in 0..2 {
        assert_eq!(world.call("echo", "{}").await.body, RESULT);
    }
    let records = world.recorded(|records| records.len() >= 4).await;
    let shadows: Vec<Vec<(Would, String)>> = records
        .iter()
        .filter_map(|record| match record {
            Record::Intent(intent) => Some(&intent.shadow),
            _ => None,
        })
        .map(|shadows| {
            let each = shadows.as_slice().iter();
            each.map(|one| (one.would, one.rule.as_str().to_owned()))
                .collect()
        })
        .collect();
    let over = (Would::Limit, "/tools/echo/limits/calls".to_owned());
    assert_eq!(shadows, [vec![], vec![over]]);
}
