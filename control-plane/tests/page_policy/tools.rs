//! The table of tools.

use crate::site::Acme;
use crate::world::page;
use axum::http::StatusCode;
use serde_json::{Value, json};

fn plain() -> Value {
    json!({ "version": "1", "default": "deny", "tools": {} })
}

/// The three fields of one tool, side by side.
fn choice<'f>(tool: &'f str, was: &'f str, word: &'f str) -> [(&'f str, &'f str); 3] {
    [("tool", tool), ("was", was), ("word", word)]
}

#[tokio::test]
async fn words_that_are_chosen_for_tools_are_in_the_published_document() {
    let acme = Acme::with(&plain()).await;
    let etag = acme.get("/tools").await.hidden("etag");
    let mut fields = vec![
        ("server", "desk"),
        ("etag", etag.as_str()),
        ("note", "by form"),
        ("act", "publish"),
    ];
    fields.extend(choice("list_customers", "none", "allow"));
    fields.extend(choice("create_refund", "none", "approve"));
    fields.extend(choice("delete_customer", "none", "deny"));
    fields.extend(choice("internal_reset", "none", "hide"));
    let saved = acme.post("/tools", &fields).await;
    assert_eq!(
        saved.location(),
        "/acme/policies/calls/tools?server=desk&done=published"
    );
    let version = acme
        .world
        .get(&acme.ada, "/v1/orgs/acme/policies/calls/versions/1")
        .await
        .expect(200);
    let expected = json!({ "version": "1", "default": "deny", "tools": {
        "list_customers": {},
        "create_refund": { "action": "require_approval" },
        "delete_customer": { "action": "deny" },
        "internal_reset": { "action": "hide" },
    } });
    assert_eq!(
        (&version["document"], &version["note"]),
        (&expected, &json!("by form"))
    );

    let etag = acme.get("/tools").await.hidden("etag");
    let mut back = vec![("etag", etag.as_str()), ("act", "save")];
    back.extend(choice("create_refund", "approve", "none"));
    assert_eq!(
        acme.post("/tools", &back).await.status,
        StatusCode::SEE_OTHER
    );
    assert_eq!(acme.draft().await["tools"].get("create_refund"), None);
}

