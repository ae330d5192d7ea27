//! How many JSON values a message may have: a tree of them takes far more memory than the text it is read from.

mod world;

use data_plane::seats::{Limits, Use};
use mcp::reply;
use std::sync::Arc;
use tokio::sync::Semaphore;
use world::upstream::{Upstream, json};
use world::{Plan, World, call, plan};

const RESULT: &str = r#"{"jsonrpc":"2.0","id":1,"result":{"content":[]}}"#;

fn numbers(count: usize, number: &str) -> String {
    let mut list = vec![number; count].join(",");
    list.insert(0, '[');
    list.push(']');
    list
}

#[tokio::test]
async fn a_body_of_more_values_than_are_read_is_refused_and_goes_nowhere() {
    let world = World::new(plan(), Upstream::saying(RESULT).await).await;
    let many = format!(r#"{{"list":{}}}"#, numbers(mcp::MOST_VALUES, "0"));
    let answer = world.call("echo", &many).await;
    assert_eq!(answer.status, 400);
    let said = answer.json();
    assert_eq!(said["error"]["code"], -32600);
    assert_eq!(
        said["error"]["message"],
        "the body holds more than 262144 JSON values"
    );
    assert!(world.upstream.saw().is_empty());
}

#[tokio::test]
async fn a_mebibyte_of_small_arguments_goes_on_as_it_came() {
    let world = World::new(plan(), Upstream::saying(RESULT).await).await;
    let most = (1 << 20) - 200;
    let body = call(
        "echo",
        &format!(r#"{{"list":{}}}"#, numbers(most / 4, "123")),
    );
    assert!((most - 8..1 << 20).contains(&body.len()), "{}", body.len());
    assert_eq!(world.post(&[], body.clone()).await.body, RESULT);
    assert_eq!(world.upstream.saw()[0].text(), body);
}

#[tokio::test]
async fn the_tree_of_a_question_weighs_on_its_organisation_until_it_is_answered() {
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
    // Half of all is one organisation's: one such tree, and not two.
    let seats = Limits {
        bytes: 32 << 20,
        ..Limits::default()
    };
    let world = Arc::new(World::new(Plan { seats, ..plan() }, upstream).await);
    let arguments = format!(r#"{{"list":{}}}"#, numbers(mcp::MOST_VALUES - 20, "1"));
    let asking = tokio::spawn({
        let (world, arguments) = (Arc::clone(&world), arguments.clone());
        async move { world.call("echo", &arguments).await }
    });
    world.upstream.wait(|saw| saw.len() == 1).await;
    let held = world.gateway.seats.used().bytes;
    assert!(
        held > arguments.len() + mcp::MOST_VALUES * 32,
        "{held} for {} of text",
        arguments.len()
    );

    let refused = world.call("echo", &arguments).await.json();
    assert_eq!(
        (&refused["id"], &refused["error"]["code"]),
        (&1.into(), &1003.into())
    );
    assert_eq!(world.upstream.saw().len(), 1, "it went nowhere");
    go.add_permits(10);
    assert_eq!(asking.await.unwrap().body, RESULT);
    while world.gateway.seats.used() != Use::default() {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn an_answer_of_more_values_than_are_read_is_an_error_with_its_id() {
    let many = format!(
        r#"{{"jsonrpc":"2.0","id":1,"result":{{"content":[],"structuredContent":{}}}}}"#,
        numbers(reply::MOST_VALUES, "0")
    );
    let world = World::new(plan(), Upstream::saying(many).await).await;
    let answer = world.call("echo", "{}").await;
    assert_eq!(answer.status, 502);
    let said = answer.json();
    assert_eq!(
        (&said["id"], &said["error"]["code"]),
        (&1.into(), &1001.into())
    );
    let message = said["error"]["message"].as_str().unwrap();
    assert!(message.ends_with("more than is passed on"), "{message}");
}

#[tokio::test]
async fn a_list_of_eight_hundred_tools_with_large_schemas_passes() {
    let property = |n: usize| {
        format!(
            r#""field_{n}":{{"type":"string","description":"what it is about","minLength":1,"maxLength":200,"enum":["one","two","three","four"],"default":"one","examples":["two"]}}"#
        )
    };
    // Of 40 fields each: the largest of the tools in use have some 30.
    let properties: Vec<String> = (0..40).map(property).collect();
    let properties = properties.join(",");
    let tool = |n: usize| {
        format!(
            r#"{{"name":"tool_{n}","description":"does it","inputSchema":{{"type":"object","properties":{{{properties}}},"required":["field_1"]}}}}"#
        )
    };
    let tools: Vec<String> = (0..800).map(tool).collect();
    let list = format!(
        r#"{{"jsonrpc":"2.0","id":1,"result":{{"tools":[{}]}}}}"#,
        tools.join(",")
    );
    let world = World::new(plan(), Upstream::saying(list.clone()).await).await;
    let asked = r#"{"jsonrpc":"2.0","id":1,"method":"tools/list"}"#;
    let answer = world.post(&[], asked).await;
    assert!(
        answer.body == list,
        "{} of {} bytes",
        answer.body.len(),
        list.len()
    );
}
