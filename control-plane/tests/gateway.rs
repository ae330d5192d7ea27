//! The replicas as an organisation sees them, by pages, by name; and what they are told of each other.

mod world;

use axum::body::Body;
use axum::http::{Method, Request, StatusCode, header};
use bundle::feed::{Fill, Heard, LimiterKind, Report};
use http_body_util::BodyExt;
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use serde_json::{Value, json};
use std::time::Duration;
use world::page::get;
use world::{Who, World};

/// What the replica of this name signs; with the key of another instance, where one is given.
fn token(world: &World, name: &str, pem: Option<&str>) -> String {
    let now = world.app.now().unix_ms() / 1000;
    let claims =
        json!({ "sub": name, "aud": "portcullis-control-plane", "iat": now, "exp": now + 60 });
    let pem = pem.unwrap_or(&world.gateway_signing_pem);
    let key = EncodingKey::from_ed_pem(pem.as_bytes()).unwrap();
    encode(&Header::new(Algorithm::EdDSA), &claims, &key).unwrap()
}

fn report(fills: Vec<Fill>) -> Value {
    let report = Report {
        address: "http://127.0.0.1".into(),
        software: "portcullis/0".into(),
        limiter: LimiterKind::Shared,
        is_stale: false,
        acks: vec![],
        fills,
        spool: None,
    };
    serde_json::to_value(report).unwrap()
}

/// What the replica of this name is answered when it says that it lives.
async fn heard(world: &World, name: &str) -> Heard {
    heard_with(world, name, vec![]).await
}

async fn heard_with(world: &World, name: &str, fills: Vec<Fill>) -> Heard {
    let request = Request::post("/v1/gateway/acks")
        .header(
            header::AUTHORIZATION,
            format!("Bearer {}", token(world, name, None)),
        )
        .header(header::CONTENT_TYPE, "application/json")
        .body(Body::from(report(fills).to_string()))
        .unwrap();
    let response = world.open(request).await;
    assert_eq!(response.status(), StatusCode::OK);
    let bytes = response.into_body().collect().await.unwrap().to_bytes();
    serde_json::from_slice(&bytes).unwrap()
}

#[tokio::test]
async fn a_replica_is_told_how_many_there_are_and_its_place_by_name() {
    let world = World::new().await;
    let told = |replicas, rank| Heard { replicas, rank };
    assert_eq!(heard(&world, "b").await, told(1, 0), "itself");
    assert_eq!(heard(&world, "c").await, told(2, 1));
    assert_eq!(heard(&world, "a").await, told(3, 0));
    assert_eq!(heard(&world, "b").await, told(3, 1));
    assert_eq!(heard(&world, "c").await, told(3, 2));
    world.clock.advance(Duration::from_secs(20));
    heard(&world, "c").await;
    world.clock.advance(Duration::from_secs(11));
    assert_eq!(
        heard(&world, "c").await,
        told(1, 0),
        "the others fell silent"
    );
}

#[tokio::test]
async fn the_doors_of_replicas_open_to_replicas_of_this_instance_alone() {
    let (world, other) = (World::new().await, World::new().await);
    let ann = world.owner("acme").await;
    let made = world
        .post(
            &ann,
            "/v1/orgs/acme/api-keys",
            json!({ "name": "robot", "role": "admin" }),
        )
        .await
        .expect(201);
    let key = |key: String| Who {
        key: Some(key),
        ..Who::default()
    };
    let strangers = [
        Who::default(),
        ann,
        key(made["secret"].as_str().unwrap().to_owned()),
        key(token(&world, "r1", Some(&other.gateway_signing_pem))),
    ];
    let replica = key(token(&world, "r1", None));
    let digest = "00".repeat(32);
    let doors = [
        (Method::GET, "/v1/gateway/feed".to_owned(), None, 200),
        (
            Method::GET,
            format!("/v1/gateway/bundles/{digest}"),
            None,
            404,
        ),
        (
            Method::POST,
            "/v1/gateway/acks".to_owned(),
            Some(report(vec![])),
            200,
        ),
        (
            Method::POST,
            "/v1/gateway/records".to_owned(),
            Some(json!({})),
            422,
        ),
        (
            Method::POST,
            "/v1/gateway/budgets".to_owned(),
            Some(json!({})),
            422,
        ),
        (
            Method::POST,
            "/v1/gateway/approvals/ask".to_owned(),
            Some(json!({})),
            422,
        ),
        (
            Method::POST,
            "/v1/gateway/approvals/wait".to_owned(),
            Some(json!({})),
            422,
        ),
    ];
    for (method, path, body, to_replicas) in doors {
        for who in &strangers {
            let answer = world.send(who, method.clone(), &path, body.clone()).await;
            assert_eq!(answer.status, 401, "{method} {path} by {who:?}");
        }
        let answer = world.send(&replica, method.clone(), &path, body).await;
        assert_eq!(
            answer.status, to_replicas,
            "{method} {path}: {}",
            answer.text
        );
    }
    let mut sql = world.database.connect(&world.database.owner).await;
    let names: Vec<String> = sqlx::query_scalar("select name from replicas")
        .fetch_all(&mut sql)
        .await
        .unwrap();
    assert_eq!(names, ["r1"], "what was refused left nothing behind");
}

