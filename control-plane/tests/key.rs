//! API keys, through the router.

mod world;

use serde_json::{Value, json};
use std::time::Duration;
use world::{Who, World};

const KEYS: &str = "/v1/orgs/acme/api-keys";

async fn made(world: &World, who: &Who, body: Value) -> (Value, Who) {
    let made = world.post(who, KEYS, body).await.expect(201);
    let key = Who {
        key: Some(made["secret"].as_str().unwrap().to_owned()),
        ..Who::default()
    };
    (made, key)
}

#[tokio::test]
async fn a_key_acts_with_the_role_it_carries_and_shows_its_secret_once() {
    let world = World::new().await;
    let ann = world.owner("acme").await;
    let (made, viewer) = made(
        &world,
        &ann,
        json!({ "name": "dashboard", "role": "viewer" }),
    )
    .await;
    let secret = made["secret"].as_str().unwrap();
    assert!(secret.starts_with("pck_") && secret.starts_with(made["hint"].as_str().unwrap()));
    assert_eq!(
        world.get(&viewer, "/v1/orgs/acme").await.expect(200)["role"],
        "viewer"
    );
    world
        .patch(&viewer, "/v1/orgs/acme", json!({ "name": "Mine" }))
        .await
        .expect(403);
    world.get(&viewer, KEYS).await.expect(403);

    let listed = world.get(&ann, KEYS).await;
    assert!(!listed.text.contains(secret) && !listed.text.contains("secret"));
    let key = &listed.expect(200)["items"][0];
    assert_eq!(
        (&key["id"], &key["role"], &key["expires_at"]),
        (&made["id"], &json!("viewer"), &json!(null))
    );
    assert_eq!(key["last_used_at"], "2026-11-22T12:00:00Z");
    let events = world.get(&ann, "/v1/orgs/acme/events").await;
    assert!(events.text.contains("key.made") && !events.text.contains(secret));
}

#[tokio::test]
async fn a_deleted_key_opens_nothing_at_once() {
    let world = World::new().await;
    let ann = world.owner("acme").await;
    let (made, admin) = made(&world, &ann, json!({ "name": "robot", "role": "admin" })).await;
    let path = format!("{KEYS}/{}", made["id"].as_str().unwrap());
    world.delete(&ann, &path).await.expect(204);
    world.get(&admin, "/v1/orgs/acme").await.expect(401);
    world.delete(&ann, &path).await.expect(404);
    world
        .delete(&ann, &format!("{KEYS}/key_nonsense"))
        .await
        .expect(404);
}

#[tokio::test]
async fn a_key_ends_at_its_time() {
    let world = World::new().await;
    let ann = world.owner("acme").await;
    let (made, admin) = made(
        &world,
        &ann,
        json!({ "name": "brief", "role": "admin", "expires_at": "2026-11-22T13:00:00+00:00" }),
    )
    .await;
    assert_eq!(made["expires_at"], "2026-11-22T13:00:00Z");
    world.clock.advance(Duration::from_millis(3_599_999));
    world.get(&admin, "/v1/orgs/acme").await.expect(200);
    world.clock.advance(Duration::from_millis(1));
    world.get(&admin, "/v1/orgs/acme").await.expect(401);
    let past = json!({ "name": "late", "role": "viewer", "expires_at": "2026-11-22T12:59:59Z" });
    let ann = world.step_up(&ann).await;
    let problem = world.post(&ann, KEYS, past).await.expect(422);
    assert_eq!(problem["errors"][0]["pointer"], "/expires_at");
}

#[tokio::test]
async fn no_key_is_an_owner_and_none_is_above_its_maker() {
    let world = World::new().await;
    let ann = world.owner("acme").await;
    let problem = world
        .post(&ann, KEYS, json!({ "name": "all", "role": "owner" }))
        .await
        .expect(422);
    assert_eq!(problem["errors"][0]["pointer"], "/role");
    let (_, admin) = made(&world, &ann, json!({ "name": "robot", "role": "admin" })).await;
    world
        .post(&admin, KEYS, json!({ "name": "all", "role": "owner" }))
        .await
        .expect(422);
    made(
        &world,
        &admin,
        json!({ "name": "child", "role": "auditor" }),
    )
    .await;
    world
        .post(&ann, KEYS, json!({ "name": " ", "role": "king" }))
        .await
        .expect(422);
}

