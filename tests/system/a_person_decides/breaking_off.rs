//! A process that dies between what people said and what follows from it: nothing happens twice, and what happened is on
//! record.

use super::{Office, decision, text_of};
use serde_json::{Value, json};
use std::time::Duration;
use testbed::{Hatch, Raw, Replica, Stub, until};

const ASK: &str = "/v1/gateway/approvals/ask";

/// A replica that talks to the control plane through a hatch, and its client.
async fn behind_a_hatch(office: &Office) -> (Hatch, Replica, Raw) {
    let hatch = Hatch::before(&office.installation.url(), ASK).await;
    let to = [("PORTCULLIS_CONTROL_PLANE_URL", hatch.url())];
    let (replica, url) = office.installation.replica_not_ready("one", None, &to);
    until("the replica", || async {
        let ready = reqwest::get(format!("{url}/readyz")).await.ok()?;
        ready.status().is_success().then_some(())
    })
    .await;
    office.enforced(1).await;
    let client = office.client(&replica);
    (hatch, replica, client)
}

/// Asks for an approval of a call without arguments, and gives it.
async fn approved(office: &Office, client: &Raw) -> String {
    let held = decision(&client.call("pay", json!({})).await);
    let id = held["approval"].as_str().unwrap().to_owned();
    office.approve(&id).await;
    id
}

