//! Servers, their tools and the reading of their tools, through the router; servers hostile and kind at the world's edge.

#[path = "server/fake.rs"]
mod fake;
#[path = "server/hostile.rs"]
mod hostile;
#[path = "server/older.rs"]
mod older;
#[path = "server/reading.rs"]
mod reading;
mod world;

use axum::http::Method;
use fake::Fake;
use serde_json::{Value, json};
use std::sync::{Arc, Mutex};
use world::{Who, World};

const SERVERS: &str = "/v1/orgs/acme/servers";

fn tools(tools: Value) -> Arc<Mutex<Value>> {
    Arc::new(Mutex::new(tools))
}

async fn add(world: &World, who: &Who, slug: &str, url: &str) -> Value {
    let body = json!({ "slug": slug, "name": "Files", "url": url, "auth": { "type": "none" } });
    world.post(who, SERVERS, body).await.expect(201)
}

async fn discover(world: &World, who: &Who, slug: &str) -> world::Answer {
    world
        .post(who, &format!("{SERVERS}/{slug}/discover"), Value::Null)
        .await
}

/// In the order of the alphabet: what happens within one moment has no order of its own.
async fn actions(world: &World, who: &Who) -> Vec<String> {
    let events = world.get(who, "/v1/orgs/acme/events").await.expect(200);
    let items = events["items"].as_array().unwrap();
    let mut actions: Vec<String> = items
        .iter()
        .map(|event| event["action"].as_str().unwrap().to_owned())
        .collect();
    actions.sort_unstable();
    actions
}

#[tokio::test]
async fn a_server_is_added_shown_changed_and_removed() {
    let world = World::new().await;
    let ann = world.owner("acme").await;
    let body = json!({
        "slug": "files", "name": "Files", "url": "https://files.example/mcp",
        "auth": { "type": "headers", "headers": { "Authorization": "Bearer canary-7f3a", "X-Tenant": "acme-tenant" } },
    });
    let answer = world.post(&ann, SERVERS, body).await;
    let header = answer.headers["etag"].to_str().unwrap().to_owned();
    let server = answer.expect(201);
    assert_eq!(header, format!("\"{}\"", server["etag"].as_str().unwrap()));
    assert_eq!(
        server["auth"],
        json!({ "type": "headers", "headers": ["authorization", "x-tenant"] })
    );
    assert_eq!(server["proxy_url"], "http://127.0.0.1:8081/acme/files/mcp");
    assert_eq!(
        (&server["status"], &server["is_open"], &server["pinning"]),
        (&json!("unknown"), &json!(true), &json!("off"))
    );
    assert_eq!(
        (
            &server["tools"],
            &server["tool_count"],
            &server["last_discovered_at"]
        ),
        (&json!([]), &json!(0), &Value::Null)
    );

    let by_slug = world
        .get(&ann, &format!("{SERVERS}/files"))
        .await
        .expect(200);
    let by_id = world
        .get(
            &ann,
            &format!("{SERVERS}/{}", server["id"].as_str().unwrap()),
        )
        .await
        .expect(200);
    assert_eq!((&by_slug, &by_id), (&server, &server));
    let listed = world.get(&ann, SERVERS).await.expect(200);
    assert_eq!(listed["items"][0]["slug"], "files");
    assert!(listed["items"][0].get("tools").is_none());

    let change = json!({ "name": "All files", "pinning": "block", "sampling": false, "timeouts": { "idle_ms": 1000 } });
    let changed = world
        .patch(&ann, &format!("{SERVERS}/files"), change.clone())
        .await
        .expect(200);
    assert_eq!(
        (&changed["name"], &changed["pinning"], &changed["sampling"]),
        (&json!("All files"), &json!("block"), &json!(false))
    );
    assert_eq!(
        (
            &changed["timeouts"]["idle_ms"],
            &changed["timeouts"]["whole_ms"]
        ),
        (&json!(1000), &json!(900_000))
    );
    assert_eq!(changed["auth"], server["auth"]);
    assert_ne!(changed["etag"], server["etag"]);
    let again = world
        .patch(&ann, &format!("{SERVERS}/files"), change)
        .await
        .expect(200);
    assert_eq!(again["etag"], changed["etag"]);

    world
        .delete(&ann, &format!("{SERVERS}/files"))
        .await
        .expect(204);
    world
        .get(&ann, &format!("{SERVERS}/files"))
        .await
        .expect(404);
    assert_eq!(
        actions(&world, &ann).await,
        [
            "org.created",
            "server.added",
            "server.changed",
            "server.removed"
        ]
    );
}

