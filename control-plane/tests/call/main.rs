//! Calls, from a replica's batch to the answers people get: through the router, on a real Postgres.

mod budgets;
mod capture;
mod chain;
mod follow;
mod gap;
#[path = "../world/mod.rs"]
mod plane;
mod usage;
mod world;

use axum::http::StatusCode;
use bundle::record::{Client, Ending, Intent, PolicyVersion, Shadow, Verdict, Would};
use control_plane::access::Role;
use ids::{CallId, GrantId, PolicyId, ServerId};
use serde_json::{Value, json};
use std::time::Duration;
use world::{NOW, Org, World, ended, intent, made};

fn ids(listed: &Value) -> Vec<String> {
    let items = listed["items"]
        .as_array()
        .unwrap_or_else(|| panic!("no list: {listed}"));
    items
        .iter()
        .map(|item| item["id"].as_str().unwrap().to_owned())
        .collect()
}

fn named(calls: &[CallId]) -> Vec<String> {
    calls.iter().map(ToString::to_string).collect()
}

#[tokio::test]
async fn a_batch_sent_again_is_stored_once() {
    let world = World::new().await;
    let org = world.org("acme").await;
    let calls: Vec<Intent> = (0..5).map(|number| intent(&org, 0, number)).collect();
    let batch: Vec<_> = calls
        .iter()
        .flat_map(|call| [made(call), ended(call, Ending::Ok)])
        .collect();
    let first = world.ship(batch.clone()).await;
    assert_eq!((first.stored, first.repeated, first.unread), (10, 0, 0));
    let again = world.ship(batch.clone()).await;
    assert_eq!((again.stored, again.repeated, again.unread), (0, 10, 0));
    // Half of it new, half of it old.
    let more = intent(&org, 0, 9);
    let mixed = world.ship([vec![made(&more)], batch].concat()).await;
    assert_eq!((mixed.stored, mixed.repeated), (1, 10));
    let (_, listed) = world.get(&org.path(""), org.key(Role::Viewer)).await;
    assert_eq!(ids(&listed).len(), 6);
}

#[tokio::test]
async fn the_same_batch_at_the_same_time_on_a_new_day_is_stored_once() {
    let world = World::new().await;
    let org = world.org("acme").await;
    let calls: Vec<_> = (0..200)
        .map(|number| made(&intent(&org, 0, number)))
        .collect();
    let answers = futures_util::future::join_all((0..6).map(|_| world.ship(calls.clone()))).await;
    assert_eq!(answers.iter().map(|answer| answer.stored).sum::<u32>(), 200);
    assert!(
        answers
            .iter()
            .all(|answer| answer.stored + answer.repeated == 200)
    );
}

#[tokio::test]
async fn a_call_is_shown_with_all_its_fields() {
    let world = World::new().await;
    let org = world.org("acme").await;
    let policy = PolicyId::new(NOW, [5; 10]);
    let call = Intent {
        policy: Some(PolicyVersion {
            id: policy,
            version: 7,
        }),
        rule: Some("/tools/create_refund/limits/x".into()),
        shadow: [Shadow {
            would: Would::Deny,
            rule: "/tools/create_refund/action".into(),
        }]
        .into_iter()
        .collect(),
        client: Some(Client {
            name: "agent".into(),
            version: "1.2".into(),
        }),
        ..intent(&org, 0, 1)
    };
    world
        .ship(vec![made(&call), ended(&call, Ending::ToolError)])
        .await;
    let (status, shown) = world
        .get(&org.path(&format!("/{}", call.id)), org.key(Role::Viewer))
        .await;
    assert_eq!(status, StatusCode::OK);
    let item = json!({
        "id": call.id, "at": "2026-11-22T12:00:00Z", "grant": org.grant, "server": org.server, "method": "tools/call",
        "tool": "create_refund", "verdict": "allow", "rule": "/tools/create_refund/limits/x", "policy": policy,
        "version": 7, "limiter": "shared", "argument_keys": ["amount", "currency"], "upstream_status": 200,
        "latency_ms": 12.5, "added_ms": 0.7, "outcome": "tool_error", "approval": null,
    });
    let mut detail = item.clone();
    let more = json!({
        "replica": "replica-1", "bundle_version": 3, "client": {"name": "agent", "version": "1.2"},
        "shadow": [{"would": "would_deny", "rule": "/tools/create_refund/action"}], "protocol": "2025-11-25",
        "judged_at": "2026-11-22T12:00:00Z", "ended_at": "2026-11-22T12:00:00.012Z", "bytes": 4321,
    });
    detail
        .as_object_mut()
        .unwrap()
        .extend(more.as_object().unwrap().clone());
    assert_eq!(shown, detail);
    let (_, listed) = world.get(&org.path(""), org.key(Role::Viewer)).await;
    assert_eq!(listed, json!({"items": [item], "next_cursor": null}));
}

