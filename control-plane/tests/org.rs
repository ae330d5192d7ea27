//! Accounts and organisations, through the router.

mod world;

use serde_json::json;
use world::{PASSWORD, Who, World, signed_in};

#[tokio::test]
async fn a_person_signs_up_with_an_organisation_and_owns_it() {
    let world = World::new().await;
    let ann = world.owner("acme").await;
    let orgs = world.get(&ann, "/v1/orgs").await.expect(200);
    assert_eq!(orgs["items"][0]["slug"], "acme");
    assert_eq!(orgs["items"][0]["role"], "owner");
    assert_eq!(orgs["next_cursor"], json!(null));
    let org = world.get(&ann, "/v1/orgs/acme").await.expect(200);
    let by_id = world
        .get(&ann, &format!("/v1/orgs/{}", org["id"].as_str().unwrap()))
        .await
        .expect(200);
    assert_eq!(org, by_id);
}

#[tokio::test]
async fn another_organisation_answers_as_one_that_does_not_exist() {
    let world = World::new().await;
    world.owner("acme").await;
    let bob = world.owner("other").await;
    let hidden = world.get(&bob, "/v1/orgs/acme").await;
    let missing = world.get(&bob, "/v1/orgs/nowhere").await;
    assert_eq!(hidden.status, 404);
    let without_instance = |mut body: serde_json::Value| {
        body.as_object_mut().unwrap().remove("instance");
        body
    };
    assert_eq!(
        without_instance(hidden.json()),
        without_instance(missing.json())
    );
    assert_eq!(
        world.get(&Who::default(), "/v1/orgs/acme").await.status,
        401
    );
}

#[tokio::test]
async fn a_taken_slug_or_address_is_a_conflict_and_makes_nothing() {
    let world = World::new().await;
    let ann = world.owner("acme").await;
    let again = json!({ "name": "Another", "slug": "acme" });
    world
        .post(&ann, "/v1/orgs", again.clone())
        .await
        .expect(409);
    let body =
        json!({ "email": "new@example.com", "password": PASSWORD, "name": "New", "org": again });
    world
        .post(&Who::default(), "/v1/signup", body)
        .await
        .expect(409);
    let login = json!({ "email": "new@example.com", "password": PASSWORD });
    world
        .post(&Who::default(), "/v1/login", login)
        .await
        .expect(401);
}

#[tokio::test]
async fn every_fault_of_a_sign_up_is_named_at_once() {
    let world = World::new().await;
    let body = json!({ "email": "nobody", "password": "short", "name": " " });
    let problem = world
        .post(&Who::default(), "/v1/signup", body)
        .await
        .expect(422);
    let pointers: Vec<&str> = problem["errors"]
        .as_array()
        .unwrap()
        .iter()
        .map(|error| error["pointer"].as_str().unwrap())
        .collect();
    assert_eq!(pointers, ["/email", "/name", "/password"]);
    let reserved = json!({ "email": "a@example.com", "password": PASSWORD, "name": "A", "org": { "name": "L", "slug": "login" } });
    let problem = world
        .post(&Who::default(), "/v1/signup", reserved)
        .await
        .expect(422);
    assert_eq!(problem["errors"][0]["pointer"], "/org/slug");
}

#[tokio::test]
async fn a_session_ends_by_signing_out_or_by_twelve_idle_hours() {
    let world = World::new().await;
    let ann = world.owner("acme").await;
    let without_csrf = Who {
        csrf: None,
        ..ann.clone()
    };
    world
        .send(&without_csrf, axum::http::Method::POST, "/v1/logout", None)
        .await
        .expect(403);
    world
        .send(&ann, axum::http::Method::POST, "/v1/logout", None)
        .await
        .expect(204);
    world.get(&ann, "/v1/me").await.expect(401);

    let login = json!({ "email": "Person-0@Example.com ", "password": PASSWORD });
    let ann = signed_in(world.post(&Who::default(), "/v1/login", login).await, 200);
    for _ in 0..3 {
        world.clock.advance(std::time::Duration::from_hours(11));
        world.get(&ann, "/v1/me").await.expect(200);
    }
    world
        .clock
        .advance(std::time::Duration::from_secs(12 * 3600 + 1));
    world.get(&ann, "/v1/me").await.expect(401);
}

#[tokio::test]
async fn guessing_passwords_stops_after_ten_tries() {
    let world = World::new().await;
    world.owner("acme").await;
    let guess = json!({ "email": "person-0@example.com", "password": "not the password" });
    for _ in 0..10 {
        world
            .post(&Who::default(), "/v1/login", guess.clone())
            .await
            .expect(401);
    }
    let right = json!({ "email": "person-0@example.com", "password": PASSWORD });
    let answer = world
        .post(&Who::default(), "/v1/login", right.clone())
        .await;
    assert!(answer.headers.contains_key("retry-after"));
    answer.expect(429);
    world.clock.advance(std::time::Duration::from_mins(15));
    world
        .post(&Who::default(), "/v1/login", right)
        .await
        .expect(200);
}

