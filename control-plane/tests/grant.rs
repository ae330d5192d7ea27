//! Grants: minted, changed, rotated, revoked, through the router.

#[path = "world/rows.rs"]
mod rows;
mod world;

use axum::http::Method;
use ids::token::{Token, TokenKind};
use serde_json::{Value, json};
use std::time::Duration;
use world::{Who, World};

const GRANTS: &str = "/v1/orgs/acme/grants";
const POLICIES: &str = "/v1/orgs/acme/policies";

/// An organisation with the servers `files` and `mail` and the policy `support`, published once.
async fn acme() -> (World, Who) {
    let world = World::new().await;
    let ann = world.owner("acme").await;
    rows::server(&world, "acme", "files", &[]).await;
    rows::server(&world, "acme", "mail", &[]).await;
    world
        .post(
            &ann,
            POLICIES,
            json!({ "slug": "support", "name": "Support" }),
        )
        .await
        .expect(201);
    world
        .post(
            &ann,
            &format!("{POLICIES}/support/publish"),
            json!({ "note": "" }),
        )
        .await
        .expect(201);
    (world, ann)
}

async fn minted(world: &World, ann: &Who, body: Value) -> (Value, String) {
    let grant = world.post(ann, GRANTS, body).await.expect(201);
    let path = format!("{GRANTS}/{}", grant["id"].as_str().unwrap());
    (grant, path)
}

fn on_files() -> Value {
    json!({ "name": "robot", "servers": [{ "server": "files", "policy": "support" }] })
}

async fn with_role(world: &World, ann: &Who, role: &str) -> (Who, Value) {
    let body = json!({ "name": role, "role": role });
    let key = world
        .post(ann, "/v1/orgs/acme/api-keys", body)
        .await
        .expect(201);
    let secret = key["secret"].as_str().unwrap().to_owned();
    (
        Who {
            key: Some(secret),
            ..Who::default()
        },
        key["made_by"].clone(),
    )
}

fn pointers(problem: &Value) -> Vec<&str> {
    problem["errors"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| it["pointer"].as_str().unwrap())
        .collect()
}

#[tokio::test]
async fn a_grant_shows_its_token_once_and_says_what_it_reaches() {
    let (world, ann) = acme().await;
    let (_, member) = with_role(&world, &ann, "viewer").await;
    let body = json!({
        "name": "robot", "labels": { "team": "ops" }, "user": member, "expires_at": "2026-12-24T18:00:00Z",
        "servers": [{ "server": "mail", "policy": "support", "version": 1 }, { "server": "files", "policy": "support" }],
    });
    let answer = world.post(&ann, GRANTS, body).await;
    let etag = answer.headers["etag"]
        .to_str()
        .unwrap()
        .trim_matches('"')
        .to_owned();
    let mut grant = answer.expect(201);
    let token = Token::parse(grant["token"].as_str().unwrap()).unwrap();
    assert_eq!(
        (token.kind(), token.hint()),
        (TokenKind::Grant, grant["token_hint"].as_str().unwrap())
    );
    assert_eq!(grant["etag"], etag);
    assert_eq!(
        (&grant["user"], &grant["labels"]),
        (&json!("person-0@example.com"), &json!({ "team": "ops" }))
    );
    assert_eq!(
        (&grant["state"], &grant["last_used_at"]),
        (&json!("active"), &json!(null))
    );
    assert_eq!(
        (&grant["expires_at"], &grant["created_at"]),
        (
            &json!("2026-12-24T18:00:00Z"),
            &json!("2026-11-22T12:00:00Z")
        )
    );
    let servers: Vec<_> = grant["servers"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| {
            (
                it["server"].as_str().unwrap(),
                it["policy"].as_str().unwrap(),
                it["version"].clone(),
            )
        })
        .collect();
    assert_eq!(
        servers,
        [
            ("mail", "support", json!(1)),
            ("files", "support", json!("latest"))
        ],
        "in the order given"
    );

    grant.as_object_mut().unwrap().remove("token");
    let id = grant["id"].as_str().unwrap();
    assert!(id.starts_with("grt_"));
    for path in [
        format!("{GRANTS}/{id}"),
        GRANTS.to_owned(),
        "/v1/orgs/acme/events".to_owned(),
    ] {
        assert!(!world.get(&ann, &path).await.text.contains(token.expose()));
    }
    assert_eq!(
        world.get(&ann, &format!("{GRANTS}/{id}")).await.expect(200),
        grant
    );
    assert_eq!(
        world.get(&ann, GRANTS).await.expect(200),
        json!({ "items": [grant], "next_cursor": null })
    );
    let stored = String::from_utf8_lossy(&world.database.dump()).into_owned();
    assert!(stored.contains("robot") && !stored.contains(token.expose()));
}

