//! How much may be under way for one grant and one organisation; and that what stands open ends when the replica does.

mod world;

use data_plane::seats::{FREE_BYTES, Limits, Most, Use};
use http::Method;
use http_body_util::BodyExt;
use std::sync::Arc;
use tokio::sync::Semaphore;
use tokio::task::JoinHandle;
use world::session::{begin, sender, server};
use world::upstream::{Upstream, json};
use world::{Answer, Plan, World, call, plan};

const RESULT: &str = r#"{"jsonrpc":"2.0","id":1,"result":{"content":[]}}"#;
const MODERN: &str = r#"{"jsonrpc":"2.0","id":"m","method":"tools/call","params":{"name":"echo","_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientCapabilities":{},"io.modelcontextprotocol/clientInfo":{"name":"m","version":"1"}}}}"#;

const fn one_each(all: usize) -> Limits {
    let most = Most {
        grant: 1,
        org: 2,
        all,
    };
    Limits {
        calls: most,
        streams: most,
        bytes: 1 << 20,
    }
}

/// A world whose server answers a call once it is let go.
async fn waiting(seats: Limits) -> (Arc<World>, Arc<Semaphore>) {
    let go = Arc::new(Semaphore::new(0));
    let gate = Arc::clone(&go);
    let upstream = Upstream::new(move |_| {
        let gate = Arc::clone(&gate);
        async move {
            gate.acquire().await.unwrap().forget();
            json(RESULT)
        }
    })
    .await;
    let plan = Plan { seats, ..plan() };
    (Arc::new(World::new(plan, upstream).await), go)
}

/// A call that has reached the server, which then has seen `seen`.
async fn under_way(world: &Arc<World>, token: &str, seen: usize) -> JoinHandle<Answer> {
    let (calling, bearer) = (Arc::clone(world), format!("Bearer {token}"));
    let answer = tokio::spawn(async move {
        let headers = [("authorization", bearer.as_str())];
        calling.post(&headers, call("echo", "{}")).await
    });
    world.upstream.wait(|saw| saw.len() == seen).await;
    answer
}

#[tokio::test]
async fn a_grant_with_all_its_calls_under_way_is_told_to_wait_in_words_of_its_era() {
    let (world, go) = waiting(one_each(100)).await;
    let first = under_way(&world, &world.token, 1).await;

    let legacy = world.call("echo", "{}").await;
    let said = legacy.json();
    assert_eq!(
        (
            legacy.status.as_u16(),
            said["error"]["code"].as_i64(),
            said["id"].as_i64()
        ),
        (200, Some(1003), Some(1))
    );
    assert_eq!(legacy.headers["retry-after"], "1");
    let headers = [
        ("mcp-protocol-version", "2026-07-28"),
        ("mcp-method", "tools/call"),
        ("mcp-name", "echo"),
    ];
    let modern = world.post(&headers, MODERN).await;
    let said = modern.json();
    assert_eq!(
        (
            modern.status.as_u16(),
            said["error"]["code"].as_i64(),
            said["id"].as_str()
        ),
        (429, Some(1003), Some("m"))
    );
    assert_eq!(modern.headers["retry-after"], "1");
    let told = r#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#;
    assert_eq!(world.post(&[], told).await.status, 429);

    let other = under_way(&world, &world.other_token, 2).await;
    go.add_permits(10);
    assert_eq!(first.await.unwrap().body, RESULT);
    assert_eq!(other.await.unwrap().body, RESULT);
    assert_eq!(world.call("echo", "{}").await.body, RESULT);
    assert_eq!(
        world.upstream.saw().len(),
        3,
        "who had to wait reached no server"
    );
}

