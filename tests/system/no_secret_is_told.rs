//! Canary strings in every secret place, and every way in which something fails; none of them in any log, trace, metric,
//! problem or stored byte, at the finest level.

use axum::Router;
use axum::body::Bytes;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use serde_json::{Value, json};
use sqlx::Executor;
use std::path::Path;
use testbed::{Collector, Installation, Mailbox, Org, Raw, Redis, Replica, Stub, free_port, until};

const CREDENTIAL: &str = "canary-upstream-credential-7d1f";
const PASSWORD: &str = "canary password of a person 3c9e";
const NEW_PASSWORD: &str = "canary password after the first 8b0d";
const NUMBER: u64 = 734_129_905_513;
const COOKIE: &str = "canary-cookie-of-a-client-51aa";
const REDIS_PASSWORD: &str = "canary-password-of-redis-e2c7";
/// How a token in JSON (a replica's for the control plane) begins, whichever of its members comes first.
const JWT: [&str; 2] = ["eyJ0eXAiOiJK", "eyJhbGciOiJF"];

/// Everything that somebody was told, by whom.
#[derive(Default)]
struct Told(Vec<(String, Vec<u8>)>);

impl Told {
    fn hear(&mut self, who: &str, what: impl Into<Vec<u8>>) {
        self.0.push((who.to_owned(), what.into()));
    }

    fn hear_files(&mut self, folder: &Path) {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                self.hear_files(&path);
            } else if let Ok(bytes) = std::fs::read(&path) {
                self.hear(&path.display().to_string(), bytes);
            }
        }
    }

    fn holds_none_of(&self, canaries: &[String]) {
        for canary in canaries {
            assert!(canary.len() > 10, "`{canary}` is no canary");
            for (who, bytes) in &self.0 {
                let is_there = bytes
                    .windows(canary.len())
                    .any(|window| window == canary.as_bytes());
                assert!(!is_there, "{who} holds `{canary}`");
            }
        }
    }
}

/// Servers that repeat what they were told in confidence: as an error, and as a refusal to let anybody in.
async fn indiscreet() -> String {
    fn key(headers: &HeaderMap) -> &str {
        headers["x-api-key"].to_str().unwrap()
    }
    let echoes = async |headers: HeaderMap, body: Bytes| -> Response {
        let asked: Value = serde_json::from_slice(&body).unwrap_or_default();
        let said = format!("the key {} is not of this house", key(&headers));
        let error = json!({ "jsonrpc": "2.0", "id": asked["id"], "error": { "code": -32000, "message": said } });
        ([("content-type", "application/json")], error.to_string()).into_response()
    };
    let refuses = async |headers: HeaderMap| -> Response {
        let key = key(&headers);
        let challenge = [("www-authenticate", format!("Bearer realm=\"{key}\""))];
        (
            StatusCode::UNAUTHORIZED,
            challenge,
            format!("not with {key}"),
        )
            .into_response()
    };
    let router = Router::new()
        .route("/echoes", post(echoes))
        .route("/refuses", post(refuses));
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0))
        .await
        .unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
    url
}

/// A person who signs up, mistypes, forgets and comes back; and what of theirs must stay theirs.
async fn a_person(installation: &Installation, mailbox: &Mailbox, told: &mut Told) -> Vec<String> {
    let (client, base) = (reqwest::Client::new(), installation.url());
    let ask = |path: &str, body: Value| client.post(format!("{base}/v1/{path}")).json(&body);
    let email = "canary@example.com";
    let person = json!({ "email": email, "password": PASSWORD, "name": "Canary" });
    let signed_up = ask("signup", person).send().await.unwrap();
    assert_eq!(signed_up.status(), 201);
    let cookie = signed_up.headers()["set-cookie"].to_str().unwrap();
    let cookie = cookie.split(';').next().unwrap().to_owned();
    let csrf: Value = signed_up.json().await.unwrap();
    let csrf = csrf["csrf_token"].as_str().unwrap().to_owned();
    let confirm = mailed(mailbox, 1).await;
    ask("forgot", json!({ "email": email }))
        .send()
        .await
        .unwrap();
    let reset = mailed(mailbox, 2).await;

    let wrong = json!({ "email": email, "password": format!("{PASSWORD} wrong") });
    let number = json!({ "email": email, "password": NUMBER });
    let mistaken = json!({ "token": reset, "password": "short" });
    for (request, status) in [
        (ask("login", wrong), 401),
        (ask("login", number), 422),
        (ask("reset", mistaken), 422),
        (ask("logout", json!({})).header("cookie", &cookie), 403),
        (
            ask("confirm", json!({ "token": confirm, "password": PASSWORD })),
            204,
        ),
        (
            ask("reset", json!({ "token": reset, "password": NEW_PASSWORD })),
            204,
        ),
        (
            ask("reset", json!({ "token": reset, "password": PASSWORD })),
            422,
        ),
        (
            ask("logout", json!({}))
                .header("cookie", &cookie)
                .header("x-csrf-token", &csrf),
            401,
        ),
    ] {
        let answer = request.send().await.unwrap();
        let (path, answered) = (answer.url().path().to_owned(), answer.status());
        let said = answer.text().await.unwrap();
        assert_eq!(answered, status, "{path}: {said}");
        told.hear(&path, said);
    }
    let (_, session) = cookie.split_once('=').unwrap();
    vec![
        PASSWORD.into(),
        NEW_PASSWORD.into(),
        NUMBER.to_string(),
        session.into(),
        csrf,
        confirm,
        reset,
    ]
}