#[tokio::test]
async fn every_fault_of_a_grant_is_named_at_its_place() {
    let (world, ann) = acme().await;
    let bob = world.owner("other").await;
    rows::server(&world, "other", "theirs", &[]).await;
    world
        .post(
            &bob,
            "/v1/orgs/other/policies",
            json!({ "slug": "theirs", "name": "T" }),
        )
        .await
        .expect(201);
    let body = json!({
        "name": " ", "labels": { "a b": "x", "ok": "y".repeat(101) }, "user": "nobody", "expires_at": "2026-11-22T12:00:00Z",
        "servers": [
            { "server": "theirs", "policy": "support" },
            { "server": "files", "policy": "theirs" },
            { "server": "files", "policy": "support", "version": 2 },
            { "server": "mail", "version": "latest" },
        ],
    });
    let problem = world.post(&ann, GRANTS, body).await.expect(422);
    assert_eq!(
        pointers(&problem),
        [
            "/name",
            "/labels/a b",
            "/labels/ok",
            "/expires_at",
            "/user",
            "/servers/0/server",
            "/servers/1/policy",
            "/servers/2/server",
            "/servers/2/version",
            "/servers/3/version",
        ]
    );
    let labels: serde_json::Map<_, _> = (0..21).map(|n| (format!("k{n}"), json!(""))).collect();
    let servers = vec![json!({ "server": "files" }); 51];
    let problem = world
        .post(
            &ann,
            GRANTS,
            json!({ "name": "n", "labels": labels, "servers": servers }),
        )
        .await
        .expect(422);
    assert_eq!(pointers(&problem), ["/labels", "/servers"]);
    for wrong in [
        json!({ "name": "n" }),
        json!({ "name": "n", "servers": [{ "server": "files", "policy": "support", "version": 0 }] }),
        json!({ "name": "n", "servers": [], "scope": "all" }),
        json!({ "name": "n", "servers": [], "user": "mem_00000000000000000000000000000000" }),
    ] {
        world.post(&ann, GRANTS, wrong).await.expect(422);
    }
    assert_eq!(
        world.get(&ann, GRANTS).await.expect(200)["items"],
        json!([])
    );
}

#[tokio::test]
async fn a_change_replaces_what_it_names_and_says_before_and_after() {
    let (world, ann) = acme().await;
    let mut body = on_files();
    body["labels"] = json!({ "team": "ops" });
    body["user"] = json!("Someone@Example.com");
    let (grant, path) = minted(&world, &ann, body).await;
    assert_eq!(grant["user"], "someone@example.com");
    let etag = grant["etag"].as_str().unwrap();
    let change = json!({
        "name": "android", "labels": {}, "user": null, "expires_at": "2026-11-23T00:00:00Z",
        "servers": [{ "server": "mail" }],
    });
    let send = async |change: &Value| {
        world
            .send_with(
                &ann,
                Method::PATCH,
                &path,
                Some(change.clone()),
                &[("if-match", etag)],
            )
            .await
    };
    let changed = send(&change).await.expect(200);
    assert_eq!(
        (
            &changed["name"],
            &changed["labels"],
            &changed["user"],
            &changed["expires_at"]
        ),
        (
            &json!("android"),
            &json!({}),
            &json!(null),
            &json!("2026-11-23T00:00:00Z")
        )
    );
    let servers = changed["servers"].as_array().unwrap();
    assert_eq!(
        (servers.len(), &servers[0]["server"], &servers[0]["version"]),
        (1, &json!("mail"), &json!(null))
    );
    send(&change).await.expect(412);
    world.clock.advance(Duration::from_millis(1));
    let kept = world
        .patch(&ann, &path, json!({ "expires_at": null }))
        .await
        .expect(200);
    assert_eq!(
        (&kept["expires_at"], &kept["name"], &kept["servers"]),
        (&json!(null), &json!("android"), &changed["servers"])
    );
    world
        .patch(&ann, &path, json!({ "expires_at": "2020-01-01T00:00:00Z" }))
        .await
        .expect(422);
    let events = world
        .get(&ann, "/v1/orgs/acme/events?limit=1")
        .await
        .expect(200);
    assert_eq!(
        events["items"][0]["detail"],
        json!({ "grant": grant["id"], "before": { "expires_at": "2026-11-23T00:00:00Z" }, "after": { "expires_at": null } })
    );
}

