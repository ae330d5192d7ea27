//! The reading of tools from kind servers of every era, and what is recorded of it.

use crate::fake::{self, Asked, Fake, answer};
use crate::world::World;
use crate::{SERVERS, actions, add, discover, tools};
use serde_json::{Value, json};
use std::sync::{Arc, Mutex};

#[tokio::test]
async fn tools_of_a_legacy_server_are_read_within_one_session() {
    let world = World::new().await;
    let ann = world.owner("acme").await;
    let fake = Fake::legacy(tools(json!([
        { "name": "b", "title": "Bee", "description": "does b", "inputSchema": { "type": "object" }, "annotations": { "readOnlyHint": true } },
        { "name": "a" },
    ])))
    .await;
    add(&world, &ann, "files", &fake.url).await;
    let server = discover(&world, &ann, "files").await.expect(200);
    assert_eq!(
        (
            &server["status"],
            &server["status_detail"],
            &server["tool_count"]
        ),
        (&json!("ready"), &Value::Null, &json!(2))
    );
    assert!(server["last_discovered_at"].is_string());
    let tool = &server["tools"][0];
    assert_eq!(
        (&tool["name"], &tool["title"], &tool["description"]),
        (&json!("b"), &json!("Bee"), &json!("does b"))
    );
    assert_eq!(
        (&tool["category"], &tool["severity"], &tool["source"]),
        (&json!("unknown"), &json!("high"), &json!("classifier"))
    );
    assert_eq!(
        (&tool["input_schema"], &tool["annotations"]),
        (
            &json!({ "type": "object" }),
            &json!({ "readOnlyHint": true })
        )
    );
    assert_eq!(tool["is_changed"], json!(false));
    assert_eq!(
        fake.methods(),
        [
            "server/discover",
            "initialize",
            "notifications/initialized",
            "tools/list",
            "DELETE"
        ]
    );
    let asked = fake.asked();
    assert_eq!(asked[0].header("mcp-protocol-version"), "2026-07-28");
    assert_eq!(asked[0].header("mcp-method"), "server/discover");
    for later in &asked[2..] {
        assert_eq!(
            (
                later.header("mcp-session-id"),
                later.header("mcp-protocol-version")
            ),
            ("session-1", "2025-06-18")
        );
        assert_eq!(later.header("mcp-method"), "");
    }
    assert_eq!(
        actions(&world, &ann).await,
        ["org.created", "server.added", "server.discovered"]
    );
}

#[tokio::test]
async fn tools_of_a_modern_server_are_read_without_a_session_and_with_its_credential() {
    let world = World::new().await;
    let ann = world.owner("acme").await;
    let fake = Fake::start(|asked| {
        let version = &asked.body["params"]["_meta"]["io.modelcontextprotocol/protocolVersion"];
        if version != "2026-07-28" || asked.header("mcp-method") != asked.method() || asked.header("x-api-key") != "canary-7f3a" {
            return Some(asked.error(400, -32602, "not modern"));
        }
        Some(match (asked.method(), asked.body["params"]["cursor"].as_str()) {
            ("server/discover", _) => asked.result(&json!({ "supportedVersions": ["2026-07-28"], "capabilities": {}, "resultType": "complete" })),
            ("tools/list", None) => asked.result(&json!({ "tools": [{ "name": "a" }], "nextCursor": "" })),
            ("tools/list", Some("")) => asked.result(&json!({ "tools": [{ "name": "b" }] })),
            _ => asked.error(404, -32601, "no such method"),
        })
    })
    .await;
    let auth = json!({ "type": "headers", "headers": { "X-Api-Key": "canary-7f3a" } });
    let body = json!({ "slug": "files", "name": "F", "url": fake.url, "auth": auth });
    world.post(&ann, SERVERS, body).await.expect(201);
    let server = discover(&world, &ann, "files").await.expect(200);
    assert_eq!(server["tool_count"], 2);
    assert_eq!(
        fake.methods(),
        ["server/discover", "tools/list", "tools/list"]
    );
}

