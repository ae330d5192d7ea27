//! The sessions of the legacy era: ours outside, the server's inside.

mod world;

use http::Method;
use world::replica::Replica;
use world::session::{AGREED, RESULT, begin, read_until, sender, server};
use world::upstream::{self, Upstream, event, json};
use world::{World, call, plan};

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
    let bearer = world.bearer();
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
async fn what_a_server_says_before_it_answers_an_initialize_is_bounded() {
    let note = format!(
        r#"{{"jsonrpc":"2.0","method":"notifications/message","params":{{"x":"{}"}}}}"#,
        "x".repeat(200_000)
    );
    let upstream = Upstream::new(move |_| {
        let note = note.clone();
        async move {
            let all: Vec<&str> = std::iter::repeat_n(note.as_str(), 10)
                .chain([AGREED])
                .collect();
            let mut said = upstream::events(&all);
            said.headers_mut()
                .insert("mcp-session-id", "theirs".parse().unwrap());
            said
        }
    })
    .await;
    let world = World::new(plan(), upstream).await;
    let answer = world.post(&[], world::session::INITIALIZE).await;
    assert!(
        answer.body.contains(r#""id":0,"error":{"code":1001"#) && !answer.body.contains(AGREED),
        "{}",
        &answer.body[answer.body.len().saturating_sub(300)..]
    );
}

#[tokio::test]
async fn a_session_goes_on_at_another_replica_and_after_a_restart() {
    let (upstream, streams) = server(false).await;
    let world = World::new(plan(), upstream).await;
    let session = begin(&world).await;
    let other = Replica::of(&world).await;
    let headers = [("mcp-session-id", session.as_str())];
    let answer = other.post(&world, &headers, call("echo", "{}")).await;
    assert_eq!(
        (answer.status.as_u16(), answer.body.as_str()),
        (200, RESULT)
    );
    assert_eq!(answer.headers["mcp-session-id"], session.as_str());
    let get = world.request(Method::GET, &headers, "");
    let mut stream = other.send(&world, get).await;
    let note =
        r#"{"jsonrpc":"2.0","method":"notifications/resources/updated","params":{"uri":"x:y"}}"#;
    let tell = sender(&streams, &world.upstream, 1).await;
    tell.send(event(note)).await.unwrap();
    assert_eq!(read_until(&mut stream, "\n\n").await, event(note));
    let end = world.request(Method::DELETE, &headers, "");
    assert_eq!(other.send(&world, end).await.status(), 200);
    let saw = world.upstream.saw();
    assert!(
        saw[1..]
            .iter()
            .all(|saw| saw.header("mcp-session-id") == "theirs")
    );
}

#[tokio::test]
async fn a_server_that_ends_no_sessions_says_so() {
    let upstream = Upstream::new(|saw| async move {
        if saw.method() != "initialize" {
            return upstream::status(405, "");
        }
        let mut said = json(AGREED);
        said.headers_mut()
            .insert("mcp-session-id", "theirs".parse().unwrap());
        said
    })
    .await;
    let world = World::new(plan(), upstream).await;
    let session = begin(&world).await;
    let headers = [("mcp-session-id", session.as_str())];
    let end = world.request(Method::DELETE, &headers, "");
    assert_eq!(world.send(end).await.status(), 405);
}

#[tokio::test]
async fn whatever_else_a_session_says_arrives_as_it_was_written() {
    let (upstream, _) = server(false).await;
    let world = World::new(plan(), upstream).await;
    let session = begin(&world).await;
    let headers = [
        ("mcp-session-id", session.as_str()),
        ("mcp-protocol-version", "2025-06-18"),
    ];
    for (method, params) in [
        ("ping", r#"{"x":1.50}"#),
        ("logging/setLevel", r#"{"level":"debug"}"#),
        ("resources/subscribe", r#"{"uri":"x:y","more":1e400}"#),
        ("resources/unsubscribe", r#"{"uri":"x:y"}"#),
        ("prompts/get", r#"{"name":"\u0061"}"#),
        ("completion/complete", r#"{"ref":{},"argument":{}}"#),
    ] {
        let body =
            format!(r#" {{"method":"{method}","id":"a", "params":{params},"jsonrpc":"2.0"}} "#);
        world.post(&headers, body.clone()).await;
        let last = world.upstream.saw().pop().unwrap();
        assert_eq!(last.text(), body);
        assert_eq!(last.header("mcp-protocol-version"), "2025-06-18");
    }
    for method in [
        "notifications/initialized",
        "notifications/cancelled",
        "notifications/progress",
        "notifications/roots/list_changed",
        "notifications/tasks/status",
    ] {
        let body = format!(r#"{{"jsonrpc":"2.0","method":"{method}","params":{{"x":1.50}} }}"#);
        assert_eq!(world.post(&headers, body.clone()).await.status, 202);
        assert_eq!(world.upstream.saw().pop().unwrap().text(), body);
    }
}
