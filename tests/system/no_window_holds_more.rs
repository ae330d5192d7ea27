//! A limit is never exceeded, in any window, by any number of replicas; and nothing is refused without need.

use serde_json::json;
use std::process::Stdio;
use system_tests::history::{Call, Limit, bounds};
use testbed::{Installation, Process, Redis, Stub, until};

const SECONDS: &str = "60";
const LIMIT: Limit = Limit {
    max: 40,
    window_ms: 5_000,
    slots: 20,
};

#[tokio::test(flavor = "multi_thread")]
async fn eight_processes_hammer_one_limit_through_two_replicas_for_a_minute() {
    let (installation, redis) = (Installation::start().await, Redis::start().await);
    let upstream = Stub::start(&["work"]).await;
    let org = installation.org("acme").await;
    org.server("jobs", &upstream.url).await;
    let limit = json!({ "counter": "work", "window": 5, "max": LIMIT.max, "scope": "grant", "on_outage": "closed" });
    let policy =
        json!({ "version": "1", "default": "deny", "tools": { "work": { "limits": [limit] } } });
    org.policy("jobs", &policy).await;
    let (_, token) = org.grant("agent", "jobs", "jobs").await;
    let replicas = [
        installation.replica("one", Some(&redis.url())).await,
        installation.replica("two", Some(&redis.url())).await,
    ];
    until("both replicas", || org.enforced(2)).await;

    let hammers: Vec<_> = (0..8)
        .map(|number| {
            let url = replicas[number % 2].mcp(&org, "jobs");
            let mut command = Process::binary("hammer");
            command
                .args([&url, &token, "work", SECONDS])
                .stdout(Stdio::piped());
            tokio::task::spawn_blocking(move || command.output().unwrap())
        })
        .collect();
    let mut history = Vec::new();
    for hammer in hammers {
        let output = hammer.await.unwrap();
        assert!(
            output.status.success(),
            "{}",
            String::from_utf8_lossy(&output.stderr)
        );
        history.extend(String::from_utf8(output.stdout).unwrap().lines().map(call));
    }

    let bounds = bounds(&history, &LIMIT);
    println!("{} calls, {bounds:?}", history.len());
    assert!(bounds.worst <= LIMIT.max, "a window held {}", bounds.worst);
    assert!(
        bounds.admitted >= bounds.least,
        "{} of at least {} passed",
        bounds.admitted,
        bounds.least
    );
    assert_eq!(bounds.unjust, [], "refused while there was room");
    assert_eq!(
        upstream.calls().len() as u64,
        bounds.admitted,
        "what passed reached the server, and nothing else did"
    );
}

fn call(line: &str) -> Call {
    let mut words = line.split(' ');
    let mut number = || words.next().unwrap().parse().unwrap();
    let (sent, answered) = (number(), number());
    Call {
        sent,
        answered,
        cost: 1,
        passed: words.next() == Some("true"),
    }
}
