//! Sessions: the list of them, ending them, and the proof that what is sensitive asks for.

use crate::world::{PASSWORD, Who, World, signed_in};
use axum::http::Method;
use serde_json::{Value, json};
use std::time::Duration;

async fn sign_in_with(world: &World, agent: &str) -> Who {
    let body = json!({ "email": "person-0@example.com", "password": PASSWORD });
    let headers = [("user-agent", agent)];
    let nobody = Who::default();
    let answer = world
        .send_with(&nobody, Method::POST, "/v1/login", Some(body), &headers)
        .await;
    signed_in(answer, 200)
}

#[tokio::test]
async fn whoever_is_in_one_organisation_alone_is_told_it_when_they_come_in() {
    let world = World::new().await;
    let ann = world.owner("acme").await;
    let body = json!({ "email": "person-0@example.com", "password": PASSWORD });
    let slugs = async |who: &Who| {
        let me = world.get(who, "/v1/me").await.expect(200);
        let login = world.post(&Who::default(), "/v1/login", body.clone()).await;
        [me, login.expect(200)].map(|answer| answer["org"]["slug"].clone())
    };
    assert_eq!(slugs(&ann).await, [json!("acme"), json!("acme")]);
    let other = json!({ "name": "Other", "slug": "other" });
    world.post(&ann, "/v1/orgs", other).await.expect(201);
    assert_eq!(
        slugs(&ann).await,
        [Value::Null, Value::Null],
        "which, nobody can say"
    );
}

#[tokio::test]
async fn what_is_given_for_a_secret_and_is_no_text_is_not_repeated() {
    let world = World::new().await;
    let ann = world.owner("acme").await;
    for (path, member) in [
        ("/v1/signup", "password"),
        ("/v1/signup", "invitation"),
        ("/v1/login", "password"),
        ("/v1/login/code", "challenge"),
        ("/v1/login/code", "code"),
        ("/v1/step-up", "password"),
        ("/v1/step-up", "code"),
        ("/v1/me/password", "password"),
        ("/v1/me/password", "new_password"),
        ("/v1/me/totp/confirm", "code"),
        ("/v1/confirm", "token"),
        ("/v1/reset", "token"),
        ("/v1/reset", "password"),
    ] {
        let body = json!({ member: 98_765_432_101_u64 });
        let answer = world.post(&ann, path, body).await;
        assert!(
            !answer.text.contains("98765432101"),
            "{path}: {}",
            answer.text
        );
        let problem = answer.expect(422);
        let fault = &problem["errors"][0];
        assert_eq!(fault["pointer"], format!("/{member}"), "{path}");
        assert!(
            fault["detail"]
                .as_str()
                .unwrap()
                .starts_with("expected a string"),
            "{path}: {fault}"
        );
    }
}

async fn sessions(world: &World, who: &Who) -> Vec<Value> {
    let listed = world.get(who, "/v1/me/sessions").await.expect(200);
    listed["items"].as_array().unwrap().clone()
}

#[tokio::test]
async fn everyone_sees_their_own_sessions_and_ends_any_of_them() {
    let world = World::new().await;
    let here = world.owner("acme").await;
    world.clock.advance(Duration::from_mins(2));
    let agent = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0";
    let there = sign_in_with(&world, agent).await;
    let bob = world.owner("other").await;

    let mine = sessions(&world, &here).await;
    let told: Vec<Value> = mine
        .iter()
        .map(|it| json!([it["agent"], it["is_current"]]))
        .collect();
    assert_eq!(
        told,
        [json!(["Firefox on Linux", false]), json!(["", true])]
    );
    assert!(
        !json!(mine)
            .to_string()
            .contains(there.cookie.as_deref().unwrap())
    );
    let path = format!("/v1/me/sessions/{}", mine[0]["id"].as_str().unwrap());
    world.delete(&bob, &path).await.expect(404);
    world.get(&there, "/v1/me").await.expect(200);
    world.delete(&here, &path).await.expect(204);
    world.get(&there, "/v1/me").await.expect(401);

    let there = sign_in_with(&world, "curl/8").await;
    world.delete(&here, "/v1/me/sessions").await.expect(204);
    world.get(&there, "/v1/me").await.expect(401);
    assert_eq!(sessions(&world, &here).await.len(), 1);
    world.get(&bob, "/v1/me").await.expect(200);
}

#[tokio::test]
async fn an_account_has_fifty_sessions_and_the_one_that_was_idle_longest_goes_first() {
    let world = World::new().await;
    let first = world.owner("acme").await;
    let mut others = Vec::new();
    for _ in 0..49 {
        world.clock.advance(Duration::from_mins(1));
        others.push(sign_in_with(&world, "curl/8").await);
    }
    world.get(&first, "/v1/me").await.expect(200);
    world.clock.advance(Duration::from_mins(2));
    world.get(&first, "/v1/me").await.expect(200);
    sign_in_with(&world, "curl/8").await;
    assert_eq!(sessions(&world, &first).await.len(), 50);
    world.get(&others[0], "/v1/me").await.expect(401);
    world.get(&others[1], "/v1/me").await.expect(200);
}

