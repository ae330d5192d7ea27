//! Policies: drafts, versions, checks and explanations, through the router.

mod world;
#[path = "world/rows.rs"]
mod rows;

use axum::body::Body;
use axum::http::{Method, Request, header};
use http_body_util::BodyExt;
use serde_json::{Value, json};
use std::time::Duration;
use world::{Answer, Who, World};

const POLICIES: &str = "/v1/orgs/acme/policies";

async fn acme() -> (World, Who) {
    let world = World::new().await;
    let ann = world.owner("acme").await;
    (world, ann)
}

async fn created(world: &World, who: &Who, slug: &str, document: Value) -> Value {
    let body = json!({ "slug": slug, "name": format!("The {slug} policy"), "document": document });
    world.post(who, POLICIES, body).await.expect(201)
}

async fn published(world: &World, who: &Who, slug: &str) -> Value {
    let path = format!("{POLICIES}/{slug}/publish");
    world.post(who, &path, json!({ "note": "why not" })).await.expect(201)
}

async fn with_role(world: &World, ann: &Who, role: &str) -> Who {
    let body = json!({ "name": role, "role": role });
    let key = world.post(ann, "/v1/orgs/acme/api-keys", body).await.expect(201);
    Who { key: Some(key["secret"].as_str().unwrap().to_owned()), ..Who::default() }
}

/// A body exactly as it is written.
async fn send_text(world: &World, who: &Who, method: Method, path: &str, text: &str) -> Answer {
    let request = Request::builder()
        .method(method)
        .uri(path)
        .header(header::COOKIE, who.cookie.as_deref().unwrap())
        .header("x-csrf-token", who.csrf.as_deref().unwrap())
        .header(header::CONTENT_TYPE, "application/json")
        .body(Body::from(text.to_owned()))
        .unwrap();
    let (parts, body) = world.open(request).await.into_parts();
    let bytes = body.collect().await.unwrap().to_bytes();
    Answer { status: parts.status, headers: parts.headers, text: String::from_utf8(bytes.to_vec()).unwrap() }
}

fn allows(tools: &[&str]) -> Value {
    let tools: serde_json::Map<_, _> = tools.iter().map(|tool| ((*tool).to_owned(), json!({}))).collect();
    json!({ "version": "1", "default": "deny", "tools": tools })
}

#[tokio::test]
async fn a_new_policy_denies_everything_and_is_found_by_slug_and_by_id() {
    let (world, ann) = acme().await;
    let answer = world.post(&ann, POLICIES, json!({ "slug": "support", "name": "Support" })).await;
    let etag = answer.headers["etag"].to_str().unwrap().to_owned();
    let made = answer.expect(201);
    assert_eq!(etag, format!("\"{}\"", made["etag"].as_str().unwrap()));
    assert_eq!(made["draft"]["document"], json!({ "version": "1", "default": "deny" }));
    assert_eq!((&made["published"], &made["draft"]["findings"]), (&json!(null), &json!([])));
    assert!(made["id"].as_str().unwrap().starts_with("pol_"));
    let by_slug = world.get(&ann, &format!("{POLICIES}/support")).await.expect(200);
    let by_id = world.get(&ann, &format!("{POLICIES}/{}", made["id"].as_str().unwrap())).await.expect(200);
    assert_eq!((&by_slug, &by_id), (&made, &made));
    world.get(&ann, &format!("{POLICIES}/missing")).await.expect(404);
    world.post(&ann, POLICIES, json!({ "slug": "support", "name": "Again" })).await.expect(409);
    for slug in ["check", "explain", "new", "-a", "A"] {
        let problem = world.post(&ann, POLICIES, json!({ "slug": slug, "name": "No" })).await.expect(422);
        assert_eq!(problem["errors"][0]["pointer"], "/slug");
    }
}

