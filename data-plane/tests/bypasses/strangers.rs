//! What was given to one grant, at one server, in one organisation, brought elsewhere.

use crate::world::session::{INITIALIZE, RESULT, begin, server};
use crate::world::upstream::{Upstream, json};
use crate::world::{Answer, World, call, plan};
use bytes::Bytes;
use http::Method;

const META: &str = r#""_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientCapabilities":{}}"#;

/// The grant of the world also at a second server, and a second organisation: (path, token) of three strangers.
fn strangers(world: &mut World) -> [(&'static str, String); 3] {
    world.publish(|bundle| {
        let mut other = bundle.servers[0].clone();
        (other.id, other.slug) = (ids::ServerId::new(1, [9; 10]), "other".parse().unwrap());
        let mut attachment = bundle.grants[0].attachments[0].clone();
        attachment.server = other.id;
        bundle.grants[0].attachments.push(attachment);
        bundle.servers.push(other);
    });
    [
        ("/acme/files/mcp", world.other_token.clone()),
        ("/acme/other/mcp", world.token.clone()),
        ("/umbrella/files/mcp", world.another_organisation()),
    ]
}

async fn send(
    world: &World,
    (path, token): (&str, &str),
    method: Method,
    headers: &[(&str, &str)],
    body: impl Into<Bytes>,
) -> Answer {
    let bearer = format!("Bearer {token}");
    let mut all = vec![("authorization", bearer.as_str())];
    all.extend_from_slice(headers);
    let mut request = world.request(method, &all, body);
    *request.uri_mut() = format!("http://{}{path}", world.address).parse().unwrap();
    Answer::of(world.send(request).await).await
}

#[tokio::test]
async fn a_session_is_worth_nothing_elsewhere() {
    let (upstream, _) = server(false).await;
    let mut world = World::new(plan(), upstream).await;
    let strangers = strangers(&mut world);
    let session = begin(&world).await;
    let own = [("mcp-session-id", session.as_str())];
    let before = world.upstream.saw().len();
    for (path, token) in &strangers {
        for (method, body) in [
            (Method::POST, call("echo", "{}")),
            (Method::POST, format!("[{}]", call("echo", "{}"))),
            (Method::POST, r#"{"jsonrpc":"2.0","id":1,"method":"resources/subscribe","params":{"uri":"x:y"}}"#.into()),
            (Method::POST, r#"{"jsonrpc":"2.0","id":1,"method":"resources/unsubscribe","params":{"uri":"x:y"}}"#.into()),
            (Method::POST, r#"{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":1}}"#.into()),
            (Method::POST, r#"{"jsonrpc":"2.0","id":"q1","result":{}}"#.into()),
            (Method::GET, String::new()),
            (Method::DELETE, String::new()),
        ] {
            let answer = send(&world, (path, token), method.clone(), &own, body.clone()).await;
            assert_eq!(answer.status, 404, "{path} {method} {body}: {}", answer.body);
        }
    }
    let twice = [own[0], own[0]];
    assert_eq!(world.post(&twice, call("echo", "{}")).await.status, 404);
    // The last character of base64 may hold bits that are none.
    for at in 0..session.len() - 1 {
        let mut changed = session.clone().into_bytes();
        changed[at] = if changed[at] == b'A' { b'B' } else { b'A' };
        let changed = String::from_utf8(changed).unwrap();
        let answer = world
            .post(&[("mcp-session-id", &changed)], call("echo", "{}"))
            .await;
        assert_eq!(answer.status, 404, "changed at {at}");
    }
    assert_eq!(world.upstream.saw().len(), before);
    assert_eq!(world.post(&own, call("echo", "{}")).await.body, RESULT);
    // Each of them is somebody there; only the session was another's.
    for (path, token) in &strangers {
        let answer = send(&world, (path, token), Method::POST, &[], INITIALIZE).await;
        assert_eq!(answer.status, 200, "{path}");
    }
}

#[tokio::test]
async fn the_state_of_a_round_is_worth_nothing_elsewhere() {
    let upstream = Upstream::new(|saw| async move {
        if saw.text().contains("requestState") {
            return json(r#"{"jsonrpc":"2.0","id":1,"result":{"content":[],"resultType":"complete"}}"#);
        }
        json(r#"{"jsonrpc":"2.0","id":1,"result":{"resultType":"input_required","requestState":"theirs","inputRequests":{}}}"#)
    })
    .await;
    let mut world = World::new(plan(), upstream).await;
    let strangers = strangers(&mut world);
    let policy = r#"{"version":"1","default":"allow","methods":["prompts","resources"]}"#;
    world.publish(|bundle| bundle.policies[0].document = policy.to_owned());
    let own = ("/acme/files/mcp", world.token.clone());
    let ask = async |(path, token): &(&str, String), method: &str, params: &str| {
        let headers = [
            ("mcp-protocol-version", "2026-07-28"),
            ("mcp-method", method),
            ("mcp-name", "echo"),
        ];
        let body = format!(
            r#"{{"jsonrpc":"2.0","id":1,"method":"{method}","params":{{"name":"echo",{params}{META}}}}}"#
        );
        send(&world, (path, token), Method::POST, &headers, body).await
    };
    let first = ask(&own, "tools/call", r#""arguments":{"a":1},"#)
        .await
        .json();
    let state = first["result"]["requestState"].as_str().unwrap().to_owned();
    assert!(!state.contains("theirs"));
    let again = |arguments: &str, state: &str| {
        format!(r#""arguments":{arguments},"inputResponses":{{}},"requestState":{state},"#)
    };
    let good = again(r#"{"a":1}"#, &format!("\"{state}\""));
    let before = world.upstream.saw().len();
    for stranger in &strangers {
        let answer = ask(stranger, "tools/call", &good).await;
        assert_eq!(answer.status, 400, "{}: {}", stranger.0, answer.body);
    }
    let answer = ask(&own, "prompts/get", &good).await;
    assert_eq!(answer.status, 400, "another method: {}", answer.body);
    for (arguments, state) in [
        (r#"{"a":2}"#, format!("\"{state}\"")),
        (r#"{"a":1,"b":1}"#, format!("\"{state}\"")),
        ("{}", format!("\"{state}\"")),
        (r#"{"a":1}"#, r#""theirs""#.to_owned()),
        (r#"{"a":1}"#, format!("\"{}\"", &state[1..])),
        (r#"{"a":1}"#, format!("\"{state}A\"")),
        (r#"{"a":1}"#, format!("\"{state}=\"")),
        (r#"{"a":1}"#, format!("[\"{state}\"]")),
        (r#"{"a":1}"#, "null".to_owned()),
        (r#"{"a":1}"#, "\"\"".to_owned()),
    ] {
        let answer = ask(&own, "tools/call", &again(arguments, &state)).await;
        assert_eq!(answer.status, 400, "{arguments} {state}: {}", answer.body);
    }
    assert_eq!(world.upstream.saw().len(), before);
    assert_eq!(ask(&own, "tools/call", &good).await.status, 200);
    let sent = world.upstream.saw().pop().unwrap();
    assert!(sent.text().contains(r#""requestState":"theirs""#));
}
