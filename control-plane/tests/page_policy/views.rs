//! A call tried, what would change, versions line by line, and where a draft begins.

use crate::site::Acme;
use crate::world::page::post;
use axum::http::StatusCode;
use serde_json::json;

const DRAFT: &str = "{\n  \"version\": \"1\",\n  \"default\": \"deny\",\n  \"tools\": {\n    \"create_refund\": {\n      \"deny_if\": [\n        { \"conditions\": [ { \"path\": \"args.amount\", \"op\": \"gt\", \"value\": 3 } ] }\n      ]\n    }\n  }\n}";

#[tokio::test]
async fn a_call_is_tried_with_arguments_of_the_tools_schema_and_leads_to_the_line_that_decides() {
    let acme = Acme::with(&json!({})).await;
    let etag = acme.get("").await.hidden("etag");
    let fields = [
        ("document", DRAFT),
        ("etag", etag.as_str()),
        ("act", "publish"),
        ("note", "first"),
    ];
    assert_eq!(acme.post("", &fields).await.status, StatusCode::SEE_OTHER);

    let page = acme.get("/try?server=desk&tool=create_refund").await;
    page.has("&#34;amount&#34;: 5").has(r#"id="L7""#);
    let call = [
        ("server", "desk"),
        ("tool", "create_refund"),
        ("arguments", r#"{"amount": 5}"#),
    ];
    let tried = acme.post("/try", &call).await;
    assert_eq!(tried.status, StatusCode::OK);
    tried.has(
        r##"<a href="#L7"><code>/tools/create_refund/deny_if/args.amount-gt</code>, line 7</a>"##,
    );
    let other = [
        ("server", "desk"),
        ("tool", "list_customers"),
        ("arguments", "{}"),
    ];
    acme.post("/try", &other)
        .await
        .has(r##"<a href="#L3"><code>(default deny)</code>"##);
    let broken = [
        ("server", "desk"),
        ("tool", "create_refund"),
        ("arguments", "{"),
    ];
    let refused = acme.post("/try", &broken).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    refused.has("The arguments are no JSON");
    acme.get("/versions/1").await.has(r#"<span id="L7">"#);
}

#[tokio::test]
async fn what_the_draft_would_change_is_said_in_words_and_line_by_line() {
    let acme = Acme::with(&json!({ "version": "1", "default": "deny" })).await;
    acme.get("/changes")
        .await
        .has("Nothing to compare with yet");
    acme.world
        .post(
            &acme.ada,
            "/v1/orgs/acme/policies/calls/publish",
            json!({ "note": "" }),
        )
        .await
        .expect(201);
    acme.get("/changes").await.has("They mean the same");
    let open = json!({ "document": { "version": "1", "default": "allow" } });
    acme.world
        .put(&acme.ada, "/v1/orgs/acme/policies/calls/draft", open)
        .await
        .expect(200);
    let page = acme.get("/changes").await;
    page.has("changes `default` from `&#34;deny&#34;` to `&#34;allow&#34;`");
    page.has("<del>-   &#34;default&#34;: &#34;deny&#34;")
        .has("<ins>+   &#34;default&#34;: &#34;allow&#34;");
    acme.get("/changes?from=draft&to=1")
        .await
        .has("from `&#34;allow&#34;` to `&#34;deny&#34;`");
    for nowhere in ["?from=9", "?from=x", "?to=9"] {
        assert_eq!(
            acme.get(&format!("/changes{nowhere}")).await.status,
            StatusCode::NOT_FOUND,
            "{nowhere}"
        );
    }
}

#[tokio::test]
async fn a_policy_begins_with_what_a_server_says_of_its_tools() {
    let acme = Acme::with(&json!({})).await;
    let new = [
        ("name", "Starter"),
        ("slug", ""),
        ("start", "tools"),
        ("server", "desk"),
    ];
    let made = post(&acme.world, &acme.ada, "/acme/policies/new", &new).await;
    assert_eq!(
        made.location(),
        "/acme/policies/starter/tools?server=desk&done=created"
    );
    let policy = acme
        .world
        .get(&acme.ada, "/v1/orgs/acme/policies/starter")
        .await
        .expect(200);
    let expected = json!({ "version": "1", "default": "deny", "tools": {
        "list_customers": {},
        "create_refund": { "action": "require_approval" },
        "delete_customer": { "action": "require_approval" },
        "internal_reset": { "action": "require_approval" },
    } });
    assert_eq!(policy["draft"]["document"], expected);
    let without = [("name", "Other"), ("start", "tools"), ("server", "")];
    let without = post(&acme.world, &acme.ada, "/acme/policies/new", &without).await;
    assert_eq!(without.status, StatusCode::UNPROCESSABLE_ENTITY);
    without.has(r#"id="server-fault""#);
}

#[tokio::test]
async fn what_stands_at_the_top_is_changed_by_form() {
    let acme = Acme::with(&json!({ "version": "1", "default": "deny", "tools": {} })).await;
    let etag = acme.get("/settings").await.hidden("etag");
    let top = [
        ("default", "allow"),
        ("hide", "internal_*\r\n@financial\r\n"),
        ("timezone", "Europe/Berlin"),
        ("methods", "listed"),
        ("method", "prompts"),
    ];
    let saved = acme
        .post(
            "/settings",
            &[&[("etag", etag.as_str())], &top[..]].concat(),
        )
        .await;
    assert_eq!(saved.status, StatusCode::SEE_OTHER);
    assert_eq!(
        acme.draft().await,
        json!({ "version": "1", "default": "allow", "tools": {}, "timezone": "Europe/Berlin", "hide": ["internal_*", "@financial"], "methods": ["prompts"] })
    );
    let page = acme.get("/settings").await;
    let wrong = [
        ("etag", page.hidden("etag")),
        ("default", "allow".to_owned()),
        ("hide", "@nothing".to_owned()),
        ("timezone", "Mars/Olympus".to_owned()),
        ("methods", "default".to_owned()),
    ];
    let wrong: Vec<(&str, &str)> = wrong
        .iter()
        .map(|(name, value)| (*name, value.as_str()))
        .collect();
    let refused = acme.post("/settings", &wrong).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    refused
        .has(r#"id="hide-fault""#)
        .has(r#"id="timezone-fault""#)
        .has("@nothing")
        .has("Mars/Olympus");
    assert_eq!(acme.draft().await["timezone"], "Europe/Berlin");
}

#[tokio::test]
async fn who_may_only_look_is_offered_no_change_and_refused_one() {
    let acme = Acme::with(&json!({ "version": "1", "default": "deny", "tools": { "create_refund": { "deny_if": [ { "conditions": [] } ] } } })).await;
    let etag = acme.get("").await.hidden("etag");
    let viewer = acme.world.member(&acme.ada, "acme", "viewer").await;
    let acme = Acme {
        ada: viewer,
        ..acme
    };
    for view in [
        "",
        "/tools",
        "/entry",
        "/entry?for=create_refund",
        "/settings",
        "/try",
        "/changes",
    ] {
        let page = acme.get(view).await;
        assert_eq!(page.status, StatusCode::OK, "{view}");
        page.has_not("Save")
            .has_not("Remove it")
            .has_not("Add this");
    }
    let forms: [(&str, &[(&str, &str)]); 3] = [
        (
            "/tools",
            &[
                ("tool", "list_customers"),
                ("was", "none"),
                ("word", "allow"),
            ],
        ),
        (
            "/entry",
            &[
                ("for", "create_refund"),
                ("act", "drop"),
                ("list", "deny_if"),
                ("index", "0"),
            ],
        ),
        ("/settings", &[("default", "allow"), ("methods", "default")]),
    ];
    for (path, fields) in forms {
        let refused = acme
            .post(path, &[&[("etag", etag.as_str())], fields].concat())
            .await;
        assert_eq!(refused.status, StatusCode::FORBIDDEN, "{path}");
    }
}