#[tokio::test]
async fn a_seat_is_free_again_when_the_answer_has_been_read_and_when_the_client_has_gone() {
    let (world, go) = waiting(one_each(100)).await;
    let first = under_way(&world, &world.token, 1).await;
    go.add_permits(1);
    first.await.unwrap();
    while world.gateway.seats.used() != Use::default() {
        tokio::task::yield_now().await;
    }

    // A client of the modern era hangs up: its call ends with it.
    let headers = [
        ("mcp-protocol-version", "2026-07-28"),
        ("mcp-method", "tools/call"),
        ("mcp-name", "echo"),
    ];
    let request = world.request(Method::POST, &headers, MODERN);
    let asking = Arc::clone(&world);
    let asking = tokio::spawn(async move { asking.send(request).await });
    world.upstream.wait(|saw| saw.len() == 2).await;
    asking.abort();
    while world.gateway.seats.used() != Use::default() {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn one_organisation_leaves_seats_for_the_next() {
    let many = Most {
        grant: 100,
        org: 100,
        all: 8,
    };
    let seats = Limits {
        calls: many,
        ..one_each(100)
    };
    let (world, go) = waiting(seats).await;
    let mut calls = Vec::new();
    for seen in 1..=4 {
        calls.push(under_way(&world, &world.token, seen).await);
    }
    let more = world.call("echo", "{}").await;
    assert_eq!(more.json()["error"]["code"], 1003);
    assert_eq!(
        world.gateway.seats.used().calls,
        4,
        "half is left for others"
    );
    go.add_permits(10);
    for call in calls {
        assert_eq!(call.await.unwrap().body, RESULT);
    }
}

#[tokio::test]
async fn a_grant_with_all_its_streams_open_gets_a_429_and_calls_go_on() {
    let (upstream, streams) = server(false).await;
    let plan = Plan {
        seats: one_each(100),
        ..plan()
    };
    let world = World::new(plan, upstream).await;
    let (one, two) = (begin(&world).await, begin(&world).await);
    let get = |session: &str| world.request(Method::GET, &[("mcp-session-id", session)], "");
    let first = world.send(get(&one)).await;
    assert_eq!(first.status(), 200);
    sender(&streams, &world.upstream, 1).await;
    // The fake server gives one session to all: another has to differ in more than its number.
    let resumed = [("mcp-session-id", two.as_str()), ("last-event-id", "1")];
    let second = Answer::of(world.send(world.request(Method::GET, &resumed, "")).await).await;
    assert_eq!(second.status, 429);
    assert_eq!(second.json()["error"]["code"], 1003);
    let headers = [("mcp-session-id", one.as_str())];
    assert_eq!(world.post(&headers, call("echo", "{}")).await.body, RESULT);
    drop(first);
    while world.gateway.seats.used() != Use::default() {
        tokio::task::yield_now().await;
    }
    assert_eq!(world.send(get(&one)).await.status(), 200);
}

#[tokio::test]
async fn an_answer_for_which_there_is_no_room_is_an_error_with_its_id() {
    let large = format!(
        r#"{{"jsonrpc":"2.0","id":1,"result":{{"content":[{{"type":"text","text":"{}"}}]}}}}"#,
        "x".repeat(FREE_BYTES + (600 << 10))
    );
    let plan = Plan {
        seats: one_each(100),
        ..plan()
    };
    let world = World::new(plan, Upstream::saying(large).await).await;
    let answer = world.call("echo", "{}").await;
    let said = answer.json();
    assert_eq!(
        (
            answer.status.as_u16(),
            said["error"]["code"].as_i64(),
            said["id"].as_i64()
        ),
        (503, Some(1001), Some(1))
    );
    assert_eq!(answer.headers["retry-after"], "1");
    assert_eq!(world.gateway.seats.used(), Use::default());
}

fn answer_of(bytes: usize) -> String {
    RESULT.replace(
        "[]",
        &format!(r#"[{{"type":"text","text":"{}"}}]"#, "x".repeat(bytes)),
    )
}

#[tokio::test]
async fn a_batch_whose_answers_nobody_reads_keeps_its_seat_and_its_weight() {
    let plan = Plan {
        seats: Limits {
            bytes: 64 << 20,
            ..one_each(100)
        },
        ..plan()
    };
    // More than what lies between the two takes.
    let long = 12 << 20;
    let world = World::new(plan, Upstream::saying(answer_of(long)).await).await;
    let batch = format!("[{}]", call("echo", "{}"));
    let unread = world.send(world.request(Method::POST, &[], batch)).await;
    assert_eq!(unread.status(), 200);
    let used = world.gateway.seats.used();
    assert_eq!(used.calls, 1);
    assert!(used.bytes >= long - FREE_BYTES, "{used:?}");
    drop(unread);
    while world.gateway.seats.used() != Use::default() {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn the_answers_of_a_batch_weigh_together() {
    let plan = Plan {
        seats: Limits {
            bytes: 2 << 20,
            ..one_each(100)
        },
        ..plan()
    };
    let world = World::new(plan, Upstream::saying(answer_of(600 << 10)).await).await;
    let second = call("echo", "{}").replace(r#""id":1"#, r#""id":2"#);
    let batch = format!("[{},{second}]", call("echo", "{}"));
    let said = world.post(&[], batch).await.json();
    assert!(said[0]["result"].is_object(), "there is room for one");
    assert_eq!(said[1]["error"]["code"], 1001);
    assert_eq!(said[1]["id"], 2);
}

#[tokio::test]
async fn what_stands_open_ends_when_the_replica_is_told_to_stop() {
    let (upstream, streams) = server(false).await;
    let world = World::new(plan(), upstream).await;
    let session = begin(&world).await;
    let request = world.request(Method::GET, &[("mcp-session-id", &session)], "");
    let mut standing = world.send(request).await;
    sender(&streams, &world.upstream, 1).await;
    world.gateway.stop.stop();
    let ended = tokio::time::timeout(world::PATIENCE, standing.body_mut().frame()).await;
    assert!(
        ended.expect("the stream ends").is_none(),
        "and ends as it should"
    );
    let headers = [("mcp-session-id", session.as_str())];
    let last = world.post(&headers, call("echo", "{}")).await;
    assert_eq!(last.body, RESULT, "calls go on to their end");
}
