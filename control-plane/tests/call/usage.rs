//! Counting: what was called, by hour and by what it was about, once each, whatever way the records came.

use crate::world::{NOW, Org, World, ended, intent, made};
use axum::http::StatusCode;
use bundle::record::{Ending, Intent, Outcome, PolicyVersion, Record, Verdict};
use control_plane::access::Role;
use ids::PolicyId;
use serde_json::{Value, json};

const HOUR: u64 = 3_600_000;

async fn usage(world: &World, org: &Org, query: &str) -> Value {
    let path = format!("/v1/orgs/{}/usage?{query}", org.slug);
    let (status, answer) = world.get(&path, org.key(Role::Viewer)).await;
    assert_eq!(status, StatusCode::OK, "{answer}");
    answer
}

async fn items(world: &World, org: &Org, query: &str) -> Vec<Value> {
    usage(world, org, query).await["items"]
        .as_array()
        .unwrap()
        .clone()
}

fn took(call: &Intent, latency_us: u64) -> Record {
    let Record::Outcome(outcome) = ended(call, Ending::Ok) else {
        unreachable!("an outcome")
    };
    Record::Outcome(Outcome {
        latency_us,
        ..outcome
    })
}

#[tokio::test]
async fn every_call_is_counted_in_its_hour_by_verdict_server_grant_tool_and_refusing_rule() {
    let world = World::new().await;
    let (org, other) = (world.org("acme").await, world.org("other").await);
    let policy = PolicyVersion {
        id: PolicyId::new(NOW, [5; 10]),
        version: 2,
    };
    let denied = |number| Intent {
        verdict: Verdict::Deny,
        policy: Some(policy),
        rule: Some("/tools/create_refund/action".into()),
        ..intent(&org, 0, number)
    };
    let unknown = Intent {
        verdict: Verdict::UnknownTool,
        tool: Some("made_up_by_an_agent".into()),
        ..intent(&org, 0, 4)
    };
    let before = intent(&org, 0, 5);
    let before = Intent {
        id: ids::CallId::new(NOW - HOUR, [9; 10]),
        ..before
    };
    world
        .ship(vec![
            made(&intent(&org, 0, 1)),
            made(&denied(2)),
            made(&denied(3)),
            made(&unknown),
            made(&before),
        ])
        .await;
    world.ship(vec![made(&intent(&other, 0, 1))]).await;

    let hours = items(&world, &org, "by=verdict").await;
    assert_eq!(hours.len(), 24);
    assert_eq!(hours[23]["at"], "2026-11-22T12:00:00Z");
    assert_eq!(
        hours[23]["verdicts"],
        json!({"allow": 1, "deny": 2, "unknown_tool": 1})
    );
    assert_eq!(hours[22]["verdicts"], json!({"allow": 1}));
    assert_eq!(
        (&hours[21]["calls"], &hours[21]["verdicts"]),
        (&json!(0), &json!({}))
    );
    let all = json!({"allow": 2, "deny": 2, "unknown_tool": 1});
    assert_eq!(
        items(&world, &org, "by=server").await,
        [json!({"server": org.server, "name": "Files", "calls": 5, "verdicts": all})]
    );
    assert_eq!(
        items(&world, &org, "by=grant").await,
        [json!({"grant": org.grant, "name": "agent", "calls": 5, "verdicts": all})]
    );
    // Names that no server has are not kept by the name.
    let tool = json!({"server": org.server, "tool": "create_refund", "name": "Files", "calls": 4,
        "verdicts": {"allow": 2, "deny": 2}});
    assert_eq!(items(&world, &org, "by=tool").await, [tool]);
    let rule = json!({"policy": policy.id, "rule": "/tools/create_refund/action", "calls": 2, "verdicts": {"deny": 2}});
    assert_eq!(items(&world, &org, "by=rule").await, [rule]);
    assert_eq!(
        items(&world, &org, "by=server&since=2026-11-22T12:30:00Z").await[0]["calls"],
        4
    );
    assert_eq!(
        items(&world, &org, "by=server&until=2026-11-22T12:00:00Z").await[0]["calls"],
        1
    );
}

