//! The dashboard, through the router: the same acts as the API, for people with a browser and nothing else.

#[path = "world/rows.rs"]
mod rows;
mod world;

use axum::http::{Method, StatusCode, header};
use serde_json::json;
use world::page::{Page, get, post, post_from};
use world::{PASSWORD, Who, World};

#[tokio::test]
async fn a_person_signs_up_by_form_and_stands_in_their_organisation() {
    let world = World::new().await;
    let nobody = Who::default();
    get(&world, &nobody, "/").await.has("Sign up");
    let fields = [
        ("name", "Ada"),
        ("email", "ada@example.com"),
        ("password", PASSWORD),
        ("org", "Acme Mills"),
        ("slug", ""),
    ];
    let signed_up = post(&world, &nobody, "/signup", &fields).await;
    assert_eq!(
        (signed_up.status, signed_up.location()),
        (StatusCode::SEE_OTHER, "/acme-mills")
    );
    let cookie = signed_up.headers[header::SET_COOKIE].to_str().unwrap();
    let ada = Who {
        cookie: cookie.split(';').next().map(str::to_owned),
        ..Who::default()
    };
    get(&world, &ada, "/acme-mills")
        .await
        .has("To the first judged call")
        .has("Acme Mills");
    get(&world, &ada, "/").await.has("Acme Mills");
}

