//! Cookies of an installation that people reach by https: no script, no other site and no plain connection gets at them.

use crate::providers::{Behaves, provider};
use crate::rows;
use crate::world::page::{Page, get, post};
use crate::world::{PASSWORD, Who, World};
use axum::http::header;
use serde_json::json;

#[tokio::test]
async fn every_cookie_is_kept_from_scripts_from_other_sites_and_from_plain_connections() {
    let corp = provider("corp", Behaves::Well).await;
    let world = World::with(|config| {
        config.site.is_local = false;
        config.site.public_url = "https://gate.example.org".parse().unwrap();
        config.providers = vec![corp.provider.clone()];
    })
    .await;
    let host = ["HttpOnly", "Path=/", "SameSite=Lax", "Secure"];

    let ann = world.owner("acme").await;
    let fields = [("email", "person-0@example.com"), ("password", PASSWORD)];
    let signed_in = post(&world, &Who::default(), "/login", &fields).await;
    assert_kept(only(&signed_in), "__Host-portcullis=", &host);
    // What is set anew, and what ends it, too.
    let proof = [("password", PASSWORD)];
    let proven = post(&world, &ann, "/login/again", &proof).await;
    assert_kept(only(&proven), "__Host-portcullis=", &host);
    let page = get(&world, &Who::with(only(&proven), ""), "/account").await;
    let ann = Who::with(only(&proven), &page.html);

    let left = get(&world, &Who::default(), "/v1/login/oidc/corp").await;
    let mut for_a_while = host.to_vec();
    for_a_while.push("Max-Age=600");
    assert_kept(only(&left), "__Host-portcullis-journey=", &for_a_while);

    // Of one organisation's pages, so no name of a whole host; it says which server was looked at, and nothing else.
    rows::server(&world, "acme", "desk", &[json!({ "name": "read" })]).await;
    let draft = json!({ "slug": "pp", "name": "P" });
    world
        .post(&ann, "/v1/orgs/acme/policies", draft)
        .await
        .expect(201);
    let page = get(&world, &ann, "/acme/policies/pp/tools?server=desk").await;
    let year = [
        "HttpOnly",
        "Max-Age=31536000",
        "Path=/acme/policies",
        "SameSite=Lax",
        "Secure",
    ];
    assert_kept(page.cookie("policy-server="), "policy-server=desk", &year);

    let out = world
        .send(&ann, axum::http::Method::POST, "/v1/logout", None)
        .await;
    let ended = out.headers[header::SET_COOKIE].to_str().unwrap().to_owned();
    let mut at_once = host.to_vec();
    at_once.push("Max-Age=0");
    assert_kept(&ended, "__Host-portcullis=;", &at_once);
}

#[track_caller]
fn assert_kept(cookie: &str, begins: &str, attributes: &[&str]) {
    let mut said: Vec<&str> = cookie.split("; ").skip(1).collect();
    let mut expected = attributes.to_vec();
    said.sort_unstable();
    expected.sort_unstable();
    assert_eq!(said, expected, "{cookie}");
    assert!(cookie.starts_with(begins), "{cookie}");
}

#[track_caller]
fn only(page: &Page) -> &str {
    let mut all = page.headers.get_all(header::SET_COOKIE).iter();
    let cookie = all
        .next()
        .unwrap_or_else(|| panic!("no cookie: {}", page.html));
    assert!(all.next().is_none());
    cookie.to_str().unwrap()
}