/// What the link in the newest of so many mails carries.
async fn mailed(mailbox: &Mailbox, count: usize) -> String {
    let text = until("a mail", || async {
        let mails = mailbox.mails();
        (mails.len() == count).then(|| mails.last().unwrap().text.replace("=\r\n", ""))
    })
    .await;
    let runs = text.split(|character: char| !character.is_ascii_hexdigit());
    let ticket = runs.into_iter().find(|run| run.len() == 64);
    ticket
        .unwrap_or_else(|| panic!("no link in {text}"))
        .to_owned()
}

/// A request that fails on our side, in the middle of what it does with a password.
async fn fails_inside(installation: &Installation, told: &mut Told) {
    let mut sql = installation
        .database
        .connect(&installation.database.owner)
        .await;
    sql.execute("alter table users rename to users_away")
        .await
        .unwrap();
    let answer = reqwest::Client::new()
        .post(format!("{}/v1/login", installation.url()))
        .json(&json!({ "email": "canary@example.com", "password": NEW_PASSWORD }))
        .send()
        .await
        .unwrap();
    assert_eq!(answer.status(), 500);
    told.hear("the problem of a failure", answer.text().await.unwrap());
    sql.execute("alter table users_away rename to users")
        .await
        .unwrap();
}

/// Servers, each with the credential, of which one alone is well; answers the tokens of their grants.
async fn servers(org: &Org, stub: &Stub, told: &mut Told) -> Vec<(&'static str, String)> {
    let indiscreet = indiscreet().await;
    let limit = json!({ "version": "1", "default": "allow", "tools": { "work": { "rate_limit": { "max": 9, "window": "day" } } } });
    org.policy("all", &limit).await;
    let mut grants = Vec::new();
    for (slug, url) in [
        ("works", stub.url.clone()),
        ("echoes", format!("{indiscreet}/echoes")),
        ("refuses", format!("{indiscreet}/refuses")),
        ("away", format!("http://127.0.0.1:{}/mcp", free_port())),
    ] {
        let server = json!({ "slug": slug, "name": slug, "url": url,
            "auth": { "type": "headers", "headers": { "X-Api-Key": CREDENTIAL } } });
        let shown = org.rest.post(&org.path("servers"), server).await;
        told.hear("a new server", shown.to_string());
        let path = org.path(&format!("servers/{slug}/discover"));
        let (status, said) = org
            .rest
            .send(reqwest::Method::POST, &path, Some(&json!({})))
            .await;
        assert_eq!(status == 200, slug == "works", "{slug}: {said}");
        told.hear("a discovery", said.to_string());
        grants.push((slug, org.grant(slug, slug, "all").await.1));
    }
    grants
}

