//! What servers answer that should not have: each ends in a 502 with a sentence, within bounds, and nothing leaks.

use crate::fake::{Fake, answer, json_answer, legacy, status};
use crate::world::World;
use crate::{SERVERS, add, discover, tools};
use axum::body::{Body, Bytes};
use axum::response::Response;
use bundle::credential::Headers;
use control_plane::server::Status;
use control_plane::server::discover::{Bounds, read};
use futures_util::stream;
use serde_json::{Value, json};
use std::convert::Infallible;
use std::io::Write;
use std::time::Duration;

/// A legacy server whose tool list is whatever `list` answers.
async fn listing(list: impl Fn(&crate::fake::Asked) -> Response + Send + Sync + 'static) -> Fake {
    Fake::start(move |asked| {
        Some(if asked.method() == "tools/list" {
            list(asked)
        } else {
            legacy(asked, &json!([]))
        })
    })
    .await
}

async fn told(world: &World, fake: &Fake) -> String {
    let ann = world.owner("acme").await;
    add(world, &ann, "files", &fake.url).await;
    let problem = discover(world, &ann, "files").await.expect(502);
    let server = world
        .get(&ann, &format!("{SERVERS}/files"))
        .await
        .expect(200);
    assert_eq!(server["status"], "unreachable");
    assert_eq!(server["status_detail"], problem["detail"]);
    assert_eq!(server["last_discovered_at"], Value::Null);
    problem["detail"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_list_of_endless_pages_ends_here() {
    let world = World::new().await;
    let fake = listing(|asked| {
        let next = asked.body["id"].as_u64().unwrap().to_string();
        asked.result(&json!({ "tools": [], "nextCursor": next }))
    })
    .await;
    assert!(told(&world, &fake).await.contains("more than 200 pages"));
    assert_eq!(fake.methods().last().unwrap(), "DELETE");
}

#[tokio::test]
async fn a_circle_of_pages_ends_here() {
    let world = World::new().await;
    let fake = listing(|asked| asked.result(&json!({ "tools": [], "nextCursor": "again" }))).await;
    assert!(
        told(&world, &fake)
            .await
            .contains("the same page comes again")
    );
}

#[tokio::test]
async fn an_answer_of_endless_bytes_ends_here() {
    let world = World::new().await;
    let chunk = Bytes::from(vec![b' '; 64 * 1024]);
    for kind in ["application/json", "text/event-stream"] {
        let chunk = chunk.clone();
        let fake = listing(move |_| {
            let body = stream::repeat(Ok::<_, Infallible>(chunk.clone()));
            answer(200, &[("content-type", kind)], Body::from_stream(body))
        })
        .await;
        let headers = Headers::new();
        let url = fake.url.parse().unwrap();
        let failure = read(world.app.reach(), &url, &headers, Bounds::default())
            .await
            .unwrap_err();
        assert!(
            failure.told.contains("more bytes than any tool list needs"),
            "{failure}"
        );
    }
}

#[tokio::test]
async fn a_list_of_ten_megabytes_is_read() {
    let world = World::new().await;
    let ann = world.owner("acme").await;
    let words = "word ".repeat(2_000);
    let many: Vec<Value> = (0..1_000)
        .map(|number| json!({ "name": format!("tool_{number}"), "description": words }))
        .collect();
    let fake = Fake::legacy(tools(json!(many))).await;
    add(&world, &ann, "files", &fake.url).await;
    assert_eq!(
        discover(&world, &ann, "files").await.expect(200)["tool_count"],
        1_000
    );
}

#[tokio::test]
async fn repeated_and_nameless_entries_are_told_and_the_rest_is_read() {
    let world = World::new().await;
    let ann = world.owner("acme").await;
    let fake = Fake::legacy(tools(
        json!([{ "name": "a" }, { "name": "a", "description": "other" }, { "title": "x" }]),
    ))
    .await;
    add(&world, &ann, "files", &fake.url).await;
    let server = discover(&world, &ann, "files").await.expect(200);
    assert_eq!(server["tool_count"], 1);
    assert_eq!(
        server["status_detail"],
        "left out without a name: 1; listed more than once, the first counts: `a`"
    );
}

#[tokio::test]
async fn a_server_that_hangs_is_left_at_the_deadline_wherever_it_hangs() {
    let world = World::new().await;
    let bounds = Bounds {
        reading: Duration::from_millis(300),
        probe: Duration::from_millis(100),
        farewell: Duration::from_millis(100),
        ..Bounds::default()
    };
    for silent in ["initialize", "notifications/initialized", "tools/list"] {
        let fake = Fake::start(move |asked| {
            let is_silent = [silent, "server/discover", ""].contains(&asked.method());
            (!is_silent).then(|| legacy(asked, &json!([])))
        })
        .await;
        let url = fake.url.parse().unwrap();
        let failure = read(world.app.reach(), &url, &Headers::new(), bounds)
            .await
            .unwrap_err();
        assert_eq!(
            (failure.status, failure.told.as_str()),
            (
                Status::Unreachable,
                "the server gave no complete answer within 300ms"
            )
        );
    }
}

#[tokio::test]
async fn a_server_that_only_ignores_the_modern_question_is_read_all_the_same() {
    let world = World::new().await;
    let fake = Fake::start(|asked| {
        (asked.method() != "server/discover").then(|| legacy(asked, &json!([{ "name": "a" }])))
    })
    .await;
    let bounds = Bounds {
        probe: Duration::from_millis(100),
        ..Bounds::default()
    };
    let url = fake.url.parse().unwrap();
    let listing = read(world.app.reach(), &url, &Headers::new(), bounds)
        .await
        .unwrap();
    assert_eq!(listing.tools[0].name, "a");
}

#[tokio::test]
async fn a_server_that_wants_credentials_says_so_and_never_repeats_them() {
    let world = World::new().await;
    let ann = world.owner("acme").await;
    let fake = Fake::start(|asked| {
        let echo = format!(
            "bad credentials: {} in base64 {}",
            asked.header("authorization"),
            "Y2FuYXJ5LTdmM2EtY2FuYXJ5"
        );
        Some(asked.error(401, -32001, &echo))
    })
    .await;
    let auth =
        json!({ "type": "headers", "headers": { "Authorization": "Bearer canary-7f3a-canary" } });
    let body = json!({ "slug": "files", "name": "F", "url": fake.url, "auth": auth });
    world.post(&ann, SERVERS, body).await.expect(201);
    let problem = discover(&world, &ann, "files").await;
    assert!(
        !problem.text.contains("canary") && !problem.text.contains("Y2FuYXJ5"),
        "{}",
        problem.text
    );
    let detail = problem.expect(502)["detail"].as_str().unwrap().to_owned();
    assert!(
        detail.contains("401 Unauthorized: bad credentials: [redacted]"),
        "{detail}"
    );
    assert_eq!(
        fake.methods(),
        ["server/discover"],
        "a server that wants credentials is not asked again"
    );
    let server = world.get(&ann, &format!("{SERVERS}/files")).await;
    assert!(!server.text.contains("canary"));
    assert_eq!(server.expect(200)["status"], "needs_auth");
    let events = world.get(&ann, "/v1/orgs/acme/events").await;
    assert!(!events.text.contains("canary"));
}

#[tokio::test]
async fn a_credential_too_short_to_be_covered_keeps_the_servers_words_out() {
    let world = World::new().await;
    let ann = world.owner("acme").await;
    let fake = Fake::start(|asked| {
        Some(asked.error(500, -32001, &format!("got {}", asked.header("x-pin"))))
    })
    .await;
    let auth = json!({ "type": "headers", "headers": { "X-Pin": "4711" } });
    let body = json!({ "slug": "files", "name": "F", "url": fake.url, "auth": auth });
    world.post(&ann, SERVERS, body).await.expect(201);
    let problem = discover(&world, &ann, "files").await.expect(502);
    assert_eq!(
        problem["detail"],
        "the server answered 500 Internal Server Error"
    );
}

fn packed(text: &[u8]) -> Vec<u8> {
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    gzip.write_all(text).unwrap();
    gzip.finish().unwrap()
}

#[tokio::test]
async fn a_list_that_comes_packed_though_nobody_asked_for_it_is_read() {
    let world = World::new().await;
    let fake = listing(|asked| {
        assert_eq!(asked.header("accept-encoding"), "identity");
        let tools: Vec<_> = (0..500)
            .map(|number| json!({ "name": format!("tool_{number}"), "inputSchema": {} }))
            .collect();
        let list =
            json!({ "jsonrpc": "2.0", "id": asked.body["id"], "result": { "tools": tools } });
        let headers = [
            ("content-type", "application/json"),
            ("content-encoding", "gzip"),
        ];
        answer(200, &headers, packed(list.to_string().as_bytes()))
    })
    .await;
    let url = fake.url.parse().unwrap();
    let listing = read(world.app.reach(), &url, &Headers::new(), Bounds::default())
        .await
        .unwrap();
    assert_eq!(listing.tools.len(), 500);
}

#[tokio::test]
async fn garbage_is_called_what_it_is() {
    let world = World::new().await;
    let json = [("content-type", "application/json")];
    let rows: Vec<(Response, &str)> = vec![
        (answer(200, &json, "{"), "not JSON"),
        (answer(200, &json, "[]"), "not an object"),
        (answer(200, &json, b"\xff\xfe".to_vec()), "not JSON"),
        (
            answer(200, &[("content-type", "text/html")], "<html>"),
            "neither JSON nor an event stream",
        ),
        (
            answer(
                200,
                &[
                    ("content-type", "application/json"),
                    ("content-encoding", "gzip"),
                ],
                "not packed at all",
            ),
            "not in the encoding it claims",
        ),
        (
            answer(
                200,
                &[
                    ("content-type", "application/json"),
                    ("content-encoding", "compress"),
                ],
                "x",
            ),
            "an encoding that is not read here",
        ),
        (
            answer(
                200,
                &[
                    ("content-type", "application/json"),
                    ("content-encoding", "gzip"),
                ],
                packed(&vec![b' '; 64 << 20]),
            ),
            "grows beyond measure",
        ),
        (
            answer(200, &[("content-type", "text/event-stream")], "data: {}\n"),
            "a stream that ends without the answer",
        ),
        (
            json_answer(
                200,
                &json!({ "jsonrpc": "2.0", "id": 999, "result": { "tools": [] } }),
            ),
            "an answer to something else",
        ),
        (status(204), "neither JSON nor an event stream"),
        (status(500), "500 Internal Server Error"),
        (
            answer(302, &[("location", "http://10.0.0.1/")], ""),
            "redirects are not followed",
        ),
    ];
    for (response, expected) in rows {
        let once = std::sync::Mutex::new(Some(response));
        let fake =
            listing(move |_| once.lock().unwrap().take().unwrap_or_else(|| status(410))).await;
        let url = fake.url.parse().unwrap();
        let failure = read(world.app.reach(), &url, &Headers::new(), Bounds::default())
            .await
            .unwrap_err();
        assert!(
            failure.told.contains(expected),
            "{failure} lacks {expected}"
        );
    }
}

#[tokio::test]
async fn an_error_of_the_server_is_quoted_short_and_clean() {
    let world = World::new().await;
    let fake = listing(|asked| {
        asked.error(
            200,
            -32603,
            &format!("line\r\n\u{1b}[31m{}", "x".repeat(5_000)),
        )
    })
    .await;
    let detail = told(&world, &fake).await;
    assert!(
        detail.starts_with("the server refused `tools/list` with error -32603: line[31mxxx"),
        "{detail}"
    );
    assert!(detail.len() < 400);
}

#[tokio::test]
async fn nobody_there_and_nowhere_allowed_are_told_apart() {
    let world = World::new().await;
    let ann = world.owner("acme").await;
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/mcp", listener.local_addr().unwrap());
    drop(listener);
    add(&world, &ann, "closed", &url).await;
    let detail = discover(&world, &ann, "closed").await.expect(502)["detail"]
        .as_str()
        .unwrap()
        .to_owned();
    assert_eq!(
        detail,
        "the server could not be reached: could not connect: connection refused"
    );
}

#[tokio::test]
async fn a_server_is_read_by_one_at_a_time() {
    let world = World::new().await;
    let ann = world.owner("acme").await;
    let server = add(&world, &ann, "files", "http://127.0.0.1:1/mcp").await;
    let org = world.get(&ann, "/v1/orgs/acme").await.expect(200);
    let (org, id) = (
        org["id"].as_str().unwrap().parse().unwrap(),
        server["id"].as_str().unwrap().parse().unwrap(),
    );
    let seat = world.app.reach().seat(org, id).unwrap();
    discover(&world, &ann, "files").await.expect(409);
    drop(seat);
    discover(&world, &ann, "files").await.expect(502);
}
