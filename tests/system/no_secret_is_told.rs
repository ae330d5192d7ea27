//! Canary strings in every secret place; none of them in any log, trace, metric, answer or stored byte, at the finest level.

use serde_json::json;
use std::path::Path;
use testbed::{Collector, Installation, Org, Raw, Stub, free_port, until};

const CREDENTIAL: &str = "canary-upstream-credential-7d1f";
const PASSWORD: &str = "canary password of a person 3c9e";
const COOKIE: &str = "canary-cookie-of-a-client-51aa";

fn files(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files(&path));
        } else if let Ok(bytes) = std::fs::read(&path) {
            found.push((path.display().to_string(), bytes));
        }
    }
    found
}

fn holds(haystack: &[u8], needle: &str) -> bool {
    haystack
        .windows(needle.len())
        .any(|window| window == needle.as_bytes())
}

/// Puts a canary in every secret place of an organisation; answers the token of a grant.
async fn with_canaries(org: &Org, upstream: &Stub) -> String {
    let person = json!({ "email": "canary@example.com", "password": PASSWORD, "name": "Canary" });
    org.rest.post("/v1/signup", person).await;
    let wrong = json!({ "email": "canary@example.com", "password": format!("{PASSWORD} wrong") });
    let (status, _) = org
        .rest
        .send(reqwest::Method::POST, "/v1/login", Some(&wrong))
        .await;
    assert_eq!(status, 401);
    let server = json!({ "slug": "jobs", "name": "Jobs", "url": upstream.url,
        "auth": { "type": "headers", "headers": { "X-Api-Key": CREDENTIAL } } });
    let shown = org.rest.post(&org.path("servers"), server).await;
    assert!(!shown.to_string().contains(CREDENTIAL));
    org.rest
        .post(&org.path("servers/jobs/discover"), json!({}))
        .await;
    org.policy("jobs", &json!({ "version": "1", "default": "allow" }))
        .await;
    org.grant("agent", "jobs", "jobs").await.1
}

#[tokio::test(flavor = "multi_thread")]
async fn secrets_stay_where_they_belong() {
    let collector = Collector::start().await;
    let installation = Installation::start_with(&[
        ("PORTCULLIS_LOG", "trace"),
        ("PORTCULLIS_OTLP_ENDPOINT", &collector.url),
    ])
    .await;
    let upstream = Stub::start(&["work"]).await;
    let org = installation.org("acme").await;
    let token = with_canaries(&org, &upstream).await;

    let metrics = format!("127.0.0.1:{}", free_port());
    let variables = [
        ("PORTCULLIS_LOG", "trace"),
        ("PORTCULLIS_METRICS_LISTEN", metrics.as_str()),
        ("PORTCULLIS_OTLP_ENDPOINT", collector.url.as_str()),
    ];
    let (mut replica, _) = installation.replica_not_ready("one", None, &variables);
    until("the replica", || org.enforced(1)).await;
    let client = reqwest::Client::new();
    let call = json!({ "jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": { "name": "work", "arguments": {} } });
    let answer = client
        .post(replica.mcp(&org, "jobs"))
        .bearer_auth(&token)
        .header("cookie", COOKIE)
        .header("accept", "application/json, text/event-stream")
        .json(&call)
        .send()
        .await
        .unwrap();
    assert_eq!(answer.status(), 200);
    let broken = Raw::new(&replica.mcp(&org, "jobs"), Some(&format!("{token}x")))
        .call("work", json!({}))
        .await;
    assert_eq!(broken.status, 401);
    until("the record", || async {
        (!org.calls("").await.is_empty()).then_some(())
    })
    .await;
    let metrics = client
        .get(format!("http://{metrics}/metrics"))
        .send()
        .await
        .unwrap()
        .text()
        .await
        .unwrap();
    assert!(metrics.contains("portcullis"), "{metrics}");

    let arrived = upstream.calls().pop().unwrap();
    assert_eq!(
        arrived.headers["x-api-key"], CREDENTIAL,
        "the upstream gets its credential"
    );
    let everything = format!("{arrived:?}");
    for client_secret in [token.as_str(), COOKIE] {
        assert!(
            !everything.contains(client_secret),
            "what the client sent for us went upstream"
        );
    }

    replica.process.terminate();
    until("the spans of both planes", || async {
        let both = ["portcullis-data-plane", "portcullis-control-plane"];
        both.iter()
            .all(|plane| collector.holds(plane))
            .then_some(())
    })
    .await;
    let database = installation.database.dump();
    let canaries = [CREDENTIAL, PASSWORD, COOKIE, token.as_str(), org.rest.key()];
    let told = files(installation.folder()).into_iter().chain([
        ("the database".to_owned(), database),
        ("the spans".to_owned(), collector.received()),
        ("the metrics".to_owned(), metrics.into_bytes()),
        ("the problem".to_owned(), broken.body.into_bytes()),
    ]);
    for (name, bytes) in told {
        for canary in canaries {
            assert!(!holds(&bytes, canary), "{name} holds `{canary}`");
        }
    }
}
