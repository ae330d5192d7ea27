//! Servers of 2024-11-05 behind the gateway: to clients they look like any other.

#[path = "bridge/weight.rs"]
mod weight;
mod world;

use data_plane::upstream::pool;
use http::{Method, Response};
use hyper::body::Incoming;
use ids::token::{Token, TokenKind};
use serde_json::Value;
use tokio_util::task::AbortOnDropHandle;
use world::older::{naming, server, world};
use world::replica::Replica;
use world::session::{INITIALIZE, RESULT, begin, pass, read_until, sender};
use world::upstream::{self, Upstream, event};
use world::{Answer, Plan, World, call, plan};

fn numbered(id: u32) -> String {
    call("echo", "{}").replace(r#""id":1"#, &format!(r#""id":{id}"#))
}

fn result(id: u32) -> String {
    RESULT.replace(r#""id":1"#, &format!(r#""id":{id}"#))
}

async fn has_posted(world: &World, text: &str) {
    let posted = |saw: &Vec<upstream::Saw>| saw.iter().any(|saw| saw.text() == text);
    world.upstream.wait(posted).await;
}

/// Asks while the test does what makes the server answer.
async fn meanwhile<T>(
    world: &World,
    session: &str,
    body: &str,
    then: impl Future<Output = T>,
) -> (Response<Incoming>, T) {
    let headers = [("mcp-session-id", session)];
    let asking = world.send(world.request(Method::POST, &headers, body.to_owned()));
    tokio::join!(asking, then)
}

#[tokio::test]
async fn a_client_begins_lists_calls_and_ends_as_with_any_server() {
    let (upstream, streams) = server().await;
    let world = world(upstream).await;
    let session = begin(&world).await;
    let headers = [("mcp-session-id", session.as_str())];
    let ready = r#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#;
    assert_eq!(world.post(&headers, ready).await.status, 202);
    let stream = sender(&streams, &world.upstream, 1).await;
    // One answer and nothing else: JSON. What is sent is what the client wrote.
    let body = format!(" {} ", numbered(5));
    let (response, ()) = meanwhile(&world, &session, &body, async {
        has_posted(&world, &body).await;
        stream.send(event(&result(5))).await.unwrap();
    })
    .await;
    assert_eq!(response.headers()["content-type"], "application/json");
    assert_eq!(response.headers().get("mcp-session-id"), None);
    assert_eq!(Answer::of(response).await.body, result(5));
    // Progress on the way: a stream.
    let asks = r#"{"jsonrpc":"2.0","id":6,"method":"tools/call","params":{"name":"echo","_meta":{"progressToken":"p"}}}"#;
    let progress = r#"{"jsonrpc":"2.0","method":"notifications/progress","params":{"progressToken":"p","progress":0.50}}"#;
    let (response, ()) = meanwhile(&world, &session, asks, async {
        has_posted(&world, asks).await;
        stream.send(event(progress)).await.unwrap();
        stream.send(event(&result(6))).await.unwrap();
    })
    .await;
    assert_eq!(response.headers()["content-type"], "text/event-stream");
    let text = Answer::of(response).await.body;
    assert_eq!(text, format!("{}{}", event(progress), event(&result(6))));
    let ended = world
        .send(world.request(Method::DELETE, &headers, ""))
        .await;
    assert_eq!(ended.status(), 200);
    streams.lock().unwrap().clear();
    stream.closed().await;
    let before = world.upstream.saw().len();
    let gone = world.post(&headers, numbered(7)).await;
    assert_eq!(gone.status, 404);
    assert_eq!(world.upstream.saw().len(), before);
    let saw = world.upstream.saw();
    let secret = saw
        .iter()
        .find(|saw| !saw.header("mcp-session-id").is_empty());
    assert!(secret.is_none(), "the server knows no such header");
}

#[tokio::test]
async fn answers_find_their_calls_in_whatever_order_they_come() {
    let (upstream, streams) = server().await;
    let world = world(upstream).await;
    let session = begin(&world).await;
    let stream = sender(&streams, &world.upstream, 1).await;
    let headers = [("mcp-session-id", session.as_str())];
    let ask = |id| world.post(&headers, numbered(id));
    let (one, two, three, ()) = tokio::join!(ask(1), ask(2), ask(3), async {
        for id in [1, 2, 3] {
            has_posted(&world, &numbered(id)).await;
        }
        // Nobody asked this.
        stream.send(event(&result(9))).await.unwrap();
        for id in [3, 1, 2] {
            stream.send(event(&result(id))).await.unwrap();
        }
    });
    assert_eq!(
        [one.body, two.body, three.body],
        [result(1), result(2), result(3)]
    );
}

#[tokio::test]
async fn a_question_goes_to_the_standing_stream_else_with_a_call_and_its_answer_back() {
    let (upstream, streams) = server().await;
    let world = world(upstream).await;
    let session = begin(&world).await;
    let headers = [("mcp-session-id", session.as_str())];
    let stream = sender(&streams, &world.upstream, 1).await;
    let question = r#"{"jsonrpc":"2.0","id":7,"method":"elicitation/create","params":{}}"#;
    let (mut response, ()) = meanwhile(&world, &session, &numbered(1), async {
        has_posted(&world, &numbered(1)).await;
        stream.send(event(question)).await.unwrap();
    })
    .await;
    answer_question(&world, &session, &mut response).await;
    stream.send(event(RESULT)).await.unwrap();
    assert_eq!(read_until(&mut response, "\n\n").await, event(RESULT));
    // What comes while nobody listens waits for the stream.
    let note = r#"{"jsonrpc":"2.0","method":"notifications/tools/list_changed"}"#;
    stream.send(event(note)).await.unwrap();
    let mut standing = world.send(world.request(Method::GET, &headers, "")).await;
    assert_eq!(read_until(&mut standing, "\n\n").await, event(note));
    stream.send(event(question)).await.unwrap();
    answer_question(&world, &session, &mut standing).await;
    // A new stream takes the place of the old one.
    let mut next = world.send(world.request(Method::GET, &headers, "")).await;
    stream.send(event(note)).await.unwrap();
    assert_eq!(read_until(&mut next, "\n\n").await, event(note));
}

async fn answer_question(world: &World, session: &str, response: &mut Response<Incoming>) {
    let text = read_until(response, "\n\n").await;
    let data = text.lines().find_map(|line| line.strip_prefix("data: "));
    let asked: Value = serde_json::from_str(data.unwrap()).unwrap();
    let answer = format!(
        r#"{{"jsonrpc":"2.0","id":{},"result":{{"action":"decline"}}}}"#,
        asked["id"]
    );
    let headers = [("mcp-session-id", session)];
    assert_eq!(world.post(&headers, answer).await.status, 202);
    let raw = r#"{"jsonrpc":"2.0","id":7,"result":{"action":"decline"}}"#;
    assert_eq!(world.upstream.saw().pop().unwrap().text(), raw);
}

#[tokio::test]
async fn a_call_without_a_session_has_one_of_its_own_and_nobody_is_asked_in_it() {
    let (upstream, streams) = server().await;
    let world = world(upstream).await;
    let (answer, stream) = tokio::join!(world.post(&[], numbered(1)), async {
        let stream = sender(&streams, &world.upstream, 1).await;
        has_posted(&world, &numbered(1)).await;
        for method in ["elicitation/create", "ping"] {
            let question = format!(r#"{{"jsonrpc":"2.0","id":"q","method":"{method}"}}"#);
            stream.send(event(&question)).await.unwrap();
        }
        stream.send(event(RESULT)).await.unwrap();
        stream
    });
    assert_eq!(
        (answer.status.as_u16(), answer.body.as_str()),
        (200, RESULT)
    );
    assert!(!answer.headers.contains_key("mcp-session-id"));
    let saw = world.upstream.saw();
    let said: Vec<String> = saw.iter().map(upstream::Saw::method).collect();
    assert_eq!(
        said[..4],
        ["", "initialize", "notifications/initialized", "tools/call"]
    );
    assert!(
        saw[4].text().contains(r#""id":"q","error""#),
        "{}",
        saw[4].text()
    );
    assert!(
        saw[5].text().contains(r#""id":"q","result""#),
        "{}",
        saw[5].text()
    );
    // The session ends with the call.
    streams.lock().unwrap().clear();
    stream.closed().await;
}

#[tokio::test]
async fn without_a_session_there_is_no_stream_and_nobody_to_notify() {
    let (upstream, _) = server().await;
    let world = world(upstream).await;
    let stream = world.send(world.request(Method::GET, &[], "")).await;
    assert_eq!(stream.status(), 405);
    let note = r#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#;
    assert_eq!(world.post(&[], note).await.status, 202);
    assert!(world.upstream.saw().is_empty());
}

#[tokio::test]
async fn a_session_of_another_replica_is_gone_and_the_client_begins_again() {
    let (upstream, _) = server().await;
    let world = world(upstream).await;
    let session = begin(&world).await;
    let other = Replica::of(&world).await;
    let headers = [("mcp-session-id", session.as_str())];
    let before = world.upstream.saw().len();
    let gone = other.post(&world, &headers, numbered(1)).await;
    assert_eq!(
        (gone.status.as_u16(), gone.json()["id"].as_i64()),
        (404, Some(1))
    );
    let stream = other
        .send(&world, world.request(Method::GET, &headers, ""))
        .await;
    assert_eq!(stream.status(), 404);
    assert_eq!(world.upstream.saw().len(), before);
    let again = other.post(&world, &[], INITIALIZE).await;
    assert!(again.headers.contains_key("mcp-session-id"));
}

#[tokio::test]
async fn a_client_of_the_stateless_era_is_told_to_begin_as_the_older_ones_do() {
    let (upstream, _) = server().await;
    let world = world(upstream).await;
    let meta = r#""_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientCapabilities":{}}"#;
    let headers = [
        ("mcp-protocol-version", "2026-07-28"),
        ("mcp-method", "server/discover"),
    ];
    let body =
        format!(r#"{{"jsonrpc":"2.0","id":1,"method":"server/discover","params":{{{meta}}}}}"#);
    let answer = world.post(&headers, body).await;
    let code = answer.json()["error"]["code"].as_i64().unwrap();
    assert_eq!(answer.status, 400);
    assert!(
        !(-32099..=-32020).contains(&code) && code != -32602,
        "{code}"
    );
    assert!(world.upstream.saw().is_empty());
}

#[tokio::test]
async fn an_endpoint_of_another_origin_is_never_posted_to() {
    let canary = Upstream::saying("{}").await;
    let elsewhere = format!("http://{}/message", canary.address).leak();
    for endpoint in [
        elsewhere,
        "https://127.0.0.1/message",
        "//169.254.169.254/latest",
        "http://user:secret@127.0.0.1/message",
        "javascript:1",
    ] {
        let (upstream, _) = naming(endpoint).await;
        let world = world(upstream).await;
        for body in [INITIALIZE, &numbered(1)] {
            let answer = world.post(&[], body.to_owned()).await;
            assert_eq!(
                (
                    answer.status.as_u16(),
                    answer.json()["error"]["code"].as_i64()
                ),
                (502, Some(1001)),
                "{endpoint}"
            );
        }
        let posts = |saw: &upstream::Saw| saw.head.method == Method::POST;
        assert!(!world.upstream.saw().iter().any(posts));
    }
    assert!(canary.saw().is_empty());
}

#[tokio::test]
async fn a_stream_that_names_no_endpoint_is_given_up() {
    let long = format!(": {}\n\n", "x".repeat(100_000)).leak();
    let first = [
        "",
        "data: {}\n\n",
        "event: message\ndata: /message\n\n",
        "event: endpoint\n\n",
        long,
    ];
    for said in first {
        let upstream = Upstream::new(move |_| async move {
            let (sender, stream) = upstream::stream();
            tokio::spawn(async move {
                // The gateway may have gone before.
                let _ = sender.send(said.to_owned()).await;
            });
            stream
        })
        .await;
        let world = world(upstream).await;
        let answer = world.post(&[], INITIALIZE).await;
        assert_eq!(answer.status, 502, "{said:.40}");
    }
    for (status, expected) in [(401, 502), (404, 404), (503, 503)] {
        let upstream = Upstream::new(move |_| async move { upstream::status(status, "") }).await;
        let answer = world(upstream).await.post(&[], INITIALIZE).await;
        assert_eq!(answer.status, expected);
    }
    let plain = world(Upstream::saying("{}").await).await;
    assert_eq!(plain.post(&[], INITIALIZE).await.status, 502);
}

#[tokio::test]
async fn a_stream_that_breaks_off_ends_its_calls_with_their_ids() {
    for last in ["", "data: nonsense\n\n"] {
        let (upstream, streams) = server().await;
        let world = world(upstream).await;
        let session = begin(&world).await;
        let stream = sender(&streams, &world.upstream, 1).await;
        let question = r#"{"jsonrpc":"2.0","id":7,"method":"ping"}"#;
        let (begun, ()) = meanwhile(&world, &session, &numbered(1), async {
            has_posted(&world, &numbered(1)).await;
            stream.send(event(question)).await.unwrap();
        })
        .await;
        let (response, ()) = meanwhile(&world, &session, &numbered(2), async {
            has_posted(&world, &numbered(2)).await;
            stream.send(last.to_owned()).await.unwrap();
            streams.lock().unwrap().clear();
            drop(stream);
        })
        .await;
        let waited = Answer::of(response).await;
        assert_eq!(
            (waited.status.as_u16(), waited.json()["id"].as_i64()),
            (502, Some(2))
        );
        let begun = Answer::of(begun).await.body;
        assert!(begun.contains(r#""id":1,"error":{"code":1001"#), "{begun}");
        let headers = [("mcp-session-id", session.as_str())];
        assert_eq!(world.post(&headers, numbered(3)).await.status, 404);
    }
}

#[tokio::test]
async fn an_event_without_end_ends_the_session_though_its_stream_stays_open() {
    let (upstream, streams) = server().await;
    let world = world(upstream).await;
    let session = begin(&world).await;
    let stream = sender(&streams, &world.upstream, 1).await;
    let (response, ()) = meanwhile(&world, &session, &numbered(2), async {
        has_posted(&world, &numbered(2)).await;
        stream.send("data: ".to_owned()).await.unwrap();
        // It may end before the last of them is taken.
        for _ in 0..17 {
            let _ = stream.send("x".repeat(1 << 20)).await;
        }
    })
    .await;
    let waited = Answer::of(response).await;
    assert_eq!(
        (waited.status.as_u16(), waited.json()["id"].as_i64()),
        (502, Some(2))
    );
    let headers = [("mcp-session-id", session.as_str())];
    assert_eq!(world.post(&headers, numbered(3)).await.status, 404);
}

#[tokio::test]
async fn a_grant_has_no_more_sessions_than_fit_and_takes_no_others() {
    let (upstream, _) = server().await;
    let world = world(upstream).await;
    let other = format!("Bearer {}", world.other_token);
    let theirs = world.post(&[("authorization", &other)], INITIALIZE).await;
    let theirs = theirs.headers["mcp-session-id"]
        .to_str()
        .unwrap()
        .to_owned();
    let first = begin(&world).await;
    for _ in 0..16 {
        begin(&world).await;
    }
    let note = r#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#;
    let gone = world.post(&[("mcp-session-id", &first)], note).await;
    assert_eq!(gone.status, 404, "the one longest unused");
    let headers = [
        ("authorization", other.as_str()),
        ("mcp-session-id", theirs.as_str()),
    ];
    assert_eq!(world.post(&headers, note).await.status, 202);
}

const NOTE: &str = r#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#;

async fn is_there(world: &World, session: &str) -> bool {
    let told = world.post(&[("mcp-session-id", session)], NOTE).await;
    assert!(matches!(told.status.as_u16(), 202 | 404), "{}", told.status);
    told.status == 202
}

#[tokio::test]
async fn a_session_that_nobody_uses_ends_after_an_hour_and_one_that_is_used_or_listened_to_does_not()
 {
    const MOST_OF_AN_HOUR: u64 = 40 * 60;
    let (upstream, streams) = server().await;
    let world = world(upstream).await;
    let [used, listened, forgotten] = [
        begin(&world).await,
        begin(&world).await,
        begin(&world).await,
    ];
    let connections = streams.lock().unwrap().clone();
    streams.lock().unwrap().clear();
    let headers = [("mcp-session-id", listened.as_str())];
    let standing = world.send(world.request(Method::GET, &headers, "")).await;
    pass(MOST_OF_AN_HOUR).await;
    assert!(is_there(&world, &used).await);
    pass(MOST_OF_AN_HOUR).await;
    connections[2].closed().await;
    assert!(!is_there(&world, &forgotten).await);
    assert!(is_there(&world, &used).await);
    assert!(!connections[0].is_closed() && !connections[1].is_closed());
    // The hour begins anew when nobody listens any more.
    drop(standing);
    assert!(is_there(&world, &listened).await);
    pass(2 * MOST_OF_AN_HOUR).await;
    connections[0].closed().await;
    connections[1].closed().await;
    assert!(!is_there(&world, &listened).await);
}

#[tokio::test]
async fn a_session_ends_with_its_grant_when_that_is_known_here() {
    let changes: [fn(&mut bundle::OrgBundle); 6] = [
        |bundle| bundle.grants[0].is_open = false,
        |bundle| bundle.grants[0].tokens.clear(),
        |bundle| bundle.grants[0].expires_at = Some(1),
        |bundle| bundle.grants[0].attachments.clear(),
        |bundle| drop(bundle.grants.remove(0)),
        |bundle| bundle.servers[0].is_open = false,
    ];
    for (number, change) in changes.into_iter().enumerate() {
        let (upstream, streams) = server().await;
        let mut world = world(upstream).await;
        let _swept = AbortOnDropHandle::new(tokio::spawn(pool::keep_swept(world.gateway.clone())));
        begin(&world).await;
        let other = format!("Bearer {}", world.other_token);
        let headers = [("authorization", other.as_str())];
        world.post(&headers, INITIALIZE).await;
        let connections = streams.lock().unwrap().clone();
        streams.lock().unwrap().clear();
        world.publish(change);
        let ended = tokio::time::timeout(world::PATIENCE, connections[0].closed()).await;
        assert!(ended.is_ok(), "change {number}: its connection stays");
        let is_all = number == 5;
        if is_all {
            connections[1].closed().await;
        }
        assert_eq!(connections[1].is_closed(), is_all, "change {number}");
    }
}

#[tokio::test]
async fn a_server_has_no_more_sessions_than_fit_and_the_one_longest_unused_makes_room() {
    const MOST: usize = 512;
    const EACH: usize = 16;
    let token = |number: u8| Token::new(TokenKind::Grant, [number; 32]);
    let pepper = seal::Pepper::new(&[9; 32]);
    let many = move |bundle: &mut bundle::OrgBundle| {
        bundle.servers[0].transport = bundle::Transport::Sse;
        let first = bundle.grants[0].clone();
        for number in 100..=132 {
            let mut grant = first.clone();
            grant.id = ids::GrantId::new(1, [number; 10]);
            grant.tokens[0].digest = seal::to_hex(&pepper.digest(token(number).expose()));
            bundle.grants.push(grant);
        }
    };
    let (upstream, streams) = server().await;
    let plan = Plan {
        change: Box::new(many),
        ..plan()
    };
    let world = World::new(plan, upstream).await;
    for number in 0..=MOST {
        let grant = u8::try_from(100 + number / EACH).unwrap();
        let bearer = format!("Bearer {}", token(grant).expose());
        let answer = world.post(&[("authorization", &bearer)], INITIALIZE).await;
        assert_eq!(answer.status, 200, "session {number}: {}", answer.body);
    }
    let connections = streams.lock().unwrap().clone();
    streams.lock().unwrap().clear();
    assert_eq!(connections.len(), MOST + 1);
    connections[0].closed().await;
    assert!(connections[1..].iter().all(|other| !other.is_closed()));
}
