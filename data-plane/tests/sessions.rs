//! The legacy era: sessions of ours around the upstream's, streams, and questions of the server's.

mod world;

use http::{Method, Response};
use http_body_util::BodyExt;
use hyper::body::Incoming;
use std::sync::{Arc, Mutex};
use tokio::sync::mpsc;
use world::upstream::{self, Saw, Upstream, event, events, json};
use world::{Answer, Plan, World, call, plan};

const INITIALIZE: &str = r#"{"jsonrpc":"2.0","id":0,"method":"initialize","params":{"protocolVersion":"2025-11-25","capabilities":{},"clientInfo":{"name":"probe","version":"9"}}}"#;
const AGREED: &str = r#"{"jsonrpc":"2.0","id":0,"result":{"protocolVersion":"2025-06-18","capabilities":{},"serverInfo":{"name":"x","version":"1"}}}"#;
const RESULT: &str = r#"{"jsonrpc":"2.0","id":1,"result":{"content":[]}}"#;

type Streams = Arc<Mutex<Vec<mpsc::Sender<String>>>>;

/// A server with sessions. What it streams on GET, and in answer to `tools/call` where `streams` says so, the test
/// writes.
async fn server(as_stream: bool) -> (Upstream, Streams) {
    let streams: Streams = Arc::default();
    let kept = Arc::clone(&streams);
    let upstream = Upstream::new(move |saw: Saw| {
        let streams = Arc::clone(&kept);
        async move {
            let is_ours = saw.header("mcp-session-id") == "theirs";
            let mut said = match (saw.head.method.clone(), saw.method().as_str()) {
                (Method::POST, "initialize") if as_stream => events(&[AGREED]),
                (Method::POST, "initialize") => json(AGREED),
                _ if !is_ours => return upstream::status(404, "{}"),
                (Method::GET, _) => {
                    let (sender, said) = upstream::stream();
                    streams.lock().unwrap().push(sender);
                    said
                }
                (Method::DELETE, _) => upstream::status(200, ""),
                (_, "tools/call") if as_stream => {
                    let (sender, said) = upstream::stream();
                    streams.lock().unwrap().push(sender);
                    said
                }
                (_, "tools/call") => json(RESULT),
                _ => upstream::status(202, ""),
            };
            said.headers_mut()
                .insert("mcp-session-id", "theirs".parse().unwrap());
            said
        }
    })
    .await;
    (upstream, streams)
}

async fn begin(world: &World) -> String {
    let answer = world.post(&[], INITIALIZE).await;
    assert_eq!(answer.status, 200);
    assert!(answer.body.contains(AGREED));
    answer.headers["mcp-session-id"]
        .to_str()
        .unwrap()
        .to_owned()
}

/// Reads until the text ends with what is expected.
async fn read_until(response: &mut Response<Incoming>, end: &str) -> String {
    let mut text = String::new();
    while !text.ends_with(end) {
        let frame = tokio::time::timeout(
            std::time::Duration::from_secs(10),
            response.body_mut().frame(),
        )
        .await;
        let frame = frame
            .unwrap_or_else(|_| panic!("only {text}"))
            .unwrap_or_else(|| panic!("ended after {text}"));
        text.push_str(std::str::from_utf8(&frame.unwrap().into_data().unwrap()).unwrap());
    }
    text
}

/// Lets the data plane believe that so many seconds have gone by.
async fn pass(seconds: u64) {
    tokio::time::pause();
    tokio::time::advance(std::time::Duration::from_secs(seconds)).await;
    tokio::time::resume();
}

async fn sender(streams: &Streams, upstream: &Upstream, number: usize) -> mpsc::Sender<String> {
    upstream
        .wait(|_| streams.lock().unwrap().len() >= number)
        .await;
    streams.lock().unwrap()[number - 1].clone()
}

