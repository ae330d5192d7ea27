//! The pages on which people look at what happens: servers, calls, the overview, events; through the router.

#[path = "server/fake.rs"]
mod fake;
#[path = "world/rows.rs"]
mod rows;
mod world;

use axum::http::StatusCode;
use fake::Fake;
use serde_json::{Value, json};
use std::sync::{Arc, Mutex};
use world::page::{get, post};
use world::{Who, World};

fn two_tools() -> Arc<Mutex<Value>> {
    Arc::new(Mutex::new(json!([
        {"name": "read_file", "description": "Reads <b>one</b> file.", "inputSchema": {"type": "object"},
            "annotations": {"readOnlyHint": true}},
        {"name": "write_file", "description": "Writes a file.", "inputSchema": {"type": "object"}},
    ])))
}

async fn count(world: &World, query: &'static str) -> i64 {
    let mut sql = world.database.connect(&world.database.owner).await;
    sqlx::query_scalar(query).fetch_one(&mut sql).await.unwrap()
}

#[tokio::test]
async fn a_server_that_does_not_answer_is_not_kept_unless_one_says_so() {
    let world = World::new().await;
    let ada = world.owner("acme").await;
    let fields = [
        ("name", "Files"),
        ("url", "http://127.0.0.1:1/mcp"),
        ("slug", ""),
    ];
    let told = post(&world, &ada, "/acme/servers/new", &fields).await;
    assert_eq!(told.status, StatusCode::UNPROCESSABLE_ENTITY);
    told.has("Nothing was added: the server could not be reached")
        .has("value=\"Files\"")
        .has("Add it anyway");
    assert_eq!(count(&world, "select count(*) from servers").await, 0);
    let anyway = [fields.as_slice(), &[("act", "anyway")]].concat();
    let added = post(&world, &ada, "/acme/servers/new", &anyway).await;
    assert_eq!(
        (added.status, added.location()),
        (StatusCode::SEE_OTHER, "/acme/servers/files?done=created")
    );
    get(&world, &ada, "/acme/servers/files")
        .await
        .has("unreachable")
        .has("could not be reached");
}

#[tokio::test]
async fn looking_at_a_server_lists_its_tools_and_keeps_nothing() {
    let (world, server) = (World::new().await, Fake::legacy(two_tools()).await);
    let ada = world.owner("acme").await;
    let fields = [
        ("name", "Files"),
        ("url", server.url.as_str()),
        ("header", "X-Key"),
        ("value", "canary-51"),
        ("act", "look"),
    ];
    let seen = post(&world, &ada, "/acme/servers/new", &fields).await;
    assert_eq!(seen.status, StatusCode::OK);
    seen.has("It answers, with 2 tools")
        .has("read_file")
        .has_not("canary-51");
    assert!(
        server
            .asked()
            .iter()
            .all(|asked| asked.header("x-key") == "canary-51")
    );
    assert_eq!(count(&world, "select count(*) from servers").await, 0);
    assert_eq!(
        count(
            &world,
            "select count(*) from events where action like 'server%'"
        )
        .await,
        0
    );
}

#[tokio::test]
async fn a_server_is_asked_once_when_it_is_added_and_its_page_shows_what_it_said() {
    let (world, server) = (World::new().await, Fake::legacy(two_tools()).await);
    let ada = world.owner("acme").await;
    let fields = [("name", "Files"), ("url", server.url.as_str())];
    let added = post(&world, &ada, "/acme/servers/new", &fields).await;
    assert_eq!(added.location(), "/acme/servers/files?done=created");
    let lists = server
        .methods()
        .iter()
        .filter(|method| *method == "tools/list")
        .count();
    assert_eq!(lists, 1);
    get(&world, &ada, "/acme/servers/files")
        .await
        .has("read_file")
        .has("changes nothing")
        .has("Reads &#60;b&#62;one&#60;/b&#62; file.")
        .has_not("new or changed");
    get(&world, &ada, "/acme/servers/files?q=write")
        .await
        .has("write_file")
        .has_not("read_file");
    get(&world, &ada, "/acme/servers?q=FILES")
        .await
        .has("/acme/servers/files");
    get(&world, &ada, "/acme/servers?q=nothing")
        .await
        .has("No server like that");
}

