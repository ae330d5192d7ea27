//! SIGTERM: a replica takes nothing new, ends what stands open so that its client comes back elsewhere, answers the calls
//! it has, and leaves no record behind.

use serde_json::json;
use std::time::Duration;
use system_tests::streams::client::{Target, http1};
use system_tests::streams::{Kind, upstream};
use testbed::{Installation, Raw, Stub, until};

#[tokio::test(flavor = "multi_thread")]
async fn a_stopped_replica_ends_streams_finishes_calls_and_ships_its_records() {
    let installation = Installation::start().await;
    let (say, said) = tokio::sync::oneshot::channel();
    let events = tokio::spawn(upstream::serve(move |url| say.send(url).unwrap()));
    // Slow enough to be under way when the signal comes, which the test waits for.
    let work = Stub::slow(&["work"], Duration::from_secs(3)).await;
    let org = installation.org("acme").await;
    org.server("jobs", &work.url).await;
    org.server("events", &said.await.unwrap()).await;
    org.policy("all", &json!({ "version": "1", "default": "allow" }))
        .await;
    let (_, token) = org.grant("agent", "jobs", "all").await;
    let (_, listener) = org.grant("listener", "events", "all").await;
    let mut replica = installation.replica("one", None).await;
    until("the policy", || org.enforced(1)).await;

    let target = Target {
        address: replica.address(),
        path: "/acme/events/mcp".into(),
        token: listener,
        kind: Kind::Get,
    };
    let standing = http1(&target).await.unwrap();
    let client = Raw::new(&replica.mcp(&org, "jobs"), Some(&token));
    let call = tokio::spawn(async move { client.call("work", json!({})).await });
    until("the call", || async {
        (work.calls().len() == 1).then_some(())
    })
    .await;

    replica.process.signal("TERM");
    let rest = standing.rest().await;
    assert!(
        rest.ends_with(b"0\r\n\r\n"),
        "the stream ends as HTTP says: {rest:?}"
    );
    until("nobody new", || async {
        tokio::net::TcpStream::connect(replica.address())
            .await
            .err()
    })
    .await;
    let answer = call.await.unwrap();
    assert!(answer.text().starts_with("done"), "{answer:?}");
    replica.process.terminate();
    let calls = org.calls("limit=10").await;
    let ended = |call: &serde_json::Value| call["tool"] == "work" && call["outcome"] == "ok";
    assert!(
        calls.iter().any(ended),
        "its outcome is on record: {calls:?}"
    );
    events.abort();
}