#[tokio::test]
async fn an_outcome_may_come_first_and_one_that_never_comes_is_unknown() {
    let world = World::new().await;
    let org = world.org("acme").await;
    let (early, open) = (intent(&org, 0, 1), intent(&org, 0, 2));
    let refused = Intent {
        verdict: Verdict::Deny,
        ..intent(&org, 0, 3)
    };
    world.ship(vec![ended(&early, Ending::Ok)]).await;
    let (_, listed) = world.get(&org.path(""), org.key(Role::Viewer)).await;
    assert_eq!(ids(&listed).len(), 0);
    world
        .ship(vec![made(&early), made(&open), made(&refused)])
        .await;
    let outcome = async |id: CallId| {
        world
            .get(&org.path(&format!("/{id}")), org.key(Role::Viewer))
            .await
            .1["outcome"]
            .clone()
    };
    assert_eq!(outcome(early.id).await, "ok");
    // The server of these calls gives up after a millisecond; a minute is for the outcome's way.
    world.clock.advance(Duration::from_secs(59));
    assert_eq!(outcome(open.id).await, Value::Null);
    world.clock.advance(Duration::from_secs(2));
    assert_eq!(outcome(open.id).await, "unknown");
    assert_eq!(
        outcome(refused.id).await,
        Value::Null,
        "nothing went upstream"
    );
    // A replica that was cut off for long: what it knows counts.
    world.ship(vec![ended(&open, Ending::Cancelled)]).await;
    assert_eq!(outcome(open.id).await, "cancelled");
}

async fn found(world: &World, org: &Org, query: &str) -> Vec<String> {
    let (status, listed) = world.get(&org.path(query), org.key(Role::Viewer)).await;
    assert_eq!(status, StatusCode::OK, "{query}: {listed}");
    ids(&listed)
}

#[tokio::test]
async fn every_filter_finds_exactly_its_calls() {
    let world = World::new().await;
    let org = world.org("acme").await;
    let (server, grant) = (ServerId::new(NOW, [8; 10]), GrantId::new(NOW, [9; 10]));
    let calls = [
        intent(&org, 0, 0),
        Intent {
            server,
            ..intent(&org, 1_000, 1)
        },
        Intent {
            grant,
            ..intent(&org, 2_000, 2)
        },
        Intent {
            tool: Some("delete customer/ü".into()),
            ..intent(&org, 3_000, 3)
        },
        Intent {
            verdict: Verdict::UnknownTool,
            tool: None,
            ..intent(&org, 4_000, 4)
        },
        Intent {
            verdict: Verdict::Limit,
            ..intent(&org, 5_000, 5)
        },
    ];
    world.ship(calls.iter().map(made).collect()).await;
    let only = |numbers: &[usize]| {
        named(
            &numbers
                .iter()
                .map(|number| calls[*number].id)
                .collect::<Vec<_>>(),
        )
    };
    for (query, expected) in [
        ("", only(&[5, 4, 3, 2, 1, 0])),
        (&*format!("?server={server}"), only(&[1])),
        (
            &format!("?server={}", org.server_slug),
            only(&[5, 4, 3, 2, 0]),
        ),
        ("?server=no-such-server", only(&[])),
        (&format!("?grant={grant}"), only(&[2])),
        ("?tool=delete%20customer/%C3%BC", only(&[3])),
        ("?tool=delete", only(&[])),
        ("?verdict=unknown_tool", only(&[4])),
        ("?verdict=limit", only(&[5])),
        ("?verdict=hold", only(&[])),
        ("?since=2026-11-22T12:00:03Z", only(&[5, 4, 3])),
        ("?until=2026-11-22T12:00:03Z", only(&[2, 1, 0])),
        (
            "?since=2026-11-22T13:00:01%2B01:00&until=2026-11-22T12:00:03Z",
            only(&[2, 1]),
        ),
        (
            &format!(
                "?verdict=allow&grant={}&tool=create_refund&server={}",
                org.grant, org.server
            ),
            only(&[0]),
        ),
    ] {
        assert_eq!(found(&world, &org, query).await, expected, "{query}");
    }
    for query in [
        "?verdict=denied",
        "?grant=agent",
        "?since=yesterday",
        "?until=2026-11-22",
        "?limit=0",
        "?limit=201",
        "?cursor=1",
        "?tools=x",
        "?verdict=deny&verdict=allow",
    ] {
        let (status, problem) = world.get(&org.path(query), org.key(Role::Viewer)).await;
        assert_eq!(status, StatusCode::BAD_REQUEST, "{query}: {problem}");
    }
}

