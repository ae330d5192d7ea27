//! Tasks: whose they are, under which names they travel.

mod world;

use bundle::record::Record;
use http::Method;
use serde_json::Value;
use world::replica::Replica;
use world::session::{INITIALIZE, begin, read_until, sender, server};
use world::upstream::{self, Saw, Upstream, event, json};
use world::{Answer, World, plan};

const META: &str = r#""_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientCapabilities":{"extensions":{"io.modelcontextprotocol/tasks":{}}}}"#;
const RELATED: &str = "io.modelcontextprotocol/related-task";

fn legacy(method: &str, params: &str) -> String {
    format!(r#"{{"jsonrpc":"2.0","id":1,"method":"{method}","params":{{{params}}}}}"#)
}

/// A server of 2025-11-25 that makes the task `raw/1` of every call and tells of any task it is asked after.
async fn keeper() -> Upstream {
    Upstream::new(|saw: Saw| async move {
        let asked: Value = serde_json::from_slice(&saw.body).unwrap_or_default();
        let task = &asked["params"]["taskId"];
        let told = |task: &Value| {
            format!(r#""taskId":{task},"status":"working","createdAt":"x","ttl":60000,"x":1.50"#)
        };
        let mut said = match saw.method().as_str() {
            "initialize" => json(world::session::AGREED.replace("2025-06-18", "2025-11-25").as_str()),
            "tools/call" => json(&format!(
                r#"{{"jsonrpc":"2.0","id":1,"result":{{"task":{{{}}}}}}}"#,
                told(&"raw/1".into())
            )),
            "tasks/get" | "tasks/cancel" => json(&format!(
                r#"{{"jsonrpc":"2.0","id":1,"result":{{{}}}}}"#,
                told(task)
            )),
            "tasks/result" => json(&format!(
                r#"{{"jsonrpc":"2.0","id":1,"result":{{"content":[],"_meta":{{"{RELATED}":{{"taskId":{task}}}}}}}}}"#
            )),
            _ => upstream::status(202, ""),
        };
        said.headers_mut()
            .insert("mcp-session-id", "theirs".parse().unwrap());
        said
    })
    .await
}

async fn ask(world: &World, session: &str, method: &str, params: &str) -> Answer {
    let headers = [("mcp-session-id", session)];
    world.post(&headers, legacy(method, params)).await
}

#[tokio::test]
async fn a_task_is_asked_after_by_the_grant_whose_call_made_it() {
    let world = World::new(plan(), keeper().await).await;
    let session = begin_2025_11_25(&world, &[]).await;
    let made = ask(
        &world,
        &session,
        "tools/call",
        r#""name":"echo","task":{"ttl":60000}"#,
    )
    .await;
    let task = made.json()["result"]["task"]["taskId"].clone();
    let name = task.as_str().unwrap();
    assert!(name.starts_with("t_") && name.ends_with(".raw/1"), "{name}");
    assert_eq!(
        made.body.replace(name, "raw/1"),
        r#"{"jsonrpc":"2.0","id":1,"result":{"task":{"taskId":"raw/1","status":"working","createdAt":"x","ttl":60000,"x":1.50}}}"#,
        "only the name is ours"
    );
    for method in ["tasks/get", "tasks/cancel", "tasks/result"] {
        let told = ask(&world, &session, method, &format!(r#""taskId" : {task}"#)).await;
        assert_eq!(told.status, 200);
        let said = told.json();
        let result = &said["result"];
        let named = [&result["taskId"], &result["_meta"][RELATED]["taskId"]];
        assert!(named.contains(&&task), "{method}: {}", told.body);
        let saw = world.upstream.saw().pop().unwrap();
        assert_eq!(saw.text(), legacy(method, r#""taskId" : "raw/1""#));
    }
    let of_tasks = |record: &Record| match record {
        Record::Intent(intent) => intent.method.as_str().starts_with("tasks/"),
        _ => false,
    };
    // What is done with a task is on record as its call is.
    world
        .recorded(|all| all.iter().filter(|record| of_tasks(record)).count() == 3)
        .await;
    // The task outlives the session it was made on, and the replica.
    let later = begin_2025_11_25(&world, &[]).await;
    let other = Replica::of(&world).await;
    let told = other
        .post(
            &world,
            &[("mcp-session-id", &later)],
            legacy("tasks/get", &format!(r#""taskId":{task}"#)),
        )
        .await;
    assert_eq!(told.json()["result"]["taskId"], task);
}

async fn begin_2025_11_25(world: &World, headers: &[(&str, &str)]) -> String {
    let begun = world.post(headers, INITIALIZE).await;
    assert_eq!(begun.status, 200, "{}", begun.body);
    begun.headers["mcp-session-id"].to_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_task_that_was_never_named_to_this_grant_is_nobodys() {
    let world = World::new(plan(), keeper().await).await;
    let session = begin_2025_11_25(&world, &[]).await;
    let made = ask(&world, &session, "tools/call", r#""name":"echo","task":{}"#).await;
    let task = made.json()["result"]["task"]["taskId"].clone();
    let other = format!("Bearer {}", world.other_token);
    let theirs = begin_2025_11_25(&world, &[("authorization", &other)]).await;
    let mine = format!("Bearer {}", world.token);
    let before = world.upstream.saw().len();
    let forged = Value::from(task.as_str().unwrap().replace("raw/1", "raw/2"));
    let mut bodies = Vec::new();
    for (token, session, task) in [
        (&other, &theirs, &task),
        (&mine, &session, &forged),
        (&mine, &session, &"raw/1".into()),
        (&mine, &session, &"made up".into()),
        (&mine, &session, &7.into()),
    ] {
        let headers = [
            ("authorization", token.as_str()),
            ("mcp-session-id", session),
        ];
        for (method, params) in [
            ("tasks/get", format!(r#""taskId":{task}"#)),
            ("tasks/result", format!(r#""taskId":{task}"#)),
            ("tasks/cancel", format!(r#""taskId":{task}"#)),
            (
                "tools/call",
                format!(r#""name":"echo","_meta":{{"{RELATED}":{{"taskId":{task}}}}}"#),
            ),
        ] {
            let refused = world.post(&headers, legacy(method, &params)).await;
            assert_eq!(
                (
                    refused.status.as_u16(),
                    refused.json()["error"]["code"].as_i64()
                ),
                (200, Some(-32602)),
                "{method} {task}"
            );
            bodies.push(refused.body);
        }
    }
    bodies.dedup();
    assert_eq!(
        bodies.len(),
        1,
        "another's task and none are the same: {bodies:?}"
    );
    assert_eq!(world.upstream.saw().len(), before);
}

#[tokio::test]
async fn a_list_of_tasks_is_empty_since_nobody_knows_whose_they_are() {
    let world = World::new(plan(), keeper().await).await;
    let session = begin_2025_11_25(&world, &[]).await;
    let before = world.upstream.saw().len();
    let list = ask(&world, &session, "tasks/list", "").await;
    assert_eq!(
        (list.status.as_u16(), list.body.as_str()),
        (200, r#"{"jsonrpc":"2.0","id":1,"result":{"tasks":[]}}"#)
    );
    assert_eq!(world.upstream.saw().len(), before);
}

#[tokio::test]
async fn what_a_server_tells_of_a_task_names_it_as_its_answer_did() {
    let (upstream, streams) = server(true).await;
    let world = World::new(plan(), upstream).await;
    let session = begin(&world).await;
    let headers = [("mcp-session-id", session.as_str())];
    let request = world.request(
        Method::POST,
        &headers,
        legacy("tools/call", r#""name":"echo","task":{}"#),
    );
    let mut response = world.send(request).await;
    let tell = sender(&streams, &world.upstream, 1).await;
    let status = r#"{"jsonrpc":"2.0","method":"notifications/tasks/status","params":{"taskId":"a","status":"working"}}"#;
    let progress = format!(
        r#"{{"jsonrpc":"2.0","method":"notifications/progress","params":{{"progressToken":1,"progress":0.50,"_meta":{{"{RELATED}":{{"taskId":"a"}}}}}}}}"#
    );
    let question = format!(
        r#"{{"jsonrpc":"2.0","id":7,"method":"elicitation/create","params":{{"_meta":{{"{RELATED}":{{"taskId":"a"}}}}}}}}"#
    );
    let mut told = Vec::new();
    for message in [status, &progress, &question] {
        tell.send(event(message)).await.unwrap();
        let text = read_until(&mut response, "\n\n").await;
        let data = text.lines().find_map(|line| line.strip_prefix("data: "));
        told.push(serde_json::from_str::<Value>(data.unwrap()).unwrap());
    }
    let task = told[0]["params"]["taskId"].as_str().unwrap().to_owned();
    assert!(task.starts_with("t_"));
    assert_eq!(told[1]["params"]["_meta"][RELATED]["taskId"], task);
    assert_eq!(told[1]["params"]["progressToken"], 1);
    assert_eq!(told[2]["params"]["_meta"][RELATED]["taskId"], task);
    // The answer belongs to the same task; what the client calls its own stays as the client says it.
    let answer = format!(
        r#"{{"jsonrpc":"2.0","id":{},"result":{{"action":"accept","_meta":{{"{RELATED}":{{"taskId":"{task}"}}}}}}}}"#,
        told[2]["id"]
    );
    assert_eq!(world.post(&headers, answer).await.status, 202);
    let saw = world.upstream.saw().pop().unwrap();
    assert_eq!(
        saw.text(),
        format!(
            r#"{{"jsonrpc":"2.0","id":7,"result":{{"action":"accept","_meta":{{"{RELATED}":{{"taskId":"a"}}}}}}}}"#
        )
    );
    let own = r#"{"jsonrpc":"2.0","method":"notifications/tasks/status","params":{"taskId":"mine","status":"working"}}"#;
    assert_eq!(world.post(&headers, own).await.status, 202);
    assert_eq!(world.upstream.saw().pop().unwrap().text(), own);
}

#[tokio::test]
async fn a_server_may_ask_after_a_task_that_the_client_keeps() {
    let (upstream, streams) = {
        let streams: world::session::Streams = std::sync::Arc::default();
        let kept = std::sync::Arc::clone(&streams);
        let upstream = Upstream::new(move |saw: Saw| {
            let streams = std::sync::Arc::clone(&kept);
            async move {
                let mut said = match saw.method().as_str() {
                    "initialize" => {
                        json(&world::session::AGREED.replace("2025-06-18", "2025-11-25"))
                    }
                    "tools/call" => {
                        let (sender, said) = upstream::stream();
                        streams.lock().unwrap().push(sender);
                        said
                    }
                    _ => upstream::status(202, ""),
                };
                said.headers_mut()
                    .insert("mcp-session-id", "theirs".parse().unwrap());
                said
            }
        })
        .await;
        (upstream, streams)
    };
    let world = World::new(plan(), upstream).await;
    let session = begin_2025_11_25(&world, &[]).await;
    let headers = [("mcp-session-id", session.as_str())];
    let request = world.request(
        Method::POST,
        &headers,
        legacy("tools/call", r#""name":"echo""#),
    );
    let mut response = world.send(request).await;
    let tell = sender(&streams, &world.upstream, 1).await;
    tell.send(event(
        r#"{"jsonrpc":"2.0","id":7,"method":"tasks/get","params":{"taskId":"the client's own"}}"#,
    ))
    .await
    .unwrap();
    let text = read_until(&mut response, "\n\n").await;
    assert!(text.contains(r#""taskId":"the client's own""#), "{text}");
}

#[tokio::test]
async fn a_stream_without_a_session_tells_of_no_tasks() {
    let status = r#"{"jsonrpc":"2.0","method":"notifications/tasks/status","params":{"taskId":"a","status":"working"}}"#;
    let changed = r#"{"jsonrpc":"2.0","method":"notifications/tools/list_changed"}"#;
    let upstream =
        Upstream::new(move |_| async move { upstream::events(&[status, changed]) }).await;
    let world = World::new(plan(), upstream).await;
    let stream = Answer::of(world.send(world.request(Method::GET, &[], "")).await).await;
    assert_eq!(stream.body, event(changed));
}

fn modern(method: &str, params: &str) -> String {
    format!(r#"{{"jsonrpc":"2.0","id":1,"method":"{method}","params":{{{params},{META}}}}}"#)
}

async fn modern_ask(world: &World, method: &str, name: Option<&str>, params: &str) -> Answer {
    let mut headers = vec![
        ("mcp-protocol-version", "2026-07-28"),
        ("mcp-method", method),
    ];
    headers.extend(name.map(|name| ("mcp-name", name)));
    world.post(&headers, modern(method, params)).await
}

#[tokio::test]
async fn a_task_of_the_stateless_era_goes_by_its_name_in_header_and_body() {
    for raw in ["raw/1", "gr\u{fc}n"] {
        let upstream = Upstream::new(move |saw: Saw| async move {
            match saw.method().as_str() {
                "subscriptions/listen" => upstream::events(&[
                    &format!(r#"{{"jsonrpc":"2.0","method":"notifications/tasks","params":{{"taskId":"{raw}","status":"completed","result":{{}}}}}}"#),
                    r#"{"jsonrpc":"2.0","id":1,"result":{"resultType":"complete"}}"#,
                ]),
                "tools/call" => json(&format!(
                    r#"{{"jsonrpc":"2.0","id":1,"result":{{"resultType":"task","taskId":"{raw}","status":"working","ttlMs":null}}}}"#
                )),
                "tasks/get" => json(&format!(
                    r#"{{"jsonrpc":"2.0","id":1,"result":{{"resultType":"complete","taskId":"{raw}","status":"input_required","inputRequests":{{"a":{{"method":"elicitation/create"}}}}}}}}"#
                )),
                _ => json(r#"{"jsonrpc":"2.0","id":1,"result":{"resultType":"complete"}}"#),
            }
        })
        .await;
        let world = World::new(plan(), upstream).await;
        let made = modern_ask(&world, "tools/call", Some("echo"), r#""name":"echo""#).await;
        let task = made.json()["result"]["taskId"].as_str().unwrap().to_owned();
        assert!(task.starts_with("t_"));
        let header = mcp::mirrored(&task);
        for method in ["tasks/get", "tasks/update", "tasks/cancel"] {
            let params = format!(r#""taskId":"{task}","inputResponses":{{}}"#);
            let told = modern_ask(&world, method, Some(&header), &params).await;
            assert_eq!(told.status, 200, "{}", told.body);
            let saw = world.upstream.saw().pop().unwrap();
            assert_eq!(saw.text(), modern(method, &params.replace(&task, raw)));
            assert_eq!(saw.header("mcp-name"), mcp::mirrored(raw));
            if method == "tasks/get" {
                assert_eq!(told.json()["result"]["taskId"], task.as_str());
            }
        }
        let wanted = format!(r#""notifications":{{"taskIds":["{task}"]}}"#);
        let heard = modern_ask(&world, "subscriptions/listen", None, &wanted).await;
        assert!(
            heard.body.contains(&format!(r#""taskId":"{task}""#)),
            "{}",
            heard.body
        );
        let saw = world.upstream.saw().pop().unwrap();
        assert!(saw.text().contains(&format!(r#""taskIds":["{raw}"]"#)));
        let before = world.upstream.saw().len();
        let other = format!("Bearer {}", world.other_token);
        for (token, method, params) in [
            (&other, "tasks/get", format!(r#""taskId":"{task}""#)),
            (&other, "subscriptions/listen", wanted.clone()),
            (
                &format!("Bearer {}", world.token),
                "subscriptions/listen",
                wanted.replace(&task, raw),
            ),
        ] {
            let headers = [
                ("authorization", token.as_str()),
                ("mcp-protocol-version", "2026-07-28"),
                ("mcp-method", method),
            ];
            let refused = world.post(&headers, modern(method, &params)).await;
            assert_eq!(refused.json()["error"]["code"], -32602, "{}", refused.body);
        }
        assert_eq!(world.upstream.saw().len(), before);
    }
}

#[tokio::test]
async fn what_is_about_a_task_and_names_none_goes_nowhere_whatever_else_it_spells() {
    let world = World::new(plan(), keeper().await).await;
    let session = begin_2025_11_25(&world, &[]).await;
    let before = world.upstream.saw().len();
    for method in ["tasks/get", "tasks/result", "tasks/cancel"] {
        for params in ["", r#""task_id":"raw/1""#, r#""id":"raw/1","task":"raw/1""#] {
            let refused = ask(&world, &session, method, params).await;
            let code = refused.json()["error"]["code"].as_i64();
            assert_eq!(code, Some(-32602), "{method} {params}: {}", refused.body);
        }
        let bare = format!(r#"{{"jsonrpc":"2.0","id":1,"method":"{method}"}}"#);
        let refused = world.post(&[("mcp-session-id", &session)], bare).await;
        assert_eq!(refused.json()["error"]["code"], -32602, "{method}");
    }
    assert_eq!(world.upstream.saw().len(), before);
    let listed = ask(&world, &session, "tasks/list", "").await;
    assert_ne!(listed.json()["error"]["code"], -32602, "it is about none");
}
