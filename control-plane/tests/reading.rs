//! What a request may hold, whatever it asks for: nothing that is sent is an error of ours.

mod world;

use axum::body::Body;
use axum::http::{Request, header};
use serde_json::{Value, json};
use world::{Who, World};

/// In UTC it is already the year 10000, which is stored nowhere.
const BEYOND: &str = "9999-12-31T23:59:59-23:59";

async fn post_raw(world: &World, who: &Who, path: &str, body: &str) -> (u16, Value) {
    let request = Request::post(path)
        .header(header::COOKIE, who.cookie.as_deref().unwrap_or_default())
        .header("x-csrf-token", who.csrf.as_deref().unwrap_or_default())
        .header(header::CONTENT_TYPE, "application/json")
        .body(Body::from(body.to_owned()))
        .unwrap();
    let response = world.open(request).await;
    let status = response.status().as_u16();
    let bytes = axum::body::to_bytes(response.into_body(), 1 << 20)
        .await
        .unwrap();
    (status, serde_json::from_slice(&bytes).unwrap())
}

#[tokio::test]
async fn the_character_nul_is_in_no_name_and_breaks_nothing() {
    let world = World::new().await;
    let ann = world.owner("acme").await;
    for path in [
        "/v1/orgs/a%00b",
        "/v1/orgs/acme/policies/a%00b",
        "/v1/orgs/acme/servers/a%00b",
        "/v1/orgs/acme/grants/a%00b",
    ] {
        assert_eq!(world.get(&ann, path).await.status, 404, "{path}");
    }
    let tool = "/v1/orgs/acme/servers/desk/tools/a%00b";
    world
        .patch(&ann, tool, json!({ "accept": true }))
        .await
        .expect(404);
    for query in ["tool=%00", "server=a%00", "limit=1&tool=x%00y"] {
        let path = format!("/v1/orgs/acme/calls?{query}");
        world.get(&ann, &path).await.expect(400);
    }
    let at_login = json!({ "email": "a\0@example.com", "password": world::PASSWORD });
    world
        .post(&Who::default(), "/v1/login", at_login)
        .await
        .expect(401);
    let grant = json!({ "name": "g", "servers": [{ "server": "a\0b" }] });
    let problem = world
        .post(&ann, "/v1/orgs/acme/grants", grant)
        .await
        .expect(422);
    assert_eq!(problem["type"], "/problems/invalid");
    let check = json!({ "document": {}, "server": "a\0b" });
    world
        .post(&ann, "/v1/orgs/acme/policies/check", check)
        .await
        .expect(422);
}

#[tokio::test]
async fn a_time_that_no_calendar_holds_is_a_fault_of_the_request() {
    let world = World::new().await;
    let ann = world.owner("acme").await;
    let key = json!({ "name": "k", "role": "viewer", "expires_at": BEYOND });
    let grant = json!({ "name": "g", "servers": [], "expires_at": BEYOND });
    let explain = json!({ "document": {}, "call": { "tool": "t" }, "at": BEYOND });
    for (path, body, pointer) in [
        ("api-keys", key, "/expires_at"),
        ("grants", grant, "/expires_at"),
        ("policies/explain", explain, "/at"),
    ] {
        let problem = world
            .post(&ann, &format!("/v1/orgs/acme/{path}"), body)
            .await
            .expect(422);
        assert_eq!(problem["errors"][0]["pointer"], pointer, "{path}");
    }
    let minted = world
        .post(
            &ann,
            "/v1/orgs/acme/grants",
            json!({ "name": "g", "servers": [] }),
        )
        .await;
    let grant = format!(
        "/v1/orgs/acme/grants/{}",
        minted.expect(201)["id"].as_str().unwrap()
    );
    world
        .patch(&ann, &grant, json!({ "expires_at": BEYOND }))
        .await
        .expect(422);
    let last = json!({ "expires_at": "9999-12-31T23:59:59Z" });
    let kept = world.patch(&ann, &grant, last.clone()).await.expect(200);
    assert_eq!(kept["expires_at"], last["expires_at"]);
    let calls = format!("/v1/orgs/acme/calls?since={BEYOND}");
    world.get(&ann, &calls).await.expect(400);
}

#[tokio::test]
async fn a_body_is_an_object_and_a_word_is_a_string() {
    let world = World::new().await;
    let ann = world.owner("acme").await;
    let keys = "/v1/orgs/acme/api-keys";
    let (status, problem) = post_raw(&world, &ann, keys, r#"["k", "viewer", null]"#).await;
    assert_eq!(
        (status, &problem["errors"][0]["pointer"]),
        (422, &json!(""))
    );
    let (status, problem) = post_raw(&world, &ann, keys, r#"{"name":"k","role":["viewer"]}"#).await;
    assert_eq!(
        (status, &problem["errors"][0]["pointer"]),
        (422, &json!("/role"))
    );
    for no_json in [r#"{"name":"k""#, r#"{"name":"k"} {}"#, "", "\u{feff}{}"] {
        let (status, problem) = post_raw(&world, &ann, keys, no_json).await;
        assert_eq!(
            (status, &problem["type"]),
            (400, &json!("/problems/bad-request")),
            "{no_json}"
        );
    }
}

#[tokio::test]
async fn whoever_sends_an_authorization_header_is_judged_by_it_alone() {
    let world = World::new().await;
    let ann = world.owner("acme").await;
    let with_key = Who {
        key: Some("pck_of-nobody".to_owned()),
        ..ann.clone()
    };
    for path in ["/v1/me", "/v1/orgs", "/v1/orgs/acme"] {
        world.get(&ann, path).await.expect(200);
        world.get(&with_key, path).await.expect(401);
    }
    world
        .post(&with_key, "/v1/logout", json!({}))
        .await
        .expect(401);
    world.get(&ann, "/v1/me").await.expect(200);
}

#[tokio::test]
async fn an_address_that_cannot_be_one_is_not_remembered() {
    let world = World::new().await;
    let long = json!({ "email": "n".repeat(1_000_000), "password": "x" });
    // Each try of an address that is remembered counts, and the eleventh would be told to wait.
    for _ in 0..12 {
        world
            .post(&Who::default(), "/v1/login", long.clone())
            .await
            .expect(401);
    }
}