#[tokio::test]
async fn what_is_wrong_with_a_form_is_said_beside_its_field_and_nothing_typed_is_lost() {
    let world = World::new().await;
    let fields = [
        ("name", "Ada"),
        ("email", "not an address"),
        ("password", "short"),
        ("org", "Acme"),
        ("slug", "acme"),
    ];
    let page = post(&world, &Who::default(), "/signup", &fields).await;
    assert_eq!(page.status, StatusCode::UNPROCESSABLE_ENTITY);
    page.has(r#"id="email-fault""#)
        .has(r#"id="password-fault""#)
        .has(r#"value="not an address""#)
        .has_not(r#"value="short""#);
}

#[tokio::test]
async fn a_wrong_password_is_said_in_the_form_and_the_right_one_leads_where_one_wanted_to_go() {
    let world = World::new().await;
    world.stranger().await;
    let wanted = get(&world, &Who::default(), "/acme/calls?verdict=deny").await;
    assert_eq!(
        wanted.location(),
        "/login?next=%2Facme%2Fcalls%3Fverdict%3Ddeny"
    );
    let wrong = [
        ("email", "person-0@example.com"),
        ("password", "something else"),
        ("next", "/acme/calls"),
    ];
    let page = post(&world, &Who::default(), "/login", &wrong).await;
    assert_eq!(page.status, StatusCode::UNAUTHORIZED);
    page.has("the e-mail address or the password is wrong");
    let right = [
        ("email", "person-0@example.com"),
        ("password", PASSWORD),
        ("next", "/acme/calls"),
    ];
    assert_eq!(
        post(&world, &Who::default(), "/login", &right)
            .await
            .location(),
        "/acme/calls"
    );
    let elsewhere = [
        ("email", "person-0@example.com"),
        ("password", PASSWORD),
        ("next", "//evil.example"),
    ];
    assert_eq!(
        post(&world, &Who::default(), "/login", &elsewhere)
            .await
            .location(),
        "/"
    );
}

#[tokio::test]
async fn another_providers_sign_in_finds_the_form_that_asks_for_a_code() {
    let world = World::new().await;
    let page = get(&world, &Who::default(), "/login/code?challenge=ab%22cd").await;
    assert_eq!(page.status, StatusCode::OK);
    page.has(r#"name="challenge" value="ab&#34;cd""#);
}

#[tokio::test]
async fn a_form_from_elsewhere_or_without_its_token_does_nothing() {
    let world = World::new().await;
    let ada = world.owner("acme").await;
    let fields = [("org", "Other"), ("slug", "other")];
    let other_site = post_from(&world, &ada, "/new", &fields, "cross-site").await;
    assert_eq!(other_site.status, StatusCode::FORBIDDEN);
    other_site.has("came from another site");
    let without = Who {
        csrf: None,
        ..ada.clone()
    };
    assert_eq!(
        post(&world, &without, "/new", &fields).await.status,
        StatusCode::FORBIDDEN
    );
    let forged = Who {
        csrf: Some("0".repeat(64)),
        ..ada.clone()
    };
    assert_eq!(
        post(&world, &forged, "/new", &fields).await.status,
        StatusCode::FORBIDDEN
    );
    let orgs = world
        .send(&ada, Method::GET, "/v1/orgs", None)
        .await
        .expect(200);
    assert_eq!(orgs["items"].as_array().unwrap().len(), 1);
    assert_eq!(
        post(&world, &ada, "/new", &fields).await.location(),
        "/other"
    );
}

#[tokio::test]
async fn no_page_of_another_organisation_is_there() {
    let world = World::new().await;
    let _ada = world.owner("acme").await;
    let eve = world.owner("evil").await;
    for path in [
        "",
        "/servers",
        "/servers/new",
        "/policies",
        "/policies/new",
        "/grants",
        "/grants/new",
        "/calls",
        "/events",
        "/settings",
    ] {
        let strange = get(&world, &eve, &format!("/acme{path}")).await;
        assert_eq!(strange.status, StatusCode::NOT_FOUND, "{path}");
        let nowhere = get(&world, &eve, &format!("/nowhere{path}")).await;
        assert_eq!(strange.status, nowhere.status, "{path}");
        let own = get(&world, &eve, &format!("/evil{path}")).await;
        assert_eq!(own.status, StatusCode::OK, "{path}");
        let nobody = get(&world, &Who::default(), &format!("/acme{path}")).await;
        assert_eq!(nobody.status, StatusCode::SEE_OTHER, "{path}");
    }
}

#[tokio::test]
async fn a_policy_is_drafted_published_and_rolled_back_by_form() {
    let world = World::new().await;
    let ada = world.owner("acme").await;
    let new = [("name", "Refunds"), ("slug", ""), ("start", "deny")];
    let created = post(&world, &ada, "/acme/policies/new", &new).await;
    assert_eq!(created.location(), "/acme/policies/refunds?done=created");

    let path = "/acme/policies/refunds";
    let etag =
        |page: &Page| page.html.split(r#"name="etag" value=""#).nth(1).unwrap()[..36].to_owned();
    let first = etag(&get(&world, &ada, path).await);
    let deny = r#"{"version":"1","default":"deny"}"#;
    let save = [
        ("document", deny),
        ("etag", first.as_str()),
        ("note", "first"),
        ("act", "publish"),
    ];
    assert_eq!(
        post(&world, &ada, path, &save).await.location(),
        "/acme/policies/refunds?done=published"
    );

    // Somebody else had the page open all the while: their text is kept in the form, and the other's is in force.
    let allow = r#"{"version":"1","default":"allow"}"#;
    let late = [
        ("document", allow),
        ("etag", first.as_str()),
        ("act", "publish"),
    ];
    let stale = post(&world, &ada, path, &late).await;
    assert_eq!(stale.status, StatusCode::PRECONDITION_FAILED);
    stale
        .has("Somebody saved this draft")
        .has("&#34;default&#34;:&#34;allow&#34;");
    let second = etag(&stale);
    let again = [
        ("document", allow),
        ("etag", second.as_str()),
        ("note", "open it"),
        ("act", "publish"),
    ];
    assert_eq!(
        post(&world, &ada, path, &again).await.status,
        StatusCode::SEE_OTHER
    );
    get(&world, &ada, "/acme/policies/refunds/versions/2")
        .await
        .has("What changed since version 1")
        .has("open it");

    let back = post(
        &world,
        &ada,
        "/acme/policies/refunds/versions/1/rollback",
        &[("note", "too open")],
    )
    .await;
    assert_eq!(back.location(), "/acme/policies/refunds?done=rolled-back");
    let versions = world
        .send(
            &ada,
            Method::GET,
            "/v1/orgs/acme/policies/refunds/versions",
            None,
        )
        .await
        .expect(200);
    assert_eq!(versions["items"][0]["number"], json!(3));

    let broken = [("document", "{"), ("note", ""), ("act", "save")];
    let page = post(&world, &ada, path, &broken).await;
    assert_eq!(page.status, StatusCode::UNPROCESSABLE_ENTITY);
    page.has("this is no JSON");
}

#[tokio::test]
async fn hostile_text_is_only_ever_text() {
    let world = World::new().await;
    let ada = world.owner("acme").await;
    let name = r#""><script>alert(1)</script><img src=x onerror=alert(1)>"#;
    let new = [("name", name), ("slug", "hostile"), ("start", "deny")];
    assert_eq!(
        post(&world, &ada, "/acme/policies/new", &new).await.status,
        StatusCode::SEE_OTHER
    );
    for path in ["/acme/policies", "/acme/policies/hostile", "/acme/events"] {
        let page = get(&world, &ada, path).await;
        page.has_not("<script>alert").has_not("<img src=x");
        let policy = page.headers[header::CONTENT_SECURITY_POLICY]
            .to_str()
            .unwrap();
        assert!(
            policy.starts_with("default-src 'none'; script-src 'self'")
                && !policy.contains("unsafe"),
            "{policy}"
        );
    }
}

#[tokio::test]
async fn a_page_that_is_not_there_says_so_in_words() {
    let world = World::new().await;
    let ada = world.owner("acme").await;
    let page = get(&world, &ada, "/acme/policies/none").await;
    assert_eq!(page.status, StatusCode::NOT_FOUND);
    page.has("There is no such thing here")
        .has("To the start page");
}

#[tokio::test]
async fn everything_that_is_wrong_with_a_sign_up_is_said_at_once() {
    let world = World::new().await;
    let fields = [("email", "not an address"), ("password", "short")];
    post(&world, &Who::default(), "/signup", &fields)
        .await
        .has(r#"id="name-fault""#)
        .has(r#"id="email-fault""#)
        .has(r#"id="password-fault""#)
        .has(r#"id="org-fault""#);
}

#[tokio::test]
async fn a_servers_settings_keep_what_was_typed_but_for_secrets() {
    let world = World::new().await;
    let ada = world.owner("acme").await;
    rows::server(&world, "acme", "desk", &[]).await;
    let page = get(&world, &ada, "/acme/servers/desk?tab=settings").await;
    let etag = page.html.split(r#"name="etag" value=""#).nth(1).unwrap();
    let etag = etag.split('"').next().unwrap();
    let settings = [
        ("etag", etag),
        ("name", "Front desk"),
        ("pinning", "block"),
        ("connect_ms", "soon"),
        ("idle_ms", "1234"),
    ];
    let page = post(&world, &ada, "/acme/servers/desk/settings", &settings).await;
    assert_eq!(page.status, StatusCode::UNPROCESSABLE_ENTITY);
    page.has(r#"value="Front desk""#)
        .has(r#"<option value="block" selected>"#)
        .has(r#"id="connect_ms-fault""#)
        .has(r#"value="soon""#)
        .has(r#"value="1234""#)
        .has_not(r#"name="sampling" value="on" checked"#);
    let place = [
        ("etag", etag),
        ("url", "nowhere"),
        ("auth", "headers"),
        ("header", "X-Key"),
        ("value", "canary-of-a-header"),
    ];
    let page = post(&world, &ada, "/acme/servers/desk/place", &place).await;
    assert_eq!(page.status, StatusCode::UNPROCESSABLE_ENTITY);
    page.has(r#"value="nowhere""#)
        .has(r#"name="auth" value="headers" checked"#)
        .has(r#"value="X-Key""#)
        .has("A value is not kept")
        .has_not("canary-of-a-header");
    // Somebody else was quicker: what was typed stands there, and saving once more is meant.
    let other = [("etag", etag), ("name", "Desk one")];
    post(&world, &ada, "/acme/servers/desk/settings", &other).await;
    let late = [("etag", etag), ("name", "Desk two")];
    let page = post(&world, &ada, "/acme/servers/desk/settings", &late).await;
    assert_eq!(page.status, StatusCode::PRECONDITION_FAILED);
    page.has(r#"value="Desk two""#).has_not(etag);
}

#[tokio::test]
async fn a_server_is_found_while_minting_and_nothing_that_was_filled_in_is_lost() {
    let world = World::new().await;
    let ada = world.owner("acme").await;
    rows::server(&world, "acme", "desk", &[]).await;
    // Of one server there is no choice; of more than the form lists, one is found.
    get(&world, &ada, "/acme/grants/new")
        .await
        .has(r#"value="desk" checked"#)
        .has_not("Find a server");
    for number in 0..60 {
        rows::server(&world, "acme", &format!("other-{number}"), &[]).await;
    }
    get(&world, &ada, "/acme/grants/new")
        .await
        .has("there are more servers")
        .has_not(r#"value="desk""#);
    let fields = [
        ("name", "An agent"),
        ("server", "other-7"),
        ("user", "bob@example.com"),
        ("q", "DESK"),
        ("act", "find"),
    ];
    let found = post(&world, &ada, "/acme/grants/new", &fields).await;
    assert_eq!(found.status, StatusCode::OK);
    found
        .has(r#"value="An agent""#)
        .has(r#"value="bob@example.com""#)
        .has(r#"value="other-7" checked"#)
        .has(r#"value="desk">"#)
        .has_not(r#"value="other-8""#);
    let grants = world.get(&ada, "/v1/orgs/acme/grants").await.expect(200);
    assert_eq!(grants["items"], json!([]), "looking mints nothing");
}