#[tokio::test]
async fn a_session_is_ours_outside_and_the_servers_inside() {
    for as_stream in [false, true] {
        let (upstream, streams) = server(as_stream).await;
        let world = World::new(plan(), upstream).await;
        let session = begin(&world).await;
        assert!(!session.contains("theirs"));
        let ready = r#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#;
        assert_eq!(
            world
                .post(&[("mcp-session-id", &session)], ready)
                .await
                .status,
            202
        );
        let request = world.request(
            Method::POST,
            &[("mcp-session-id", &session)],
            call("echo", "{}"),
        );
        let mut answer = world.send(request).await;
        if as_stream {
            let sender = sender(&streams, &world.upstream, 1).await;
            sender.send(event(RESULT)).await.unwrap();
            read_until(&mut answer, &event(RESULT)).await;
        }
        assert_eq!(
            answer.headers()["mcp-session-id"],
            session.as_str(),
            "the same session keeps its id"
        );
        let saw = world.upstream.saw();
        assert_eq!(saw[1].text(), ready);
        assert!(
            saw[1..]
                .iter()
                .all(|saw| saw.header("mcp-session-id") == "theirs")
        );
    }
}

#[tokio::test]
async fn the_session_remembers_what_it_agreed_on_and_who_the_client_said_it_was() {
    let (upstream, _) = server(true).await;
    let world = World::new(plan(), upstream).await;
    let session = begin(&world).await;
    let bearer = mcp::sealed::Bearer {
        org: *world.bundle.org.id.uuid().as_bytes(),
        server: *world.bundle.servers[0].id.uuid().as_bytes(),
        grant: *world.bundle.grants[0].id.uuid().as_bytes(),
    };
    let opened = world
        .gateway
        .seals
        .open_session(session.as_bytes(), &bearer, world.gateway.now_ms())
        .unwrap();
    assert_eq!(opened.revision, mcp::Revision::V2025_06_18);
    assert_eq!(
        (
            opened.client_name.as_deref(),
            opened.client_version.as_deref()
        ),
        (Some("probe"), Some("9"))
    );
}

#[tokio::test]
async fn a_session_in_another_grants_hands_is_gone() {
    let (upstream, _) = server(false).await;
    let world = World::new(plan(), upstream).await;
    let session = begin(&world).await;
    let other = format!("Bearer {}", world.other_token);
    let before = world.upstream.saw().len();
    let mut bodies = Vec::new();
    for (token, session) in [
        (other.as_str(), session.as_str()),
        (other.as_str(), "made-up"),
        (&format!("Bearer {}", world.token), "theirs"),
    ] {
        let headers = [("authorization", token), ("mcp-session-id", session)];
        let answer = world.post(&headers, call("echo", "{}")).await;
        assert_eq!(answer.status, 404);
        bodies.push(answer.body);
        for method in [Method::GET, Method::DELETE] {
            assert_eq!(
                world
                    .send(world.request(method, &headers, ""))
                    .await
                    .status(),
                404
            );
        }
    }
    bodies.dedup();
    assert_eq!(
        bodies,
        [
            r#"{"jsonrpc":"2.0","id":1,"error":{"code":1000,"message":"no such session: begin a new one"}}"#
        ]
    );
    assert_eq!(world.upstream.saw().len(), before);
}

#[tokio::test]
async fn a_server_without_sessions_and_a_client_without_initialize_work() {
    let world = World::new(plan(), Upstream::saying(RESULT).await).await;
    let answer = world.call("echo", "{}").await;
    assert_eq!(
        (answer.status.as_u16(), answer.body.as_str()),
        (200, RESULT)
    );
    assert!(!answer.headers.contains_key("mcp-session-id"));
}

#[tokio::test]
async fn a_session_that_the_server_has_forgotten_is_gone() {
    let upstream = Upstream::new(|saw| async move {
        if saw.method() != "initialize" {
            return upstream::status(
                404,
                r#"{"jsonrpc":"2.0","id":1,"error":{"code":-32001,"message":"Session not found"}}"#,
            );
        }
        let mut said = json(AGREED);
        said.headers_mut()
            .insert("mcp-session-id", "theirs".parse().unwrap());
        said
    })
    .await;
    let world = World::new(plan(), upstream).await;
    let session = begin(&world).await;
    let answer = world
        .post(&[("mcp-session-id", &session)], call("echo", "{}"))
        .await;
    assert_eq!(answer.status, 404);
    let get = world
        .send(world.request(Method::GET, &[("mcp-session-id", &session)], ""))
        .await;
    assert_eq!(get.status(), 404);
}

