//! What is approved is spent once, by exactly the call that was approved, and by no other.

use super::{Office, decision};
use serde_json::{Value, json};
use testbed::{Redis, Stub, until};

const ATTEMPTS: usize = 1_000;

#[tokio::test]
async fn of_a_thousand_attempts_on_four_replicas_one_reaches_the_server() {
    let (office, redis) = (Office::open(json!({})).await, Redis::start().await);
    let mut clients = Vec::new();
    for name in ["one", "two", "three", "four"] {
        let replica = office.installation.replica(name, Some(&redis.url())).await;
        clients.push((office.client(&replica), replica));
    }
    office.enforced(4).await;
    let first = clients[0].0.call("pay", json!({ "amount": 1 })).await;
    let id = decision(&first)["approval"].as_str().unwrap().to_owned();
    office.approve(&id).await;
    let mut tries = tokio::task::JoinSet::new();
    for number in 0..ATTEMPTS {
        let client = clients[number % clients.len()].0.clone();
        tries.spawn(async move {
            // More at once than a grant has seats are told to come again, and do.
            until("a seat", || async {
                let answer = client.call("pay", json!({ "amount": 1 })).await;
                (answer.json()["error"]["code"] != 1003).then_some(answer)
            })
            .await
        });
    }
    let (mut done, mut held) = (0, 0);
    while let Some(answer) = tries.join_next().await {
        let text = answer.unwrap().text();
        let is_held = text.starts_with("[APPROVAL REQUIRED]");
        assert!(is_held || text == "done: \"pay\"", "{text}");
        held += usize::from(is_held);
        done += usize::from(!is_held);
    }
    assert_eq!((done, held), (1, ATTEMPTS - 1));
    assert_eq!(office.upstream.calls().len(), 1);
    let spent = office.show(&id).await;
    assert_eq!(spent["state"], "spent");
    assert_eq!(spent["spent_by"].as_array().unwrap().len(), 1, "{spent}");
}

#[tokio::test]
async fn any_other_byte_of_the_arguments_is_another_call() {
    let office = Office::open(json!({})).await;
    let replica = office.installation.replica("one", None).await;
    office.enforced(1).await;
    let client = office.client(&replica);
    let approved = json!({ "to": ["ada", { "n": 1 }], "amount": 900 });
    let id = decision(&client.call("pay", approved.clone()).await)["approval"].clone();
    office.approve(id.as_str().unwrap()).await;
    let others = [
        json!({ "to": ["ada", { "n": 1 }], "amount": 901 }),
        json!({ "to": ["ada", { "n": 1 }], "amount": "900" }),
        json!({ "to": ["ada", { "n": "1" }], "amount": 900 }),
        json!({ "to": [{ "n": 1 }, "ada"], "amount": 900 }),
        json!({ "to": ["ada ", { "n": 1 }], "amount": 900 }),
        json!({ "to": ["ada", { "n": 1 }], "amount": 900, "more": null }),
        json!({ "to": ["ada", { "n": 1 }] }),
        json!({ "To": ["ada", { "n": 1 }], "amount": 900 }),
    ];
    for other in &others {
        let held = decision(&client.call("pay", other.clone()).await);
        assert_eq!(held["verdict"], "hold", "{other}");
        assert_ne!(held["approval"], id, "{other}");
    }
    assert_eq!(office.upstream.calls().len(), 0);
    // The records say what each was held for, and never that it was approved.
    let calls = until("the records", || async {
        let calls = office.org.calls("tool=pay").await;
        (calls.len() == 1 + others.len()).then_some(calls)
    })
    .await;
    for call in &calls {
        assert_eq!(
            (&call["verdict"], &call["rule"]),
            (&json!("hold"), &json!("/tools/pay/action")),
            "{call}"
        );
    }
    let of_it = calls.iter().filter(|call| call["approval"] == id);
    assert_eq!(of_it.count(), 1);
    // Nothing of all that has used it up.
    assert_eq!(client.call("pay", approved).await.text(), "done: \"pay\"");
}

#[tokio::test]
async fn what_is_over_or_was_taken_back_lets_nothing_through_and_the_record_says_what_held_it() {
    let office = Office::open(json!({})).await;
    let replica = office.installation.replica("one", None).await;
    office.enforced(1).await;
    let client = office.client(&replica);
    let mut approvals = Vec::new();
    for state in ["expired", "withdrawn"] {
        let arguments = json!({ "state": state });
        let id = decision(&client.call("pay", arguments.clone()).await)["approval"].clone();
        let id = id.as_str().unwrap().to_owned();
        let path = office.org.path(&format!("approvals/{id}"));
        let lasts = if state == "expired" { "1s" } else { "1h" };
        let said = json!({ "for": lasts });
        office.approver.post(&format!("{path}/approve"), said).await;
        if state == "withdrawn" {
            office
                .org
                .rest
                .post(&format!("{path}/withdraw"), json!({}))
                .await;
        }
        until(state, || async {
            (office.show(&id).await["state"] == state).then_some(())
        })
        .await;
        let held = decision(&client.call("pay", arguments).await);
        assert_eq!(held["verdict"], "hold", "{state}");
        assert_ne!(held["approval"], json!(id), "{state}");
        approvals.extend([json!(id), held["approval"].clone()]);
        assert_eq!(office.show(&id).await["spent_by"], json!([]), "{state}");
    }
    assert_eq!(office.upstream.calls().len(), 0);
    let calls = until("the records", || async {
        let calls = office.org.calls("verdict=hold").await;
        (calls.len() == approvals.len()).then_some(calls)
    })
    .await;
    for id in &approvals {
        let mut of_it = calls.iter().filter(|call| call["approval"] == *id);
        assert_eq!(of_it.next().unwrap()["rule"], "/tools/pay/action");
    }
}

#[tokio::test]
async fn another_tool_under_the_name_asks_anew() {
    let mut office = Office::open(json!({})).await;
    let replica = office.installation.replica("one", None).await;
    office.enforced(1).await;
    let client = office.client(&replica);
    let id = decision(&client.call("pay", json!({})).await)["approval"].clone();
    office.approve(id.as_str().unwrap()).await;
    office.upstream = Stub::described(&["read_note", "pay"], "pays somebody else").await;
    let moved = json!({ "url": office.upstream.url });
    office
        .org
        .rest
        .patch(&office.org.path("servers/bank"), moved)
        .await;
    let path = office.org.path("servers/bank/discover");
    office.org.rest.post(&path, json!({})).await;
    office.enforced(1).await;
    let held = decision(&client.call("pay", json!({})).await);
    assert_eq!(held["verdict"], "hold");
    assert_ne!(held["approval"], id);
    assert_eq!(office.upstream.calls().len(), 0);
    let record = until("the record", || async {
        let calls = office.org.calls("verdict=hold").await;
        calls
            .into_iter()
            .find(|call| call["approval"] == held["approval"])
    })
    .await;
    assert_eq!(record["rule"], "/tools/pay/action");
    assert_eq!(
        office.show(id.as_str().unwrap()).await["spent_by"],
        Value::Array(Vec::new())
    );
}
