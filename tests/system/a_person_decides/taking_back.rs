//! A client takes back a call that waits for a person: it ends at once, and nothing of it is done.

use super::{Office, text_of};
use serde_json::{Value, json};
use testbed::{Answer, Raw, Stub, until};

fn cancelled(request: &Value) -> String {
    let params = json!({ "requestId": request, "reason": "given up" });
    json!({ "jsonrpc": "2.0", "method": "notifications/cancelled", "params": params }).to_string()
}

fn cancellations(upstream: &Stub) -> usize {
    let seen = upstream.seen();
    let told = seen
        .iter()
        .filter(|it| it.body["method"] == "notifications/cancelled");
    told.count()
}

/// The records of held calls that were taken back.
async fn taken_back(office: &Office, count: usize) -> Vec<Value> {
    until("the records of what was taken back", || async {
        let mut calls = office.org.calls("verdict=hold").await;
        calls.retain(|call| call["outcome"] == "cancelled");
        (calls.len() == count).then_some(calls)
    })
    .await
}

#[tokio::test]
async fn a_cancelled_call_that_waits_ends_at_once_undone() {
    let office = Office::open(json!({ "wait": "5m" })).await;
    let upstream = Stub::with_sessions(&["pay"]).await;
    office.org.server("vault", &upstream.url).await;
    let (_, token) = office.org.grant("older", "vault", "rules").await;
    let (_, other) = office.org.grant("other", "vault", "rules").await;
    let replica = office.installation.replica("one", None).await;
    office.enforced(1).await;
    let url = replica.mcp(&office.org, "vault");
    let client = Raw::new(&url, Some(&token)).initialize().await;
    let stranger = Raw::new(&url, Some(&other)).initialize().await;
    let params =
        json!({ "name": "pay", "arguments": { "amount": 1 }, "_meta": { "progressToken": 1 } });
    let call = tokio::spawn({
        let (client, params) = (client.clone(), params.clone());
        async move { client.request(7, "tools/call", params).await }
    });
    let id = office.waiting().await;

    // Other requests, another spelling of the id, and the same id of another grant are not this call.
    for (who, request) in [
        (&client, json!(8)),
        (&client, json!("7")),
        (&stranger, json!(7)),
    ] {
        assert_eq!(who.post(&cancelled(&request)).await.status, 202);
    }
    assert_eq!(
        cancellations(&upstream),
        3,
        "what waits for nobody is the server's to hear of"
    );
    assert!(!call.is_finished());
    assert_eq!(client.post(&cancelled(&json!(7))).await.status, 202);
    let ended = call.await.unwrap();
    assert!(
        ended.body.contains("notifications/progress") && !ended.body.contains("\"id\""),
        "what was taken back is not answered: {ended:?}"
    );
    assert_eq!(
        cancellations(&upstream),
        3,
        "the server was never asked, and has nothing to cancel"
    );
    let record = &taken_back(&office, 1).await[0];
    assert_eq!(
        (&record["approval"], &record["upstream_status"]),
        (&json!(id), &Value::Null)
    );

    // The request stays open, nobody spends its approval, and the same call goes on under it.
    assert_eq!(office.show(&id).await["state"], "waiting");
    office.approve(&id).await;
    assert_eq!(office.show(&id).await["state"], "approved");
    assert_eq!(upstream.calls().len(), 0);
    let again = client.request(9, "tools/call", params).await;
    assert_eq!(again.text(), "done: \"pay\"");
    assert_eq!(upstream.calls().len(), 1);
    // Nothing waits under the name any more.
    assert_eq!(client.post(&cancelled(&json!(7))).await.status, 202);
    assert_eq!(cancellations(&upstream), 4);
}

/// A call of a client that takes no event streams.
async fn call_plainly(url: String, token: String, amount: u32) -> Value {
    let params = json!({ "name": "pay", "arguments": { "amount": amount } });
    let body = json!({ "jsonrpc": "2.0", "id": 3, "method": "tools/call", "params": params });
    let answer = reqwest::Client::new()
        .post(url)
        .bearer_auth(token)
        .header("accept", "application/json")
        .json(&body)
        .send();
    answer.await.unwrap().json().await.unwrap()
}