#[tokio::test]
async fn a_tool_that_changed_is_marked_until_it_is_accepted_as_one_saw_it() {
    let tools = two_tools();
    let (world, server) = (World::new().await, Fake::legacy(Arc::clone(&tools)).await);
    let ada = world.owner("acme").await;
    post(
        &world,
        &ada,
        "/acme/servers/new",
        &[("name", "Files"), ("url", &server.url)],
    )
    .await;
    tools.lock().unwrap()[1]["description"] = json!("Writes a file, and mails it.");
    post(&world, &ada, "/acme/servers/files/discover", &[]).await;
    let page = get(&world, &ada, "/acme/servers/files").await;
    page.has("new or changed")
        .has("Accept write_file as it is now");
    let digest = page.hidden("digest");
    let stale = [("name", "write_file"), ("digest", "00")];
    let refused = post(&world, &ada, "/acme/servers/files/tools/accept", &stale).await;
    assert_eq!(refused.status, StatusCode::CONFLICT);
    refused.has("Nothing was accepted");
    let fields = [("name", "write_file"), ("digest", digest.as_str())];
    let accepted = post(&world, &ada, "/acme/servers/files/tools/accept", &fields).await;
    assert_eq!(accepted.location(), "/acme/servers/files?done=accepted");
    get(&world, &ada, "/acme/servers/files")
        .await
        .has_not("new or changed");
}

#[tokio::test]
async fn a_servers_settings_and_credentials_are_changed_by_form_and_no_value_is_read_back() {
    let (world, server) = (World::new().await, Fake::legacy(two_tools()).await);
    let ada = world.owner("acme").await;
    post(
        &world,
        &ada,
        "/acme/servers/new",
        &[("name", "Files"), ("url", &server.url)],
    )
    .await;
    let settings = get(&world, &ada, "/acme/servers/files?tab=settings").await;
    let etag = settings.hidden("etag");
    let fields = [
        ("etag", etag.as_str()),
        ("name", "Our files"),
        ("pinning", "block"),
        ("elicitation", "on"),
        ("connect_ms", "900"),
    ];
    let saved = post(&world, &ada, "/acme/servers/files/settings", &fields).await;
    assert_eq!(
        saved.location(),
        "/acme/servers/files?tab=settings&done=saved"
    );
    let shown = world
        .get(&ada, "/v1/orgs/acme/servers/files")
        .await
        .expect(200);
    let parts = [
        &shown["name"],
        &shown["pinning"],
        &shown["sampling"],
        &shown["elicitation"],
        &shown["timeouts"]["connect_ms"],
    ];
    assert_eq!(
        json!(parts),
        json!(["Our files", "block", false, true, 900])
    );

    // Somebody else's page is older now.
    let stale = post(&world, &ada, "/acme/servers/files/settings", &fields).await;
    assert_eq!(stale.status, StatusCode::PRECONDITION_FAILED);
    stale.has("it has changed since you read it");
    let bad = post(
        &world,
        &ada,
        "/acme/servers/files/settings",
        &[("name", "F"), ("connect_ms", "soon")],
    )
    .await;
    bad.has("expected a whole number of milliseconds");

    let headers = [
        ("url", server.url.as_str()),
        ("auth", "headers"),
        ("header", "Authorization"),
        ("value", "Bearer canary-9"),
        ("header", ""),
        ("value", ""),
    ];
    let placed = post(&world, &ada, "/acme/servers/files/place", &headers).await;
    assert_eq!(placed.status, StatusCode::SEE_OTHER, "{}", placed.html);
    for tab in ["", "?tab=settings"] {
        get(&world, &ada, &format!("/acme/servers/files{tab}"))
            .await
            .has("<code>authorization</code>")
            .has_not("canary-9");
    }
    // The credential was given for this host.
    let elsewhere = [("url", "http://127.0.0.2:9/mcp"), ("auth", "keep")];
    let refused = post(&world, &ada, "/acme/servers/files/place", &elsewhere).await;
    refused.has("the stored credential was given for the old one");
    world.clock.advance(std::time::Duration::from_mins(16));
    let unproven = post(&world, &ada, "/acme/servers/files/place", &headers).await;
    assert!(
        unproven.location().starts_with("/login/again"),
        "{}",
        unproven.location()
    );
    get(&world, &ada, "/acme/servers/files?tab=settings")
        .await
        .has("Prove it first");
}

