//! What was published: numbered, frozen, compared, published again.

use crate::acme::{POLICIES, acme, allows, created, published, send_text};
use crate::rows;
use axum::http::Method;
use serde_json::{Value, json};

#[tokio::test]
async fn publishing_freezes_the_draft_under_the_next_number_with_the_digest_of_what_it_says() {
    let (world, ann) = acme().await;
    created(&world, &ann, "support", Value::Null).await;
    let draft = format!("{POLICIES}/support/draft");
    let spelt = "{\"document\":{ \"default\": \"deny\",\n\"version\":\"1\" }}";
    send_text(&world, &ann, Method::PUT, &draft, spelt)
        .await
        .expect(200);
    let publish = format!("{POLICIES}/support/publish");
    let first = world
        .post(&ann, &publish, json!({ "note": "Begin" }))
        .await
        .expect(201);
    let digest = seal::to_hex(&seal::sha256(br#"{"default":"deny","version":"1"}"#));
    assert_eq!(
        first,
        json!({ "number": 1, "digest": digest, "published_at": "2026-11-22T12:00:00Z", "author": "Person 0", "note": "Begin", "findings": [] })
    );
    let mut first = first;
    first.as_object_mut().unwrap().remove("findings");
    world
        .put(&ann, &draft, json!({ "document": allows(&["a"]) }))
        .await
        .expect(200);
    assert_eq!(published(&world, &ann, "support").await["number"], 2);
    let policy = world
        .get(&ann, &format!("{POLICIES}/support"))
        .await
        .expect(200);
    assert_eq!(policy["published"], 2);

    let versions = world
        .get(&ann, &format!("{POLICIES}/support/versions?limit=1"))
        .await
        .expect(200);
    assert_eq!(
        (&versions["items"][0]["number"], &versions["next_cursor"]),
        (&json!(2), &json!("2"))
    );
    let versions = world
        .get(
            &ann,
            &format!("{POLICIES}/support/versions?limit=1&cursor=2"),
        )
        .await
        .expect(200);
    assert_eq!(
        (&versions["items"], &versions["next_cursor"]),
        (&json!([first]), &json!(null))
    );
    let shown = world
        .get(&ann, &format!("{POLICIES}/support/versions/1"))
        .await;
    assert!(
        shown
            .text
            .contains("{ \"default\": \"deny\",\n\"version\":\"1\" }"),
        "{}",
        shown.text
    );
    for missing in ["3", "0", "one", "99999999999"] {
        world
            .get(&ann, &format!("{POLICIES}/support/versions/{missing}"))
            .await
            .expect(404);
    }
}

#[tokio::test]
async fn what_does_not_compile_is_not_published_and_every_error_is_told() {
    let (world, ann) = acme().await;
    let document =
        json!({ "version": "2", "default": "deny", "tools": { "a": { "action": "dney" } } });
    let made = created(&world, &ann, "support", document).await;
    let problem = world
        .post(
            &ann,
            &format!("{POLICIES}/support/publish"),
            json!({ "note": "" }),
        )
        .await
        .expect(422);
    let pointers: Vec<&str> = problem["findings"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| it["pointer"].as_str().unwrap())
        .collect();
    assert_eq!(
        pointers,
        ["/tools/a/action", "/version"],
        "in the order of the text"
    );
    assert_eq!(made["draft"]["findings"], problem["findings"]);
    let versions = world
        .get(&ann, &format!("{POLICIES}/support/versions"))
        .await
        .expect(200);
    assert_eq!(versions["items"], json!([]));
    let long = json!({ "note": "x".repeat(1_001) });
    let problem = world
        .post(&ann, &format!("{POLICIES}/support/publish"), long)
        .await
        .expect(422);
    assert_eq!(problem["errors"][0]["pointer"], "/note");
}

#[tokio::test]
async fn a_rollback_publishes_the_old_document_anew_and_leaves_the_draft() {
    let (world, ann) = acme().await;
    created(&world, &ann, "support", allows(&["a"])).await;
    let first = published(&world, &ann, "support").await;
    let path = format!("{POLICIES}/support");
    world
        .put(
            &ann,
            &format!("{path}/draft"),
            json!({ "document": allows(&["a", "b"]) }),
        )
        .await
        .expect(200);
    let second = published(&world, &ann, "support").await;
    let body = json!({ "version": 1, "note": "b was too much" });
    let third = world
        .post(&ann, &format!("{path}/rollback"), body)
        .await
        .expect(201);
    assert_eq!(
        (&third["number"], &third["digest"]),
        (&json!(3), &first["digest"])
    );
    assert_ne!(third["digest"], second["digest"]);
    let policy = world.get(&ann, &path).await.expect(200);
    assert_eq!(
        (&policy["published"], &policy["draft"]["document"]),
        (&json!(3), &allows(&["a", "b"]))
    );
    let problem = world
        .post(
            &ann,
            &format!("{path}/rollback"),
            json!({ "version": 9, "note": "" }),
        )
        .await
        .expect(422);
    assert_eq!(problem["errors"][0]["pointer"], "/version");

    let diff = world
        .get(&ann, &format!("{path}/versions/3/diff/2"))
        .await
        .expect(200);
    assert_eq!(
        diff["changes"],
        json!([{ "pointer": "/tools/b", "kind": "added", "after": {} }])
    );
    assert_eq!(diff["words"], json!(["adds the entry for `b`: `{}`"]));
    let same = world
        .get(&ann, &format!("{path}/versions/1/diff/3"))
        .await
        .expect(200);
    assert_eq!(same, json!({ "changes": [], "words": [] }));
    world
        .get(&ann, &format!("{path}/versions/1/diff/9"))
        .await
        .expect(404);

    let events = world.get(&ann, "/v1/orgs/acme/events").await.expect(200);
    let said = events["items"]
        .as_array()
        .unwrap()
        .iter()
        .find(|it| it["action"] == "policy.rolled_back")
        .unwrap();
    assert_eq!(
        (
            &said["detail"]["version"],
            &said["detail"]["to"],
            &said["target"]
        ),
        (&json!(3), &json!(1), &policy["id"])
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn many_who_publish_at_once_get_numbers_without_a_gap() {
    let (world, ann) = acme().await;
    created(&world, &ann, "support", allows(&[])).await;
    let path = format!("{POLICIES}/support/publish");
    let all = (0..20).map(|_| world.post(&ann, &path, json!({ "note": "race" })));
    let answers = futures_util::future::join_all(all).await;
    let mut numbers: Vec<u64> = answers
        .into_iter()
        .map(|it| it.expect(201)["number"].as_u64().unwrap())
        .collect();
    numbers.sort_unstable();
    assert_eq!(numbers, (1..=20).collect::<Vec<_>>());
}

#[tokio::test]
async fn a_policy_stays_while_a_grant_is_attached_and_goes_with_its_versions() {
    let (world, ann) = acme().await;
    rows::server(&world, "acme", "files", &[]).await;
    let made = created(&world, &ann, "support", allows(&[])).await;
    published(&world, &ann, "support").await;
    let body = json!({ "name": "robot", "servers": [{ "server": "files", "policy": "support", "version": 1 }] });
    let grant = world
        .post(&ann, "/v1/orgs/acme/grants", body)
        .await
        .expect(201);
    let path = format!("{POLICIES}/support");
    let problem = world.delete(&ann, &path).await.expect(409);
    assert!(problem["detail"].as_str().unwrap().contains("`robot`"));
    let grant = format!("/v1/orgs/acme/grants/{}", grant["id"].as_str().unwrap());
    world
        .post(&ann, &format!("{grant}/revoke"), Value::Null)
        .await
        .expect(200);
    let stale = made["etag"].as_str().unwrap();
    world
        .send_with(&ann, Method::DELETE, &path, None, &[("if-match", stale)])
        .await
        .expect(412);
    world.delete(&ann, &path).await.expect(204);
    world.get(&ann, &path).await.expect(404);
    assert_eq!(
        world.get(&ann, &grant).await.expect(200)["servers"][0]["policy"],
        json!(null)
    );
    created(&world, &ann, "support", allows(&[])).await;
    assert_eq!(
        published(&world, &ann, "support").await["number"],
        1,
        "the slug is free, its history gone"
    );
}
