//! What is being written: kept as it is, with what is wrong with it.

use crate::acme::{POLICIES, acme, allows, created, published, send_text, with_role};
use axum::http::Method;
use serde_json::{Value, json};
use std::time::Duration;

#[tokio::test]
async fn a_new_policy_denies_everything_and_is_found_by_slug_and_by_id() {
    let (world, ann) = acme().await;
    let answer = world
        .post(
            &ann,
            POLICIES,
            json!({ "slug": "support", "name": "Support" }),
        )
        .await;
    let etag = answer.headers["etag"].to_str().unwrap().to_owned();
    let made = answer.expect(201);
    assert_eq!(etag, format!("\"{}\"", made["etag"].as_str().unwrap()));
    assert_eq!(
        made["draft"]["document"],
        json!({ "version": "1", "default": "deny" })
    );
    assert_eq!(
        (&made["published"], &made["draft"]["findings"]),
        (&json!(null), &json!([]))
    );
    assert!(made["id"].as_str().unwrap().starts_with("pol_"));
    let by_slug = world
        .get(&ann, &format!("{POLICIES}/support"))
        .await
        .expect(200);
    let by_id = world
        .get(
            &ann,
            &format!("{POLICIES}/{}", made["id"].as_str().unwrap()),
        )
        .await
        .expect(200);
    assert_eq!((&by_slug, &by_id), (&made, &made));
    world
        .get(&ann, &format!("{POLICIES}/missing"))
        .await
        .expect(404);
    world
        .post(
            &ann,
            POLICIES,
            json!({ "slug": "support", "name": "Again" }),
        )
        .await
        .expect(409);
    for slug in ["check", "explain", "new", "-a", "A"] {
        let problem = world
            .post(&ann, POLICIES, json!({ "slug": slug, "name": "No" }))
            .await
            .expect(422);
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
    let saved = send_text(
        &world,
        &ann,
        Method::PUT,
        &path,
        &format!("{{\"document\": {document} }}"),
    )
    .await
    .expect(200);
    let found: Vec<(&str, u64, u64)> = saved["findings"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| {
            (
                it["code"].as_str().unwrap(),
                it["line"].as_u64().unwrap(),
                it["column"].as_u64().unwrap(),
            )
        })
        .collect();
    assert_eq!(found, [("repeated_key", 4, 23), ("unknown_key", 5, 3)]);
    assert!(
        saved["findings"]
            .as_array()
            .unwrap()
            .iter()
            .all(|it| it["level"] == "error")
    );
    let shown = world.get(&ann, &format!("{POLICIES}/support")).await;
    assert!(shown.text.contains(document), "{}", shown.text);
    let shown = shown.expect(200);
    assert_eq!(
        (&shown["draft"]["findings"], &shown["draft"]["etag"]),
        (&saved["findings"], &saved["etag"])
    );

    for any in ["null", "[1, 2]", "\"text\"", "{}"] {
        let body = format!("{{\"document\":{any}}}");
        let saved = send_text(&world, &ann, Method::PUT, &path, &body)
            .await
            .expect(200);
        assert_eq!(saved["findings"][0]["level"], "error", "{any}");
    }
    for no in ["{}", "{\"document\":{}, \"more\":1}", "{\"document\": 01}"] {
        let status = send_text(&world, &ann, Method::PUT, &path, no)
            .await
            .status
            .as_u16();
        assert!([400, 422].contains(&status), "{no}: {status}");
    }
}

#[tokio::test]
async fn a_document_over_its_bound_is_a_finding_and_cannot_be_published() {
    let (world, ann) = acme().await;
    created(&world, &ann, "support", allows(&[])).await;
    let document = json!({ "version": "1", "default": "deny", "tools": { "a": { "reason": "x".repeat(256 << 10) } } });
    let saved = world
        .put(
            &ann,
            &format!("{POLICIES}/support/draft"),
            json!({ "document": document }),
        )
        .await
        .expect(200);
    assert_eq!(saved["findings"][0]["code"], "too_long");
    let problem = world
        .post(
            &ann,
            &format!("{POLICIES}/support/publish"),
            json!({ "note": "" }),
        )
        .await
        .expect(422);
    assert_eq!(problem["findings"][0]["code"], "too_long");
    let much = json!({ "document": "x".repeat(2 << 20) });
    world
        .put(&ann, &format!("{POLICIES}/support/draft"), much)
        .await
        .expect(413);
}

#[tokio::test]
async fn nesting_without_end_is_a_finding() {
    let (world, ann) = acme().await;
    created(&world, &ann, "support", allows(&[])).await;
    let deep = format!(
        "{{\"document\":{}{}}}",
        "[".repeat(100_000),
        "]".repeat(100_000)
    );
    let saved = send_text(
        &world,
        &ann,
        Method::PUT,
        &format!("{POLICIES}/support/draft"),
        &deep,
    )
    .await
    .expect(200);
    assert_eq!(saved["findings"][0]["code"], "too_deep");
    let shown = world.get(&ann, &format!("{POLICIES}/support")).await;
    assert_eq!(
        (
            shown.status.as_u16(),
            shown.text.matches('[').count() > 100_000
        ),
        (200, true)
    );
}
#[tokio::test]
async fn who_saves_over_a_draft_they_have_not_seen_is_told_so() {
    let (world, ann) = acme().await;
    let made = created(&world, &ann, "support", allows(&[])).await;
    let draft = format!("{POLICIES}/support/draft");
    let save = async |etag: &str| {
        let body = json!({ "document": allows(&["a"]) });
        world
            .send_with(
                &ann,
                Method::PUT,
                &draft,
                Some(body),
                &[("if-match", &format!("\"{etag}\""))],
            )
            .await
    };
    let first = made["draft"]["etag"].as_str().unwrap();
    let saved = save(first).await;
    assert_eq!(
        saved.headers["etag"],
        format!("\"{}\"", saved.json()["etag"].as_str().unwrap())
    );
    saved.expect(200);
    let problem = save(first).await.expect(412);
    assert_eq!(problem["type"], "/problems/stale-version");
    save(made["etag"].as_str().unwrap()).await.expect(412);
    // The etag of the whole policy stands for its draft too.
    let whole = world
        .get(&ann, &format!("{POLICIES}/support"))
        .await
        .expect(200);
    save(whole["etag"].as_str().unwrap()).await.expect(200);
    save("nonsense").await.expect(412);

    let publish = format!("{POLICIES}/support/publish");
    world
        .post(&ann, &publish, json!({ "note": "n", "etag": first }))
        .await
        .expect(412);
    let now = world
        .get(&ann, &format!("{POLICIES}/support"))
        .await
        .expect(200);
    world
        .post(
            &ann,
            &publish,
            json!({ "note": "n", "etag": now["draft"]["etag"] }),
        )
        .await
        .expect(201);
}

#[tokio::test]
async fn a_name_changes_with_its_etag() {
    let (world, ann) = acme().await;
    let made = created(&world, &ann, "support", allows(&[])).await;
    let (path, etag) = (
        format!("{POLICIES}/support"),
        made["etag"].as_str().unwrap(),
    );
    let rename = async |path: &str, change: Value| {
        world
            .send_with(
                &ann,
                Method::PATCH,
                path,
                Some(change),
                &[("if-match", etag)],
            )
            .await
    };
    let changed = rename(&path, json!({ "name": "Help", "slug": "help" }))
        .await
        .expect(200);
    assert_eq!(
        (
            &changed["name"],
            &changed["slug"],
            &changed["draft"]["etag"]
        ),
        (&json!("Help"), &json!("help"), &made["draft"]["etag"])
    );
    world.get(&ann, &path).await.expect(404);
    rename(&format!("{POLICIES}/help"), json!({ "name": "Late" }))
        .await
        .expect(412);
    created(&world, &ann, "other", allows(&[])).await;
    world
        .patch(
            &ann,
            &format!("{POLICIES}/other"),
            json!({ "slug": "help" }),
        )
        .await
        .expect(409);
    world
        .patch(&ann, &format!("{POLICIES}/other"), json!({ "name": "" }))
        .await
        .expect(422);
    world
        .patch(&ann, &format!("{POLICIES}/other"), json!({ "draft": {} }))
        .await
        .expect(422);
}

#[tokio::test]
async fn policies_are_listed_newest_first_without_their_documents() {
    let (world, ann) = acme().await;
    for slug in ["one", "two", "three"] {
        created(&world, &ann, slug, allows(&[])).await;
        world.clock.advance(Duration::from_millis(1));
    }
    let page = world
        .get(&ann, &format!("{POLICIES}?limit=2"))
        .await
        .expect(200);
    let slugs = |page: &Value| -> Vec<String> {
        page["items"]
            .as_array()
            .unwrap()
            .iter()
            .map(|it| it["slug"].as_str().unwrap().to_owned())
            .collect()
    };
    assert_eq!(slugs(&page), ["three", "two"]);
    assert_eq!(page["items"][0]["draft"].get("document"), None);
    let next = format!(
        "{POLICIES}?limit=2&cursor={}",
        page["next_cursor"].as_str().unwrap()
    );
    let page = world.get(&ann, &next).await.expect(200);
    assert_eq!(
        (slugs(&page), &page["next_cursor"]),
        (vec!["one".to_owned()], &json!(null))
    );
    let bob = world.owner("other").await;
    world
        .get(&bob, &format!("{POLICIES}/one"))
        .await
        .expect(404);
    assert_eq!(
        world.get(&bob, "/v1/orgs/other/policies").await.expect(200)["items"],
        json!([])
    );
    world
        .get(&bob, "/v1/orgs/other/policies/one")
        .await
        .expect(404);
}

#[tokio::test]
async fn policy_managers_write_policies_and_viewers_read_them() {
    let (world, ann) = acme().await;
    let manager = with_role(&world, &ann, "policy_manager").await;
    created(&world, &manager, "support", allows(&["a"])).await;
    world
        .put(
            &manager,
            &format!("{POLICIES}/support/draft"),
            json!({ "document": allows(&["b"]) }),
        )
        .await
        .expect(200);
    published(&world, &manager, "support").await;
    for role in ["viewer", "auditor", "approver"] {
        let who = with_role(&world, &ann, role).await;
        world.get(&who, POLICIES).await.expect(200);
        world
            .get(&who, &format!("{POLICIES}/support/versions/1"))
            .await
            .expect(200);
        let asked = json!({ "policy": "support", "call": { "tool": "b" } });
        world
            .post(&who, &format!("{POLICIES}/explain"), asked)
            .await
            .expect(200);
        world
            .post(&who, POLICIES, json!({ "slug": "mine", "name": "Mine" }))
            .await
            .expect(403);
        world
            .put(
                &who,
                &format!("{POLICIES}/support/draft"),
                json!({ "document": {} }),
            )
            .await
            .expect(403);
        world
            .post(
                &who,
                &format!("{POLICIES}/support/publish"),
                json!({ "note": "" }),
            )
            .await
            .expect(403);
        world
            .post(
                &who,
                &format!("{POLICIES}/support/rollback"),
                json!({ "version": 1, "note": "" }),
            )
            .await
            .expect(403);
        world
            .post(
                &who,
                &format!("{POLICIES}/check"),
                json!({ "document": {} }),
            )
            .await
            .expect(403);
        world
            .patch(
                &who,
                &format!("{POLICIES}/support"),
                json!({ "name": "Mine" }),
            )
            .await
            .expect(403);
        world
            .delete(&who, &format!("{POLICIES}/support"))
            .await
            .expect(403);
    }
}
