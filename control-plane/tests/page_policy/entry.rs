//! The rules of one entry, by form.

use crate::site::Acme;
use crate::world::page::Page;
use axum::http::StatusCode;
use serde_json::{Value, json};

fn plain() -> Value {
    json!({ "version": "1", "default": "deny", "tools": { "create_refund": {} } })
}

/// One comparison, as the five fields of its row.
fn row<'f>(path: &'f str, op: &'f str, value: &'f str) -> [(&'f str, &'f str); 5] {
    [
        ("path", path),
        ("op", op),
        ("with", "value"),
        ("value", value),
        ("each", ""),
    ]
}

async fn send(acme: &Acme, fields: &[(&str, &str)]) -> Page {
    let etag = acme.get("/entry?for=create_refund").await.hidden("etag");
    let base = [("for", "create_refund"), ("etag", etag.as_str())];
    acme.post("/entry", &[&base[..], fields].concat()).await
}

#[tokio::test]
async fn a_condition_and_a_limit_are_written_by_form() {
    let acme = Acme::with(&plain()).await;
    let page = acme.get("/entry?for=create_refund").await;
    page.has(r#"<option value="args.amount">number "#)
        .has(r#"<option value="grant.user">"#);
    let mut rule = vec![
        ("act", "predicate"),
        ("list", "deny_if"),
        ("message", "Too much."),
        ("rule_id", ""),
    ];
    rule.extend(row("args.amount", "gt", "50"));
    rule.extend(row("args.reason", "eq", "50"));
    rule.extend(row("", "eq", ""));
    assert_eq!(
        send(&acme, &rule).await.location(),
        "/acme/policies/calls/entry?for=create_refund&done=saved"
    );
    let limit = [
        ("act", "limit"),
        ("list", "limits"),
        ("kind", "window"),
        ("counter", "refunded"),
        ("max", "200"),
        ("window", "day"),
        ("scope", "org"),
        ("cost", "args.amount"),
        ("scale", "2"),
    ];
    assert_eq!(send(&acme, &limit).await.status, StatusCode::SEE_OTHER);
    assert_eq!(
        acme.draft().await["tools"]["create_refund"],
        json!({
            "deny_if": [ { "conditions": [
                { "path": "args.amount", "op": "gt", "value": 50 },
                // The schema says that a reason is a text, so `50` is one.
                { "path": "args.reason", "op": "eq", "value": "50" },
            ], "on_deny": "Too much." } ],
            "limits": [ { "counter": "refunded", "window": "day", "max": 200, "scope": "org", "cost": { "from": "args.amount", "scale": 2 } } ],
        })
    );
    let page = acme.get("/entry?for=create_refund").await;
    page.has("args.amount is more than 50")
        .has("at most 200 in a day for each org (refunded)");
}

#[tokio::test]
async fn what_is_wrong_is_said_beside_its_field_and_nothing_typed_is_lost() {
    let acme = Acme::with(&plain()).await;
    let wrongs = [
        (row("args.amount", "gt", "true"), "value"),
        (row("args.reason", "regex", "("), "value"),
        (row("arguments", "eq", "1"), "path"),
        (row("args.amount", "starts_with", "x"), "path"),
        (row("args.reason", "ip_in", "somewhere"), "value"),
    ];
    for (wrong, field) in wrongs {
        let mut rule = vec![
            ("act", "predicate"),
            ("list", "deny_if"),
            ("message", "Typed."),
            ("rule_id", ""),
        ];
        rule.extend(wrong);
        let refused = send(&acme, &rule).await;
        assert_eq!(
            refused.status,
            StatusCode::UNPROCESSABLE_ENTITY,
            "{wrong:?}"
        );
        refused
            .has(&format!(r#"id="deny_if-new-0-{field}-fault""#))
            .has(r#"value="Typed.""#);
    }
    let limit = [
        ("act", "limit"),
        ("kind", "window"),
        ("counter", "c"),
        ("max", "many"),
        ("window", "fortnight"),
    ];
    let refused = send(&acme, &limit).await;
    refused
        .has(r#"id="limits-new-max-fault""#)
        .has(r#"id="limits-new-window-fault""#)
        .has(r#"value="fortnight""#);
    let setting = [
        ("act", "settings"),
        ("verdict", ""),
        ("rate_limit", "often"),
        ("timeout", "soon"),
    ];
    let refused = send(&acme, &setting).await;
    refused
        .has(r#"id="rate_limit-fault""#)
        .has(r#"id="timeout-fault""#)
        .has(r#"value="often""#);
    assert_eq!(acme.draft().await, plain());
}

#[tokio::test]
async fn a_rule_without_a_comparison_has_to_be_meant() {
    let acme = Acme::with(&plain()).await;
    let mut rule = vec![
        ("act", "predicate"),
        ("list", "deny_if"),
        ("message", ""),
        ("rule_id", ""),
    ];
    rule.extend(row("", "eq", ""));
    let refused = send(&acme, &rule).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    refused.has("write a comparison");
    rule.push(("always", "yes"));
    assert_eq!(send(&acme, &rule).await.status, StatusCode::SEE_OTHER);
    assert_eq!(
        acme.draft().await["tools"]["create_refund"],
        json!({ "deny_if": [ { "conditions": [] } ] })
    );
}

#[tokio::test]
async fn settings_change_what_was_changed_and_nothing_else() {
    let entry = json!({ "approval": { "approvers": 2 }, "rate_limit": { "max": 3, "window": 60 }, "reason": "old" });
    let document = json!({ "version": "1", "default": "deny", "tools": { "create_refund": entry, "other": {} } });
    let acme = Acme::with(&document).await;
    acme.get("/entry?for=create_refund")
        .await
        .has("as the document writes it");
    let fields = [
        ("act", "settings"),
        ("verdict", "require_approval"),
        ("reason", "old"),
        ("mode", ""),
        ("arguments", "closed"),
        ("record", ""),
        ("timeout", "2h"),
        ("approvers", "2"),
        ("wait", ""),
    ];
    assert_eq!(send(&acme, &fields).await.status, StatusCode::SEE_OTHER);
    let expected = json!({
        "approval": { "approvers": 2, "timeout": "2h" }, "rate_limit": { "max": 3, "window": 60 }, "reason": "old",
        "action": "require_approval", "arguments": "closed",
    });
    assert_eq!(
        acme.draft().await["tools"],
        json!({ "create_refund": expected, "other": {} })
    );
}

#[tokio::test]
async fn what_the_form_cannot_say_is_shown_as_it_is_written_and_stays() {
    let group = json!({ "conditions": [ { "any": [ { "path": "args.amount", "op": "gt", "value": 1 } ] } ] });
    let document = json!({ "version": "1", "default": "deny", "tools": { "create_refund": { "deny_if": [ group ] } } });
    let acme = Acme::with(&document).await;
    acme.get("/entry?for=create_refund")
        .await
        .has("This form cannot say it");
    let mut rule = vec![
        ("act", "predicate"),
        ("list", "deny_if"),
        ("message", ""),
        ("rule_id", "second"),
    ];
    rule.extend(row("args.amount", "lt", "0"));
    send(&acme, &rule).await;
    let drop = [("act", "drop"), ("list", "deny_if"), ("index", "1")];
    assert_eq!(
        acme.draft().await["tools"]["create_refund"]["deny_if"][1]["id"],
        "second"
    );
    assert_eq!(send(&acme, &drop).await.status, StatusCode::SEE_OTHER);
    assert_eq!(acme.draft().await, document);
}

#[tokio::test]
async fn a_rule_that_somebody_moved_meanwhile_is_still_the_one_that_is_edited() {
    let rule = |id: &str| json!({ "id": id, "conditions": [ { "path": "args.amount", "op": "gt", "value": 1 } ] });
    let with = |rules: Vec<Value>| json!({ "version": "1", "default": "deny", "tools": { "create_refund": { "deny_if": rules } } });
    let acme = Acme::with(&with(vec![rule("a"), rule("b")])).await;
    let mine = acme.get("/entry?for=create_refund").await.hidden("etag");
    let body = json!({ "document": with(vec![rule("b")]) });
    acme.world
        .put(&acme.ada, "/v1/orgs/acme/policies/calls/draft", body)
        .await
        .expect(200);
    let was = rule("b").to_string();
    let mut fields = vec![
        ("for", "create_refund"),
        ("act", "predicate"),
        ("list", "deny_if"),
        ("was", was.as_str()),
        ("message", ""),
        ("rule_id", "b"),
    ];
    fields.extend(row("args.amount", "gt", "9"));
    let stale = acme
        .post(
            "/entry",
            &[
                &[("etag", mine.as_str()), ("index", "1")],
                fields.as_slice(),
            ]
            .concat(),
        )
        .await;
    assert_eq!(stale.status, StatusCode::PRECONDITION_FAILED);
    stale
        .has("Somebody saved this draft while you were writing")
        .has(r#"value="9""#);
    stale.has(r#"name="list" value="deny_if"><input type="hidden" name="index" value="0">"#);
    assert_eq!(acme.draft().await, with(vec![rule("b")]));
    let newer = stale.hidden("etag");
    let saved = acme
        .post(
            "/entry",
            &[
                &[("etag", newer.as_str()), ("index", "0")],
                fields.as_slice(),
            ]
            .concat(),
        )
        .await;
    assert_eq!(saved.status, StatusCode::SEE_OTHER);
    assert_eq!(
        acme.draft().await["tools"]["create_refund"]["deny_if"][0]["conditions"][0]["value"],
        9
    );
}

#[tokio::test]
async fn rules_for_all_tools_and_for_patterns_are_written_the_same_way() {
    let acme = Acme::with(&json!({ "version": "1", "default": "deny" })).await;
    let limit = [
        ("act", "limit"),
        ("kind", "concurrency"),
        ("counter", "at_once"),
        ("max", "4"),
        ("window", ""),
    ];
    let etag = acme.get("/entry").await.hidden("etag");
    let saved = acme
        .post("/entry", &[&[("etag", etag.as_str())], &limit[..]].concat())
        .await;
    assert_eq!(saved.location(), "/acme/policies/calls/entry?done=saved");
    let etag = acme.get("/entry?for=search_*").await.hidden("etag");
    let plain = [
        ("for", "search_*"),
        ("etag", etag.as_str()),
        ("act", "settings"),
        ("verdict", ""),
    ];
    assert_eq!(
        acme.post("/entry", &plain).await.status,
        StatusCode::SEE_OTHER
    );
    assert_eq!(
        acme.draft().await,
        json!({ "version": "1", "default": "deny", "all_tools": { "limits": [ { "counter": "at_once", "concurrency": 4 } ] }, "tools": { "search_*": {} } })
    );
    let etag = acme.get("/entry?for=@nothing").await.hidden("etag");
    let odd = [
        ("for", "@nothing"),
        ("etag", etag.as_str()),
        ("act", "settings"),
        ("verdict", "deny"),
    ];
    let refused = acme.post("/entry", &odd).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    refused.has("is not a category");
    let etag = acme.get("/entry?for=search_*").await.hidden("etag");
    let remove = [
        ("for", "search_*"),
        ("etag", etag.as_str()),
        ("act", "remove"),
    ];
    assert_eq!(
        acme.post("/entry", &remove).await.location(),
        "/acme/policies/calls/tools?done=saved"
    );
    assert_eq!(acme.draft().await["tools"], json!({}));
}