/// A call whose client expects no answer any more.
fn call_into_the_void(client: &Raw) -> tokio::task::JoinHandle<Option<String>> {
    let (url, token) = (client.url.clone(), client.token().to_owned());
    tokio::spawn(async move {
        let params = json!({ "name": "pay", "arguments": {} });
        let body = json!({ "jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params });
        let request = reqwest::Client::new().post(url).bearer_auth(token);
        let request = request.header("accept", "application/json, text/event-stream");
        request.json(&body).send().await.ok()?.text().await.ok()
    })
}

#[tokio::test]
async fn a_replica_killed_between_spending_and_forwarding_leaves_a_call_that_nobody_makes() {
    let office = Office::open(json!({})).await;
    let (hatch, mut replica, client) = behind_a_hatch(&office).await;
    let id = approved(&office, &client).await;
    hatch.keep_next();
    let call = call_into_the_void(&client);
    hatch.has_kept().await;
    let spent = office.show(&id).await;
    assert_eq!(
        spent["state"], "spent",
        "and the replica does not know it yet"
    );
    replica.process.kill();
    assert_eq!(call.await.unwrap(), None, "its client hears no answer");
    replica.resume().await;

    let anew = client.call("pay", json!({})).await;
    let said = decision(&anew);
    assert_eq!(said["verdict"], "hold", "whoever comes again is held anew");
    assert_ne!(said["approval"], json!(id));
    let used = office.show(&id).await["spent_by"][0]["call"].clone();
    let text = anew.text();
    let told = format!(
        "An approval of this very call was used already, by the call {}, of which no outcome is on record",
        used.as_str().unwrap()
    );
    assert!(
        text.contains(&told) && text.contains("a new request was opened"),
        "{text}"
    );
    assert_eq!(office.upstream.calls().len(), 0);
    // On record: the approval names the call that spent it, and there is no such call.
    let spent = office.show(&id).await;
    let by = spent["spent_by"].as_array().unwrap();
    assert_eq!(by.len(), 1, "{spent}");
    let path = office
        .org
        .path(&format!("calls/{}", by[0]["call"].as_str().unwrap()));
    until("the record of the call that came again", || async {
        let calls = office.org.calls("verdict=hold").await;
        calls
            .iter()
            .any(|call| call["approval"] == said["approval"])
            .then_some(())
    })
    .await;
    let made = office
        .org
        .rest
        .send(reqwest::Method::GET, &path, None)
        .await;
    assert_eq!(made.0, 404, "{}", made.1);

    // A person who knows that decides again, and then it happens once.
    office.approve(said["approval"].as_str().unwrap()).await;
    assert_eq!(client.call("pay", json!({})).await.text(), "done: \"pay\"");
    assert_eq!(office.upstream.calls().len(), 1);
}

#[tokio::test]
async fn a_replica_killed_while_the_server_acts_leaves_a_record_and_no_second_call() {
    let mut office = Office::open(json!({})).await;
    office.upstream = Stub::slow(&["read_note", "pay"], Duration::from_hours(1)).await;
    let moved = json!({ "url": office.upstream.url });
    office
        .org
        .rest
        .patch(&office.org.path("servers/bank"), moved)
        .await;
    let mut replica = office.installation.replica("one", None).await;
    office.enforced(1).await;
    let client = office.client(&replica);
    let id = approved(&office, &client).await;
    let call = call_into_the_void(&client);
    until("the call at the server", || async {
        (office.upstream.calls().len() == 1).then_some(())
    })
    .await;
    replica.process.kill();
    assert_eq!(call.await.unwrap(), None);
    replica.resume().await;

    let anew = client.call("pay", json!({})).await;
    assert!(anew.text().contains("was used already"), "{}", anew.text());
    let said = decision(&anew);
    assert_eq!(said["verdict"], "hold");
    assert_ne!(said["approval"], json!(id));
    let through = until("the record that the killed one left", || async {
        office.org.calls("verdict=allow").await.pop()
    })
    .await;
    assert_eq!(
        (&through["approval"], &through["outcome"]),
        (&json!(id), &Value::Null),
        "let through under it, and no end known"
    );
    assert_eq!(office.show(&id).await["spent_by"][0]["call"], through["id"]);
    assert_eq!(office.upstream.calls().len(), 1);
}

#[tokio::test]
async fn an_answer_lost_on_its_way_is_asked_for_again_and_spends_once() {
    let office = Office::open(json!({})).await;
    let (hatch, _replica, client) = behind_a_hatch(&office).await;
    let id = approved(&office, &client).await;
    hatch.lose_next();
    let done = client.call("pay", json!({})).await;
    assert_eq!((hatch.lost(), done.text().as_str()), (1, "done: \"pay\""));
    let spent = office.show(&id).await;
    assert_eq!(spent["spent_by"].as_array().unwrap().len(), 1, "{spent}");
    let next = decision(&client.call("pay", json!({})).await);
    assert_ne!(next["approval"], json!(id), "it was approved once");
    assert_eq!(office.upstream.calls().len(), 1);
}

#[tokio::test]
async fn the_control_plane_killed_between_approval_and_spending_delays_the_call_and_doubles_nothing()
 {
    let mut office = Office::open(json!({})).await;
    let replica = office.installation.replica("one", None).await;
    office.enforced(1).await;
    let client = office.client(&replica);
    let id = approved(&office, &client).await;
    office.installation.stop_control_plane();
    let away = client.call("pay", json!({})).await;
    assert!(
        away.text()
            .contains("Approvals cannot be asked for just now"),
        "{away:?}"
    );
    assert_eq!(decision(&away)["verdict"], "hold");
    // What needs nobody's word goes on meanwhile.
    let read = client.call("read_note", json!({})).await;
    assert_eq!(read.text(), "done: \"read_note\"");
    assert_eq!(office.upstream.calls().len(), 1);
    office.installation.resume_control_plane().await;
    assert_eq!(client.call("pay", json!({})).await.text(), "done: \"pay\"");
    let next = decision(&client.call("pay", json!({})).await);
    assert_ne!(next["approval"], json!(id), "it was approved once");
    assert_eq!(office.upstream.calls().len(), 2);
    let held = until("the record of the refused call", || async {
        let calls = office.org.calls("verdict=hold").await;
        (calls.len() == 3).then_some(calls)
    })
    .await;
    assert!(held.iter().any(|call| call["approval"].is_null()));
}

#[tokio::test]
async fn a_call_that_waits_outlives_the_control_plane() {
    let mut office = Office::open(json!({ "wait": "5m" })).await;
    let replica = office.installation.replica("one", None).await;
    office.enforced(1).await;
    let client = office.client(&replica);
    let call = tokio::spawn(async move { client.call("pay", json!({})).await });
    let id = office.waiting().await;
    office.installation.stop_control_plane();
    office.installation.resume_control_plane().await;
    assert!(!call.is_finished());
    office.approve(&id).await;
    assert_eq!(text_of(&call.await.unwrap().json()), "done: \"pay\"");
    assert_eq!(office.upstream.calls().len(), 1);
}