#[tokio::test]
async fn a_policy_manager_says_which_policy_counts_and_nothing_else() {
    let (world, ann) = acme().await;
    let (grant, path) = minted(
        &world,
        &ann,
        json!({ "name": "robot", "servers": [{ "server": "files" }] }),
    )
    .await;
    let (manager, _) = with_role(&world, &ann, "policy_manager").await;
    let attach = json!({ "servers": [{ "server": grant["servers"][0]["server_id"], "policy": "support", "version": 1 }] });
    let attached = world
        .patch(&manager, &path, attach.clone())
        .await
        .expect(200);
    assert_eq!(attached["servers"][0]["policy"], "support");
    for more in [
        json!({ "servers": [{ "server": "files" }, { "server": "mail" }] }),
        json!({ "servers": [{ "server": "mail" }] }),
        json!({ "servers": [] }),
        json!({ "name": "mine" }),
        json!({ "servers": attach["servers"], "user": "person-0@example.com" }),
        json!({ "expires_at": null }),
    ] {
        world.patch(&manager, &path, more).await.expect(403);
    }
    world.post(&manager, GRANTS, on_files()).await.expect(403);
    world
        .post(&manager, &format!("{path}/rotate"), json!({}))
        .await
        .expect(403);
    world
        .post(&manager, &format!("{path}/revoke"), json!({}))
        .await
        .expect(403);
    for role in ["viewer", "auditor", "approver"] {
        let (who, _) = with_role(&world, &ann, role).await;
        world.get(&who, &path).await.expect(200);
        world.patch(&who, &path, attach.clone()).await.expect(403);
    }
    let mut now = world.get(&ann, &path).await.expect(200);
    now["etag"] = attached["etag"].clone();
    assert_eq!(now, attached, "what was refused changed nothing");
}

