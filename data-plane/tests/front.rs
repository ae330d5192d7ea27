//! Who is let in, and what a stranger learns.

mod world;

use http::Method;
use world::upstream::Upstream;
use world::{Answer, Plan, World, call, plan, with_policy};

const RESULT: &str = r#"{"jsonrpc":"2.0","id":1,"result":{"content":[]}}"#;

async fn world() -> World {
    with_policy(world::ALLOW, Upstream::saying(RESULT).await).await
}

/// A request to another path.
async fn at(world: &World, method: Method, path: &str, token: &str) -> Answer {
    let mut request = world.request(method, &[("authorization", token)], call("echo", "{}"));
    *request.uri_mut() = format!("http://{}{path}", world.address).parse().unwrap();
    Answer::of(world.send(request).await).await
}

#[tokio::test]
async fn without_a_good_token_every_path_and_verb_answers_the_same_401() {
    let world = world().await;
    let unknown = ids::token::Token::new(ids::token::TokenKind::Grant, [77; 32]);
    let key = ids::token::Token::new(ids::token::TokenKind::ApiKey, [1; 32]);
    let typo = format!("Bearer {}", world.token.replace("pcl_", "pcl-"));
    for token in [
        String::new(),
        "Basic eDp5".into(),
        "Bearer x".into(),
        typo,
        format!("Bearer {}", unknown.expose()),
        format!("Bearer {}", key.expose()),
    ] {
        let mut bodies = Vec::new();
        let long = "x".repeat(1_000);
        for path in [
            "/acme/files/mcp",
            "/acme/nothing/mcp",
            "/nobody/files/mcp",
            "/acme/mcp",
            &format!("/{long}/files/mcp"),
            &format!("/acme/{long}/mcp"),
        ] {
            for method in [
                Method::POST,
                Method::GET,
                Method::DELETE,
                Method::PUT,
                Method::OPTIONS,
            ] {
                let answer = at(&world, method.clone(), path, &token).await;
                assert_eq!(answer.status, 401, "{method} {path} {token}");
                let error = if token.is_empty() {
                    ""
                } else {
                    "error=\"invalid_token\", "
                };
                assert_eq!(
                    answer.headers["www-authenticate"],
                    format!(
                        "Bearer {error}resource_metadata=\"http://{}/.well-known/oauth-protected-resource{path}\"",
                        world.address
                    )
                );
                bodies.push(answer.body);
            }
        }
        bodies.dedup();
        assert_eq!(bodies.len(), 1);
    }
    assert!(world.upstream.saw().is_empty());
}

#[tokio::test]
async fn the_challenge_is_a_header_whatever_the_path_is_written_in() {
    let world = world().await;
    for (path, written) in [
        ("/acm\u{e9}/files/mcp", "/acm%C3%A9/files/mcp"),
        ("/acme/%22files/mcp", "/acme/%22files/mcp"),
        ("/acme/{files}/mcp", "/acme/{files}/mcp"),
    ] {
        let answer = at(&world, Method::POST, path, "").await;
        let challenge = answer.headers["www-authenticate"].to_str().unwrap();
        let end = format!("/.well-known/oauth-protected-resource{written}\"");
        assert!(challenge.ends_with(&end), "{challenge}");
    }
}

#[tokio::test]
async fn what_does_not_exist_and_what_is_not_covered_are_the_same_404() {
    let mut world = world().await;
    world.publish(|bundle| {
        let mut other = bundle.servers[0].clone();
        (other.id, other.slug) = (ids::ServerId::new(1, [9; 10]), "private".parse().unwrap());
        bundle.servers.push(other);
    });
    let token = format!("Bearer {}", world.token);
    let mut bodies = Vec::new();
    let long = "x".repeat(1_000);
    for path in [
        "/acme/private/mcp",
        "/acme/nothing/mcp",
        "/nobody/files/mcp",
        "/acme/mcp",
        &format!("/{long}/files/mcp"),
        &format!("/acme/{long}/mcp"),
    ] {
        let answer = at(&world, Method::POST, path, &token).await;
        assert_eq!(answer.status, 404, "{path}");
        bodies.push((answer.body, answer.headers.len()));
    }
    bodies.dedup();
    assert_eq!(bodies.len(), 1);
    assert_eq!(
        at(&world, Method::POST, "/elsewhere", &token).await.status,
        404
    );
    let by_id = format!(
        "/{}/{}/mcp",
        world.bundle.org.id, world.bundle.servers[0].id
    );
    assert_eq!(at(&world, Method::POST, &by_id, &token).await.body, RESULT);
}

