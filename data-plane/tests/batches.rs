//! Batches, which one revision had: judged element by element.

mod world;

use http::Method;
use http_body_util::BodyExt;
use world::session::{INITIALIZE, read_until};
use world::upstream::{self, Saw, Upstream, event, json};
use world::{Plan, World, call, plan};

#[tokio::test]
async fn a_batch_is_judged_element_by_element_under_its_one_revision() {
    let upstream = Upstream::new(|saw| async move {
        let id: serde_json::Value =
            serde_json::from_slice::<serde_json::Value>(&saw.body).unwrap()["id"].clone();
        match saw.method().as_str() {
            "ping" => json(&format!(r#"{{"jsonrpc":"2.0","id":{id},"result":{{}}}}"#)),
            "tools/call" => json(&format!(
                r#"{{"jsonrpc":"2.0","id":{id},"result":{{"content":[]}}}}"#
            )),
            _ => upstream::status(202, ""),
        }
    })
    .await;
    let policy = Some(r#"{"version":"1","default":"deny","tools":{"echo":{}}}"#.to_owned());
    let world = World::new(
        Plan {
            policy,
            tools: Some(vec!["echo", "drop"]),
            ..plan()
        },
        upstream,
    )
    .await;
    let (allowed, denied) = (
        call("echo", "{}"),
        call("drop", "{}").replace(r#""id":1"#, r#""id":2"#),
    );
    let ping = r#"{"jsonrpc":"2.0","id":3,"method":"ping"}"#;
    let batch = format!(
        r#"[{denied}, {allowed},{ping},{{"jsonrpc":"2.0","method":"notifications/cancelled"}},{INITIALIZE},7]"#
    );
    let answer = world.post(&[], batch.clone()).await;
    let said = answer.json();
    let ids: Vec<_> = said
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["id"].clone())
        .collect();
    assert_eq!(
        ids,
        [
            2.into(),
            1.into(),
            3.into(),
            0.into(),
            serde_json::Value::Null
        ]
    );
    assert_eq!(said[0]["result"]["isError"], true);
    assert_eq!(said[3]["error"]["code"], -32600);
    let saw: Vec<_> = world
        .upstream
        .saw()
        .iter()
        .map(|saw| saw.text().to_owned())
        .collect();
    assert_eq!(saw.len(), 3);
    assert_eq!(saw[0], allowed);
    for version in ["2025-06-18", "2025-11-25", "2026-07-28"] {
        assert_eq!(
            world
                .post(&[("mcp-protocol-version", version)], batch.clone())
                .await
                .status,
            400,
            "{version}"
        );
    }
    assert_eq!(world.upstream.saw().len(), 3);
}

#[tokio::test]
async fn a_notification_in_a_batch_is_answered_by_nothing_whatever_the_server_says_to_it() {
    let upstream = Upstream::new(|saw| async move {
        match saw.method().as_str() {
            "ping" => json(r#"{"jsonrpc":"2.0","id":3,"result":{}}"#),
            _ => upstream::status(200, ""),
        }
    })
    .await;
    let world = World::new(plan(), upstream).await;
    let note = r#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#;
    let ping = r#"{"jsonrpc":"2.0","id":3,"method":"ping"}"#;
    let answer = world.post(&[], format!("[{note},{ping},{note}]")).await;
    assert_eq!(answer.body, r#"[{"jsonrpc":"2.0","id":3,"result":{}}]"#);
    assert_eq!(world.post(&[], format!("[{note}]")).await.status, 202);
}

const PROGRESS: &str = r#"{"jsonrpc":"2.0","method":"notifications/progress","params":{"progressToken":1,"progress":1}}"#;
const QUESTION: &str =
    r#"{"jsonrpc":"2.0","id":"q1","method":"elicitation/create","params":{"message":"?"}}"#;

/// How a question ends, whose id is one of ours by then.
const ASKED: &str = "\"method\":\"elicitation/create\",\"params\":{\"message\":\"?\"}}\n\n";

/// An answer to the question that was heard last.
fn answer_to(heard: &str) -> String {
    let mut data = heard.lines().filter_map(|line| line.strip_prefix("data: "));
    let question: serde_json::Value = serde_json::from_str(data.next_back().unwrap()).unwrap();
    let id = &question["id"];
    assert!(id.as_str().is_some_and(|id| id.starts_with("q_")), "{id}");
    format!(r#"{{"jsonrpc":"2.0","id":{id},"result":{{"action":"accept"}}}}"#)
}

/// Streams its answer to `echo`: a word, a question, and the result once the question is answered.
async fn asking() -> Upstream {
    let (answered, waits) = tokio::sync::watch::channel(0);
    let answered = std::sync::Arc::new(answered);
    Upstream::new(move |saw: Saw| {
        let (answered, mut waits) = (answered.clone(), waits.clone());
        async move {
            let read: serde_json::Value = serde_json::from_slice(&saw.body).unwrap();
            let result = format!(
                r#"{{"jsonrpc":"2.0","id":{},"result":{{"content":[]}}}}"#,
                read["id"]
            );
            match read["method"].as_str() {
                Some("tools/call") => {}
                Some(_) => return json(&result),
                None => {
                    answered.send_modify(|count| *count += 1);
                    return upstream::status(202, "");
                }
            }
            let before = *waits.borrow();
            let (sender, said) = upstream::stream();
            tokio::spawn(async move {
                for text in [PROGRESS, QUESTION] {
                    sender.send(event(text)).await.unwrap();
                }
                waits.wait_for(|count| *count > before).await.unwrap();
                sender.send(event(&result)).await.unwrap();
            });
            said
        }
    })
    .await
}

#[tokio::test]
async fn what_a_server_says_and_asks_before_it_answers_an_element_is_heard_in_time() {
    let policy = Some(r#"{"version":"1","default":"deny","tools":{"echo":{}}}"#.to_owned());
    let tools = Some(vec!["echo", "drop"]);
    let plan = Plan {
        policy,
        tools,
        ..plan()
    };
    let world = World::new(plan, asking().await).await;
    let with_id = |text: String, id: u8| text.replace(r#""id":1"#, &format!(r#""id":{id}"#));
    let ping = |id: u8| format!(r#"{{"jsonrpc":"2.0","id":{id},"method":"ping"}}"#);
    let note = r#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#;
    let batch = format!(
        "[{},{note},{},{},{},{},8]",
        ping(3),
        with_id(call("echo", "{}"), 4),
        with_id(call("drop", "{}"), 5),
        ping(6),
        with_id(call("echo", "{}"), 7)
    );
    let mut response = world.send(world.request(Method::POST, &[], batch)).await;
    assert_eq!(response.headers()["content-type"], "text/event-stream");
    assert_eq!(response.headers()["x-accel-buffering"], "no");
    let mut heard = read_until(&mut response, ASKED).await;
    assert_eq!(world.post(&[], answer_to(&heard)).await.status, 202);
    heard += &read_until(&mut response, ASKED).await;
    assert_eq!(world.post(&[], answer_to(&heard)).await.status, 202);
    let rest = response.into_body().collect().await.unwrap().to_bytes();
    heard += std::str::from_utf8(&rest).unwrap();
    let order: Vec<String> = heard
        .lines()
        .filter_map(|line| line.strip_prefix("data: "))
        .map(|data| {
            let said: serde_json::Value = serde_json::from_str(data).unwrap();
            let is_no = said["result"]["isError"] == true || said["error"].is_object();
            let kind = said["method"]
                .as_str()
                .unwrap_or(if is_no { "no" } else { "yes" });
            let is_ours = said["id"].as_str().is_some_and(|id| id.starts_with("q_"));
            let id = if is_ours {
                "q_".into()
            } else {
                said["id"].to_string()
            };
            format!("{id} {kind}")
        })
        .collect();
    assert_eq!(
        order,
        [
            "3 yes",
            "null notifications/progress",
            "q_ elicitation/create",
            "4 yes",
            "5 no",
            "6 yes",
            "null notifications/progress",
            "q_ elicitation/create",
            "7 yes",
            "null no",
        ]
    );
    assert!(world.calls().iter().all(|call| !call.contains("drop")));
}

/// To hang up cancels nothing before 2026-07-28, and the elements that wait their turn were sent, too.
#[tokio::test]
async fn a_client_that_hangs_up_cancels_no_element() {
    let world = World::new(plan(), asking().await).await;
    let second = call("echo", r#"{"second":true}"#);
    let batch = format!("[{},{second}]", call("echo", "{}"));
    let mut response = world.send(world.request(Method::POST, &[], batch)).await;
    let heard = read_until(&mut response, ASKED).await;
    drop(response);
    assert_eq!(world.post(&[], answer_to(&heard)).await.status, 202);
    let saw = world
        .upstream
        .wait(|saw| saw.iter().any(|saw| saw.text() == second));
    assert_eq!(saw.await.len(), 3);
}