#[tokio::test]
async fn who_may_not_write_servers_is_offered_nothing_and_refused() {
    let world = World::new().await;
    let ada = world.owner("acme").await;
    rows::server(&world, "acme", "files", &[json!({"name": "read"})]).await;
    let bob = world.member(&ada, "acme", "viewer").await;
    get(&world, &bob, "/acme/servers/files")
        .await
        .has_not("tab=settings")
        .has_not("Read its tools again");
    get(&world, &bob, "/acme/servers/files?tab=settings")
        .await
        .has_not("<form class=\"card");
    for (path, fields) in [
        ("/acme/servers/files/settings", vec![("name", "mine")]),
        (
            "/acme/servers/files/place",
            vec![("url", "http://127.0.0.1:9/mcp"), ("auth", "none")],
        ),
        (
            "/acme/servers/files/tools/accept",
            vec![("name", "read"), ("digest", "")],
        ),
        ("/acme/servers/files/remove", vec![("sure", "files")]),
        (
            "/acme/servers/new",
            vec![
                ("name", "x"),
                ("url", "http://127.0.0.1:9/mcp"),
                ("act", "look"),
            ],
        ),
    ] {
        assert_eq!(
            post(&world, &bob, path, &fields).await.status,
            StatusCode::FORBIDDEN,
            "{path}"
        );
    }
    let eve = world.owner("evil").await;
    for path in ["settings", "place", "tools/accept", "remove"] {
        let path = format!("/acme/servers/files/{path}");
        assert_eq!(
            post(&world, &eve, &path, &[("name", "x"), ("sure", "files")])
                .await
                .status,
            StatusCode::NOT_FOUND
        );
    }
}

#[tokio::test]
async fn a_servers_page_tells_which_policies_and_grants_reach_it() {
    let world = World::new().await;
    let ada = world.owner("acme").await;
    for slug in ["files", "mail"] {
        rows::server(&world, "acme", slug, &[json!({"name": "read"})]).await;
    }
    get(&world, &ada, "/acme/servers/files?tab=access")
        .await
        .has("No grant reaches it");
    let body = json!({"slug": "reading", "name": "Reading", "document": {"version": "1", "default": "deny"}});
    let path = "/v1/orgs/acme/policies";
    world.post(&ada, path, body).await.expect(201);
    world
        .post(
            &ada,
            &format!("{path}/reading/publish"),
            json!({"note": "first"}),
        )
        .await
        .expect(201);
    for (name, server, policy) in [
        ("Robot", "files", Some("reading")),
        ("Drone", "files", None),
        ("Postman", "mail", Some("reading")),
    ] {
        let attached = match policy {
            Some(policy) => json!({"server": server, "policy": policy}),
            None => json!({"server": server}),
        };
        world
            .post(
                &ada,
                "/v1/orgs/acme/grants",
                json!({"name": name, "servers": [attached]}),
            )
            .await
            .expect(201);
    }
    get(&world, &ada, "/acme/servers/files?tab=access")
        .await
        .has("Robot")
        .has("Drone")
        .has_not("Postman")
        .has("none: everything is denied")
        .has("/acme/policies/reading");
    get(&world, &ada, "/acme/calls?grant=robo")
        .await
        .has_not("No grant has");
    get(&world, &ada, "/acme/calls?grant=nobody")
        .await
        .has("No grant has “nobody” in its name.");
    get(&world, &ada, "/acme/calls?grant=o")
        .await
        .has("More than one grant");
}

