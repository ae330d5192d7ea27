//! Kept arguments, from what a replica sends to who may read them, and for how long.

use crate::world::{Org, World, intent, made};
use axum::http::StatusCode;
use bundle::record::{Arguments, Intent, MOST_ARGUMENTS, Record};
use control_plane::access::Role;
use control_plane::call::capture::keep;
use serde_json::{Value, json};
use std::time::Duration;

const DAY: Duration = Duration::from_hours(24);

/// What its replica sends of the arguments of a call.
fn kept(world: &World, call: &Intent, text: &str) -> Record {
    let ring = &world.app.keys().credentials;
    let sealed = Arguments::seal(text, call.org, call.id, ring, world.app.random().bytes());
    Record::Arguments(Box::new(sealed.unwrap()))
}

async fn read(world: &World, org: &Org, call: &Intent, role: Role) -> (StatusCode, Value) {
    let path = org.path(&format!("/{}/arguments", call.id));
    world.get(&path, org.key(role)).await
}

async fn set(world: &World, org: &Org, capture: Value) -> (StatusCode, Value) {
    let path = format!("/v1/orgs/{}/capture", org.slug);
    world.put(&path, org.key(Role::Admin), capture).await
}

#[tokio::test]
async fn what_was_kept_of_a_call_is_read_by_those_who_read_events_and_stands_in_no_plain_text() {
    let world = World::new().await;
    let (org, other) = (world.org("acme").await, world.org("zeta").await);
    let (call, bare) = (intent(&org, 0, 1), intent(&org, 0, 2));
    let text = r#"{"amount":7,"note":"a plain word"}"#;
    let batch = vec![kept(&world, &call, text), made(&call), made(&bare)];
    let first = world.ship(batch.clone()).await;
    assert_eq!((first.stored, first.repeated, first.unread), (3, 0, 0));
    let again = world.ship(batch).await;
    assert_eq!((again.stored, again.repeated), (0, 3));

    for role in [Role::Admin, Role::Auditor] {
        let (status, said) = read(&world, &org, &call, role).await;
        let expected = json!({ "text": text, "is_cut": false });
        assert_eq!((status, said), (StatusCode::OK, expected));
    }
    for role in [Role::Viewer, Role::Approver, Role::PolicyManager] {
        let (status, _) = read(&world, &org, &call, role).await;
        assert_eq!(status, StatusCode::FORBIDDEN, "{role:?}");
    }
    let (status, _) = read(&world, &org, &bare, Role::Auditor).await;
    assert_eq!(status, StatusCode::NOT_FOUND, "nothing was kept of it");
    let (status, _) = read(&world, &other, &call, Role::Auditor).await;
    assert_eq!(status, StatusCode::NOT_FOUND, "it is another's");
    let mut owner = world.owner().await;
    let stored: Vec<u8> = sqlx::query_scalar("select sealed from captured_arguments")
        .fetch_one(&mut owner)
        .await
        .unwrap();
    let is_plain = stored.windows(5).any(|window| window == b"plain");
    assert!(!is_plain && stored.len() > text.len());
    // Under another call's name it cannot be opened.
    sqlx::query("update captured_arguments set id = $1, at = (select at from calls where id = $1)")
        .bind(bare.id.uuid())
        .execute(&mut owner)
        .await
        .unwrap();
    let (status, said) = read(&world, &org, &bare, Role::Auditor).await;
    assert_eq!(status, StatusCode::INTERNAL_SERVER_ERROR, "{said}");
}

#[tokio::test]
async fn arguments_longer_than_the_bound_are_cut_and_said_to_be() {
    let world = World::new().await;
    let org = world.org("acme").await;
    let call = intent(&org, 0, 1);
    let text = "é".repeat(MOST_ARGUMENTS);
    world.ship(vec![kept(&world, &call, &text)]).await;
    let (_, said) = read(&world, &org, &call, Role::Auditor).await;
    assert_eq!(said["is_cut"], true);
    assert_eq!(said["text"].as_str().unwrap().len(), MOST_ARGUMENTS);
}

#[tokio::test]
async fn kept_arguments_go_when_their_days_are_over() {
    let world = World::new().await;
    let org = world.org("acme").await;
    let call = intent(&org, 0, 1);
    world
        .ship(vec![made(&call), kept(&world, &call, "{}")])
        .await;
    world.clock.advance(DAY * 29);
    assert_eq!(keep::forget(&world.app).await.unwrap(), 0);
    let (status, _) = set(&world, &org, json!({ "is_on": false, "keep_days": 40 })).await;
    assert_eq!(status, StatusCode::OK);
    world.clock.advance(DAY * 10);
    assert_eq!(keep::forget(&world.app).await.unwrap(), 0, "39 days");
    world.clock.advance(DAY * 2);
    assert_eq!(keep::forget(&world.app).await.unwrap(), 1);
    let (status, _) = read(&world, &org, &call, Role::Auditor).await;
    assert_eq!(status, StatusCode::NOT_FOUND);
    let (status, shown) = world
        .get(&org.path(&format!("/{}", call.id)), org.key(Role::Viewer))
        .await;
    assert_eq!(status, StatusCode::OK, "the record stays: {shown}");
}

#[tokio::test]
async fn what_is_to_be_kept_is_said_whole_checked_and_told_as_an_event() {
    let world = World::new().await;
    let org = world.org("acme").await;
    let path = format!("/v1/orgs/{}/capture", org.slug);
    let (_, shown) = world.get(&path, org.key(Role::Admin)).await;
    let off = json!({ "is_on": false, "redact": [], "keep_days": 30 });
    assert_eq!(shown, off, "nobody asked for it");
    let on = json!({ "is_on": true, "redact": ["args.card.number", "args.to[*]"], "keep_days": 7 });
    let (status, said) = set(&world, &org, on.clone()).await;
    assert_eq!((status, said), (StatusCode::OK, on.clone()));
    let (_, shown) = world.get(&path, org.key(Role::Admin)).await;
    assert_eq!(shown, on);
    for (wrong, pointer) in [
        (json!({ "is_on": true, "keep_days": 0 }), "/keep_days"),
        (
            json!({ "is_on": true, "redact": ["args.a", "/card"] }),
            "/redact/1",
        ),
        (
            json!({ "is_on": true, "redact": ["grant.name"] }),
            "/redact/0",
        ),
        (
            json!({ "is_on": true, "redact": vec!["args.a"; 101] }),
            "/redact",
        ),
    ] {
        let (status, said) = set(&world, &org, wrong).await;
        assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "{said}");
        assert_eq!(said["errors"][0]["pointer"], pointer, "{said}");
    }
    let events = format!("/v1/orgs/{}/events?limit=1", org.slug);
    let (_, told) = world.get(&events, org.key(Role::Auditor)).await;
    let event = &told["items"][0];
    assert_eq!(event["action"], "capture.changed", "{told}");
    assert_eq!(event["detail"]["after"], on);
}