#[tokio::test]
#[expect(
    clippy::too_many_lines,
    reason = "one list of what is sensitive, walked three times"
)]
async fn what_is_sensitive_asks_a_person_who_they_are_after_a_quarter_of_an_hour() {
    let world = World::new().await;
    let ann = world.owner("acme").await;
    let made = world
        .post(
            &ann,
            "/v1/orgs/acme/api-keys",
            json!({ "name": "ci", "role": "admin" }),
        )
        .await
        .expect(201);
    let robot = Who {
        key: Some(made["secret"].as_str().unwrap().to_owned()),
        ..Who::default()
    };
    let desk = json!({ "slug": "desk", "name": "Desk", "url": "http://127.0.0.1:9/mcp" });
    world
        .post(&ann, "/v1/orgs/acme/servers", desk)
        .await
        .expect(201);
    let grant = world
        .post(
            &ann,
            "/v1/orgs/acme/grants",
            json!({ "name": "g", "servers": [] }),
        )
        .await
        .expect(201);
    let grant = format!("/v1/orgs/acme/grants/{}", grant["id"].as_str().unwrap());
    world.clock.advance(Duration::from_secs(15 * 60 + 1));

    let auth = json!({ "type": "headers", "headers": { "X-Key": "k" } });
    let second = json!({ "slug": "second", "name": "Second", "url": "http://127.0.0.1:9/mcp", "auth": auth });
    let sensitive = [
        (
            Method::POST,
            "/v1/orgs/acme/api-keys".to_owned(),
            json!({ "name": "x", "role": "viewer" }),
        ),
        (
            Method::POST,
            "/v1/orgs/acme/grants".to_owned(),
            json!({ "name": "x", "servers": [] }),
        ),
        (Method::POST, format!("{grant}/rotate"), json!({})),
        (Method::POST, "/v1/orgs/acme/servers".to_owned(), second),
        (
            Method::PATCH,
            "/v1/orgs/acme/servers/desk".to_owned(),
            json!({ "auth": auth }),
        ),
        (
            Method::PATCH,
            "/v1/orgs/acme/servers/desk".to_owned(),
            json!({ "url": "http://127.0.0.1:9/other" }),
        ),
        (
            Method::POST,
            "/v1/orgs/acme/invitations".to_owned(),
            json!({ "email": "x@example.com", "role": "viewer" }),
        ),
        (Method::POST, "/v1/me/totp".to_owned(), Value::Null),
        (Method::DELETE, "/v1/orgs/acme".to_owned(), Value::Null),
    ];
    let body = |body: &Value| (!body.is_null()).then(|| body.clone());
    for (method, path, sent) in &sensitive {
        let answer = world.send(&ann, method.clone(), path, body(sent)).await;
        assert_eq!(
            answer.json()["type"],
            "/problems/step-up",
            "{method} {path}"
        );
        assert_eq!(answer.status, 403);
    }
    // The rest of the work goes on, and what stops calls does not ask.
    let rename = json!({ "name": "Desk two" });
    world
        .patch(&ann, "/v1/orgs/acme/servers/desk", rename)
        .await
        .expect(200);
    let kill = json!({ "target": "server", "id": "desk", "on": true });
    world
        .post(&ann, "/v1/orgs/acme/kill", kill)
        .await
        .expect(200);
    // A key is not asked.
    for (method, path, sent) in sensitive
        .iter()
        .filter(|(_, path, _)| !path.contains("/me/"))
        .take(3)
    {
        let answer = world.send(&robot, method.clone(), path, body(sent)).await;
        assert!(
            answer.status.is_success(),
            "{method} {path}: {}",
            answer.text
        );
    }
    let wrong = json!({ "password": "not the password" });
    let problem = world.post(&ann, "/v1/step-up", wrong).await.expect(422);
    assert_eq!(problem["errors"][0]["pointer"], "/password");
    let problem = world.post(&ann, "/v1/step-up", json!({})).await.expect(422);
    assert_eq!(problem["errors"][0]["pointer"], "/password");

    let proven = world.step_up(&ann).await;
    world.get(&ann, "/v1/me").await.expect(401);
    for (method, path, sent) in &sensitive {
        let answer = world.send(&proven, method.clone(), path, body(sent)).await;
        assert!(
            answer.status.is_success(),
            "{method} {path}: {}",
            answer.text
        );
    }
}

#[tokio::test]
async fn a_cookie_of_before_signing_in_is_worth_nothing_after_it() {
    let world = World::new().await;
    let ann = world.owner("acme").await;
    let planted = "0".repeat(64);
    let planted = Who {
        cookie: Some(format!("portcullis={planted}")),
        ..Who::default()
    };
    let body = json!({ "email": "person-0@example.com", "password": PASSWORD });
    let answer = world.post(&planted, "/v1/login", body).await;
    let fresh = signed_in(answer, 200);
    assert!(fresh.cookie != planted.cookie && fresh.cookie != ann.cookie);
    world.get(&planted, "/v1/me").await.expect(401);
}