/// Calls of every kind at every server, with headers that are not for it.
async fn calls(org: &Org, replica: &Replica, grants: &[(&'static str, String)], told: &mut Told) {
    let client = reqwest::Client::new();
    for (slug, token) in grants {
        for (method, params) in [
            ("tools/list", json!({})),
            ("tools/call", json!({ "name": "work", "arguments": {} })),
        ] {
            let call = json!({ "jsonrpc": "2.0", "id": 1, "method": method, "params": params });
            let answer = client
                .post(replica.mcp(org, slug))
                .bearer_auth(token)
                .header("cookie", COOKIE)
                .header("accept", "application/json, text/event-stream")
                .json(&call)
                .send()
                .await
                .unwrap();
            told.hear("an answer's headers", format!("{:?}", answer.headers()));
            told.hear("an answer", answer.text().await.unwrap());
        }
        let broken = Raw::new(&replica.mcp(org, slug), Some(&format!("{token}x")));
        let broken = broken.call("work", json!({})).await;
        assert_eq!(broken.status, 401);
        told.hear("the answer to a broken token", broken.body);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn secrets_stay_where_they_belong() {
    let (collector, mailbox) = (Collector::start().await, Mailbox::start().await);
    let mut redis = Redis::with_password(REDIS_PASSWORD).await;
    let metrics = [free_port(), free_port()].map(|port| format!("127.0.0.1:{port}"));
    let both = [
        ("PORTCULLIS_LOG", "trace"),
        ("PORTCULLIS_OTLP_ENDPOINT", collector.url.as_str()),
    ];
    let of_control = [
        ("PORTCULLIS_METRICS_LISTEN", metrics[0].as_str()),
        ("PORTCULLIS_SMTP_URL", mailbox.url.as_str()),
        ("PORTCULLIS_MAIL_FROM", "Gate <gate@example.org>"),
    ];
    let installation = Installation::start_with(&[&both[..], &of_control[..]].concat()).await;
    let mut told = Told::default();
    let mut canaries = a_person(&installation, &mailbox, &mut told).await;
    fails_inside(&installation, &mut told).await;

    let upstream = Stub::start(&["work"]).await;
    let org = installation.org("acme").await;
    let mut grants = servers(&org, &upstream, &mut told).await;
    let of_data = [("PORTCULLIS_METRICS_LISTEN", metrics[1].as_str())];
    let variables = [&both[..], &of_data[..]].concat();
    let (mut replica, _) = installation.replica_not_ready("one", Some(&redis.url()), &variables);
    until("the replica", || org.enforced(1)).await;
    calls(&org, &replica, &grants, &mut told).await;
    canaries.extend(grants.iter().map(|(_, token)| token.clone()));
    grants[0].1 = rotated(&org, "works").await;
    until("the replica", || org.enforced(1)).await;
    redis.stop();
    calls(&org, &replica, &grants[..1], &mut told).await;

    let arrived = upstream.calls();
    assert_eq!(arrived.len(), 2, "before the rotation and after it");
    for call in arrived {
        assert_eq!(
            call.headers["x-api-key"], CREDENTIAL,
            "the upstream gets its credential"
        );
        told.0.push(("the upstream".to_owned(), {
            let mut headers = call.headers;
            headers.remove("x-api-key");
            format!("{headers:?} {}", call.text).into_bytes()
        }));
    }
    for listen in &metrics {
        let numbers = reqwest::get(format!("http://{listen}/metrics"))
            .await
            .unwrap();
        let numbers = numbers.text().await.unwrap();
        assert!(numbers.contains("portcullis"), "{numbers}");
        told.hear("the metrics", numbers);
    }
    replica.process.terminate();
    until("the spans of both planes", || async {
        let planes = ["portcullis-data-plane", "portcullis-control-plane"];
        let spans = collector.spans();
        let tells = |plane: &&str| spans.iter().any(|span| span.service == **plane);
        planes.iter().all(tells).then_some(())
    })
    .await;
    for process in [&replica.process, &installation.control_plane] {
        let said = process.said();
        assert!(
            [r#""level":"DEBUG""#, r#""level":"TRACE""#]
                .iter()
                .any(|level| said.contains(level)),
            "the finest level is on"
        );
    }
    told.hear("the spans", collector.received());
    told.hear("the database", installation.database.dump());
    told.hear_files(installation.folder());

    let database = url::Url::parse(installation.database.app.expose()).unwrap();
    let database = database
        .password()
        .expect("a role with a password")
        .to_owned();
    canaries.push(database.replace("%20", " "));
    canaries.extend([database, grants[0].1.clone(), org.rest.key().to_owned()]);
    canaries.extend([CREDENTIAL, COOKIE, REDIS_PASSWORD].map(str::to_owned));
    canaries.extend(JWT.map(str::to_owned));
    told.holds_none_of(&canaries);
}

/// The grant's next token.
async fn rotated(org: &Org, name: &str) -> String {
    let listed = org.rest.get(&org.path("grants")).await;
    let grant = listed["items"]
        .as_array()
        .unwrap()
        .iter()
        .find(|grant| grant["name"] == name);
    let path = format!("grants/{}/rotate", grant.unwrap()["id"].as_str().unwrap());
    let rotated = org
        .rest
        .post(&org.path(&path), json!({ "overlap": "1h" }))
        .await;
    rotated["token"].as_str().unwrap().to_owned()
}