#[tokio::test]
async fn a_change_on_an_old_etag_changes_nothing() {
    let world = World::new().await;
    let ann = world.owner("acme").await;
    let server = add(&world, &ann, "files", "https://files.example/mcp").await;
    let old = format!("\"{}\"", server["etag"].as_str().unwrap());
    let path = format!("{SERVERS}/files");
    world
        .patch(&ann, &path, json!({ "name": "New" }))
        .await
        .expect(200);
    let body = Some(json!({ "name": "Newer" }));
    world
        .send_with(&ann, Method::PATCH, &path, body, &[("if-match", &old)])
        .await
        .expect(412);
    world
        .send_with(&ann, Method::DELETE, &path, None, &[("if-match", &old)])
        .await
        .expect(412);
    assert_eq!(world.get(&ann, &path).await.expect(200)["name"], "New");
}

#[tokio::test]
async fn every_fault_of_a_server_is_named_at_once() {
    let world = World::new().await;
    let ann = world.owner("acme").await;
    let body = json!({
        "slug": "files", "name": " ", "url": "npx -y some-server", "auth": { "type": "oauth" }, "timeouts": { "idle_ms": 1 },
    });
    let problem = world.post(&ann, SERVERS, body).await.expect(422);
    let pointers: Vec<&str> = problem["errors"]
        .as_array()
        .unwrap()
        .iter()
        .map(|error| error["pointer"].as_str().unwrap())
        .collect();
    assert_eq!(
        pointers,
        ["/name", "/url", "/auth/type", "/timeouts/idle_ms"]
    );
    assert!(
        problem["errors"][1]["detail"]
            .as_str()
            .unwrap()
            .contains("stdio")
    );
    assert!(
        problem["errors"][2]["detail"]
            .as_str()
            .unwrap()
            .contains("not offered yet")
    );
    let inner = json!({ "slug": "files", "name": "F", "url": "https://10.0.0.1/mcp" });
    let problem = world.post(&ann, SERVERS, inner).await.expect(422);
    assert_eq!(
        problem["errors"][0]["detail"],
        "`10.0.0.1` is not reached from here: private addresses are not dialled"
    );
    assert_eq!(
        world.get(&ann, SERVERS).await.expect(200)["items"],
        json!([])
    );
}

#[tokio::test]
async fn a_slug_is_taken_once_in_an_organisation_and_free_in_another() {
    let world = World::new().await;
    let ann = world.owner("acme").await;
    let bob = world.owner("other").await;
    add(&world, &ann, "files", "https://files.example/mcp").await;
    let body = json!({ "slug": "files", "name": "F", "url": "https://files.example/mcp" });
    world.post(&ann, SERVERS, body.clone()).await.expect(409);
    world
        .post(&bob, "/v1/orgs/other/servers", body.clone())
        .await
        .expect(201);
    let second = json!({ "slug": "second", "name": "F", "url": "https://files.example/mcp" });
    world.post(&ann, SERVERS, second).await.expect(201);
    world
        .patch(
            &ann,
            &format!("{SERVERS}/second"),
            json!({ "slug": "files" }),
        )
        .await
        .expect(409);
    for path in [
        SERVERS.to_owned(),
        format!("{SERVERS}/files"),
        format!("{SERVERS}/files/tools"),
    ] {
        world.get(&bob, &path).await.expect(404);
    }
}

