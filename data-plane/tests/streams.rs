//! Event streams of the legacy era: event by event, kept alive, replaced, cut.

mod world;

use http::Method;
use http_body_util::BodyExt;
use std::sync::Arc;
use world::session::{AGREED, RESULT, begin, pass, read_until, sender, server};
use world::upstream::{self, Saw, Upstream, event};
use world::{Answer, Plan, World, call, plan};

#[tokio::test]
async fn a_stream_that_the_server_does_not_offer_is_exactly_405() {
    for status in [400, 404, 405, 406, 501] {
        let upstream = Upstream::new(move |_| async move { upstream::status(status, "{}") }).await;
        let world = World::new(plan(), upstream).await;
        let answer = Answer::of(world.send(world.request(Method::GET, &[], "")).await).await;
        assert_eq!(answer.status, 405, "{status}");
        assert_eq!(answer.headers["allow"], "POST, DELETE");
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
    assert_eq!(
        response.headers()["cache-control"],
        "no-store, no-transform"
    );
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
async fn a_legacy_client_that_leaves_a_stream_it_can_resume_frees_its_server_to_answer_elsewhere() {
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
    streams.lock().unwrap().clear();
    sender.closed().await;
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
    let progress = r#"{"jsonrpc":"2.0","method":"notifications/message","params":{"level":"info","data":"x"}}"#;
    sender.send(event(progress)).await.unwrap();
    read_until(&mut response, "\n\n").await;
    drop(response);
    for _ in 0..20 {
        sender.send(event(progress)).await.unwrap();
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
        _ => None,
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
async fn a_reader_that_is_stuck_does_not_keep_the_new_stream_waiting() {
    let (upstream, streams) = server(false).await;
    let world = World::new(plan(), upstream).await;
    let session = begin(&world).await;
    let get = || world.request(Method::GET, &[("mcp-session-id", &session)], "");
    let _never_read = world.send(get()).await;
    let events = sender(&streams, &world.upstream, 1).await;
    let note = event(&format!(
        r#"{{"jsonrpc":"2.0","method":"notifications/message","params":{{"x":"{}"}}}}"#,
        "x".repeat(1 << 20)
    ));
    // More than all buffers on the way hold: then nothing moves any more.
    while tokio::time::timeout(std::time::Duration::from_secs(1), events.send(note.clone()))
        .await
        .is_ok_and(|sent| sent.is_ok())
    {}
    assert_eq!(world.send(get()).await.status(), 200);
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

#[tokio::test]
async fn without_a_session_an_event_is_asked_for_by_the_grant_it_was_sent_to_alone() {
    let upstream = Upstream::new(|saw: upstream::Saw| async move {
        let id = saw.header("last-event-id").to_owned();
        let (sender, said) = upstream::stream();
        tokio::spawn(async move {
            let text = format!("id: e/7\ndata: \n\nid: \ndata: {RESULT}\n\n: after {id}\n\n");
            // The test ends the stream by dropping it.
            let _ = sender.send(text).await;
        });
        said
    })
    .await;
    let world = World::new(plan(), upstream).await;
    let first = world.call("echo", "{}").await;
    let name = first
        .body
        .lines()
        .find_map(|line| line.strip_prefix("id: "));
    let name = name.unwrap().to_owned();
    assert!(name.starts_with("e_") && name.ends_with(".e/7"), "{name}");
    assert_eq!(
        first.body.replace(&name, "e/7"),
        format!("id: e/7\ndata: \n\nid: \ndata: {RESULT}\n\n")
    );
    let get = async |headers: &[(&str, &str)]| {
        let request = world.request(Method::GET, headers, "");
        Answer::of(world.send(request).await).await
    };
    let rest = get(&[("last-event-id", &name)]).await;
    assert_eq!(rest.status, 200);
    assert!(rest.body.contains(RESULT), "{}", rest.body);
    let last = world.upstream.saw().pop().unwrap();
    assert_eq!(last.header("last-event-id"), "e/7");
    let before = world.upstream.saw().len();
    let other = format!("Bearer {}", world.other_token);
    for headers in [
        vec![("authorization", other.as_str()), ("last-event-id", &name)],
        vec![("last-event-id", "e/7")],
        vec![("last-event-id", &name[..name.len() - 1])],
        vec![("last-event-id", &name), ("last-event-id", &name)],
    ] {
        assert_eq!(get(&headers).await.status, 405, "{headers:?}");
    }
    assert_eq!(world.upstream.saw().len(), before);
    let posted = [("last-event-id", "e/7")];
    world.post(&posted, call("echo", "{}")).await;
    let last = world.upstream.saw().pop().unwrap();
    assert_eq!(last.header("last-event-id"), "", "only a stream has a rest");
}

#[tokio::test]
async fn what_stands_open_is_cut_when_it_would_not_be_opened_again_as_it_was() {
    type Change = fn(&mut bundle::OrgBundle);
    let changes: [Change; 3] = [
        |bundle| bundle.grants[0].attachments[0].policy = None,
        |bundle| bundle.servers[0].url.push_str("?another"),
        |bundle| {
            bundle.policies[0].document =
                r#"{"version":"1","default":"allow","methods":["prompts"]}"#.to_owned();
        },
    ];
    for change in changes {
        let (upstream, streams) = server(false).await;
        let mut world = World::new(plan(), upstream).await;
        let session = begin(&world).await;
        let get = world.request(Method::GET, &[("mcp-session-id", &session)], "");
        let mut stream = world.send(get).await;
        let open = sender(&streams, &world.upstream, 1).await;
        streams.lock().unwrap().clear();
        world.publish(|bundle| bundle.org.max_stale_ms = Some(1 << 40));
        pass(5).await;
        let note = event(r#"{"jsonrpc":"2.0","method":"notifications/tools/list_changed"}"#);
        open.send(note.clone()).await.unwrap();
        read_until(&mut stream, &note).await;
        world.publish(change);
        pass(5).await;
        assert!(stream.body_mut().frame().await.is_none());
        open.closed().await;
    }
}

/// With sessions; a GET is answered by this, and nobody's answer is ever taken.
async fn deaf<F>(get: impl Fn() -> F + Send + Sync + Clone + 'static) -> Upstream
where
    F: Future<Output = upstream::Said> + Send + 'static,
{
    Upstream::new(move |saw: Saw| {
        let get = get.clone();
        async move {
            let mut said = match (saw.head.method.clone(), saw.method().as_str()) {
                (Method::GET, _) => get().await,
                (_, "initialize") => upstream::json(AGREED),
                _ => std::future::pending().await,
            };
            said.headers_mut()
                .insert("mcp-session-id", "theirs".parse().unwrap());
            said
        }
    })
    .await
}

#[tokio::test]
async fn a_server_that_hangs_on_a_stream_does_not_keep_the_next_one_waiting() {
    let world = Arc::new(World::new(plan(), deaf(std::future::pending).await).await);
    let session = begin(&world).await;
    let get = || {
        let request = world.request(Method::GET, &[("mcp-session-id", &session)], "");
        let world = Arc::clone(&world);
        tokio::spawn(async move { world.send(request).await.status() })
    };
    let asked = |count: usize| move |saw: &Vec<Saw>| saw.len() == 1 + count;
    let first = get();
    world.upstream.wait(asked(1)).await;
    let _second = get();
    let first = tokio::time::timeout(world::PATIENCE, first).await;
    assert!(first.expect("it is replaced").unwrap().is_server_error());
    world.upstream.wait(asked(2)).await;
}

#[tokio::test]
async fn a_server_that_asks_on_and_hears_nothing_keeps_no_stream_from_the_next() {
    let (say, streams) = tokio::sync::mpsc::unbounded_channel();
    let get = move || {
        let (sender, said) = upstream::stream();
        say.send(sender).unwrap();
        std::future::ready(said)
    };
    let (world, mut streams) = (World::new(plan(), deaf(get).await).await, streams);
    let session = begin(&world).await;
    let get = || world.request(Method::GET, &[("mcp-session-id", &session)], "");
    let mut first = world.send(get()).await;
    let asks = streams.recv().await.unwrap();
    let question = |id: usize| {
        event(&format!(
            r#"{{"jsonrpc":"2.0","id":{id},"method":"made/up"}}"#
        ))
    };
    let note = event(r#"{"jsonrpc":"2.0","method":"notifications/tools/list_changed"}"#);
    let all: String = (0..100).map(question).chain([note.clone()]).collect();
    asks.send(all).await.unwrap();
    let heard = tokio::time::timeout(world::PATIENCE, read_until(&mut first, &note)).await;
    assert_eq!(heard.expect("what comes after is not kept waiting"), note);
    let second = tokio::time::timeout(world::PATIENCE, world.send(get())).await;
    assert_eq!(second.expect("the place is free").status(), 200);
}

#[tokio::test]
async fn a_stream_that_still_stands_elsewhere_is_one_to_be_had_later() {
    let get = || std::future::ready(upstream::status(409, "{}"));
    let world = World::new(plan(), deaf(get).await).await;
    let session = begin(&world).await;
    let get = world.request(Method::GET, &[("mcp-session-id", &session)], "");
    // 405 would say that there is none, now and ever.
    assert_eq!(world.send(get).await.status(), 409);
}
