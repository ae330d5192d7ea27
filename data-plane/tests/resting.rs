//! A server that keeps failing is left alone for a while, and asked again by one call; no other server notices.

mod world;

use bytes::Bytes;
use data_plane::upstream::meter::Watch;
use http::{Method, Request, StatusCode};
use http_body_util::Full;
use prometheus_client::registry::Registry;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use world::session::pass;
use world::upstream::{self, Upstream};
use world::{Answer, Plan, World, beside, call, plan};

const RESULT: &str = r#"{"jsonrpc":"2.0","id":1,"result":{"content":[]}}"#;
const MODERN: [(&str, &str); 3] = [
    ("mcp-protocol-version", "2026-07-28"),
    ("mcp-method", "tools/call"),
    ("mcp-name", "echo"),
];

/// A server that fails until it is told to be well.
async fn failing() -> (Upstream, Arc<AtomicBool>) {
    let is_well = Arc::new(AtomicBool::new(false));
    let kept = Arc::clone(&is_well);
    let upstream = Upstream::new(move |_| {
        let is_well = kept.load(Ordering::SeqCst);
        async move {
            if is_well {
                upstream::json(RESULT)
            } else {
                upstream::status(503, "<html>")
            }
        }
    })
    .await;
    (upstream, is_well)
}

fn is_resting(answer: &Answer) -> bool {
    answer.body.contains("has failed several times in a row")
}

/// Five failures in a row, which open it.
async fn open(world: &World) {
    for _ in 0..5 {
        assert!(!is_resting(&world.call("echo", "{}").await));
    }
    assert!(is_resting(&world.call("echo", "{}").await));
}

fn metrics(world: &World) -> String {
    let mut registry = Registry::default();
    registry.register_collector(Box::new(Watch(world.gateway.clone())));
    let mut text = String::new();
    prometheus_client::encoding::text::encode(&mut text, &registry).unwrap();
    text
}

#[tokio::test]
async fn after_five_failures_in_a_row_a_call_is_refused_at_once_with_nothing_sent_or_charged() {
    let policy = r#"{"version":"1","default":"allow","all_tools":{"limits":[{"counter":"sent","window":"hour","max":6,"count":"forwarded"}]}}"#;
    let (server, is_well) = failing().await;
    let good = Upstream::saying(RESULT).await;
    let url = format!("http://{}/mcp", good.address);
    let plan = Plan {
        policy: Some(policy.into()),
        change: Box::new(move |bundle| beside(bundle, "other", url)),
        ..plan()
    };
    let world = World::new(plan, server).await;
    open(&world).await;
    for _ in 0..20 {
        let answer = world.call("echo", "{}").await;
        assert_eq!(answer.status, StatusCode::BAD_GATEWAY);
        assert_eq!(answer.json()["error"]["code"], 1001);
        assert_eq!(answer.json()["id"], 1);
        assert!(is_resting(&answer), "{}", answer.body);
        let seconds: u32 = answer.headers["retry-after"]
            .to_str()
            .unwrap()
            .parse()
            .unwrap();
        assert!((1..=3).contains(&seconds), "{seconds}");
    }
    assert_eq!(world.upstream.saw().len(), 5);
    let mut request: Request<Full<Bytes>> = world.request(Method::POST, &[], call("echo", "{}"));
    *request.uri_mut() = format!("http://{}/acme/other/mcp", world.address)
        .parse()
        .unwrap();
    // Five of six were spent: the refused ones were not charged, and the other server is answered.
    assert_eq!(Answer::of(world.send(request).await).await.body, RESULT);
    is_well.store(true, Ordering::SeqCst);
    pass(3).await;
    assert!(
        world
            .call("echo", "{}")
            .await
            .body
            .contains("[RATE LIMITED]")
    );
    let told = metrics(&world);
    for line in [
        "upstream_pools 2",
        "upstream_resting 1",
        "upstream_breaker_opened_total 1",
    ] {
        assert!(told.contains(line), "{line}: {told}");
    }
}

#[tokio::test]
async fn after_its_rest_one_call_goes_and_decides_for_all() {
    let (server, is_well) = failing().await;
    let world = World::new(plan(), server).await;
    open(&world).await;
    // The probe fails: it rests for longer.
    pass(3).await;
    let calls = (0..10).map(|_| world.call("echo", "{}"));
    let answers = futures_util::future::join_all(calls).await;
    assert_eq!(
        answers.iter().filter(|answer| !is_resting(answer)).count(),
        1
    );
    assert_eq!(world.upstream.saw().len(), 6);
    pass(3).await;
    assert!(is_resting(&world.call("echo", "{}").await));
    is_well.store(true, Ordering::SeqCst);
    pass(3).await;
    assert_eq!(world.call("echo", "{}").await.body, RESULT);
    for _ in 0..10 {
        assert_eq!(world.call("echo", "{}").await.body, RESULT);
    }
    assert!(metrics(&world).contains("upstream_resting 0"));
}

#[tokio::test]
async fn tools_that_fail_and_requests_that_are_refused_never_open_it() {
    let tool = r#"{"jsonrpc":"2.0","id":1,"result":{"content":[],"isError":true}}"#;
    let error = r#"{"jsonrpc":"2.0","id":1,"error":{"code":-32603,"message":"broken"}}"#;
    for (status, said) in [
        (200, tool),
        (200, error),
        (200, "garbage"),
        (400, "{}"),
        (401, "{}"),
        (403, "{}"),
        (404, error),
        (429, "slow down"),
        (307, ""),
        // The message says that the server lives.
        (500, error),
        (501, "{}"),
    ] {
        let upstream = Upstream::new(move |_| async move { upstream::status(status, said) }).await;
        let world = World::new(plan(), upstream).await;
        for _ in 0..12 {
            assert!(
                !is_resting(&world.call("echo", "{}").await),
                "{status} {said}"
            );
        }
        assert_eq!(world.upstream.saw().len(), 12);
    }
}

