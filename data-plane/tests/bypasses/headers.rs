//! What a client sends for the gateway, or for a hop between, and must not go on.

use crate::world::session::{RESULT, begin, server};
use crate::world::upstream::Upstream;
use crate::world::{Plan, World, call, plan};
use http::Method;
use std::collections::BTreeSet;

const FOR_US: &[(&str, &str)] = &[
    ("cookie", "session=canary"),
    ("cookie2", "$Version=canary"),
    ("x-api-key", "canary"),
    ("api-key", "canary"),
    ("x-auth-token", "canary"),
    ("x-access-token", "canary"),
    ("x-amz-security-token", "canary"),
    ("private-token", "canary"),
    ("proxy-authorization", "Basic canary"),
    ("proxy-authenticate", "canary"),
    ("proxy-connection", "canary"),
    ("www-authenticate", "canary"),
    ("forwarded", "for=canary;host=canary"),
    ("x-forwarded-for", "canary"),
    ("x-forwarded-host", "canary"),
    ("x-forwarded-proto", "canary"),
    ("x-forwarded-port", "canary"),
    ("x-forwarded-prefix", "canary"),
    ("x-forwarded-user", "canary"),
    ("x-forwarded-client-cert", "canary"),
    ("x-real-ip", "canary"),
    ("true-client-ip", "canary"),
    ("cf-connecting-ip", "canary"),
    ("via", "1.1 canary"),
    ("x-original-url", "/canary"),
    ("x-rewrite-url", "/canary"),
    ("x-http-method-override", "canary"),
    ("x-method-override", "canary"),
    ("keep-alive", "canary"),
    ("te", "trailers, canary"),
    ("trailer", "canary"),
    ("upgrade", "canary"),
    ("http2-settings", "canary"),
    ("content-encoding", "canary"),
    ("content-language", "canary"),
    ("content-location", "/canary"),
    ("range", "bytes=0-canary"),
    ("if-none-match", "canary"),
    ("referer", "http://canary/"),
    ("from", "canary"),
    ("sec-fetch-site", "canary"),
    ("sec-websocket-key", "canary"),
    ("alt-used", "canary"),
    ("baggage", "canary=1"),
    ("x-request-id", "canary"),
    ("x-vendor", "canary"),
    ("mcp-vendor", "canary"),
    ("connection", "keep-alive, X-Vendor, User-Agent"),
    ("user-agent", "canary of the connection"),
];

/// What may reach a server of a client's request, by name; what the HTTP library says for itself with it.
const MAY_PASS: &[&str] = &[
    "accept",
    "accept-encoding",
    "content-length",
    "content-type",
    "host",
    "last-event-id",
    "mcp-protocol-version",
    "mcp-session-id",
    "traceparent",
    "tracestate",
];

#[tokio::test]
async fn nothing_that_the_client_sent_for_us_goes_on() {
    let world = World::new(plan(), Upstream::saying(RESULT).await).await;
    let (sessions, streams) = server(false).await;
    let with_sessions = World::new(plan(), sessions).await;
    assert_eq!(world.post(FOR_US, call("echo", "{}")).await.body, RESULT);
    let note = r#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#;
    assert_eq!(world.post(FOR_US, note).await.status, 200);
    let list = r#"{"jsonrpc":"2.0","id":1,"method":"ping"}"#;
    assert_eq!(world.post(FOR_US, list).await.status, 200);
    assert_eq!(world.post(FOR_US, format!("[{list}]")).await.status, 200);
    // Unknown: the gateway reads the list for itself.
    world.post(FOR_US, call("unheard", "{}")).await;
    let session = begin(&with_sessions).await;
    let mut headers = FOR_US.to_vec();
    headers.extend([("mcp-session-id", session.as_str()), ("last-event-id", "7")]);
    let stream = with_sessions.request(Method::GET, &headers, "");
    let stream = with_sessions.send(stream).await;
    assert_eq!(stream.status(), 200);
    let end = with_sessions.request(Method::DELETE, &headers, "");
    assert_eq!(with_sessions.send(end).await.status(), 200);
    drop((stream, streams));
    let saw = [world.upstream.saw(), with_sessions.upstream.saw()].concat();
    assert!(saw.len() >= 9, "{}", saw.len());
    let may_pass: BTreeSet<&str> = MAY_PASS.iter().copied().collect();
    for saw in saw {
        for (name, value) in &saw.head.headers {
            let value = value.to_str().unwrap();
            assert!(!value.contains("canary"), "{name}: {value}");
            assert!(!value.contains("pcl_"), "{name}: {value}");
            // What the gateway asks for itself carries nothing of the client's.
            let is_own = saw.header("user-agent").starts_with("portcullis/");
            assert!(
                is_own || may_pass.contains(name.as_str()),
                "{name}: {value}"
            );
        }
        assert_eq!(saw.head.uri.path_and_query().unwrap(), "/mcp");
    }
}

#[tokio::test]
async fn a_stored_header_wins_over_the_clients_own() {
    let stored = [
        ("authorization", "Bearer stored-credential"),
        ("user-agent", "stored-agent"),
        ("x-api-key", "stored-key-1234"),
    ];
    let plan = Plan {
        headers: stored.to_vec(),
        ..plan()
    };
    let world = World::new(plan, Upstream::saying(RESULT).await).await;
    let sent = [("user-agent", "canary"), ("x-api-key", "canary")];
    world.post(&sent, call("echo", "{}")).await;
    let saw = &world.upstream.saw()[0];
    for (name, value) in stored {
        let all: Vec<_> = saw.head.headers.get_all(name).iter().collect();
        assert_eq!(all, [value], "{name}");
    }
}

/// Neither is one of them the caller's, to whoever reads the first or the last.
#[tokio::test]
async fn a_token_that_stands_twice_is_no_token() {
    let world = World::new(plan(), Upstream::saying(RESULT).await).await;
    let (good, other) = (
        format!("Bearer {}", world.token),
        format!("Bearer {}", world.other_token),
    );
    for second in [good.as_str(), other.as_str(), "Bearer x", "Basic eDp5"] {
        let twice = [("authorization", good.as_str()), ("authorization", second)];
        assert_eq!(world.post(&twice, call("echo", "{}")).await.status, 401);
    }
    let joined = format!("{good}, {other}");
    let joined = [("authorization", joined.as_str())];
    assert_eq!(world.post(&joined, call("echo", "{}")).await.status, 401);
    let mut elsewhere = world.request(
        Method::POST,
        &[("authorization", ""), ("x-api-key", &world.token)],
        call("echo", "{}"),
    );
    let query = format!(
        "http://{}/acme/files/mcp?token={}",
        world.address, world.token
    );
    *elsewhere.uri_mut() = query.parse().unwrap();
    assert_eq!(world.send(elsewhere).await.status(), 401);
    assert!(world.upstream.saw().is_empty());
}
