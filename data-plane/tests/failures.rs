//! A server that fails: its client learns so in one clear sentence, and nothing of the server's address or credential.

mod world;

use bundle::record::{Ending, Record};
use world::upstream::{self, Upstream};
use world::{Plan, World, plan, with_policy};

const RESULT: &str = r#"{"jsonrpc":"2.0","id":1,"result":{"content":[]}}"#;

async fn echo() -> Upstream {
    Upstream::saying(RESULT).await
}

#[tokio::test]
async fn an_upstreams_refusal_of_its_credential_never_looks_like_ours() {
    for status in [401, 403] {
        let world = with_policy(
            world::ALLOW,
            Upstream::new(move |_| async move { upstream::status(status, "{}") }).await,
        )
        .await;
        let call = world.call("echo", "{}").await;
        assert_eq!(
            (
                call.status.as_u16(),
                call.json()["result"]["isError"].as_bool()
            ),
            (200, Some(true))
        );
        assert!(call.json()["result"].get("_meta").is_none());
        // With the way to where it can be mended.
        let page = "https://dash.example/acme/servers/files";
        assert!(call.body.contains(page), "{}", call.body);
        let list = world
            .post(&[], r#"{"jsonrpc":"2.0","id":1,"method":"tools/list"}"#)
            .await;
        assert_eq!(
            (list.status.as_u16(), list.json()["error"]["code"].as_i64()),
            (502, Some(1001))
        );
    }
}

#[tokio::test]
async fn garbage_redirects_and_foreign_answers_end_in_a_clear_error() {
    for said in [
        "<html>",
        "{}",
        r#"{"jsonrpc":"2.0","id":2,"result":{}}"#,
        r#"{"jsonrpc":"2.0","id":1,"result":{},"id":2}"#,
        "",
    ] {
        let world = with_policy(world::ALLOW, Upstream::saying(said).await).await;
        let answer = world.call("echo", "{}").await;
        assert_eq!(
            (
                answer.status.as_u16(),
                answer.json()["error"]["code"].as_i64(),
                answer.json()["id"].as_i64()
            ),
            (502, Some(1001), Some(1)),
            "{said}"
        );
    }
    let canary = echo().await;
    let target = format!("http://{}/", canary.address);
    let redirecting = Upstream::new(move |_| {
        let target = target.clone();
        async move {
            let mut said = upstream::status(307, "{}");
            said.headers_mut()
                .insert("location", target.parse().unwrap());
            said
        }
    })
    .await;
    let world = with_policy(world::ALLOW, redirecting).await;
    assert_eq!(world.call("echo", "{}").await.status, 502);
    assert!(canary.saw().is_empty());
}

#[tokio::test]
async fn an_upstream_that_does_not_answer_in_time_is_given_up() {
    let change =
        |bundle: &mut bundle::OrgBundle| bundle.servers[0].timeouts.call_first_byte_ms = 50;
    let upstream = Upstream::new(|_| async { std::future::pending().await }).await;
    let world = World::new(
        Plan {
            change: Box::new(change),
            ..plan()
        },
        upstream,
    )
    .await;
    let answer = world.call("echo", "{}").await;
    assert_eq!(
        (
            answer.status.as_u16(),
            answer.json()["error"]["code"].as_i64()
        ),
        (504, Some(1001))
    );
    let records = world.recorded(|records| records.len() == 2).await;
    assert!(
        matches!(&records[1], Record::Outcome(outcome) if outcome.outcome == Ending::UpstreamError)
    );
}

#[tokio::test]
async fn a_call_that_could_not_be_sent_gives_back_what_counts_only_what_is_forwarded() {
    let policy = r#"{"version":"1","default":"allow","all_tools":{"limits":[{"counter":"sent","window":"hour","max":1,"count":"forwarded"}]}}"#;
    let mut world = with_policy(policy, echo().await).await;
    let good = world.bundle.servers[0].url.clone();
    // Nobody listens on port 1 of this host.
    world.publish(|bundle| bundle.servers[0].url = "http://127.0.0.1:1/mcp".into());
    for _ in 0..3 {
        let answer = world.call("echo", "{}").await;
        assert_eq!(answer.status, 502);
        assert_eq!(answer.json()["error"]["code"], 1001);
        assert_eq!(answer.json()["id"], 1);
        assert!(!answer.body.contains("127.0.0.1"), "{}", answer.body);
    }
    world.publish(|bundle| bundle.servers[0].url = good);
    assert_eq!(world.call("echo", "{}").await.body, RESULT);
    assert!(
        world
            .call("echo", "{}")
            .await
            .body
            .contains("[RATE LIMITED]")
    );
}