#[tokio::test]
async fn without_sessions_calls_of_one_id_end_together_and_are_told() {
    let office = Office::open(json!({ "wait": "5m" })).await;
    let replica = office.installation.replica("one", None).await;
    office.enforced(1).await;
    let client = office.client(&replica);
    let streaming = tokio::spawn({
        let client = client.clone();
        let params = json!({ "name": "pay", "arguments": { "amount": 1 } });
        async move { client.request(3, "tools/call", params).await.json() }
    });
    let plain = tokio::spawn(call_plainly(client.url.clone(), office.token.clone(), 2));
    let path = office.org.path("approvals?state=waiting");
    until("both requests", || async {
        let waiting = office.approver.get(&path).await;
        (waiting["items"].as_array()?.len() == 2).then_some(())
    })
    .await;
    // A call is asked about before it waits: until both are ended, each may not wait yet.
    until("both ends", || async {
        assert_eq!(client.post(&cancelled(&json!(3))).await.status, 202);
        (streaming.is_finished() && plain.is_finished()).then_some(())
    })
    .await;
    for ended in [streaming.await.unwrap(), plain.await.unwrap()] {
        assert_eq!(
            text_of(&ended),
            "[APPROVAL REQUIRED] Money leaves. The client took this call back while it waited. Nothing was done."
        );
    }
    taken_back(&office, 2).await;
    assert_eq!(office.upstream.calls().len(), 0);
}

#[tokio::test]
async fn a_cancel_that_comes_to_another_replica_reaches_the_call_that_waits() {
    let office = Office::open(json!({ "wait": "5m" })).await;
    let upstream = Stub::with_sessions(&["pay"]).await;
    office.org.server("vault", &upstream.url).await;
    let (_, token) = office.org.grant("older", "vault", "rules").await;
    let one = office.installation.replica("one", None).await;
    let two = office.installation.replica("two", None).await;
    office.enforced(2).await;
    let client = Raw::new(&one.mcp(&office.org, "vault"), Some(&token));
    let client = client.initialize().await;
    let mut elsewhere = client.clone();
    elsewhere.url = two.mcp(&office.org, "vault");
    let params =
        json!({ "name": "pay", "arguments": { "amount": 1 }, "_meta": { "progressToken": 1 } });
    let call = |id: u64| {
        let (client, params) = (client.clone(), params.clone());
        tokio::spawn(async move { client.request(id, "tools/call", params).await })
    };
    let first = call(7);
    let id = office.waiting().await;
    // Another request's id ends nothing. It is asked about before it waits: until it is ended, it may not wait yet.
    assert_eq!(elsewhere.post(&cancelled(&json!(8))).await.status, 202);
    until("the end of the call", || async {
        assert_eq!(elsewhere.post(&cancelled(&json!(7))).await.status, 202);
        first.is_finished().then_some(())
    })
    .await;
    let ended = first.await.unwrap();
    assert!(
        !ended.body.contains("\"id\""),
        "what was taken back is not answered: {ended:?}"
    );
    let record = &taken_back(&office, 1).await[0];
    assert_eq!(record["approval"], json!(id));
    assert_eq!(upstream.calls().len(), 0);
    // The request stays open, and the same call made anew is another, which nobody has taken back.
    let second = call(9);
    until("it has come again", || async {
        (office.show(&id).await["asks"] == 2).then_some(())
    })
    .await;
    office.approve(&id).await;
    assert_eq!(second.await.unwrap().text(), "done: \"pay\"");
    assert_eq!(upstream.calls().len(), 1);
    taken_back(&office, 1).await;
}

#[tokio::test]
async fn in_the_modern_era_a_closed_stream_is_a_call_taken_back() {
    let office = Office::open(json!({ "wait": "5m" })).await;
    let replica = office.installation.replica("one", None).await;
    office.enforced(1).await;
    let client = office.client(&replica);
    let params = json!({
        "name": "pay", "arguments": { "amount": 5 },
        "_meta": {
            "io.modelcontextprotocol/protocolVersion": "2026-07-28",
            "io.modelcontextprotocol/clientInfo": { "name": "raw", "version": "1" },
            "io.modelcontextprotocol/clientCapabilities": {},
        },
    });
    let body = json!({ "jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params });
    for accept in ["application/json, text/event-stream", "application/json"] {
        let request = reqwest::Client::new()
            .post(&client.url)
            .bearer_auth(&office.token)
            .header("content-type", "application/json")
            .header("accept", accept)
            .header("mcp-protocol-version", "2026-07-28")
            .header("mcp-method", "tools/call")
            .header("mcp-name", "pay")
            .body(body.to_string());
        let waits = tokio::spawn(async move { request.send().await.unwrap().text().await });
        // The second joins the request of the first.
        let id = office.waiting().await;
        let asks = if accept.contains("stream") { 1 } else { 2 };
        until("the call to have asked", || async {
            (office.show(&id).await["asks"] == asks).then_some(())
        })
        .await;
        waits.abort();
        assert!(waits.await.unwrap_err().is_cancelled());
        let records = taken_back(&office, asks).await;
        assert!(records.iter().all(|it| it["approval"] == *id));
    }
    let id = office.waiting().await;
    office.approve(&id).await;
    assert_eq!(office.show(&id).await["state"], "approved");
    assert_eq!(office.upstream.calls().len(), 0);
    let legacy: Answer = client.call("pay", json!({ "amount": 5 })).await;
    assert_eq!(text_of(&legacy.json()), "done: \"pay\"");
}