#[tokio::test]
async fn a_stream_that_the_server_does_not_offer_is_exactly_405() {
    for status in [400, 404, 405, 406, 501] {
        let upstream = Upstream::new(move |_| async move { upstream::status(status, "{}") }).await;
        let world = World::new(plan(), upstream).await;
        let answer = Answer::of(world.send(world.request(Method::GET, &[], "")).await).await;
        assert_eq!(answer.status, 405, "{status}");
    }
}

#[tokio::test]
async fn events_arrive_one_by_one_as_they_are_sent() {
    let (upstream, streams) = server(true).await;
    let world = World::new(plan(), upstream).await;
    let session = begin(&world).await;
    let request = world.request(
        Method::POST,
        &[("mcp-session-id", &session)],
        call("echo", "{}"),
    );
    let asking = tokio::spawn(async move {
        let response = world.send(request).await;
        (world, response)
    });
    let sender = loop {
        if let Some(sender) = streams.lock().unwrap().first().cloned() {
            break sender;
        }
        tokio::task::yield_now().await;
    };
    sender.send("id: 1\ndata: \n\n".into()).await.unwrap();
    let (_world, mut response) = asking.await.unwrap();
    assert_eq!(response.headers()["content-type"], "text/event-stream");
    assert_eq!(response.headers()["x-accel-buffering"], "no");
    assert_eq!(read_until(&mut response, "\n\n").await, "id: 1\ndata: \n\n");
    let progress = r#"{"jsonrpc":"2.0","method":"notifications/progress","params":{"progressToken":1,"progress":0.50}}"#;
    for _ in 0..3 {
        sender.send(event(progress)).await.unwrap();
        assert_eq!(read_until(&mut response, "\n\n").await, event(progress));
    }
    sender
        .send(format!("id: 2\r\ndata: {RESULT}\r\n\r\n"))
        .await
        .unwrap();
    assert_eq!(
        read_until(&mut response, "\n\n").await,
        format!("id: 2\ndata: {RESULT}\n\n")
    );
    drop(sender);
    streams.lock().unwrap().clear();
    assert!(response.body_mut().frame().await.is_none());
}

#[tokio::test]
async fn an_event_cannot_smuggle_another_in() {
    let (upstream, streams) = server(true).await;
    let world = World::new(plan(), upstream).await;
    let session = begin(&world).await;
    let mut response = world
        .send(world.request(
            Method::POST,
            &[("mcp-session-id", &session)],
            call("echo", "{}"),
        ))
        .await;
    let sender = sender(&streams, &world.upstream, 1).await;
    // An answer to another request, an answer to none, and a field that is none; then the true answer.
    for foreign in [
        r#"{"jsonrpc":"2.0","id":99,"result":{"evil":1}}"#,
        r#"{"jsonrpc":"2.0","id":"1","result":{"evil":1}}"#,
    ] {
        sender.send(event(foreign)).await.unwrap();
    }
    sender
        .send(format!("evil: 1\rdata: {RESULT}\r\r"))
        .await
        .unwrap();
    let text = read_until(&mut response, "\n\n").await;
    assert_eq!(text, format!("data: {RESULT}\n\n"));
}

#[tokio::test]
async fn a_legacy_client_that_hangs_up_does_not_cancel_its_call() {
    let (upstream, streams) = server(true).await;
    let world = World::new(plan(), upstream).await;
    let session = begin(&world).await;
    let mut response = world
        .send(world.request(
            Method::POST,
            &[("mcp-session-id", &session)],
            call("echo", "{}"),
        ))
        .await;
    let sender = sender(&streams, &world.upstream, 1).await;
    sender.send("id: 1\ndata: \n\n".into()).await.unwrap();
    read_until(&mut response, "\n\n").await;
    drop(response);
    for _ in 0..20 {
        sender
            .send(event(
                r#"{"jsonrpc":"2.0","method":"notifications/progress"}"#,
            ))
            .await
            .unwrap();
    }
    sender.send(event(RESULT)).await.unwrap();
    drop(sender);
    streams.lock().unwrap().clear();
    let records = world
        .recorded(|records| {
            records
                .iter()
                .any(|record| matches!(record, bundle::record::Record::Outcome(_)))
        })
        .await;
    let outcome = records.iter().find_map(|record| match record {
        bundle::record::Record::Outcome(outcome) => Some(outcome.outcome),
        bundle::record::Record::Intent(_) => None,
    });
    assert_eq!(outcome, Some(bundle::record::Ending::Ok));
}

