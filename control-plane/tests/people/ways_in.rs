//! Whoever has to sign in first ends where they wanted to go, whichever way they come in.

use crate::pages::{admitted, sign_in};
use crate::world::page::{get, post};
use crate::world::{PASSWORD, Who, World};
use axum::http::StatusCode;

const WANTED: &str = "/catalog/github?q=a";
const CARRIED: &str = "next=%2Fcatalog%2Fgithub%3Fq%3Da";
const FIELD: &str = r#"name="next" value="/catalog/github?q=a""#;

#[tokio::test]
async fn every_form_on_the_way_in_carries_on_the_page_that_was_wanted() {
    let world = World::new().await;
    let nobody = Who::default();
    get(&world, &nobody, &format!("/login?{CARRIED}"))
        .await
        .has(FIELD)
        .has(&format!(r#"href="/signup?{CARRIED}""#));
    get(&world, &nobody, &format!("/signup?{CARRIED}"))
        .await
        .has(FIELD)
        .has(&format!(r#"href="/login?{CARRIED}""#));
    get(
        &world,
        &nobody,
        &format!("/login/code?challenge=0&{CARRIED}"),
    )
    .await
    .has(FIELD);
    let wrong = [("challenge", "0"), ("code", "000000"), ("next", WANTED)];
    post(&world, &nobody, "/login/code", &wrong)
        .await
        .has(FIELD);
    get(&world, &nobody, "/login?next=https://evil.example")
        .await
        .has_not("evil");
}

#[tokio::test]
async fn whoever_signs_up_goes_on_to_what_they_looked_at_but_into_no_other_organisation() {
    let world = World::new().await;
    for (slug, next, to) in [
        ("first", WANTED, WANTED),
        ("second", "/first/calls", "/second"),
        ("third", "//evil.example", "/third"),
        ("fourth", "", "/fourth"),
    ] {
        let email = format!("{slug}@example.com");
        let fields = [
            ("name", "Ada"),
            ("email", email.as_str()),
            ("password", PASSWORD),
            ("org", slug),
            ("next", next),
        ];
        let done = post(&world, &Who::default(), "/signup", &fields).await;
        assert_eq!((done.status, done.location()), (StatusCode::SEE_OTHER, to));
    }
    let weak = [("password", "short"), ("next", WANTED)];
    post(&world, &Who::default(), "/signup", &weak)
        .await
        .has(FIELD);
}

#[tokio::test]
async fn whoever_is_signed_in_already_is_led_on_at_once() {
    let world = World::new().await;
    world.owner("acme").await;
    let ann = sign_in(&world, "person-0@example.com", PASSWORD).await;
    let ann = admitted(&world, &ann).await;
    for form in ["/login", "/signup"] {
        let page = get(&world, &ann, &format!("{form}?{CARRIED}")).await;
        assert_eq!(page.location(), WANTED);
    }
}