#[tokio::test]
async fn rules_are_dropped_for_a_word_only_when_that_is_said() {
    let rules = json!({ "deny_if": [ { "conditions": [] } ], "reason": "so" });
    let document =
        json!({ "version": "1", "default": "deny", "tools": { "create_refund": rules } });
    let acme = Acme::with(&document).await;
    let page = acme.get("/tools").await;
    page.has("1 condition to deny")
        .has(r#"<option value="custom" selected>"#);
    let etag = page.hidden("etag");
    let mut fields = vec![("etag", etag.as_str()), ("act", "save")];
    fields.extend(choice("list_customers", "none", "allow"));
    fields.extend(choice("create_refund", "custom", "deny"));
    let asked = acme.post("/tools", &fields).await;
    assert_eq!(asked.status, StatusCode::UNPROCESSABLE_ENTITY);
    asked
        .has("These rules would be dropped")
        .has("deny_if")
        .has(r#"<option value="deny" selected>"#);
    assert_eq!(acme.draft().await, document);

    fields.push(("drop", "yes"));
    assert_eq!(
        acme.post("/tools", &fields).await.status,
        StatusCode::SEE_OTHER
    );
    assert_eq!(
        acme.draft().await["tools"],
        json!({ "create_refund": { "reason": "so", "action": "deny" }, "list_customers": {} })
    );
}

#[tokio::test]
async fn what_is_not_chosen_anew_stays_as_it_is_written() {
    let custom = json!({ "limits": [ { "counter": "c", "window": "day", "max": 1 } ] });
    let document = json!({ "version": "1", "default": "deny", "tools": { "create_refund": custom, "other": { "mode": "shadow" } } });
    let acme = Acme::with(&document).await;
    let etag = acme.get("/tools").await.hidden("etag");
    let mut fields = vec![("etag", etag.as_str()), ("act", "save")];
    fields.extend(choice("create_refund", "custom", "custom"));
    fields.extend(choice("list_customers", "none", "allow"));
    acme.post("/tools", &fields).await;
    let mut expected = document;
    expected["tools"]["list_customers"] = json!({});
    assert_eq!(acme.draft().await, expected);
}

#[tokio::test]
async fn two_people_at_one_draft_lose_nothing() {
    let acme = Acme::with(&plain()).await;
    let mine = acme.get("/tools").await.hidden("etag");
    let theirs = json!({ "version": "1", "default": "deny", "tools": { "delete_customer": { "action": "deny" } } });
    let body = json!({ "document": theirs });
    acme.world
        .put(&acme.ada, "/v1/orgs/acme/policies/calls/draft", body)
        .await
        .expect(200);
    let mut fields = vec![("act", "save"), ("note", "mine")];
    fields.extend(choice("list_customers", "none", "allow"));
    let stale = acme
        .post(
            "/tools",
            &[&[("etag", mine.as_str())], fields.as_slice()].concat(),
        )
        .await;
    assert_eq!(stale.status, StatusCode::PRECONDITION_FAILED);
    stale
        .has("Somebody saved this draft while you were choosing")
        .has(r#"value="mine""#);
    assert_eq!(acme.draft().await, theirs);
    // Their word is in the table, and mine is still chosen in it.
    stale
        .has(r#"<option value="allow" selected>"#)
        .has(r#"name="was" value="deny""#);

    let newer = stale.hidden("etag");
    let saved = acme
        .post(
            "/tools",
            &[&[("etag", newer.as_str())], fields.as_slice()].concat(),
        )
        .await;
    assert_eq!(saved.status, StatusCode::SEE_OTHER);
    assert_eq!(
        acme.draft().await["tools"],
        json!({ "delete_customer": { "action": "deny" }, "list_customers": {} })
    );
}

#[tokio::test]
async fn tools_are_found_by_name_verdict_and_hint() {
    let document = json!({ "version": "1", "default": "deny", "hide": ["internal_*"], "tools": { "list_*": {}, "create_refund": { "mode": "shadow" } } });
    let acme = Acme::with(&document).await;
    let names = [
        "list_customers",
        "create_refund",
        "delete_customer",
        "internal_reset",
    ];
    for (query, found) in [
        ("", vec![0, 1, 2, 3]),
        ("?q=refund", vec![1]),
        ("?q=PAYS", vec![1]),
        ("?verdict=allow", vec![0]),
        ("?verdict=deny", vec![2]),
        ("?verdict=hide", vec![3]),
        ("?verdict=custom", vec![1]),
        ("?hint=read_only", vec![0]),
        ("?hint=destructive", vec![2]),
        ("?hint=neither&verdict=hide", vec![3]),
        ("?hint=read_only&verdict=deny", vec![]),
    ] {
        let page = acme.get(&format!("/tools{query}")).await;
        for (index, name) in names.iter().enumerate() {
            let link = format!("/entry?for={name}\"");
            assert_eq!(
                page.html.contains(&link),
                found.contains(&index),
                "{name} by {query}"
            );
        }
    }
    let page = acme.get("/tools").await;
    page.has("as `list_*` says")
        .has("in the list of hidden tools");
    // What an entry cannot change is not offered.
    page.has_not("Verdict for internal_reset");
}

#[tokio::test]
async fn the_server_that_was_looked_at_last_is_remembered() {
    let acme = Acme::with(&plain()).await;
    let second = json!({ "slug": "annex", "name": "Annex", "url": acme.fake.url });
    acme.world
        .post(&acme.ada, "/v1/orgs/acme/servers", second)
        .await
        .expect(201);
    let page = acme.get("/tools?server=desk").await;
    let cookie = page.cookie("policy-server=desk;");
    assert!(
        cookie.contains("HttpOnly") && cookie.contains("SameSite=Lax"),
        "{cookie}"
    );
    let mut ada = acme.ada.clone();
    let session = ada.cookie.unwrap();
    ada.cookie = Some(format!("{session}; policy-server=desk"));
    page::get(&acme.world, &ada, "/acme/policies/calls/tools")
        .await
        .has(r#"<option value="desk" selected>"#)
        .has("list_customers");
}

#[tokio::test]
async fn a_draft_without_a_form_is_named_and_not_overwritten() {
    let document = json!({ "version": "1", "default": "deny", "tools": ["list_customers"] });
    let acme = Acme::with(&document).await;
    let page = acme.get("/tools").await;
    page.has("This draft has no form")
        .has("/tools")
        .has("expected an object here");
    let etag = acme.get("").await.hidden("etag");
    let mut fields = vec![("etag", etag.as_str()), ("act", "save")];
    fields.extend(choice("list_customers", "none", "allow"));
    let refused = acme.post("/tools", &fields).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(acme.draft().await, document);
}

#[tokio::test]
async fn a_form_that_is_not_whole_does_nothing() {
    let acme = Acme::with(&plain()).await;
    let etag = acme.get("/tools").await.hidden("etag");
    let half = [
        ("etag", etag.as_str()),
        ("tool", "list_customers"),
        ("was", "none"),
    ];
    assert_eq!(
        acme.post("/tools", &half).await.status,
        StatusCode::BAD_REQUEST
    );
    let mut odd = vec![("etag", etag.as_str())];
    odd.extend(choice("list_customers", "none", "maybe"));
    assert_eq!(
        acme.post("/tools", &odd).await.status,
        StatusCode::UNPROCESSABLE_ENTITY
    );
    assert_eq!(acme.draft().await, plain());
}