#[tokio::test]
async fn what_is_sent_again_is_counted_once() {
    let world = World::new().await;
    let org = world.org("acme").await;
    let calls: Vec<Intent> = (0..50).map(|number| intent(&org, 0, number)).collect();
    let batch: Vec<_> = calls
        .iter()
        .flat_map(|call| [made(call), took(call, 1_700)])
        .collect();
    let all = futures_util::future::join_all((0..4).map(|_| world.ship(batch.clone()))).await;
    assert_eq!(all.iter().map(|answer| answer.stored).sum::<u32>(), 100);
    let more = intent(&org, 0, 99);
    world
        .ship([batch, vec![made(&more), made(&more)]].concat())
        .await;
    let hour = items(&world, &org, "by=verdict").await.pop().unwrap();
    assert_eq!(hour["calls"], 51);
    assert_eq!(items(&world, &org, "by=tool").await[0]["calls"], 51);
    let timed: i64 =
        sqlx::query_scalar("select sum(calls)::bigint from call_latencies where by = 'org'")
            .fetch_one(&mut world.owner().await)
            .await
            .unwrap();
    assert_eq!(timed, 50);
}

#[tokio::test]
async fn a_latency_counts_once_whether_it_comes_with_its_intent_after_or_before_it() {
    let world = World::new().await;
    let org = world.org("acme").await;
    let [together, after, before] = [1, 2, 3].map(|number| intent(&org, 0, number));
    world
        .ship(vec![made(&together), took(&together, 2_500)])
        .await;
    world.ship(vec![made(&after)]).await;
    world
        .ship(vec![took(&after, 2_500), took(&together, 2_500)])
        .await;
    world.ship(vec![took(&before, 2_500)]).await;
    let early = items(&world, &org, "by=verdict").await.pop().unwrap();
    assert_eq!(early["calls"], 2);
    world
        .ship(vec![made(&before), made(&after), took(&before, 2_500)])
        .await;
    let timed: Vec<(String, i16, i64)> =
        sqlx::query_as("select by, bucket, calls from call_latencies order by by")
            .fetch_all(&mut world.owner().await)
            .await
            .unwrap();
    assert_eq!(timed, [("org".into(), 3, 3), ("server".into(), 3, 3)]);
    let hour = items(&world, &org, "by=verdict").await.pop().unwrap();
    assert_eq!(hour["latency_ms"]["p99"], 3.0);
    let server = items(&world, &org, "by=server").await.pop().unwrap();
    let p50 = server["latency_ms"]["p50"].as_f64().unwrap();
    assert!((2.0..=3.0).contains(&p50), "{p50}");
}

#[tokio::test]
async fn a_question_that_is_no_question_is_told_what_it_could_be() {
    let world = World::new().await;
    let org = world.org("acme").await;
    for (query, said) in [
        ("", "`by` is one of verdict, server, tool, grant, rule"),
        (
            "by=colour",
            "`by` is one of verdict, server, tool, grant, rule",
        ),
        ("by=tool&since=yesterday", "`since` is a time"),
        (
            "by=verdict&since=2026-11-22T12:00:00Z&until=2026-11-22T11:00:00Z",
            "`since` is before `until`",
        ),
        (
            "by=tool&since=2026-01-01T00:00:00Z",
            "at most 31 days apart",
        ),
        ("by=tool&limit=3", "limit"),
    ] {
        let path = format!("/v1/orgs/{}/usage?{query}", org.slug);
        let (status, answer) = world.get(&path, org.key(Role::Viewer)).await;
        assert_eq!(status, StatusCode::BAD_REQUEST, "{query}");
        assert!(
            answer["detail"].as_str().unwrap().contains(said),
            "{answer}"
        );
    }
}