/// A call that this rule of the policy denied.
async fn denied(world: &World, org: &str, policy: &str, rule: &str) -> String {
    let mut sql = world.database.connect(&world.database.owner).await;
    let id = world.app.now().id(ids::CallId::new);
    sqlx::query("select make_call_day('2026-11-22')")
        .execute(&mut sql)
        .await
        .unwrap();
    sqlx::query(
        "insert into calls (org_id, at, id, judged_at, replica, grant_id, server_id, method, tool, verdict, rule, policy_id, policy_version,
            bundle_version, limiter, argument_keys, shadow, added_us)
        select orgs.id, to_timestamp($2 / 1000.0), $3, now(), 'replica-1', servers.id, servers.id, 'tools/call', 'pay', 'deny', $4,
            policies.id, 1, 1, 'none', '{}', '[]', 250
        from orgs join servers on servers.org_id = orgs.id join policies on policies.org_id = orgs.id and policies.slug = $5
        where orgs.slug = $1",
    )
    .bind(org)
    .bind(i64::try_from(id.unix_ms()).unwrap())
    .bind(id.uuid())
    .bind(rule)
    .bind(policy)
    .execute(&mut sql)
    .await
    .unwrap();
    id.to_string()
}

#[tokio::test]
async fn one_calls_page_leads_to_the_line_of_the_rule_that_decided() {
    let world = World::new().await;
    let ada = world.owner("acme").await;
    rows::server(&world, "acme", "files", &[json!({"name": "pay"})]).await;
    let text = "{\n  \"version\": \"1\",\n  \"default\": \"deny\",\n  \"tools\": {\n    \"pay\": {\"action\": \"deny\"}\n  }\n}";
    let path = "/v1/orgs/acme/policies";
    // As it is typed, line by line: a document is kept byte for byte.
    let body = format!("{{\"slug\": \"paying\", \"name\": \"Paying\", \"document\": {text}}}");
    let created = axum::http::Request::post(path)
        .header("cookie", ada.cookie.as_deref().unwrap())
        .header("x-csrf-token", ada.csrf.as_deref().unwrap())
        .header("content-type", "application/json")
        .body(axum::body::Body::from(body));
    assert_eq!(
        world.open(created.unwrap()).await.status(),
        StatusCode::CREATED
    );
    let published = world
        .post(
            &ada,
            &format!("{path}/paying/publish"),
            json!({"note": "first"}),
        )
        .await;
    published.expect(201);
    let version = world
        .get(&ada, &format!("{path}/paying/versions/1"))
        .await
        .expect(200);
    let call = denied(&world, "acme", "paying", "/tools/pay/action").await;
    let page = get(&world, &ada, &format!("/acme/calls/{call}")).await;
    page.has("/versions/1#L")
        .has("files")
        .has("The gateway's part of it")
        .has("0.25 ms");
    let (_, rest) = page.html.split_once("/versions/1#L").unwrap();
    let line: usize = rest.split('"').next().unwrap().parse().unwrap();
    let shown = get(&world, &ada, "/acme/policies/paying/versions/1").await;
    let (_, there) = shown
        .html
        .split_once(&format!("id=\"L{line}\""))
        .unwrap_or_else(|| panic!("no line {line} of {version}"));
    assert!(there.lines().next().unwrap().contains("pay"), "{there}");
    get(
        &world,
        &ada,
        "/acme/calls?since=2026-11-22T11:00&until=2026-11-22T11:30",
    )
    .await
    .has("No call like that");
    get(&world, &ada, "/acme/calls?since=2026-11-22T11:00")
        .await
        .has(&call)
        .has("data-follow=\"/v1/orgs/acme/calls/stream?since=");
}

#[tokio::test]
async fn the_overview_and_its_chart_tell_the_last_day() {
    let world = World::new().await;
    let ada = world.owner("acme").await;
    get(&world, &ada, "/acme")
        .await
        .has("To the first judged call")
        .has_not("data-chart");
    rows::server(&world, "acme", "files", &[json!({"name": "pay"})]).await;
    let mut sql = world.database.connect(&world.database.owner).await;
    sqlx::query(
        "insert into call_counts (org_id, by, at, verdict, id, item, calls)
        select servers.org_id, by, '2026-11-22T12:00Z', verdict, case by when 'org' then servers.org_id else servers.id end, item, calls
        from servers, (values ('org', 'allow', '', 7), ('org', 'deny', '', 5), ('tool', 'deny', 'pay', 5)) as t (by, verdict, item, calls)",
    )
    .execute(&mut sql)
    .await
    .unwrap();
    sqlx::query("insert into call_latencies (org_id, by, id, hour, bucket, calls) select id, 'org', id, '2026-11-22T12:00Z', 3, 7 from orgs")
        .execute(&mut sql)
        .await
        .unwrap();
    get(&world, &ada, "/acme")
        .await
        .has("data-chart=\"hours\"")
        .has("<dt>Calls</dt><dd>12</dd>")
        .has("<dt>Refused</dt><dd>5</dd>")
        .has("<code>pay</code>")
        .has("3.0 ms");
}