#[tokio::test]
async fn a_key_falls_with_its_makers_role_and_ends_with_the_membership() {
    let world = World::new().await;
    let ann = world.owner("acme").await;
    let (_, admin) = made(&world, &ann, json!({ "name": "robot", "role": "admin" })).await;
    let (_, viewer) = made(&world, &ann, json!({ "name": "eyes", "role": "viewer" })).await;
    let mut owner = world.database.connect(&world.database.owner).await;
    sqlx::query("update members set role = 'viewer'")
        .execute(&mut owner)
        .await
        .unwrap();
    world.get(&admin, "/v1/orgs/acme").await.expect(401);
    world.get(&viewer, "/v1/orgs/acme").await.expect(200);
    sqlx::query("delete from members")
        .execute(&mut owner)
        .await
        .unwrap();
    world.get(&viewer, "/v1/orgs/acme").await.expect(401);
}

#[tokio::test]
async fn a_key_of_one_organisation_knows_no_other() {
    let world = World::new().await;
    let ann = world.owner("acme").await;
    world.owner("other").await;
    let (made, admin) = made(&world, &ann, json!({ "name": "robot", "role": "admin" })).await;
    world.get(&admin, "/v1/orgs/other").await.expect(404);
    let bob = world.owner("third").await;
    world
        .delete(
            &bob,
            &format!("/v1/orgs/third/api-keys/{}", made["id"].as_str().unwrap()),
        )
        .await
        .expect(404);
    world.get(&admin, "/v1/orgs/acme").await.expect(200);
}

#[tokio::test]
async fn what_is_no_key_is_no_key() {
    let world = World::new().await;
    let ann = world.owner("acme").await;
    let (_, admin) = made(&world, &ann, json!({ "name": "robot", "role": "admin" })).await;
    let secret = admin.key.unwrap();
    let altered = format!(
        "{}{}",
        &secret[..secret.len() - 1],
        if secret.ends_with('0') { "1" } else { "0" }
    );
    for wrong in [
        "",
        "Bearer",
        "Basic YTpi",
        &format!("Bearer {altered}"),
        &format!("Bearer {secret}x"),
        &secret,
    ] {
        // With a good session beside it, too: a header that is there is the caller's word.
        let answer = world
            .send_with(
                &ann,
                axum::http::Method::GET,
                "/v1/orgs/acme",
                None,
                &[("authorization", wrong)],
            )
            .await;
        assert_eq!(answer.status, 401, "`{wrong}`");
    }
}

#[tokio::test]
async fn keys_come_by_pages_and_are_bounded_in_number() {
    let world = World::new().await;
    let ann = world.owner("acme").await;
    for number in 0..200 {
        made(
            &world,
            &ann,
            json!({ "name": format!("key {number}"), "role": "viewer" }),
        )
        .await;
        world.clock.advance(Duration::from_millis(1));
    }
    world
        .post(&ann, KEYS, json!({ "name": "one more", "role": "viewer" }))
        .await
        .expect(409);
    let mut names = Vec::new();
    let mut path = format!("{KEYS}?limit=120");
    loop {
        let page = world.get(&ann, &path).await.expect(200);
        names.extend(
            page["items"]
                .as_array()
                .unwrap()
                .iter()
                .map(|key| key["name"].as_str().unwrap().to_owned()),
        );
        let Some(cursor) = page["next_cursor"].as_str() else {
            break;
        };
        path = format!("{KEYS}?limit=120&cursor={cursor}");
    }
    let expected: Vec<String> = (0..200)
        .rev()
        .map(|number| format!("key {number}"))
        .collect();
    assert_eq!(names, expected);
}