#[tokio::test]
async fn pages_hold_every_call_once_newest_first() {
    let world = World::new().await;
    let org = world.org("acme").await;
    // Three days, and many calls within one millisecond.
    let all: Vec<Intent> = (0..90)
        .map(|number| intent(&org, u64::from(number / 20) * 21_600_000, number))
        .collect();
    world.clock.advance(Duration::from_hours(48));
    world.ship(all.iter().map(made).collect()).await;
    let (mut seen, mut cursor) = (Vec::new(), String::new());
    loop {
        let (status, page) = world
            .get(
                &org.path(&format!("?limit=7{cursor}")),
                org.key(Role::Viewer),
            )
            .await;
        assert_eq!(status, StatusCode::OK, "{page}");
        assert!(ids(&page).len() <= 7);
        seen.extend(ids(&page));
        match page["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => break,
        }
    }
    let newest_first: Vec<_> = all.iter().rev().map(|call| call.id).collect();
    assert_eq!(seen, named(&newest_first));
}

#[tokio::test]
async fn another_organisation_finds_nothing() {
    let world = World::new().await;
    let (acme, other) = (world.org("acme").await, world.org("other").await);
    let call = intent(&acme, 0, 1);
    world
        .ship(vec![made(&call), ended(&call, Ending::Ok)])
        .await;
    let key = other.key(Role::Admin);
    assert_eq!(ids(&world.get(&other.path(""), key).await.1).len(), 0);
    assert_eq!(
        world
            .get(&other.path(&format!("/{}", call.id)), key)
            .await
            .0,
        StatusCode::NOT_FOUND
    );
    assert_eq!(
        ids(&world
            .get(&other.path(&format!("?server={}", acme.server)), key)
            .await
            .1)
        .len(),
        0
    );
    for rest in ["", "/stream", "/export", &format!("/{}", call.id)] {
        assert_eq!(
            world.get(&acme.path(rest), key).await.0,
            StatusCode::NOT_FOUND,
            "{rest}"
        );
    }
    assert_eq!(
        world
            .get(
                &acme.path("/call_00000000000000000000000000000000"),
                acme.key(Role::Viewer)
            )
            .await
            .0,
        StatusCode::NOT_FOUND
    );
    assert_eq!(
        world
            .get(&acme.path("/nonsense"), acme.key(Role::Viewer))
            .await
            .0,
        StatusCode::NOT_FOUND
    );
}

#[tokio::test]
async fn a_file_holds_every_call_and_only_some_roles_get_it() {
    let world = World::new().await;
    let org = world.org("acme").await;
    let all: Vec<_> = (0..2_300)
        .map(|number| Intent {
            tool: Some("=cmd()".into()),
            ..intent(&org, u64::from(number), number)
        })
        .collect();
    for part in all.chunks(2_000) {
        world.ship(part.iter().map(made).collect()).await;
    }
    let key = org.key(Role::Auditor);
    let (status, lines) = world.get_text(&org.path("/export?format=jsonl"), key).await;
    assert_eq!(status, StatusCode::OK);
    let found: Vec<String> = lines
        .lines()
        .map(|line| {
            serde_json::from_str::<Value>(line).unwrap()["id"]
                .as_str()
                .unwrap()
                .to_owned()
        })
        .collect();
    let newest_first: Vec<_> = all.iter().rev().map(|call| call.id).collect();
    assert_eq!(found, named(&newest_first));

    let (_, csv) = world
        .get_text(
            &org.path("/export?format=csv&until=2026-11-22T12:00:01Z"),
            key,
        )
        .await;
    assert_eq!(csv.lines().count(), 1_001);
    assert!(csv.starts_with("id,at,grant,server,method,tool,verdict,"));
    assert!(
        csv.lines()
            .skip(1)
            .all(|line| line.contains(",\"'=cmd()\",")),
        "a formula is not one any more"
    );

    for role in [Role::Viewer, Role::Approver, Role::PolicyManager] {
        assert_eq!(
            world.get(&org.path("/export"), org.key(role)).await.0,
            StatusCode::FORBIDDEN,
            "{role:?}"
        );
    }
    assert_eq!(
        world.get(&org.path("/export?format=xlsx"), key).await.0,
        StatusCode::BAD_REQUEST
    );
    assert_eq!(
        world.get(&org.path("/export?limit=3"), key).await.0,
        StatusCode::BAD_REQUEST
    );
}

