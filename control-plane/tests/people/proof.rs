//! Whoever left their desk for a while is told before a form that it will ask who they are, so that nothing is typed twice.

use crate::rows;
use crate::world::page::{get, post};
use crate::world::{PASSWORD, World};
use serde_json::json;
use std::time::Duration;

#[tokio::test]
async fn every_page_whose_form_wants_a_proof_says_so_before_it_is_filled_in() {
    let world = World::new().await;
    let ann = world.owner("acme").await;
    let bob = world.member(&ann, "acme", "viewer").await;
    rows::server(&world, "acme", "desk", &[]).await;
    let new = json!({ "name": "g", "servers": [{ "server": "desk" }] });
    let grant = world.post(&ann, "/v1/orgs/acme/grants", new).await;
    let grant = grant.expect(201)["id"].as_str().unwrap().to_owned();
    let new = json!({ "name": "w", "url": "https://hooks.example.org/" });
    let webhook = world.post(&ann, "/v1/orgs/acme/webhooks", new).await;
    let webhook = webhook.expect(201)["id"].as_str().unwrap().to_owned();
    let listed = world.get(&ann, "/v1/orgs/acme/members").await.expect(200);
    let members = listed["items"].as_array().unwrap();
    let member = members.iter().find(|member| member["role"] == "viewer");
    let member = member.unwrap()["id"].as_str().unwrap();

    let pages = [
        "/acme/grants/new".to_owned(),
        format!("/acme/grants/{grant}"),
        "/acme/servers/new".to_owned(),
        "/acme/servers/desk?tab=settings".to_owned(),
        "/acme/members".to_owned(),
        format!("/acme/members/{member}"),
        "/acme/settings/keys".to_owned(),
        "/acme/settings/webhooks".to_owned(),
        format!("/acme/settings/webhooks/{webhook}"),
        "/acme/settings/slack".to_owned(),
    ];
    for page in &pages {
        get(&world, &ann, page).await.has_not("/login/again");
    }
    world.clock.advance(Duration::from_mins(16));
    for page in &pages {
        let way: String = url::form_urlencoded::byte_serialize(page.as_bytes()).collect();
        let link = format!(r#"<a href="/login/again?next={way}">Prove it first</a>"#);
        get(&world, &ann, page).await.has(&link);
    }
    // Whoever may not do it anyway is not told of it.
    get(&world, &bob, "/acme/settings/slack")
        .await
        .has_not("Prove it first");

    let fields = [("password", PASSWORD), ("next", pages[0].as_str())];
    let proven = post(&world, &ann, "/login/again", &fields).await;
    assert_eq!(proven.location(), pages[0]);
    let ann = crate::pages::admitted(&world, &proven).await;
    get(&world, &ann, proven.location())
        .await
        .has("Mint it")
        .has_not("Prove it first");
}

#[tokio::test]
async fn a_form_that_came_back_with_faults_leads_from_the_proof_to_where_it_stands() {
    let world = World::new().await;
    let ann = world.owner("acme").await;
    world.clock.advance(Duration::from_mins(16));
    let from = ("referer", "http://127.0.0.1:8080/acme/settings/keys");
    let fields = [("name", "k"), ("role", "viewer"), ("expires", "tomorrow")];
    let headers = [from];
    let page =
        crate::world::page::post_with(&world, &ann, "/acme/settings/keys", &fields, &headers);
    page.await
        .has("expected a day as 2026-12-31")
        .has(r#"href="/login/again?next=%2Facme%2Fsettings%2Fkeys""#)
        .has(r#"value="tomorrow""#);
}

#[tokio::test]
async fn an_api_key_made_by_page_is_good_until_the_end_of_the_day_that_was_chosen() {
    let world = World::new().await;
    let ann = world.owner("acme").await;
    get(&world, &ann, "/acme/settings/keys")
        .await
        .has(r#"name="expires" type="date""#);
    let with = |expires| [("name", "k"), ("role", "auditor"), ("expires", expires)];
    let past = post(&world, &ann, "/acme/settings/keys", &with("2026-11-21")).await;
    assert_eq!(past.status, 422);
    past.has("expected a time that is still to come")
        .has(r#"value="2026-11-21""#)
        .has(r#"<option value="auditor" selected>"#);
    for day in ["2026-11-23", ""] {
        let made = post(&world, &ann, "/acme/settings/keys", &with(day)).await;
        made.has("The key, this once");
    }
    let listed = world.get(&ann, "/v1/orgs/acme/api-keys").await.expect(200);
    let keys = listed["items"].as_array().unwrap().iter();
    let ends: Vec<_> = keys.map(|key| key["expires_at"].clone()).collect();
    assert_eq!(ends, [json!(null), json!("2026-11-23T23:59:59Z")]);
}