#[tokio::test]
async fn events_are_told_in_words_with_both_sides_and_can_be_looked_for() {
    let world = World::new().await;
    let ada = world.owner("acme").await;
    rows::server(&world, "acme", "files", &[]).await;
    world
        .patch(
            &ada,
            "/v1/orgs/acme/servers/files",
            json!({"name": "<b>Ours</b>"}),
        )
        .await
        .expect(200);
    let page = get(&world, &ada, "/acme/events").await;
    page.has("changed name of a server")
        .has("<ins>&#60;b&#62;Ours&#60;/b&#62;</ins>")
        .has("founded the organisation");
    get(&world, &ada, "/acme/events?action=org")
        .await
        .has("founded the organisation")
        .has_not("changed name");
    get(&world, &ada, "/acme/events?action=server.changed")
        .await
        .has("changed name of a server")
        .has_not("founded");
    let server = world
        .get(&ada, "/v1/orgs/acme/servers/files")
        .await
        .expect(200)["id"]
        .as_str()
        .unwrap()
        .to_owned();
    get(&world, &ada, &format!("/acme/events?target={server}"))
        .await
        .has("changed name")
        .has_not("founded");
    get(&world, &ada, "/acme/events?until=2026-11-21T00:00")
        .await
        .has("No event like that");
    let told = world
        .get(
            &ada,
            "/v1/orgs/acme/events?action=org&since=2026-11-22T00:00:00Z",
        )
        .await
        .expect(200);
    assert_eq!(told["items"].as_array().unwrap().len(), 1);
    let bad = world
        .get(&ada, "/v1/orgs/acme/events?since=today")
        .await
        .expect(400);
    assert!(
        bad["detail"]
            .as_str()
            .unwrap()
            .contains("`since` is a time")
    );
}

#[tokio::test]
async fn the_page_of_a_new_grant_waits_for_its_first_call() {
    let world = World::new().await;
    let ada = world.owner("acme").await;
    rows::server(&world, "acme", "files", &[]).await;
    let minted = post(
        &world,
        &ada,
        "/acme/grants/new",
        &[("name", "Robot"), ("server", "files")],
    )
    .await;
    minted
        .has("data-first-call=\"/v1/orgs/acme/calls/stream?grant=grt_")
        .has("Its first call appears under Calls");
    let nobody = get(&world, &Who::default(), "/v1/orgs/acme/calls/stream").await;
    assert_eq!(nobody.status, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn whoever_has_begun_a_policy_is_led_back_to_it_until_one_is_published() {
    let (world, server) = (World::new().await, Fake::legacy(two_tools()).await);
    let ada = world.owner("acme").await;
    let added = json!({ "slug": "files", "name": "Files", "url": server.url });
    world
        .post(&ada, "/v1/orgs/acme/servers", added)
        .await
        .expect(201);
    let overview = get(&world, &ada, "/acme").await;
    overview.has("href=\"/acme/policies/new?server=files\"");
    let document = json!({ "version": "1", "default": "deny" });
    for slug in ["first", "second"] {
        let policy = json!({ "slug": slug, "name": slug, "document": document });
        world
            .post(&ada, "/v1/orgs/acme/policies", policy)
            .await
            .expect(201);
    }
    let overview = get(&world, &ada, "/acme").await;
    overview.has("<a href=\"/acme/policies/second\">Publish the policy</a> that you have begun");
    let grant = get(&world, &ada, "/acme/grants/new").await;
    grant.has("all its calls are denied");
    world
        .post(
            &ada,
            "/v1/orgs/acme/policies/first/publish",
            json!({ "note": "" }),
        )
        .await
        .expect(201);
    let overview = get(&world, &ada, "/acme").await;
    overview.has("Publish a policy").has_not("have begun");
    let grant = get(&world, &ada, "/acme/grants/new").await;
    grant.has_not("all its calls are denied");
}
