//! What sessions with older servers hold, and on whom it weighs.

use super::is_there;
use super::world::older::server;
use super::world::session::{Streams, begin, read_until, sender};
use super::world::upstream::event;
use super::world::{Plan, World, plan};
use data_plane::seats::{FREE_BYTES, Limits};
use http::Method;

/// A server of 2024-11-05 behind a replica that has room for so much, of which one organisation gets half.
async fn with_room(bytes: usize) -> (World, Streams) {
    let (upstream, streams) = server().await;
    let change = |bundle: &mut bundle::OrgBundle| {
        bundle.servers[0].transport = bundle::Transport::Sse;
    };
    let plan = Plan {
        change: Box::new(change),
        seats: Limits {
            bytes,
            ..Limits::default()
        },
        ..plan()
    };
    (World::new(plan, upstream).await, streams)
}

async fn weighs(world: &World, is_it: impl Fn(usize) -> bool) {
    let waiting = async {
        while !is_it(world.gateway.seats.used().bytes) {
            tokio::task::yield_now().await;
        }
    };
    let waited = tokio::time::timeout(std::time::Duration::from_secs(30), waiting).await;
    let used = world.gateway.seats.used();
    waited.unwrap_or_else(|_| panic!("{used:?}"));
}

const NEARLY: usize = 16_672_358; // 15.9 MiB

#[tokio::test]
async fn an_event_that_does_not_end_weighs_on_its_organisation_as_long_as_it_is_held() {
    let (world, streams) = with_room(64 << 20).await;
    let session = begin(&world).await;
    let stream = sender(&streams, &world.upstream, 1).await;
    stream.send("data: ".to_owned()).await.unwrap();
    let part = "x".repeat(NEARLY / 16);
    for _ in 0..16 {
        stream.send(part.clone()).await.unwrap();
    }
    let most = NEARLY - FREE_BYTES;
    weighs(&world, |held| held > most - 1_000).await;
    let headers = [("mcp-session-id", session.as_str())];
    let ended = world.request(Method::DELETE, &headers, "");
    assert_eq!(world.send(ended).await.status(), 200);
    weighs(&world, |held| held == 0).await;
}

#[tokio::test]
async fn a_session_whose_server_says_more_than_there_is_room_for_ends() {
    let (world, streams) = with_room(4 << 20).await;
    let sessions = [begin(&world).await, begin(&world).await];
    let one = sender(&streams, &world.upstream, 1).await;
    let other = sender(&streams, &world.upstream, 2).await;
    // One is within the organisation's half; both are not.
    let unfinished = format!("data: {}", "x".repeat(1_600_000));
    one.send(unfinished.clone()).await.unwrap();
    weighs(&world, |held| held > 1_500_000).await;
    other.send(unfinished).await.unwrap();
    streams.lock().unwrap().clear();
    other.closed().await;
    assert!(is_there(&world, &sessions[0]).await);
    assert!(!is_there(&world, &sessions[1]).await);
    weighs(&world, |held| (1_500_000..1_700_000).contains(&held)).await;
}

#[tokio::test]
async fn what_nobody_listens_for_waits_up_to_a_mebibyte_and_what_is_longer_does_not() {
    let (world, streams) = with_room(64 << 20).await;
    let session = begin(&world).await;
    let stream = sender(&streams, &world.upstream, 1).await;
    let said = |number: usize, length: usize| {
        let text = "x".repeat(length);
        format!(
            r#"{{"jsonrpc":"2.0","method":"notifications/message","params":{{"n":{number},"text":"{text}"}}}}"#
        )
    };
    for number in 0..5 {
        stream.send(event(&said(number, 300_000))).await.unwrap();
    }
    weighs(&world, |held| held > 880_000).await;
    stream.send(event(&said(5, 3 << 20))).await.unwrap();
    stream.send(event(&said(6, 10))).await.unwrap();
    let kept = [(2, 300_000), (3, 300_000), (4, 300_000), (6, 10)];
    let weight = kept.map(|(number, length)| said(number, length).len());
    let weight = weight.iter().sum::<usize>() - FREE_BYTES;
    weighs(&world, |held| held == weight).await;
    let headers = [("mcp-session-id", session.as_str())];
    let mut standing = world.send(world.request(Method::GET, &headers, "")).await;
    for (number, length) in kept {
        let text = read_until(&mut standing, "\n\n").await;
        assert_eq!(text.len(), event(&said(number, length)).len());
        assert!(text.contains(&format!(r#""n":{number},"#)), "{number}");
    }
    weighs(&world, |held| held == 0).await;
}
