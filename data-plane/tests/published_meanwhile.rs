//! A call that takes its time is judged by what is in force when its turn comes, and not by what was when it arrived.

mod world;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use world::upstream::{Upstream, json};
use world::{Plan, Publisher, World, call, plan};

const RESULT: &str = r#"{"jsonrpc":"2.0","id":1,"result":{"content":[]}}"#;

async fn read_until(stream: &mut TcpStream, end: &str) -> String {
    let mut text = Vec::new();
    while !text.ends_with(end.as_bytes()) {
        let mut byte = [0];
        let read = tokio::time::timeout(std::time::Duration::from_secs(10), stream.read(&mut byte));
        assert_eq!(
            read.await.expect("in time").unwrap(),
            1,
            "{}",
            String::from_utf8_lossy(&text)
        );
        text.extend_from_slice(&byte);
    }
    String::from_utf8(text).unwrap()
}

#[tokio::test]
async fn a_grant_that_is_revoked_while_a_body_trickles_in_is_refused() {
    let mut world = World::new(plan(), Upstream::saying(RESULT).await).await;
    let body = call("echo", "{}");
    let mut stream = TcpStream::connect(world.address).await.unwrap();
    let head = format!(
        "POST /acme/files/mcp HTTP/1.1\r\nhost: {}\r\nauthorization: Bearer {}\r\ncontent-type: application/json\r\ncontent-length: {}\r\nexpect: 100-continue\r\n\r\n",
        world.address,
        world.token,
        body.len()
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    // The body is asked for once the caller has been recognised.
    assert!(
        read_until(&mut stream, "\r\n\r\n")
            .await
            .starts_with("HTTP/1.1 100 ")
    );
    world.publish(|bundle| drop(bundle.grants.remove(0)));
    stream.write_all(body.as_bytes()).await.unwrap();
    assert!(
        read_until(&mut stream, "\r\n\r\n")
            .await
            .starts_with("HTTP/1.1 401 ")
    );
    assert!(world.upstream.saw().is_empty());
}

#[tokio::test]
async fn a_policy_that_changes_while_the_list_is_read_again_judges_the_call() {
    let publisher = Publisher::default();
    let inside = publisher.clone();
    let upstream = Upstream::new(move |saw| {
        let publisher = inside.clone();
        async move {
            match saw.method().as_str() {
                "initialize" => {
                    json(r#"{"jsonrpc":"2.0","id":0,"result":{"protocolVersion":"2025-11-25"}}"#)
                }
                "tools/list" => {
                    publisher.publish(|bundle| {
                        bundle.policies[0].document = r#"{"version":"1","default":"deny"}"#.into();
                    });
                    json(r#"{"jsonrpc":"2.0","id":1,"result":{"tools":[{"name":"new"}]}}"#)
                }
                _ => json(RESULT),
            }
        }
    })
    .await;
    let world = World::new(plan(), upstream).await;
    publisher.of(&world);
    let said = world.call("new", "{}").await.json();
    assert_eq!(
        said["result"]["_meta"]["dev.portcullis/decision"]["rule"],
        "(default deny)"
    );
    assert!(
        world
            .upstream
            .saw()
            .iter()
            .all(|saw| saw.method() != "tools/call")
    );
}

#[tokio::test]
async fn each_element_of_a_batch_is_judged_when_its_turn_comes() {
    let publisher = Publisher::default();
    let inside = publisher.clone();
    let upstream = Upstream::new(move |_| {
        let publisher = inside.clone();
        async move {
            publisher.publish(|bundle| drop(bundle.grants.remove(0)));
            json(RESULT)
        }
    })
    .await;
    let world = World::new(
        Plan {
            tools: Some(vec!["echo"]),
            ..plan()
        },
        upstream,
    )
    .await;
    publisher.of(&world);
    let second = call("echo", "{}").replace(r#""id":1"#, r#""id":2"#);
    let said = world
        .post(&[], format!("[{},{second}]", call("echo", "{}")))
        .await
        .json();
    assert_eq!(said[0]["result"]["content"], serde_json::json!([]));
    assert_eq!(
        (said[1]["id"].as_i64(), said[1]["error"]["code"].as_i64()),
        (Some(2), Some(1000))
    );
    assert_eq!(world.upstream.saw().len(), 1);
}