#[tokio::test]
async fn a_record_that_cannot_be_read_is_kept_and_holds_up_nothing() {
    let world = World::new().await;
    let org = world.org("acme").await;
    let call = intent(&org, 0, 1);
    let good = serde_json::to_value(made(&call)).unwrap();
    let mut of_tomorrow = good.clone();
    of_tomorrow["verdict"] = json!("ponder");
    let mut of_no_day = good.clone();
    of_no_day["id"] = json!(CallId::new(NOW + 5 * 86_400_000, [1; 10]));
    let batch = vec![of_tomorrow.clone(), json!("\u{0}"), good, of_no_day];
    let (status, stored) = world.ship_raw(batch.clone()).await;
    assert_eq!(
        (status, stored),
        (
            StatusCode::OK,
            json!({"stored": 1, "repeated": 0, "unread": 3})
        )
    );
    assert_eq!(
        world.ship_raw(batch).await.1,
        json!({"stored": 0, "repeated": 1, "unread": 3})
    );
    let kept: Vec<(String, String)> =
        sqlx::query_as("select body, reason from unread_records order by reason")
            .fetch_all(&mut world.owner().await)
            .await
            .unwrap();
    assert_eq!(kept.len(), 3, "once each: {kept:?}");
    assert!(
        kept.iter()
            .any(|(body, _)| serde_json::from_str::<Value>(body).unwrap() == of_tomorrow)
    );
}

#[tokio::test]
async fn only_a_replica_may_send_records() {
    let world = World::new().await;
    let org = world.org("acme").await;
    let batch = json!({ "id": "1", "replica": "replica-1", "records": [] });
    for authorization in [None, Some(format!("Bearer {}", org.key(Role::Admin)))] {
        let answer = world.post_as(authorization.as_deref(), batch.clone()).await;
        assert_eq!(answer.status, StatusCode::UNAUTHORIZED);
    }
    let (status, _) = world.ship_raw(vec![json!(1); 2_001]).await;
    assert_eq!(status, StatusCode::PAYLOAD_TOO_LARGE);
    let (status, _) = world.ship_raw(vec![json!("x".repeat(3 << 20))]).await;
    assert_eq!(status, StatusCode::PAYLOAD_TOO_LARGE);
}

#[tokio::test]
async fn a_grant_says_when_it_was_last_used() {
    let world = World::new().await;
    let org = world.org("acme").await;
    let used = async || {
        sqlx::query_scalar::<_, Option<time::OffsetDateTime>>(
            "select last_used_at from grants where id = $1",
        )
        .bind(org.grant.uuid())
        .fetch_one(&mut world.owner().await)
        .await
        .unwrap()
        .map(time::OffsetDateTime::unix_timestamp)
    };
    assert_eq!(used().await, None);
    world
        .ship(
            (0..3)
                .map(|number| made(&intent(&org, u64::from(number) * 1_000, number)))
                .collect(),
        )
        .await;
    let newest = i64::try_from(NOW / 1_000).unwrap() + 2;
    assert_eq!(used().await, Some(newest));
    // An old record that comes late does not turn it back.
    world.ship(vec![made(&intent(&org, 500, 9))]).await;
    assert_eq!(used().await, Some(newest));
}

#[tokio::test]
async fn the_days_to_come_are_made_and_walled_before_they_come() {
    let world = World::new().await;
    control_plane::call::days::make_ahead(&world.app)
        .await
        .unwrap();
    control_plane::call::days::make_ahead(&world.app)
        .await
        .unwrap();
    let days: Vec<(String, bool, bool)> = sqlx::query_as(
        "select relname::text, relrowsecurity, relforcerowsecurity from pg_class
        where relispartition and relkind = 'r' and relname like 'call%' order by relname",
    )
    .fetch_all(&mut world.owner().await)
    .await
    .unwrap();
    assert_eq!(days.len(), 16, "{days:?}");
    assert!(
        days.iter().any(|(name, ..)| name == "calls_20261122")
            && days
                .iter()
                .any(|(name, ..)| name == "call_outcomes_20261129")
    );
    assert!(
        days.iter()
            .all(|(_, row_security, forced)| *row_security && *forced)
    );
}
