//! Numbers of records, from what a replica sends to what operators and organisations are told of those that never came.

use crate::world::{Org, World, intent, made};
use axum::http::StatusCode;
use bundle::feed::{LimiterKind, Report, Spooled};
use control_plane::access::Role;
use control_plane::call::gap::{self, PATIENCE};
use serde_json::{Value, json};
use std::time::Duration;

const MORE_THAN_PATIENCE: Duration =
    Duration::from_secs(PATIENCE.whole_seconds().unsigned_abs() + 1);

/// A call's intent as it lies in the spool.
fn numbered(org: &Org, epoch: u64, seq: u32) -> Value {
    let mut record = serde_json::to_value(made(&intent(org, epoch, seq))).unwrap();
    record["epoch"] = json!(epoch);
    record["seq"] = json!(seq);
    record
}

async fn ship(world: &World, records: Vec<Value>) {
    let (status, answer) = world.ship_raw(records).await;
    assert_eq!(status, StatusCode::OK, "{answer}");
}

async fn report(world: &World, epoch: u64, last: u64, has_older: bool) {
    let report = Report {
        address: "http://127.0.0.1".into(),
        software: "portcullis/0".into(),
        limiter: LimiterKind::Shared,
        is_stale: false,
        acks: vec![],
        fills: vec![],
        spool: Some(Spooled {
            epoch,
            last,
            has_older,
        }),
    };
    let body = serde_json::to_value(report).unwrap();
    let answer = world.as_replica("/v1/gateway/acks", body).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.text);
}

/// What is told a minute after it was first seen, and the same as an organisation reads it.
async fn told(world: &World, org: &Org) -> i64 {
    gap::look(&world.app, None).await.unwrap();
    world.clock.advance(MORE_THAN_PATIENCE);
    let count = gap::look(&world.app, None).await.unwrap();
    let path = format!("/v1/orgs/{}/gateways", org.slug);
    let (_, listed) = world.get(&path, org.key(Role::Viewer)).await;
    let shown = &listed["items"][0]["missing_records"];
    assert_eq!(*shown, json!(count), "{listed}");
    count
}

#[tokio::test]
async fn a_record_that_never_came_is_told_after_a_minute_and_taken_back_when_it_comes() {
    let world = World::new().await;
    let org = world.org("acme").await;
    report(&world, 1, 9, false).await;
    let of = |range: std::ops::RangeInclusive<u32>| -> Vec<Value> {
        range.map(|seq| numbered(&org, 1, seq)).collect()
    };
    ship(&world, of(1..=3)).await;
    ship(&world, of(7..=9)).await;
    assert_eq!(
        gap::look(&world.app, None).await.unwrap(),
        0,
        "it may still be on its way"
    );
    assert_eq!(told(&world, &org).await, 3);
    // The same again, one of the three, and one that is of no use but came.
    ship(&world, [of(2..=3), of(5..=5)].concat()).await;
    ship(
        &world,
        vec![json!({"kind": "of tomorrow", "epoch": 1, "seq": 4})],
    )
    .await;
    assert_eq!(told(&world, &org).await, 1);
    ship(&world, of(1..=9)).await;
    assert_eq!(told(&world, &org).await, 0);
    ship(&world, of(10..=12)).await;
    assert_eq!(told(&world, &org).await, 0, "nothing was between");
}

#[tokio::test]
async fn what_a_replica_had_written_and_lost_with_its_disk_is_told() {
    let world = World::new().await;
    let org = world.org("acme").await;
    ship(&world, vec![numbered(&org, 1, 1), numbered(&org, 1, 2)]).await;
    report(&world, 1, 10, false).await;
    assert_eq!(told(&world, &org).await, 0, "it waits in the spool");
    // Begun again on the disk it had: what is left there is sent before anything new.
    report(&world, 2, 0, true).await;
    assert_eq!(told(&world, &org).await, 0);
    let left = (3..=8).map(|seq| numbered(&org, 1, seq)).collect();
    ship(&world, left).await;
    report(&world, 2, 0, false).await;
    assert_eq!(told(&world, &org).await, 2, "9 and 10 were on no disk");
    // Its first record of the new opening is the second: two more, or rather one.
    ship(&world, vec![numbered(&org, 2, 2)]).await;
    assert_eq!(told(&world, &org).await, 3);
}

#[tokio::test]
async fn what_waits_in_a_replica_that_fell_silent_is_told_until_it_comes_back() {
    let world = World::new().await;
    let org = world.org("acme").await;
    report(&world, 1, 2, false).await;
    ship(&world, vec![numbered(&org, 1, 1)]).await;
    world.clock.advance(Duration::from_mins(10));
    let silent_since = world.app.now().time() - time::Duration::minutes(5);
    gap::look(&world.app, Some(silent_since)).await.unwrap();
    assert_eq!(told(&world, &org).await, 1);
    ship(&world, vec![numbered(&org, 1, 2)]).await;
    assert_eq!(told(&world, &org).await, 0);
}