#[tokio::test]
async fn an_event_stream_with_notices_and_a_ping_before_the_answer_is_read() {
    let world = World::new().await;
    let ann = world.owner("acme").await;
    let fake = Fake::start(|asked| {
        Some(match asked.method() {
            "initialize" => asked.result(&json!({ "protocolVersion": "2024-11-05", "capabilities": { "tools": {} } })),
            "tools/list" => {
                let id = &asked.body["id"];
                let notice = json!({ "jsonrpc": "2.0", "method": "notifications/message", "params": {} });
                let ping = json!({ "jsonrpc": "2.0", "id": "p1", "method": "ping" });
                let result = json!({ "jsonrpc": "2.0", "id": id, "result": { "tools": [{ "name": "a" }] } });
                let stream = format!(": hello\n\nid: 0\ndata:\n\ndata: {notice}\n\ndata: {ping}\r\n\r\nevent: message\ndata: {result}\n\n");
                answer(200, &[("content-type", "Text/Event-Stream; charset=utf-8")], stream)
            }
            "server/discover" => asked.error(200, -32601, "Method not found"),
            _ => answer(202, &[], ""),
        })
    })
    .await;
    add(&world, &ann, "files", &fake.url).await;
    assert_eq!(
        discover(&world, &ann, "files").await.expect(200)["tool_count"],
        1
    );
    let pong = fake
        .asked()
        .into_iter()
        .find(|asked| asked.body["id"] == "p1")
        .unwrap();
    assert_eq!(
        pong.body,
        json!({ "jsonrpc": "2.0", "id": "p1", "result": {} })
    );
}

#[tokio::test]
async fn a_changed_tool_awaits_review_and_what_was_said_of_it_outlives_it() {
    let world = World::new().await;
    let ann = world.owner("acme").await;
    let listed = tools(json!([{ "name": "a/b c" }, { "name": "kept" }, { "name": "gone" }]));
    let fake = Fake::legacy(Arc::clone(&listed)).await;
    add(&world, &ann, "files", &fake.url).await;
    discover(&world, &ann, "files").await.expect(200);
    let gone = format!("{SERVERS}/files/tools/gone");
    let reviewed = world
        .patch(
            &ann,
            &gone,
            json!({ "category": "destructive", "note": "drops all" }),
        )
        .await
        .expect(200);
    assert_eq!(
        (
            &reviewed["category"],
            &reviewed["severity"],
            &reviewed["note"]
        ),
        (
            &json!("destructive"),
            &json!("critical"),
            &json!("drops all")
        )
    );

    world.clock.advance(std::time::Duration::from_secs(1));
    *listed.lock().unwrap() = json!([{ "name": "new" }, { "name": "kept" }, { "name": "a/b c", "description": "now with words" }]);
    let server = discover(&world, &ann, "files").await.expect(200);
    let flags: Vec<(&str, bool)> = server["tools"]
        .as_array()
        .unwrap()
        .iter()
        .map(|tool| {
            (
                tool["name"].as_str().unwrap(),
                tool["is_changed"].as_bool().unwrap(),
            )
        })
        .collect();
    assert_eq!(flags, [("new", true), ("kept", false), ("a/b c", true)]);
    let events = world.get(&ann, "/v1/orgs/acme/events").await.expect(200);
    let detail = &events["items"][0]["detail"];
    assert_eq!(
        (&detail["added"], &detail["removed"], &detail["changed"]),
        (&json!(["new"]), &json!(["gone"]), &json!(["a/b c"]))
    );

    let path = format!("{SERVERS}/files/tools/a%2Fb%20c");
    world
        .patch(&ann, &path, json!({ "accept": true, "digest": "00" }))
        .await
        .expect(412);
    let accepted = world
        .patch(&ann, &path, json!({ "accept": true }))
        .await
        .expect(200);
    assert_eq!(accepted["is_changed"], json!(false));
    world
        .patch(&ann, &gone, json!({ "accept": true }))
        .await
        .expect(404);

    listed
        .lock()
        .unwrap()
        .as_array_mut()
        .unwrap()
        .push(json!({ "name": "gone" }));
    let server = discover(&world, &ann, "files").await.expect(200);
    let back = &server["tools"][3];
    assert_eq!(
        (&back["name"], &back["category"], &back["is_changed"]),
        (&json!("gone"), &json!("destructive"), &json!(true))
    );
    let cleared = world
        .patch(&ann, &gone, json!({ "category": null, "note": null }))
        .await
        .expect(200);
    assert_eq!(
        (&cleared["category"], &cleared["note"]),
        (&json!("unknown"), &Value::Null)
    );
    world
        .patch(&ann, &gone, json!({ "category": "harmless" }))
        .await
        .expect(422);
    world
        .patch(&ann, &gone, json!({ "accept": false }))
        .await
        .expect(422);
}