#[tokio::test]
async fn a_revoked_an_expired_and_a_switched_off_grant_are_told_apart_only_with_a_good_token() {
    let mut world = world().await;
    let status = async |world: &World| world.call("echo", "{}").await.status.as_u16();
    assert_eq!(status(&world).await, 200);
    for switch in [
        (|bundle, on| bundle.grants[0].is_open = on) as fn(&mut bundle::OrgBundle, bool),
        |bundle, on| bundle.servers[0].is_open = on,
        |bundle, on| bundle.org.is_open = on,
    ] {
        world.publish(|bundle| switch(bundle, false));
        let answer = world.call("echo", "{}").await;
        assert_eq!(
            (
                answer.status.as_u16(),
                answer.json()["error"]["code"].as_i64()
            ),
            (403, Some(1002))
        );
        world.publish(|bundle| switch(bundle, true));
        assert_eq!(status(&world).await, 200);
    }
    world.publish(|bundle| bundle.grants[0].expires_at = Some(1));
    assert_eq!(status(&world).await, 401);
    world.publish(|bundle| {
        bundle.grants[0].expires_at = None;
        bundle.grants[0].tokens[0].until = Some(1);
    });
    assert_eq!(status(&world).await, 401);
    world.publish(|bundle| drop(bundle.grants.remove(0)));
    assert_eq!(status(&world).await, 401);
    assert_eq!(world.upstream.saw().len(), 4);
}

#[tokio::test]
async fn a_foreign_host_or_origin_is_turned_away_before_the_token_is_looked_at() {
    let world = world().await;
    for headers in [
        vec![("host", "evil.example")],
        vec![("origin", "https://evil.example")],
        vec![("origin", "null")],
        vec![("origin", "https://evil.example"), ("authorization", "")],
    ] {
        for method in [Method::POST, Method::GET, Method::DELETE, Method::OPTIONS] {
            let answer = Answer::of(
                world
                    .send(world.request(method.clone(), &headers, call("echo", "{}")))
                    .await,
            )
            .await;
            assert_eq!(answer.status, 403, "{method} {headers:?}");
            assert!(!answer.headers.contains_key("access-control-allow-origin"));
        }
    }
    assert!(world.upstream.saw().is_empty());
    let own = format!("http://{}", world.address);
    let answer = world.post(&[("origin", &own)], call("echo", "{}")).await;
    assert_eq!(answer.headers["access-control-allow-origin"], own.as_str());
    let asks = [
        ("origin", own.as_str()),
        ("access-control-request-method", "POST"),
        ("authorization", ""),
    ];
    let preflight = Answer::of(world.send(world.request(Method::OPTIONS, &asks, "")).await).await;
    assert_eq!(
        (
            preflight.status.as_u16(),
            preflight.headers["access-control-allow-origin"]
                .to_str()
                .unwrap()
        ),
        (204, own.as_str())
    );
}

#[tokio::test]
async fn a_bundle_older_than_the_organisation_accepts_judges_nothing() {
    let change = |bundle: &mut bundle::OrgBundle| bundle.org.max_stale_ms = Some(60_000);
    let world = World::new(
        Plan {
            change: Box::new(change),
            ..plan()
        },
        Upstream::saying(RESULT).await,
    )
    .await;
    let answer = world.call("echo", "{}").await;
    assert_eq!(
        (
            answer.status.as_u16(),
            answer.json()["error"]["code"].as_i64()
        ),
        (503, Some(1004))
    );
    assert!(answer.headers.contains_key("retry-after"));
    assert!(world.upstream.saw().is_empty());
    world.gateway.holder.confirm(world.gateway.now_ms());
    assert_eq!(world.call("echo", "{}").await.body, RESULT);
}

/// Each request has every fault from its own on; the first in the order is the answer.
#[tokio::test]
async fn checks_come_in_their_order() {
    let policy = r#"{"version":"1","default":"deny"}"#;
    let plan = Plan {
        policy: Some(policy.into()),
        spool: 100,
        ..plan()
    };
    let world = World::new(plan, Upstream::saying(RESULT).await).await;
    let good = format!("Bearer {}", world.token);
    let (bad, own) = ("Bearer pcl_x", format!("http://{}", world.address));
    let long = " ".repeat((1 << 20) + 1);
    let modern = call("echo", "[]").replace(
        r#""name""#,
        r#""_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientCapabilities":{}},"name""#,
    );
    let known = "/acme/files/mcp";
    let steps: [(&str, &str, &str, &str, u16, i64); 8] = [
        (
            "https://evil.example",
            "/x",
            bad,
            long.as_str(),
            413,
            -32600,
        ),
        ("https://evil.example", "/x", bad, "{", 403, 1002),
        (&own, "/x", bad, "{", 404, 1000),
        (&own, "/acme/no/mcp", bad, "{", 401, 1000),
        (&own, "/acme/no/mcp", &good, "{", 404, 1000),
        (&own, known, &good, "{", 400, -32700),
        (&own, known, &good, &modern, 400, -32020),
        (&own, known, &good, &call("echo", "[]"), 200, -32602),
    ];
    for (origin, path, token, body, status, code) in steps {
        let headers = [("authorization", token), ("origin", origin)];
        let mut request = world.request(Method::POST, &headers, body.to_owned());
        *request.uri_mut() = format!("http://{}{path}", world.address).parse().unwrap();
        let answer = Answer::of(world.send(request).await).await;
        let said = (
            answer.status.as_u16(),
            answer.json()["error"]["code"].as_i64(),
        );
        assert_eq!(said, (status, Some(code)), "{path} {token}");
    }
    // Denied before it is found that it could not be recorded; a refusal stands without a record.
    let denied = world.call("echo", "{}").await;
    assert!(denied.body.contains("[POLICY DENIED]"), "{}", denied.body);
    assert!(world.upstream.saw().is_empty());
}