#[tokio::test]
async fn replicas_come_by_pages() {
    let world = World::new().await;
    let ann = world.owner("acme").await;
    for name in ["r3", "r1", "r2"] {
        heard(&world, name).await;
    }
    let names = |page: &Value| -> Vec<String> {
        let items = page["items"].as_array().unwrap().iter();
        items
            .map(|item| item["name"].as_str().unwrap().to_owned())
            .collect()
    };
    let first = world
        .get(&ann, "/v1/orgs/acme/gateways?limit=2")
        .await
        .expect(200);
    assert_eq!(names(&first), ["r1", "r2"]);
    let next = first["next_cursor"].as_str().unwrap();
    let path = format!("/v1/orgs/acme/gateways?limit=2&cursor={next}");
    let last = world.get(&ann, &path).await.expect(200);
    assert_eq!(
        (names(&last), &last["next_cursor"]),
        (vec!["r3".to_owned()], &json!(null))
    );
    world
        .get(&ann, "/v1/orgs/acme/gateways?limit=0")
        .await
        .expect(400);
}

#[tokio::test]
async fn a_limit_that_is_nearly_used_up_is_on_the_overview_until_its_window_has_gone_by() {
    let world = World::new().await;
    let owner = world.owner("acme").await;
    let other = world.owner("other").await;
    let org = world.get(&owner, "/v1/orgs/acme").await.expect(200);
    let policy = json!({ "slug": "careful", "name": "Careful" });
    let policy = world
        .post(&owner, "/v1/orgs/acme/policies", policy)
        .await
        .expect(201);
    let grant = json!({ "name": "nightly", "servers": [] });
    let grant = world
        .post(&owner, "/v1/orgs/acme/grants", grant)
        .await
        .expect(201);
    let told = |used, at| Fill {
        org: org["id"].as_str().unwrap().parse().unwrap(),
        grant: grant["id"].as_str().unwrap().parse().unwrap(),
        policy: policy["id"].as_str().unwrap().parse().unwrap(),
        rule: "/all_tools/limits/sent".into(),
        used,
        max: 10,
        window_ms: 60_000,
        at,
    };
    let now = world.app.now().unix_ms();
    heard_with(&world, "a", vec![told(8, now - 5), told(9, now)]).await;
    // Another replica has an older word, and one of a grant that is gone.
    let gone = Fill {
        grant: ids::GrantId::new(1, [1; 10]),
        ..told(10, now)
    };
    heard_with(&world, "b", vec![told(10, now - 9), gone]).await;
    let shown = get(&world, &owner, "/acme").await.html;
    assert!(
        shown.contains("9 of 10")
            && shown.contains("per minute, by")
            && shown.contains("/all_tools/limits/sent"),
        "{shown}"
    );
    assert!(!shown.contains("10 of 10"));
    assert!(!get(&world, &other, "/other").await.html.contains("9 of 10"));
    world.clock.advance(Duration::from_secs(61));
    assert!(!get(&world, &owner, "/acme").await.html.contains("9 of 10"));
}