#[tokio::test]
async fn tools_are_listed_in_pages_in_the_servers_order() {
    let world = World::new().await;
    let ann = world.owner("acme").await;
    let names: Vec<String> = (0..7)
        .map(|number| format!("tool-{}", 9 - number))
        .collect();
    let fake = Fake::legacy(tools(
        names.iter().map(|name| json!({ "name": name })).collect(),
    ))
    .await;
    add(&world, &ann, "files", &fake.url).await;
    discover(&world, &ann, "files").await.expect(200);
    let (mut read, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = world
            .get(&ann, &format!("{SERVERS}/files/tools?limit=3{cursor}"))
            .await
            .expect(200);
        read.extend(
            page["items"]
                .as_array()
                .unwrap()
                .iter()
                .map(|tool| tool["name"].as_str().unwrap().to_owned()),
        );
        match page["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => break,
        }
    }
    assert_eq!(read, names);
    world
        .get(&ann, &format!("{SERVERS}/files/tools?cursor=x"))
        .await
        .expect(400);
}

#[tokio::test]
async fn replicas_hear_of_a_discovery_only_when_it_found_something_new() {
    let world = World::new().await;
    let ann = world.owner("acme").await;
    let listed = tools(json!([]));
    let fake = Fake::legacy(Arc::clone(&listed)).await;
    add(&world, &ann, "files", &fake.url).await;
    let publish = async || control_plane::publish::publish(&world.app).await.unwrap();
    assert_eq!(publish().await, 1);
    discover(&world, &ann, "files").await.expect(200);
    assert_eq!(publish().await, 1, "that a server has no tools is news");
    discover(&world, &ann, "files").await.expect(200);
    assert_eq!(publish().await, 0);
    *listed.lock().unwrap() = json!([{ "name": "a" }]);
    discover(&world, &ann, "files").await.expect(200);
    assert_eq!(publish().await, 1);
}

#[tokio::test]
async fn what_is_read_from_a_server_with_no_tools_at_all_is_none() {
    let world = World::new().await;
    let ann = world.owner("acme").await;
    let fake = Fake::start(|asked: &Asked| {
        Some(match asked.method() {
            "initialize" => asked.result(
                &json!({ "protocolVersion": "2025-11-25", "capabilities": { "prompts": {} } }),
            ),
            "notifications/initialized" => answer(202, &[], ""),
            _ => asked.error(200, -32601, "Method not found"),
        })
    })
    .await;
    add(&world, &ann, "files", &fake.url).await;
    let server = discover(&world, &ann, "files").await.expect(200);
    assert_eq!(
        (&server["status"], &server["tools"]),
        (&json!("ready"), &json!([]))
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_server_listed_before_it_was_moved_is_not_recorded() {
    let world = World::new().await;
    let ann = world.owner("acme").await;
    let (asked, mut was_asked) = tokio::sync::mpsc::unbounded_channel();
    let (go_on, gone_on) = std::sync::mpsc::channel::<()>();
    let gone_on = Mutex::new(gone_on);
    let fake = Fake::start(move |request| {
        if request.method() == "tools/list" {
            asked.send(()).unwrap();
            tokio::task::block_in_place(|| gone_on.lock().unwrap().recv().unwrap());
        }
        Some(fake::legacy(request, &json!([{ "name": "a" }])))
    })
    .await;
    add(&world, &ann, "files", &fake.url).await;
    let moving = async {
        was_asked.recv().await.unwrap();
        let moved = json!({ "url": "https://new.example/mcp" });
        world
            .patch(&ann, &format!("{SERVERS}/files"), moved)
            .await
            .expect(200);
        go_on.send(()).unwrap();
    };
    let (answer, ()) = tokio::join!(discover(&world, &ann, "files"), moving);
    answer.expect(409);
    let server = world
        .get(&ann, &format!("{SERVERS}/files"))
        .await
        .expect(200);
    assert_eq!(
        (&server["status"], &server["tools"]),
        (&json!("unknown"), &json!([]))
    );
}