#[tokio::test]
async fn a_rotation_gives_a_new_token_for_an_overlap_of_at_most_a_week() {
    let (world, ann) = acme().await;
    let (grant, path) = minted(&world, &ann, on_files()).await;
    let rotate = format!("{path}/rotate");
    world.clock.advance(Duration::from_millis(1));
    let rotated = world
        .post(&ann, &rotate, json!({ "overlap": "24h" }))
        .await
        .expect(200);
    assert_ne!(rotated["token"], grant["token"]);
    assert!(
        rotated["token"]
            .as_str()
            .unwrap()
            .starts_with(rotated["token_hint"].as_str().unwrap())
    );
    assert_ne!(rotated["etag"], grant["etag"]);
    assert_eq!(rotated["id"], grant["id"]);
    for wrong in ["8d", "1w", "-1h", "", "24"] {
        let problem = world
            .post(&ann, &rotate, json!({ "overlap": wrong }))
            .await
            .expect(422);
        assert_eq!(pointers(&problem), ["/overlap"], "{wrong}");
    }
    // Without a body there is no overlap.
    world.clock.advance(Duration::from_millis(1));
    world
        .send(&ann, Method::POST, &rotate, None)
        .await
        .expect(200);
    let etag = grant["etag"].as_str().unwrap();
    world
        .send_with(&ann, Method::POST, &rotate, None, &[("if-match", etag)])
        .await
        .expect(412);
    let events = world
        .get(&ann, "/v1/orgs/acme/events?limit=2")
        .await
        .expect(200);
    let overlaps: Vec<_> = events["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| it["detail"]["overlap_s"].clone())
        .collect();
    assert_eq!(overlaps, [json!(0), json!(86_400)]);
}

#[tokio::test]
async fn a_revoked_grant_stays_revoked() {
    let (world, ann) = acme().await;
    let (_, path) = minted(&world, &ann, on_files()).await;
    let revoke = format!("{path}/revoke");
    let revoked = world
        .send(&ann, Method::POST, &revoke, None)
        .await
        .expect(200);
    assert_eq!(revoked["state"], "revoked");
    assert_eq!(
        world.post(&ann, &revoke, json!({})).await.expect(200),
        revoked
    );
    world
        .patch(&ann, &path, json!({ "expires_at": null }))
        .await
        .expect(409);
    world
        .post(&ann, &format!("{path}/rotate"), json!({}))
        .await
        .expect(409);
    assert_eq!(world.get(&ann, &path).await.expect(200), revoked);
    let events = world.get(&ann, "/v1/orgs/acme/events").await;
    assert_eq!(events.text.matches("grant.revoked").count(), 1);
}

#[tokio::test]
async fn a_grant_expires_at_its_time_and_lives_again_when_that_is_moved() {
    let (world, ann) = acme().await;
    let mut body = on_files();
    body["expires_at"] = json!("2026-11-22T13:00:00Z");
    let (_, path) = minted(&world, &ann, body).await;
    world.clock.advance(Duration::from_millis(3_599_999));
    assert_eq!(world.get(&ann, &path).await.expect(200)["state"], "active");
    world.clock.advance(Duration::from_millis(1));
    assert_eq!(world.get(&ann, &path).await.expect(200)["state"], "expired");
    let moved = world
        .patch(&ann, &path, json!({ "expires_at": "2026-11-23T13:00:00Z" }))
        .await
        .expect(200);
    assert_eq!(moved["state"], "active");
}

#[tokio::test]
async fn another_organisation_never_sees_a_grant() {
    let (world, ann) = acme().await;
    let (grant, path) = minted(&world, &ann, on_files()).await;
    let bob = world.owner("other").await;
    let theirs = format!("/v1/orgs/other/grants/{}", grant["id"].as_str().unwrap());
    for path in [path.as_str(), theirs.as_str()] {
        world.get(&bob, path).await.expect(404);
        world
            .patch(&bob, path, json!({ "name": "mine" }))
            .await
            .expect(404);
        world
            .post(&bob, &format!("{path}/rotate"), json!({}))
            .await
            .expect(404);
        world
            .post(&bob, &format!("{path}/revoke"), json!({}))
            .await
            .expect(404);
    }
    assert_eq!(
        world.get(&bob, "/v1/orgs/other/grants").await.expect(200)["items"],
        json!([])
    );
    world
        .get(&ann, &format!("{GRANTS}/robot"))
        .await
        .expect(404);
    assert_eq!(world.get(&ann, &path).await.expect(200)["state"], "active");
}

#[tokio::test]
async fn grants_are_listed_newest_first_by_pages() {
    let (world, ann) = acme().await;
    for name in ["one", "two", "three"] {
        world
            .post(
                &ann,
                GRANTS,
                json!({ "name": name, "servers": [{ "server": "files" }] }),
            )
            .await
            .expect(201);
        world.clock.advance(Duration::from_millis(1));
    }
    let mut names = Vec::new();
    let mut path = format!("{GRANTS}?limit=2");
    loop {
        let page = world.get(&ann, &path).await.expect(200);
        for item in page["items"].as_array().unwrap() {
            assert_eq!(item["servers"][0]["server"], "files");
            names.push(item["name"].as_str().unwrap().to_owned());
        }
        let Some(cursor) = page["next_cursor"].as_str() else {
            break;
        };
        path = format!("{GRANTS}?limit=2&cursor={cursor}");
    }
    assert_eq!(names, ["three", "two", "one"]);
}