#[tokio::test]
async fn a_new_standing_stream_replaces_the_old_one() {
    let (upstream, streams) = server(false).await;
    let world = World::new(plan(), upstream).await;
    let session = begin(&world).await;
    let get = || {
        world.request(
            Method::GET,
            &[("mcp-session-id", &session), ("content-type", "")],
            "",
        )
    };
    let mut first = world.send(get()).await;
    assert_eq!(first.status(), 200);
    let note = r#"{"jsonrpc":"2.0","method":"notifications/tools/list_changed"}"#;
    sender(&streams, &world.upstream, 1)
        .await
        .send(event(note))
        .await
        .unwrap();
    read_until(&mut first, &event(note)).await;
    let mut second = world.send(get()).await;
    assert_eq!(second.status(), 200);
    assert!(
        first.body_mut().frame().await.is_none(),
        "the old one has ended"
    );
    sender(&streams, &world.upstream, 2)
        .await
        .send(event(note))
        .await
        .unwrap();
    read_until(&mut second, &event(note)).await;
}

#[tokio::test]
async fn the_rest_of_a_broken_stream_is_asked_for_by_its_last_event_and_its_lists_are_cut() {
    let (upstream, streams) = server(false).await;
    let policy = Some(r#"{"version":"1","default":"allow","hide":["b"]}"#.to_owned());
    let world = World::new(Plan { policy, ..plan() }, upstream).await;
    let session = begin(&world).await;
    let mut rest = world
        .send(world.request(
            Method::GET,
            &[("mcp-session-id", &session), ("last-event-id", "e7")],
            "",
        ))
        .await;
    assert_eq!(
        world.upstream.saw().last().unwrap().header("last-event-id"),
        "e7"
    );
    let list = r#"{"jsonrpc":"2.0","id":5,"result":{"tools":[{"name":"a"},{"name":"b"}]}}"#;
    sender(&streams, &world.upstream, 1)
        .await
        .send(event(list))
        .await
        .unwrap();
    let cut = list.replace(r#",{"name":"b"}"#, "");
    assert_eq!(read_until(&mut rest, "\n\n").await, event(&cut));
}

#[tokio::test]
async fn a_servers_question_is_answered_once_and_only_on_its_own_session() {
    let (upstream, streams) = server(true).await;
    let world = World::new(plan(), upstream).await;
    let session = begin(&world).await;
    let mut response = world
        .send(world.request(
            Method::POST,
            &[("mcp-session-id", &session)],
            call("echo", "{}"),
        ))
        .await;
    let question =
        r#"{"jsonrpc":"2.0","id":"q1","method":"elicitation/create","params":{"message":"?"}}"#;
    sender(&streams, &world.upstream, 1)
        .await
        .send(event(question))
        .await
        .unwrap();
    read_until(&mut response, &event(question)).await;
    let answer = r#"{"jsonrpc":"2.0","id":"q1","result":{"action":"accept"}}"#;
    let before = world.upstream.saw().len();
    assert_eq!(world.post(&[], answer).await.status, 400, "another session");
    let other = begin(&world).await;
    assert_eq!(
        world
            .post(&[("mcp-session-id", &other)], answer.replace("q1", "q2"))
            .await
            .status,
        400
    );
    assert_eq!(world.upstream.saw().len(), before + 1);
    assert_eq!(
        world
            .post(&[("mcp-session-id", &session)], answer)
            .await
            .status,
        202
    );
    assert_eq!(world.upstream.saw().last().unwrap().text(), answer);
    assert_eq!(
        world
            .post(&[("mcp-session-id", &session)], answer)
            .await
            .status,
        400,
        "twice"
    );
}

#[tokio::test]
async fn a_question_that_the_organisation_does_not_allow_is_refused_to_the_server() {
    let (upstream, streams) = server(true).await;
    let change = |bundle: &mut bundle::OrgBundle| bundle.servers[0].allows_sampling = false;
    let world = World::new(
        Plan {
            change: Box::new(change),
            ..plan()
        },
        upstream,
    )
    .await;
    let session = begin(&world).await;
    let mut response = world
        .send(world.request(
            Method::POST,
            &[("mcp-session-id", &session)],
            call("echo", "{}"),
        ))
        .await;
    let sender = sender(&streams, &world.upstream, 1).await;
    for method in ["sampling/createMessage", "made/up"] {
        sender
            .send(event(&format!(
                r#"{{"jsonrpc":"2.0","id":7,"method":"{method}"}}"#
            )))
            .await
            .unwrap();
        let saw = world
            .upstream
            .wait(|saw| saw.last().unwrap().text().contains("does not allow"))
            .await;
        let last = saw.last().unwrap();
        assert_eq!(
            (
                last.header("mcp-session-id"),
                last.text().contains(r#""id":7,"error""#)
            ),
            ("theirs", true)
        );
    }
    sender.send(event(RESULT)).await.unwrap();
    assert_eq!(
        read_until(&mut response, "\n\n").await,
        event(RESULT),
        "the client never heard of it"
    );
}

#[tokio::test]
async fn a_batch_is_judged_element_by_element_under_its_one_revision() {
    let upstream = Upstream::new(|saw| async move {
        let id: serde_json::Value =
            serde_json::from_slice::<serde_json::Value>(&saw.body).unwrap()["id"].clone();
        match saw.method().as_str() {
            "ping" => events(&[&format!(r#"{{"jsonrpc":"2.0","id":{id},"result":{{}}}}"#)]),
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
async fn a_session_ends_when_its_client_says_so() {
    let (upstream, _) = server(false).await;
    let world = World::new(plan(), upstream).await;
    let session = begin(&world).await;
    let answer = world
        .send(world.request(Method::DELETE, &[("mcp-session-id", &session)], ""))
        .await;
    assert_eq!(answer.status(), 200);
    let last = world.upstream.saw().pop().unwrap();
    assert_eq!(
        (last.head.method.as_str(), last.header("mcp-session-id")),
        ("DELETE", "theirs")
    );
}

#[tokio::test]
async fn an_unknown_notification_is_taken_and_dropped() {
    let (upstream, _) = server(false).await;
    let world = World::new(plan(), upstream).await;
    let answer = world
        .post(&[], r#"{"jsonrpc":"2.0","method":"notifications/made_up"}"#)
        .await;
    assert_eq!(answer.status, 202);
    assert!(world.upstream.saw().is_empty());
}

#[tokio::test]
async fn a_quiet_stream_says_that_it_is_alive() {
    let (upstream, streams) = server(false).await;
    let world = World::new(plan(), upstream).await;
    let session = begin(&world).await;
    let mut stream = world
        .send(world.request(Method::GET, &[("mcp-session-id", &session)], ""))
        .await;
    let _open = sender(&streams, &world.upstream, 1).await;
    pass(20).await;
    assert_eq!(read_until(&mut stream, "\n\n").await, ": keep-alive\n\n");
}

#[tokio::test]
async fn an_open_stream_is_cut_when_its_grant_is_revoked() {
    let (upstream, streams) = server(false).await;
    let mut world = World::new(plan(), upstream).await;
    let session = begin(&world).await;
    let mut stream = world
        .send(world.request(Method::GET, &[("mcp-session-id", &session)], ""))
        .await;
    let open = sender(&streams, &world.upstream, 1).await;
    streams.lock().unwrap().clear();
    world.publish(|bundle| drop(bundle.grants.remove(0)));
    pass(5).await;
    assert!(stream.body_mut().frame().await.is_none());
    open.closed().await;
}
