//! What was let through is on record, even when a process is killed.

use serde_json::json;
use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use testbed::{Installation, Raw, Stub, until};

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_replica_loses_no_record_of_a_call_that_the_server_saw() {
    let installation = Installation::start().await;
    let upstream = Stub::slow(&["work"], Duration::from_millis(5)).await;
    let org = installation.org("acme").await;
    org.server("jobs", &upstream.url).await;
    org.policy(
        "jobs",
        &json!({ "version": "1", "default": "deny", "tools": { "work": { "record": "process" } } }),
    )
    .await;
    let (_, token) = org.grant("agent", "jobs", "jobs").await;
    let mut replica = installation.replica("one", None).await;
    until("the replica", || org.enforced(1)).await;

    let (url, is_over) = (replica.mcp(&org, "jobs"), Arc::new(AtomicBool::new(false)));
    let callers: Vec<_> = (0..8)
        .map(|caller| {
            let (url, token, is_over) = (url.clone(), token.clone(), is_over.clone());
            tokio::spawn(async move {
                let client = reqwest::Client::new();
                for number in 0.. {
                    if is_over.load(Ordering::Relaxed) {
                        return;
                    }
                    let body = json!({ "jsonrpc": "2.0", "id": number, "method": "tools/call",
                        "params": { "name": "work", "arguments": { format!("n{caller}x{number}"): 1 } } });
                    let sent = client.post(&url).bearer_auth(&token).json(&body)
                        .header("accept", "application/json, text/event-stream");
                    if sent.send().await.is_err() {
                        // The replica was killed under this call, or is not up again yet.
                        tokio::task::yield_now().await;
                    }
                }
            })
        })
        .collect();
    for round in 1..=3 {
        until("calls under way", || async {
            (upstream.calls().len() > round * 100).then_some(())
        })
        .await;
        replica.process.kill();
        replica.resume().await;
    }
    let so_far = upstream.calls().len();
    until("calls after the last restart", || async {
        (upstream.calls().len() > so_far + 100).then_some(())
    })
    .await;
    is_over.store(true, Ordering::Relaxed);
    for caller in callers {
        caller.await.unwrap();
    }

    // Each call names itself by the one key of its arguments, which its record keeps.
    let key =
        |object: &serde_json::Value| object.as_object().unwrap().keys().next().unwrap().clone();
    let seen: BTreeSet<String> = upstream
        .calls()
        .iter()
        .map(|call| key(&call.body["params"]["arguments"]))
        .collect();
    assert_eq!(seen.len(), upstream.calls().len(), "no call ran twice");
    let recorded = until("every record", || async {
        let recorded = recorded(&org).await;
        seen.is_subset(&recorded).then_some(recorded)
    })
    .await;
    assert!(recorded.len() >= seen.len());
}

/// The name of every recorded call.
async fn recorded(org: &testbed::Org) -> BTreeSet<String> {
    let (mut names, mut cursor) = (BTreeSet::new(), String::new());
    loop {
        let page = org
            .rest
            .get(&org.path(&format!("calls?limit=200{cursor}")))
            .await;
        for call in page["items"].as_array().unwrap() {
            names.insert(call["argument_keys"][0].as_str().unwrap().to_owned());
        }
        match page["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => return names,
        }
    }
}

#[tokio::test]
async fn calls_under_way_finish_when_a_replica_is_told_to_stop() {
    let installation = Installation::start().await;
    let upstream = Stub::slow(&["work"], Duration::from_millis(300)).await;
    let org = installation.org("acme").await;
    org.server("jobs", &upstream.url).await;
    org.policy(
        "jobs",
        &json!({ "version": "1", "default": "deny", "tools": { "work": {} } }),
    )
    .await;
    let (_, token) = org.grant("agent", "jobs", "jobs").await;
    let mut replica = installation.replica("one", None).await;
    until("the replica", || org.enforced(1)).await;
    let client = Raw::new(&replica.mcp(&org, "jobs"), Some(&token));
    let under_way = tokio::spawn(async move { client.call("work", json!({})).await });
    until("the call at the server", || async {
        (!upstream.calls().is_empty()).then_some(())
    })
    .await;
    replica.process.signal("TERM");
    assert!(under_way.await.unwrap().text().starts_with("done"));
    until("the end of the process", || {
        let ended = !replica.process.is_running();
        async move { ended.then_some(()) }
    })
    .await;
    let calls = org.calls("").await;
    assert_eq!(
        calls[0]["outcome"], "ok",
        "its record was shipped before the end"
    );
}