#[tokio::test]
async fn a_draft_is_kept_byte_for_byte_however_wrong_and_its_findings_name_the_line() {
    let (world, ann) = acme().await;
    created(&world, &ann, "support", allows(&[])).await;
    let document = "{\n  \"version\": \"1\",\n  \"default\" : \"deny\",\n  \"tools\": { \"a\": {}, \"\\u0061\": {} },\n  \
                    \"big\": 123456789012345678901234567890.10\n}";
    let path = format!("{POLICIES}/support/draft");
    let saved = send_text(&world, &ann, Method::PUT, &path, &format!("{{\"document\": {document} }}")).await.expect(200);
    let found: Vec<(&str, u64, u64)> = saved["findings"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| (it["code"].as_str().unwrap(), it["line"].as_u64().unwrap(), it["column"].as_u64().unwrap()))
        .collect();
    assert_eq!(found, [("repeated_key", 4, 23), ("unknown_key", 5, 3)]);
    assert!(saved["findings"].as_array().unwrap().iter().all(|it| it["level"] == "error"));
    let shown = world.get(&ann, &format!("{POLICIES}/support")).await;
    assert!(shown.text.contains(document), "{}", shown.text);
    let shown = shown.expect(200);
    assert_eq!((&shown["draft"]["findings"], &shown["draft"]["etag"]), (&saved["findings"], &saved["etag"]));

    for any in ["null", "[1, 2]", "\"text\"", "{}"] {
        let body = format!("{{\"document\":{any}}}");
        let saved = send_text(&world, &ann, Method::PUT, &path, &body).await.expect(200);
        assert_eq!(saved["findings"][0]["level"], "error", "{any}");
    }
    for no in ["{}", "{\"document\":{}, \"more\":1}", "{\"document\": 01}"] {
        let status = send_text(&world, &ann, Method::PUT, &path, no).await.status.as_u16();
        assert!([400, 422].contains(&status), "{no}: {status}");
    }
}

#[tokio::test]
async fn a_document_over_its_bound_is_a_finding_and_cannot_be_published() {
    let (world, ann) = acme().await;
    created(&world, &ann, "support", allows(&[])).await;
    let document = json!({ "version": "1", "default": "deny", "tools": { "a": { "reason": "x".repeat(256 << 10) } } });
    let saved = world.put(&ann, &format!("{POLICIES}/support/draft"), json!({ "document": document })).await.expect(200);
    assert_eq!(saved["findings"][0]["code"], "too_long");
    let problem = world.post(&ann, &format!("{POLICIES}/support/publish"), json!({ "note": "" })).await.expect(422);
    assert_eq!(problem["findings"][0]["code"], "too_long");
    let much = json!({ "document": "x".repeat(2 << 20) });
    world.put(&ann, &format!("{POLICIES}/support/draft"), much).await.expect(413);
}

#[tokio::test]
async fn who_saves_over_a_draft_they_have_not_seen_is_told_so() {
    let (world, ann) = acme().await;
    let made = created(&world, &ann, "support", allows(&[])).await;
    let draft = format!("{POLICIES}/support/draft");
    let save = async |etag: &str| {
        let body = json!({ "document": allows(&["a"]) });
        world.send_with(&ann, Method::PUT, &draft, Some(body), &[("if-match", &format!("\"{etag}\""))]).await
    };
    let first = made["draft"]["etag"].as_str().unwrap();
    let saved = save(first).await;
    assert_eq!(saved.headers["etag"], format!("\"{}\"", saved.json()["etag"].as_str().unwrap()));
    saved.expect(200);
    let problem = save(first).await.expect(412);
    assert_eq!(problem["type"], "/problems/stale-version");
    save(made["etag"].as_str().unwrap()).await.expect(412);
    // The etag of the whole policy stands for its draft too.
    let whole = world.get(&ann, &format!("{POLICIES}/support")).await.expect(200);
    save(whole["etag"].as_str().unwrap()).await.expect(200);
    save("nonsense").await.expect(412);

    let publish = format!("{POLICIES}/support/publish");
    world.post(&ann, &publish, json!({ "note": "n", "etag": first })).await.expect(412);
    let now = world.get(&ann, &format!("{POLICIES}/support")).await.expect(200);
    world.post(&ann, &publish, json!({ "note": "n", "etag": now["draft"]["etag"] })).await.expect(201);
}

