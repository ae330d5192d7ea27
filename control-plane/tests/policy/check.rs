//! What is said of a document, for the servers it is meant for.

use crate::acme::{POLICIES, acme, allows, created, published, send_text};
use crate::rows;
use crate::world::{self, Who};
use axum::http::Method;
use serde_json::{Value, json};
use std::time::Duration;

#[tokio::test]
async fn a_check_says_what_is_wrong_saves_nothing_and_knows_the_tools_of_a_server() {
    let (world, ann) = acme().await;
    let tool = json!({ "name": "read_file", "inputSchema": { "type": "object", "properties": { "path": {} } } });
    rows::server(&world, "acme", "files", &[tool]).await;
    let check = format!("{POLICIES}/check");
    let text = "{\"document\":\n{\"version\":\"1\",\n \"defualt\":\"deny\"}}";
    let found = send_text(&world, &ann, Method::POST, &check, text)
        .await
        .expect(200);
    let finding = &found["findings"][0];
    let found: Vec<&str> = found["findings"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| it["code"].as_str().unwrap())
        .collect();
    assert_eq!(found, ["missing_key", "unknown_key"]);
    assert_eq!(
        (&finding["line"], &finding["column"]),
        (&json!(1), &json!(1))
    );

    let document = allows(&["read_file", "raed_file"]);
    let found = world
        .post(&ann, &check, json!({ "document": document }))
        .await
        .expect(200);
    assert_eq!(found, json!({ "findings": [] }));
    let found = world
        .post(
            &ann,
            &check,
            json!({ "document": document, "server": "files" }),
        )
        .await
        .expect(200);
    assert_eq!(found["findings"].as_array().unwrap().len(), 1, "{found}");
    assert_eq!(
        (
            &found["findings"][0]["level"],
            &found["findings"][0]["pointer"]
        ),
        (&json!("warning"), &json!("/tools/raed_file"))
    );
    world
        .post(
            &ann,
            &check,
            json!({ "document": document, "server": "nowhere" }),
        )
        .await
        .expect(422);
    assert_eq!(
        world.get(&ann, POLICIES).await.expect(200)["items"],
        json!([])
    );
}

#[tokio::test]
async fn a_policy_in_use_is_warned_for_the_servers_it_judges_and_of_shadows_that_stay() {
    let (world, ann) = acme().await;
    rows::server(&world, "acme", "files", &[json!({ "name": "read_file" })]).await;
    let document = json!({ "version": "1", "default": "deny", "tools": { "raed_file": {}, "read_file": { "mode": "shadow" } } });
    let made = created(&world, &ann, "support", document.clone()).await;
    assert_eq!(
        made["draft"]["findings"],
        json!([]),
        "it is for no server in particular yet"
    );
    published(&world, &ann, "support").await;
    let body = json!({ "name": "robot", "servers": [{ "server": "files", "policy": "support" }] });
    world
        .post(&ann, "/v1/orgs/acme/grants", body)
        .await
        .expect(201);
    let warned = |findings: &Value| -> Vec<String> {
        let each = findings.as_array().unwrap().iter();
        each.map(|it| {
            format!(
                "{} {}",
                it["level"].as_str().unwrap(),
                it["pointer"].as_str().unwrap()
            )
        })
        .collect()
    };
    let draft = format!("{POLICIES}/support/draft");
    // A session does not live as long as a shadow.
    let later = async |days: u64| {
        world.clock.advance(Duration::from_secs(days * 86_400));
        let login = json!({ "email": "person-0@example.com", "password": world::PASSWORD });
        world::signed_in(world.post(&Who::default(), "/v1/login", login).await, 200)
    };
    let ann = later(30).await;
    let saved = world
        .put(&ann, &draft, json!({ "document": document }))
        .await
        .expect(200);
    assert_eq!(warned(&saved["findings"]), ["warning /tools/raed_file"]);
    let ann = later(1).await;
    let both = ["warning /tools/raed_file", "warning /tools/read_file/mode"];
    let shown = world
        .get(&ann, &format!("{POLICIES}/support"))
        .await
        .expect(200);
    assert_eq!(warned(&shown["draft"]["findings"]), both);
    let again = published(&world, &ann, "support").await;
    assert_eq!(
        (&again["number"], warned(&again["findings"])),
        (&json!(2), both.map(str::to_owned).to_vec())
    );
}