#[tokio::test]
async fn a_stored_credential_does_not_follow_its_server_to_another_host() {
    let world = World::new().await;
    let ann = world.owner("acme").await;
    let auth = json!({ "type": "headers", "headers": { "authorization": "Bearer canary-7f3a" } });
    let body =
        json!({ "slug": "files", "name": "F", "url": "https://files.example/mcp", "auth": auth });
    world.post(&ann, SERVERS, body).await.expect(201);
    let path = format!("{SERVERS}/files");
    let problem = world
        .patch(&ann, &path, json!({ "url": "https://thief.example/mcp" }))
        .await
        .expect(422);
    assert_eq!(problem["errors"][0]["pointer"], "/auth");
    world
        .patch(
            &ann,
            &path,
            json!({ "url": "https://files.example/v2/mcp" }),
        )
        .await
        .expect(200);
    let moved = json!({ "url": "https://new.example/mcp", "auth": { "type": "none" } });
    assert_eq!(
        world.patch(&ann, &path, moved).await.expect(200)["auth"],
        json!({ "type": "none" })
    );
}

#[tokio::test]
async fn who_may_only_look_changes_no_server() {
    let world = World::new().await;
    let ann = world.owner("acme").await;
    let fake = Fake::legacy(tools(json!([{ "name": "a" }]))).await;
    add(&world, &ann, "files", &fake.url).await;
    discover(&world, &ann, "files").await.expect(200);
    let body = json!({ "name": "Looks", "role": "policy_manager" });
    let key = world
        .post(&ann, "/v1/orgs/acme/api-keys", body)
        .await
        .expect(201);
    let bob = Who {
        key: Some(key["secret"].as_str().unwrap().to_owned()),
        ..Who::default()
    };
    let (one, tool) = (
        format!("{SERVERS}/files"),
        format!("{SERVERS}/files/tools/a"),
    );
    for path in [SERVERS, &one, &format!("{one}/tools")] {
        world.get(&bob, path).await.expect(200);
    }
    let new = json!({ "slug": "more", "name": "More", "url": "https://more.example/mcp" });
    world.post(&bob, SERVERS, new).await.expect(403);
    world
        .patch(&bob, &one, json!({ "name": "Mine" }))
        .await
        .expect(403);
    world
        .patch(&bob, &tool, json!({ "category": "read" }))
        .await
        .expect(403);
    world.delete(&bob, &one).await.expect(403);
    let before = fake.asked().len();
    discover(&world, &bob, "files").await.expect(403);
    assert_eq!(
        fake.asked().len(),
        before,
        "a server was asked on behalf of someone who may not"
    );
}

#[tokio::test]
async fn a_credential_is_stored_sealed() {
    let world = World::new().await;
    let ann = world.owner("acme").await;
    let auth = json!({ "type": "headers", "headers": { "authorization": "Bearer canary-7f3a" } });
    let body =
        json!({ "slug": "files", "name": "F", "url": "https://files.example/mcp", "auth": auth });
    let server = world.post(&ann, SERVERS, body).await.expect(201);
    let mut owner = world.database.connect(&world.database.owner).await;
    let row: (String, Vec<u8>) = sqlx::query_as("select servers::text, credential from servers")
        .fetch_one(&mut owner)
        .await
        .unwrap();
    let hex = seal::to_hex(b"canary-7f3a");
    assert!(
        !row.0.contains("canary") && !row.0.contains(&hex),
        "{}",
        row.0
    );
    let org = world.get(&ann, "/v1/orgs/acme").await.expect(200);
    let (org, id) = (
        org["id"].as_str().unwrap().parse().unwrap(),
        server["id"].as_str().unwrap().parse().unwrap(),
    );
    let sealed = bundle::credential::Sealed::from_bytes(row.1);
    let opened = sealed.open(org, id, &world.app.keys().credentials).unwrap();
    assert_eq!(opened["authorization"].expose(), "Bearer canary-7f3a");
}