#[tokio::test]
async fn a_name_changes_with_its_etag() {
    let (world, ann) = acme().await;
    let made = created(&world, &ann, "support", allows(&[])).await;
    let (path, etag) = (format!("{POLICIES}/support"), made["etag"].as_str().unwrap());
    let rename = async |path: &str, change: Value| {
        world.send_with(&ann, Method::PATCH, path, Some(change), &[("if-match", etag)]).await
    };
    let changed = rename(&path, json!({ "name": "Help", "slug": "help" })).await.expect(200);
    assert_eq!((&changed["name"], &changed["slug"], &changed["draft"]["etag"]), (&json!("Help"), &json!("help"), &made["draft"]["etag"]));
    world.get(&ann, &path).await.expect(404);
    rename(&format!("{POLICIES}/help"), json!({ "name": "Late" })).await.expect(412);
    created(&world, &ann, "other", allows(&[])).await;
    world.patch(&ann, &format!("{POLICIES}/other"), json!({ "slug": "help" })).await.expect(409);
    world.patch(&ann, &format!("{POLICIES}/other"), json!({ "name": "" })).await.expect(422);
    world.patch(&ann, &format!("{POLICIES}/other"), json!({ "draft": {} })).await.expect(422);
}

#[tokio::test]
async fn publishing_freezes_the_draft_under_the_next_number_with_the_digest_of_what_it_says() {
    let (world, ann) = acme().await;
    created(&world, &ann, "support", Value::Null).await;
    let draft = format!("{POLICIES}/support/draft");
    let spelt = "{\"document\":{ \"default\": \"deny\",\n\"version\":\"1\" }}";
    send_text(&world, &ann, Method::PUT, &draft, spelt).await.expect(200);
    let publish = format!("{POLICIES}/support/publish");
    let first = world.post(&ann, &publish, json!({ "note": "Begin" })).await.expect(201);
    let digest = seal::to_hex(&seal::sha256(br#"{"default":"deny","version":"1"}"#));
    assert_eq!(
        first,
        json!({ "number": 1, "digest": digest, "published_at": "2026-11-22T12:00:00Z", "author": "Person 0", "note": "Begin", "findings": [] })
    );
    let mut first = first;
    first.as_object_mut().unwrap().remove("findings");
    world.put(&ann, &draft, json!({ "document": allows(&["a"]) })).await.expect(200);
    assert_eq!(published(&world, &ann, "support").await["number"], 2);
    let policy = world.get(&ann, &format!("{POLICIES}/support")).await.expect(200);
    assert_eq!(policy["published"], 2);

    let versions = world.get(&ann, &format!("{POLICIES}/support/versions?limit=1")).await.expect(200);
    assert_eq!((&versions["items"][0]["number"], &versions["next_cursor"]), (&json!(2), &json!("2")));
    let versions = world.get(&ann, &format!("{POLICIES}/support/versions?limit=1&cursor=2")).await.expect(200);
    assert_eq!((&versions["items"], &versions["next_cursor"]), (&json!([first]), &json!(null)));
    let shown = world.get(&ann, &format!("{POLICIES}/support/versions/1")).await;
    assert!(shown.text.contains("{ \"default\": \"deny\",\n\"version\":\"1\" }"), "{}", shown.text);
    for missing in ["3", "0", "one", "99999999999"] {
        world.get(&ann, &format!("{POLICIES}/support/versions/{missing}")).await.expect(404);
    }
}

#[tokio::test]
async fn what_does_not_compile_is_not_published_and_every_error_is_told() {
    let (world, ann) = acme().await;
    let document = json!({ "version": "2", "default": "deny", "tools": { "a": { "action": "dney" } } });
    let made = created(&world, &ann, "support", document).await;
    let problem = world.post(&ann, &format!("{POLICIES}/support/publish"), json!({ "note": "" })).await.expect(422);
    let pointers: Vec<&str> =
        problem["findings"].as_array().unwrap().iter().map(|it| it["pointer"].as_str().unwrap()).collect();
    assert_eq!(pointers, ["/tools/a/action", "/version"], "in the order of the text");
    assert_eq!(made["draft"]["findings"], problem["findings"]);
    let versions = world.get(&ann, &format!("{POLICIES}/support/versions")).await.expect(200);
    assert_eq!(versions["items"], json!([]));
    let long = json!({ "note": "x".repeat(1_001) });
    let problem = world.post(&ann, &format!("{POLICIES}/support/publish"), long).await.expect(422);
    assert_eq!(problem["errors"][0]["pointer"], "/note");
}

#[tokio::test]
async fn a_rollback_publishes_the_old_document_anew_and_leaves_the_draft() {
    let (world, ann) = acme().await;
    created(&world, &ann, "support", allows(&["a"])).await;
    let first = published(&world, &ann, "support").await;
    let path = format!("{POLICIES}/support");
    world.put(&ann, &format!("{path}/draft"), json!({ "document": allows(&["a", "b"]) })).await.expect(200);
    let second = published(&world, &ann, "support").await;
    let body = json!({ "version": 1, "note": "b was too much" });
    let third = world.post(&ann, &format!("{path}/rollback"), body).await.expect(201);
    assert_eq!((&third["number"], &third["digest"]), (&json!(3), &first["digest"]));
    assert_ne!(third["digest"], second["digest"]);
    let policy = world.get(&ann, &path).await.expect(200);
    assert_eq!((&policy["published"], &policy["draft"]["document"]), (&json!(3), &allows(&["a", "b"])));
    let problem = world.post(&ann, &format!("{path}/rollback"), json!({ "version": 9, "note": "" })).await.expect(422);
    assert_eq!(problem["errors"][0]["pointer"], "/version");

    let diff = world.get(&ann, &format!("{path}/versions/3/diff/2")).await.expect(200);
    assert_eq!(diff["changes"], json!([{ "pointer": "/tools/b", "kind": "added", "after": {} }]));
    assert_eq!(diff["words"], json!(["adds the entry for `b`: `{}`"]));
    let same = world.get(&ann, &format!("{path}/versions/1/diff/3")).await.expect(200);
    assert_eq!(same, json!({ "changes": [], "words": [] }));
    world.get(&ann, &format!("{path}/versions/1/diff/9")).await.expect(404);

    let events = world.get(&ann, "/v1/orgs/acme/events").await.expect(200);
    let said = events["items"].as_array().unwrap().iter().find(|it| it["action"] == "policy.rolled_back").unwrap();
    assert_eq!((&said["detail"]["version"], &said["detail"]["to"], &said["target"]), (&json!(3), &json!(1), &policy["id"]));
}

#[tokio::test(flavor = "multi_thread")]
async fn many_who_publish_at_once_get_numbers_without_a_gap() {
    let (world, ann) = acme().await;
    created(&world, &ann, "support", allows(&[])).await;
    let path = format!("{POLICIES}/support/publish");
    let all = (0..20).map(|_| world.post(&ann, &path, json!({ "note": "race" })));
    let answers = futures_util::future::join_all(all).await;
    let mut numbers: Vec<u64> = answers.into_iter().map(|it| it.expect(201)["number"].as_u64().unwrap()).collect();
    numbers.sort_unstable();
    assert_eq!(numbers, (1..=20).collect::<Vec<_>>());
}

#[tokio::test]
async fn policies_are_listed_newest_first_without_their_documents() {
    let (world, ann) = acme().await;
    for slug in ["one", "two", "three"] {
        created(&world, &ann, slug, allows(&[])).await;
        world.clock.advance(Duration::from_millis(1));
    }
    let page = world.get(&ann, &format!("{POLICIES}?limit=2")).await.expect(200);
    let slugs = |page: &Value| -> Vec<String> {
        page["items"].as_array().unwrap().iter().map(|it| it["slug"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(slugs(&page), ["three", "two"]);
    assert_eq!(page["items"][0]["draft"].get("document"), None);
    let next = format!("{POLICIES}?limit=2&cursor={}", page["next_cursor"].as_str().unwrap());
    let page = world.get(&ann, &next).await.expect(200);
    assert_eq!((slugs(&page), &page["next_cursor"]), (vec!["one".to_owned()], &json!(null)));
    let bob = world.owner("other").await;
    world.get(&bob, &format!("{POLICIES}/one")).await.expect(404);
    assert_eq!(world.get(&bob, "/v1/orgs/other/policies").await.expect(200)["items"], json!([]));
    world.get(&bob, "/v1/orgs/other/policies/one").await.expect(404);
}

#[tokio::test]
async fn a_policy_stays_while_a_grant_is_attached_and_goes_with_its_versions() {
    let (world, ann) = acme().await;
    rows::server(&world, "acme", "files", &[]).await;
    let made = created(&world, &ann, "support", allows(&[])).await;
    published(&world, &ann, "support").await;
    let body = json!({ "name": "robot", "servers": [{ "server": "files", "policy": "support", "version": 1 }] });
    let grant = world.post(&ann, "/v1/orgs/acme/grants", body).await.expect(201);
    let path = format!("{POLICIES}/support");
    let problem = world.delete(&ann, &path).await.expect(409);
    assert!(problem["detail"].as_str().unwrap().contains("`robot`"));
    let grant = format!("/v1/orgs/acme/grants/{}", grant["id"].as_str().unwrap());
    world.post(&ann, &format!("{grant}/revoke"), Value::Null).await.expect(200);
    let stale = made["etag"].as_str().unwrap();
    world.send_with(&ann, Method::DELETE, &path, None, &[("if-match", stale)]).await.expect(412);
    world.delete(&ann, &path).await.expect(204);
    world.get(&ann, &path).await.expect(404);
    assert_eq!(world.get(&ann, &grant).await.expect(200)["servers"][0]["policy"], json!(null));
    created(&world, &ann, "support", allows(&[])).await;
    assert_eq!(published(&world, &ann, "support").await["number"], 1, "the slug is free, its history gone");
}

#[tokio::test]
async fn policy_managers_write_policies_and_viewers_read_them() {
    let (world, ann) = acme().await;
    let manager = with_role(&world, &ann, "policy_manager").await;
    created(&world, &manager, "support", allows(&["a"])).await;
    world.put(&manager, &format!("{POLICIES}/support/draft"), json!({ "document": allows(&["b"]) })).await.expect(200);
    published(&world, &manager, "support").await;
    for role in ["viewer", "auditor", "approver"] {
        let who = with_role(&world, &ann, role).await;
        world.get(&who, POLICIES).await.expect(200);
        world.get(&who, &format!("{POLICIES}/support/versions/1")).await.expect(200);
        let asked = json!({ "policy": "support", "call": { "tool": "b" } });
        world.post(&who, &format!("{POLICIES}/explain"), asked).await.expect(200);
        world.post(&who, POLICIES, json!({ "slug": "mine", "name": "Mine" })).await.expect(403);
        world.put(&who, &format!("{POLICIES}/support/draft"), json!({ "document": {} })).await.expect(403);
        world.post(&who, &format!("{POLICIES}/support/publish"), json!({ "note": "" })).await.expect(403);
        world.post(&who, &format!("{POLICIES}/support/rollback"), json!({ "version": 1, "note": "" })).await.expect(403);
        world.post(&who, &format!("{POLICIES}/check"), json!({ "document": {} })).await.expect(403);
        world.patch(&who, &format!("{POLICIES}/support"), json!({ "name": "Mine" })).await.expect(403);
        world.delete(&who, &format!("{POLICIES}/support")).await.expect(403);
    }
}

#[tokio::test]
async fn a_check_says_what_is_wrong_saves_nothing_and_knows_the_tools_of_a_server() {
    let (world, ann) = acme().await;
    let tool = json!({ "name": "read_file", "inputSchema": { "type": "object", "properties": { "path": {} } } });
    rows::server(&world, "acme", "files", &[tool]).await;
    let check = format!("{POLICIES}/check");
    let text = "{\"document\":\n{\"version\":\"1\",\n \"defualt\":\"deny\"}}";
    let found = send_text(&world, &ann, Method::POST, &check, text).await.expect(200);
    let finding = &found["findings"][0];
    let found: Vec<&str> = found["findings"].as_array().unwrap().iter().map(|it| it["code"].as_str().unwrap()).collect();
    assert_eq!(found, ["missing_key", "unknown_key"]);
    assert_eq!((&finding["line"], &finding["column"]), (&json!(1), &json!(1)));

    let document = allows(&["read_file", "raed_file"]);
    let found = world.post(&ann, &check, json!({ "document": document })).await.expect(200);
    assert_eq!(found, json!({ "findings": [] }));
    let found = world.post(&ann, &check, json!({ "document": document, "server": "files" })).await.expect(200);
    assert_eq!(found["findings"].as_array().unwrap().len(), 1, "{found}");
    assert_eq!((&found["findings"][0]["level"], &found["findings"][0]["pointer"]), (&json!("warning"), &json!("/tools/raed_file")));
    world.post(&ann, &check, json!({ "document": document, "server": "nowhere" })).await.expect(422);
    assert_eq!(world.get(&ann, POLICIES).await.expect(200)["items"], json!([]));
}

#[tokio::test]
async fn a_policy_in_use_is_warned_for_the_servers_it_judges_and_of_shadows_that_stay() {
    let (world, ann) = acme().await;
    rows::server(&world, "acme", "files", &[json!({ "name": "read_file" })]).await;
    let document = json!({ "version": "1", "default": "deny", "tools": { "raed_file": {}, "read_file": { "mode": "shadow" } } });
    let made = created(&world, &ann, "support", document.clone()).await;
    assert_eq!(made["draft"]["findings"], json!([]), "it is for no server in particular yet");
    published(&world, &ann, "support").await;
    let body = json!({ "name": "robot", "servers": [{ "server": "files", "policy": "support" }] });
    world.post(&ann, "/v1/orgs/acme/grants", body).await.expect(201);
    let warned = |findings: &Value| -> Vec<String> {
        let each = findings.as_array().unwrap().iter();
        each.map(|it| format!("{} {}", it["level"].as_str().unwrap(), it["pointer"].as_str().unwrap())).collect()
    };
    let draft = format!("{POLICIES}/support/draft");
    // A session does not live as long as a shadow.
    let later = async |days: u64| {
        world.clock.advance(Duration::from_secs(days * 86_400));
        let login = json!({ "email": "person-0@example.com", "password": world::PASSWORD });
        world::signed_in(world.post(&Who::default(), "/v1/login", login).await, 200)
    };
    let ann = later(30).await;
    let saved = world.put(&ann, &draft, json!({ "document": document })).await.expect(200);
    assert_eq!(warned(&saved["findings"]), ["warning /tools/raed_file"]);
    let ann = later(1).await;
    let both = ["warning /tools/raed_file", "warning /tools/read_file/mode"];
    let shown = world.get(&ann, &format!("{POLICIES}/support")).await.expect(200);
    assert_eq!(warned(&shown["draft"]["findings"]), both);
    let again = published(&world, &ann, "support").await;
    assert_eq!((&again["number"], warned(&again["findings"])), (&json!(2), both.map(str::to_owned).to_vec()));
}

#[tokio::test]
async fn nesting_without_end_is_a_finding() {
    let (world, ann) = acme().await;
    created(&world, &ann, "support", allows(&[])).await;
    let deep = format!("{{\"document\":{}{}}}", "[".repeat(100_000), "]".repeat(100_000));
    let saved = send_text(&world, &ann, Method::PUT, &format!("{POLICIES}/support/draft"), &deep).await.expect(200);
    assert_eq!(saved["findings"][0]["code"], "too_deep");
    let shown = world.get(&ann, &format!("{POLICIES}/support")).await;
    assert_eq!((shown.status.as_u16(), shown.text.matches('[').count() > 100_000), (200, true));
}
