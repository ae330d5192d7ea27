//! Questions of the server's own: which pass, and whose answers go back.

mod world;

use http::Method;
use world::session::{RESULT, begin, read_until, sender, server};
use world::upstream::event;
use world::{Plan, World, call, plan};

#[tokio::test]
async fn a_servers_question_is_answered_once_and_only_on_its_own_session() {
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
    let question =
        r#"{"jsonrpc":"2.0","id":"q1","method":"elicitation/create","params":{"message":"?"}}"#;
    sender(&streams, &world.upstream, 1)
        .await
        .send(event(question))
        .await
        .unwrap();
    read_until(&mut response, &event(question)).await;
    let answer = r#"{"jsonrpc":"2.0","id":"q1","result":{"action":"accept"}}"#;
    let before = world.upstream.saw().len();
    assert_eq!(world.post(&[], answer).await.status, 400, "another session");
    let other = begin(&world).await;
    assert_eq!(
        world
            .post(&[("mcp-session-id", &other)], answer.replace("q1", "q2"))
            .await
            .status,
        400
    );
    assert_eq!(world.upstream.saw().len(), before + 1);
    assert_eq!(
        world
            .post(&[("mcp-session-id", &session)], answer)
            .await
            .status,
        202
    );
    assert_eq!(world.upstream.saw().last().unwrap().text(), answer);
    assert_eq!(
        world
            .post(&[("mcp-session-id", &session)], answer)
            .await
            .status,
        400,
        "twice"
    );
}

#[tokio::test]
async fn a_question_that_the_organisation_does_not_allow_is_refused_to_the_server() {
    let (upstream, streams) = server(true).await;
    let change = |bundle: &mut bundle::OrgBundle| bundle.servers[0].allows_sampling = false;
    let world = World::new(
        Plan {
            change: Box::new(change),
            ..plan()
        },
        upstream,
    )
    .await;
    let session = begin(&world).await;
    let mut response = world
        .send(world.request(
            Method::POST,
            &[("mcp-session-id", &session)],
            call("echo", "{}"),
        ))
        .await;
    let sender = sender(&streams, &world.upstream, 1).await;
    for method in ["sampling/createMessage", "made/up"] {
        sender
            .send(event(&format!(
                r#"{{"jsonrpc":"2.0","id":7,"method":"{method}"}}"#
            )))
            .await
            .unwrap();
        let saw = world
            .upstream
            .wait(|saw| saw.last().unwrap().text().contains("does not allow"))
            .await;
        let last = saw.last().unwrap();
        assert_eq!(
            (
                last.header("mcp-session-id"),
                last.text().contains(r#""id":7,"error""#)
            ),
            ("theirs", true)
        );
    }
    sender.send(event(RESULT)).await.unwrap();
    assert_eq!(
        read_until(&mut response, "\n\n").await,
        event(RESULT),
        "the client never heard of it"
    );
}