#[tokio::test]
async fn whatever_keeps_a_server_from_answering_opens_it() {
    // Nobody listens on port 1 of this host; and one that hangs.
    let upstream = Upstream::new(|_| async { std::future::pending().await }).await;
    let mut world = World::new(plan(), upstream).await;
    world.publish(|bundle| bundle.servers[0].timeouts.call_first_byte_ms = 50);
    let calls = (0..5).map(|_| world.call("echo", "{}"));
    for answer in futures_util::future::join_all(calls).await {
        assert_eq!(answer.status, StatusCode::GATEWAY_TIMEOUT);
    }
    assert!(is_resting(&world.call("echo", "{}").await));
    world.publish(|bundle| bundle.servers[0].url = "http://127.0.0.1:1/mcp".into());
    open(&world).await;
    // Another address is another server.
    let good = Upstream::saying(RESULT).await;
    let url = format!("http://{}/mcp", good.address);
    world.publish(|bundle| bundle.servers[0].url = url);
    assert_eq!(world.call("echo", "{}").await.body, RESULT);
}

/// A server that opens a stream for every call, says this on it, and no more.
async fn opening(first: &'static str) -> World {
    let upstream = Upstream::new(move |_| async move {
        let (sender, said) = upstream::stream();
        tokio::spawn(async move {
            if !first.is_empty() {
                // The gateway may have gone before.
                let _ = sender.send(first.to_owned()).await;
            }
            sender.closed().await;
        });
        said
    })
    .await;
    let change = |bundle: &mut bundle::OrgBundle| bundle.servers[0].timeouts.idle_ms = 100;
    let plan = Plan {
        change: Box::new(change),
        ..plan()
    };
    World::new(plan, upstream).await
}

#[tokio::test]
async fn a_server_that_opens_streams_and_hangs_is_left_alone() {
    let world = opening("").await;
    for _ in 0..5 {
        let answer = world.call("echo", "{}").await;
        assert!(
            answer.body.contains("did not answer in time"),
            "{}",
            answer.body
        );
    }
    assert!(is_resting(&world.call("echo", "{}").await));
    assert_eq!(world.upstream.saw().len(), 5);
}

#[tokio::test]
async fn a_server_that_speaks_is_not_held_to_be_dead_for_the_calls_it_leaves_unanswered() {
    let note = "data: {\"jsonrpc\":\"2.0\",\"method\":\"notifications/message\",\"params\":{}}\n\n";
    let world = opening(note).await;
    for _ in 0..8 {
        let answer = world.call("echo", "{}").await;
        assert!(
            answer.body.contains("did not answer in time"),
            "{}",
            answer.body
        );
    }
}

#[tokio::test]
async fn a_probe_whose_client_hangs_up_leaves_its_turn_to_the_next() {
    let hangs = Arc::new(AtomicBool::new(false));
    let kept = Arc::clone(&hangs);
    let upstream = Upstream::new(move |_| {
        let hangs = kept.load(Ordering::SeqCst);
        async move {
            if hangs {
                std::future::pending::<()>().await;
            }
            upstream::status(503, "<html>")
        }
    })
    .await;
    let world = World::new(plan(), upstream).await;
    open(&world).await;
    hangs.store(true, Ordering::SeqCst);
    pass(3).await;
    let body = r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"echo","arguments":{},"_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientCapabilities":{},"io.modelcontextprotocol/clientInfo":{"name":"x","version":"1"}}}}"#;
    let asking = world.post(&MODERN, body);
    tokio::select! {
        answer = asking => panic!("{}", answer.body),
        _ = world.upstream.wait(|saw| saw.len() == 6) => {}
    }
    // Its client is gone; as soon as that is noticed, the next one asks.
    hangs.store(false, Ordering::SeqCst);
    let asked = async {
        while is_resting(&world.call("echo", "{}").await) {
            tokio::task::yield_now().await;
        }
    };
    let patience = std::time::Duration::from_secs(20);
    tokio::time::timeout(patience, asked)
        .await
        .expect("nobody asked again");
    assert_eq!(world.upstream.saw().len(), 7);
}

#[tokio::test]
async fn what_no_bundle_names_any_more_is_let_go_of() {
    let mut world = World::new(plan(), Upstream::saying(RESULT).await).await;
    world.call("echo", "{}").await;
    world.gateway.upstreams.sweep(&world.gateway.holder);
    assert!(metrics(&world).contains("upstream_pools 1"));
    // Another credential: the pool that knows the old one goes, before anybody calls.
    world.publish(|bundle| bundle.servers[0].timeouts.connect_ms += 1);
    world.gateway.upstreams.sweep(&world.gateway.holder);
    assert!(metrics(&world).contains("upstream_pools 0"));
    world.call("echo", "{}").await;
    world.publish(|bundle| {
        bundle.servers.clear();
        bundle.grants.clear();
    });
    world.gateway.upstreams.sweep(&world.gateway.holder);
    assert!(metrics(&world).contains("upstream_pools 0"));
    // And what is there, but was not used for long.
    let world = World::new(plan(), Upstream::saying(RESULT).await).await;
    world.call("echo", "{}").await;
    pass(601).await;
    world.gateway.upstreams.sweep(&world.gateway.holder);
    assert!(metrics(&world).contains("upstream_pools 0"));
}