#[tokio::test]
async fn settings_change_with_a_word_in_the_audit_log() {
    let world = World::new().await;
    let ann = world.owner("acme").await;
    world
        .patch(&ann, "/v1/orgs/acme", json!({ "max_stale_seconds": 3600 }))
        .await
        .expect(200);
    let changed = world
        .patch(&ann, "/v1/orgs/acme", json!({ "name": "Acme" }))
        .await
        .expect(200);
    assert_eq!(
        (&changed["name"], &changed["max_stale_seconds"]),
        (&json!("Acme"), &json!(3600))
    );
    world
        .patch(&ann, "/v1/orgs/acme", json!({ "max_stale_seconds": 1 }))
        .await
        .expect(422);
    world
        .patch(&ann, "/v1/orgs/acme", json!({ "nam": "Acme" }))
        .await
        .expect(422);
    let cleared = world
        .patch(&ann, "/v1/orgs/acme", json!({ "max_stale_seconds": null }))
        .await
        .expect(200);
    assert_eq!(cleared["max_stale_seconds"], json!(null));
    let events = world.get(&ann, "/v1/orgs/acme/events").await.expect(200);
    let actions: Vec<&str> = events["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|event| event["action"].as_str().unwrap())
        .collect();
    assert_eq!(
        actions,
        ["org.changed", "org.changed", "org.changed", "org.created"]
    );
}

#[tokio::test]
async fn a_deleted_organisation_is_gone_for_everyone() {
    let world = World::new().await;
    let ann = world.owner("acme").await;
    world.delete(&ann, "/v1/orgs/acme").await.expect(204);
    world.get(&ann, "/v1/orgs/acme").await.expect(404);
    assert_eq!(
        world.get(&ann, "/v1/orgs").await.expect(200)["items"],
        json!([])
    );
}

#[tokio::test]
async fn an_account_owns_a_bounded_number_of_organisations() {
    let world = World::new().await;
    let ann = world.owner("acme").await;
    let mut sql = world.database.connect(&world.database.owner).await;
    let others = "with made as (
            insert into orgs (id, slug, name, created_at)
            select gen_random_uuid(), 'org-' || n, 'Org', now() from generate_series(2, 1000) as n returning id
        )
        insert into members (id, org_id, user_id, role, created_at)
        select gen_random_uuid(), made.id, users.id, 'owner', now() from made, users";
    sqlx::query(others).execute(&mut sql).await.unwrap();
    let one_more = json!({ "name": "One more", "slug": "one-more" });
    world
        .post(&ann, "/v1/orgs", one_more.clone())
        .await
        .expect(409);
    world.delete(&ann, "/v1/orgs/acme").await.expect(204);
    world.post(&ann, "/v1/orgs", one_more).await.expect(201);
}

#[tokio::test]
async fn the_event_of_a_change_holds_what_has_changed_and_nothing_else() {
    let world = World::new().await;
    let ann = world.owner("acme").await;
    let change = json!({ "name": "The acme company", "max_stale_seconds": 60 });
    world.patch(&ann, "/v1/orgs/acme", change).await.expect(200);
    let policy = json!({ "slug": "support", "name": "Support" });
    world
        .post(&ann, "/v1/orgs/acme/policies", policy)
        .await
        .expect(201);
    let change = json!({ "slug": "support", "name": "Support desk" });
    world
        .patch(&ann, "/v1/orgs/acme/policies/support", change)
        .await
        .expect(200);
    let events = world
        .get(&ann, "/v1/orgs/acme/events?limit=3")
        .await
        .expect(200);
    let told = |at: usize| {
        let event = &events["items"][at];
        let detail = &event["detail"];
        json!([event["action"], detail["before"], detail["after"]])
    };
    assert_eq!(
        told(0),
        json!(["policy.changed", { "name": "Support" }, { "name": "Support desk" }])
    );
    assert_eq!(
        told(2),
        json!(["org.changed", { "max_stale_seconds": null }, { "max_stale_seconds": 60 }])
    );
}

#[tokio::test]
async fn an_api_key_is_of_one_organisation_and_lists_just_that() {
    let world = World::new().await;
    let ann = world.owner("acme").await;
    world
        .post(
            &ann,
            "/v1/orgs",
            json!({ "name": "Second", "slug": "second" }),
        )
        .await
        .expect(201);
    let new = json!({ "name": "ci", "role": "viewer" });
    let key = world
        .post(&ann, "/v1/orgs/acme/api-keys", new)
        .await
        .expect(201);
    let bot = Who {
        key: Some(key["secret"].as_str().unwrap().to_owned()),
        ..Who::default()
    };
    let orgs = world.get(&bot, "/v1/orgs").await.expect(200);
    assert_eq!(orgs["items"].as_array().unwrap().len(), 1);
    assert_eq!(
        (&orgs["items"][0]["slug"], &orgs["items"][0]["role"]),
        (&json!("acme"), &json!("viewer"))
    );
    world
        .post(
            &bot,
            "/v1/orgs",
            json!({ "name": "Third", "slug": "third" }),
        )
        .await
        .expect(401);
}
