//! A call that a rule holds waits for a person, goes on once when one has approved it, and never besides.

mod breaking_off;
mod real_clients;
mod spending;
mod taking_back;

use serde_json::{Value, json};
use std::collections::BTreeSet;
use testbed::{Answer, Installation, Org, Raw, Replica, Rest, Stub, until};

/// The rules of every test here: one tool is held.
fn rules(approval: &Value) -> Value {
    json!({
        "version": "1",
        "default": "deny",
        "tools": {
            "read_note": {},
            "pay": { "action": "require_approval", "reason": "Money leaves.", "approval": approval },
        },
    })
}

struct Office {
    installation: Installation,
    upstream: Stub,
    org: Org,
    /// Somebody else than who made the grant.
    approver: Rest,
    grant: String,
    token: String,
}

impl Office {
    async fn open(approval: Value) -> Self {
        let installation = Installation::start().await;
        let upstream = Stub::start(&["read_note", "pay"]).await;
        let org = installation.org("acme").await;
        org.server("bank", &upstream.url).await;
        org.policy("rules", &rules(&approval)).await;
        let (grant, token) = org.grant("agent", "bank", "rules").await;
        let approver = another_person(&installation).await;
        Self {
            installation,
            upstream,
            org,
            approver,
            grant,
            token,
        }
    }

    fn client(&self, replica: &Replica) -> Raw {
        Raw::new(&replica.mcp(&self.org, "bank"), Some(&self.token))
    }

    async fn approve(&self, id: &str) -> Value {
        let path = self.org.path(&format!("approvals/{id}/approve"));
        self.approver.post(&path, json!({ "note": "fine" })).await
    }

    async fn show(&self, id: &str) -> Value {
        self.approver
            .get(&self.org.path(&format!("approvals/{id}")))
            .await
    }

    async fn enforced(&self, replicas: usize) {
        until("the replicas", || self.org.enforced(replicas)).await;
    }

    /// The one request that waits.
    async fn waiting(&self) -> String {
        let path = self.org.path("approvals?state=waiting");
        until("a request", || async {
            let page = self.approver.get(&path).await;
            Some(page["items"][0]["id"].as_str()?.to_owned())
        })
        .await
    }
}

/// An approver of the organisation, by a key that acts for a member of their own: as an accepted invitation, and a key
/// made by whoever accepted it, leave them.
async fn another_person(installation: &Installation) -> Rest {
    let person = installation.org("elsewhere").await;
    let owner = &installation.database.owner;
    let mut sql = installation.database.connect(owner).await;
    let member: uuid::Uuid = sqlx::query_scalar(
        "insert into members (id, org_id, user_id, role, created_at)
        select gen_random_uuid(), acme.id, members.user_id, 'approver', now()
        from orgs acme, orgs home join members on members.org_id = home.id
        where acme.slug = 'acme' and home.slug = 'elsewhere'
        returning id",
    )
    .fetch_one(&mut sql)
    .await
    .unwrap();
    sqlx::query(
        "update api_keys set org_id = acme.id, role = 'approver', made_by = $1
        from orgs acme, orgs home
        where acme.slug = 'acme' and home.slug = 'elsewhere' and api_keys.org_id = home.id",
    )
    .bind(member)
    .execute(&mut sql)
    .await
    .unwrap();
    person.rest
}

fn decision(answer: &Answer) -> Value {
    answer.json()["result"]["_meta"]["dev.portcullis/decision"].clone()
}

fn text_of(message: &Value) -> &str {
    message["result"]["content"][0]["text"]
        .as_str()
        .unwrap_or_else(|| panic!("no text in {message}"))
}

#[tokio::test]
async fn a_held_call_goes_on_once_when_another_person_has_approved_it() {
    let office = Office::open(json!({})).await;
    let replica = office.installation.replica("one", None).await;
    office.enforced(1).await;
    let client = office.client(&replica);

    let held = client.call("pay", json!({ "amount": 900 })).await;
    assert!(
        held.text().starts_with("[APPROVAL REQUIRED] Money leaves."),
        "{held:?}"
    );
    let said = decision(&held);
    let id = said["approval"].as_str().unwrap();
    let url = format!("{}/acme/approvals/{id}", office.installation.url());
    assert_eq!(
        (&said["verdict"], &said["approve_url"]),
        (&json!("hold"), &json!(url))
    );
    assert!(
        held.text().contains(&url) && held.text().contains("30 min"),
        "{held:?}"
    );
    let again = client.call("pay", json!({ "amount": 900 })).await;
    assert_eq!(
        decision(&again)["approval"],
        *id,
        "one request for the same call"
    );

    // Who made the grant does not decide.
    let path = office.org.path(&format!("approvals/{id}/approve"));
    let own = office
        .org
        .rest
        .send(reqwest::Method::POST, &path, Some(&json!({})))
        .await;
    assert_eq!(own.0, 403, "{}", own.1);
    office.approve(id).await;
    let changed = client.call("pay", json!({ "amount": 901 })).await;
    assert!(
        changed.text().starts_with("[APPROVAL REQUIRED]"),
        "{changed:?}"
    );
    let done = client.call("pay", json!({ "amount": 9.0e2 })).await;
    assert_eq!(done.text(), "done: \"pay\"");
    let next = client.call("pay", json!({ "amount": 900 })).await;
    assert!(
        next.text().starts_with("[APPROVAL REQUIRED]"),
        "it was approved once: {next:?}"
    );
    assert_eq!(office.upstream.calls().len(), 1);

    let calls = until("the records", || async {
        let calls = office.org.calls("tool=pay").await;
        (calls.len() == 5).then_some(calls)
    })
    .await;
    let through: Vec<&Value> = calls
        .iter()
        .filter(|call| call["verdict"] == "allow")
        .collect();
    assert_eq!((through.len(), &through[0]["approval"]), (1, &json!(id)));
    assert_eq!(
        office.show(id).await["spent_by"][0]["call"],
        through[0]["id"]
    );
    let held = calls.iter().filter(|call| call["verdict"] == "hold");
    assert!(held.clone().all(|call| call["approval"].is_string()));
    assert_eq!(held.filter(|call| call["approval"] == *id).count(), 2);
}

#[tokio::test]
async fn what_was_published_meanwhile_judges_what_was_approved() {
    let office = Office::open(json!({})).await;
    let replica = office.installation.replica("one", None).await;
    office.enforced(1).await;
    let client = office.client(&replica);
    let id = decision(&client.call("pay", json!({})).await)["approval"].clone();
    office.approve(id.as_str().unwrap()).await;

    let mut denies = rules(&json!({}));
    denies["tools"]["pay"]["deny_if"] = json!([{ "conditions": [], "on_deny": "Not today." }]);
    office.org.publish("rules", &denies).await;
    office.enforced(1).await;
    let refused = client.call("pay", json!({})).await;
    assert_eq!(refused.text(), "[POLICY DENIED] Not today.");
    // Nor does a newer version that holds it again take what was approved under the older one.
    office.org.publish("rules", &rules(&json!({}))).await;
    office.enforced(1).await;
    let held = decision(&client.call("pay", json!({})).await);
    assert_eq!(held["verdict"], "hold");
    assert_ne!(held["approval"], id);
    assert_eq!(office.upstream.calls().len(), 0);
}

#[tokio::test]
async fn another_grant_does_not_go_on_what_one_was_given() {
    let office = Office::open(json!({})).await;
    let replica = office.installation.replica("one", None).await;
    let (_, other) = office.org.grant("other", "bank", "rules").await;
    office.enforced(1).await;
    let client = office.client(&replica);
    let id = decision(&client.call("pay", json!({})).await)["approval"].clone();
    office.approve(id.as_str().unwrap()).await;
    let stranger = Raw::new(&client.url, Some(&other))
        .call("pay", json!({}))
        .await;
    assert_eq!(decision(&stranger)["verdict"], "hold");
    assert_ne!(decision(&stranger)["approval"], id);
    let path = office.org.path(&format!("grants/{}/revoke", office.grant));
    office.org.rest.post(&path, json!({})).await;
    let revoked = until("the revocation", || async {
        let answer = client.call("pay", json!({})).await;
        (answer.status == 401).then_some(answer)
    });
    // Until it is known here, the control plane knows it.
    revoked.await;
    assert_eq!(office.upstream.calls().len(), 0);
}

#[tokio::test]
async fn a_call_that_waits_tells_its_client_so_and_ends_with_the_servers_answer() {
    let office = Office::open(json!({ "wait": "5m" })).await;
    let replica = office.installation.replica("one", None).await;
    office.enforced(1).await;
    let client = office.client(&replica);
    let waits = tokio::spawn(async move {
        let params = json!({ "name": "pay", "arguments": { "amount": 1 }, "_meta": { "progressToken": "p-1" } });
        client.request(7, "tools/call", params).await
    });
    let id = office.waiting().await;
    office.approve(&id).await;
    let answer = waits.await.unwrap();
    assert_eq!(answer.json()["id"], 7);
    assert_eq!(text_of(&answer.json()), "done: \"pay\"");
    let events = answer
        .body
        .lines()
        .filter_map(|line| line.strip_prefix("data:"));
    let events: Vec<Value> = events
        .filter_map(|data| serde_json::from_str(data.trim()).ok())
        .collect();
    let progress = &events[0];
    assert_eq!(progress["method"], "notifications/progress", "{events:?}");
    assert_eq!(progress["params"]["progressToken"], "p-1");
    let message = progress["params"]["message"].as_str().unwrap();
    assert!(
        message.contains(&format!("/acme/approvals/{id}")),
        "{message}"
    );
    assert_eq!(office.upstream.calls().len(), 1);
}

#[tokio::test]
async fn a_refusal_reaches_the_call_that_waits_with_the_persons_words() {
    let office = Office::open(json!({ "wait": "5m" })).await;
    let replica = office.installation.replica("one", None).await;
    office.enforced(1).await;
    let client = office.client(&replica);
    let call = client.clone();
    let waits = tokio::spawn(async move { call.call("pay", json!({})).await });
    let id = office.waiting().await;
    let path = office.org.path(&format!("approvals/{id}/refuse"));
    let note = json!({ "note": "Ask finance first." });
    office.approver.post(&path, note).await;
    let refused = waits.await.unwrap();
    let expected =
        "[APPROVAL REQUIRED] Money leaves. A person refused this call: Ask finance first.";
    assert_eq!(text_of(&refused.json()), expected);
    // And whoever asks at once again is told the same.
    assert_eq!(client.call("pay", json!({})).await.text(), expected);
    assert_eq!(office.upstream.calls().len(), 0);
}

#[tokio::test]
async fn a_client_that_leaves_while_it_waits_is_not_acted_for() {
    let office = Office::open(json!({ "wait": "5m" })).await;
    let replica = office.installation.replica("one", None).await;
    office.enforced(1).await;
    let client = office.client(&replica);
    let waits = tokio::spawn(async move { client.call("pay", json!({})).await });
    let id = office.waiting().await;
    waits.abort();
    assert!(waits.await.unwrap_err().is_cancelled());
    until("the record of the call that left", || async {
        let calls = office.org.calls("verdict=hold").await;
        calls
            .iter()
            .any(|call| call["approval"] == *id)
            .then_some(())
    })
    .await;
    office.approve(&id).await;
    assert_eq!(
        office.show(&id).await["state"],
        "approved",
        "nobody spends it"
    );
    assert_eq!(office.upstream.calls().len(), 0);
}

#[tokio::test]
async fn an_approval_for_a_short_while_is_over_for_a_client_that_left_and_comes_too_late() {
    let office = Office::open(json!({ "wait": "5m" })).await;
    let replica = office.installation.replica("one", None).await;
    office.enforced(1).await;
    let client = office.client(&replica);
    let waits = tokio::spawn({
        let client = client.clone();
        async move { client.call("pay", json!({})).await }
    });
    let id = office.waiting().await;
    waits.abort();
    assert!(waits.await.unwrap_err().is_cancelled());
    until("the record of the call that left", || async {
        let calls = office.org.calls("verdict=hold").await;
        calls
            .iter()
            .any(|call| call["approval"] == *id)
            .then_some(())
    })
    .await;
    let path = office.org.path(&format!("approvals/{id}/approve"));
    let short = json!({ "note": "now or never", "for": "1s" });
    assert_eq!(
        office.approver.post(&path, short).await["state"],
        "approved"
    );
    until("the end of its time", || async {
        (office.show(&id).await["state"] == "expired").then_some(())
    })
    .await;
    let late = tokio::spawn(async move { client.call("pay", json!({})).await });
    let anew = office.waiting().await;
    assert_ne!(anew, id, "whoever comes late is held anew");
    late.abort();
    assert_eq!(office.show(&id).await["spent_by"], json!([]));
    assert_eq!(office.upstream.calls().len(), 0);
}

#[tokio::test]
async fn a_full_inbox_is_a_hold_without_an_approval() {
    let office = Office::open(json!({})).await;
    let replica = office.installation.replica("one", None).await;
    office.enforced(1).await;
    let client = office.client(&replica);
    let mut approvals = BTreeSet::new();
    for number in 0..15 {
        let held = client.call("pay", json!({ "amount": number })).await;
        match decision(&held)["approval"].as_str() {
            Some(id) => {
                approvals.insert(id.to_owned());
            }
            None => assert!(
                held.text()
                    .contains("10 requests of this grant are waiting"),
                "{held:?}"
            ),
        }
    }
    assert_eq!(approvals.len(), 10);
}

#[tokio::test]
async fn clients_that_open_addresses_are_given_one_in_the_words_of_their_era() {
    let office = Office::open(json!({ "wait": "2m" })).await;
    let replica = office.installation.replica("one", None).await;
    office.enforced(1).await;
    let client = office.client(&replica);
    let modern = |id: u64, more: Value| {
        let mut params = json!({
            "name": "pay", "arguments": { "amount": 5 },
            "_meta": {
                "io.modelcontextprotocol/protocolVersion": "2026-07-28",
                "io.modelcontextprotocol/clientInfo": { "name": "raw", "version": "1" },
                "io.modelcontextprotocol/clientCapabilities": { "elicitation": { "url": {} } },
            },
        });
        for (key, value) in more.as_object().unwrap() {
            params[key] = value.clone();
        }
        let body = json!({ "jsonrpc": "2.0", "id": id, "method": "tools/call", "params": params });
        reqwest::Client::new()
            .post(&client.url)
            .bearer_auth(&office.token)
            .header("content-type", "application/json")
            .header("accept", "application/json, text/event-stream")
            .header("mcp-protocol-version", "2026-07-28")
            .header("mcp-method", "tools/call")
            .header("mcp-name", "pay")
            .body(body.to_string())
            .send()
    };
    let asked: Value = modern(1, json!({})).await.unwrap().json().await.unwrap();
    let result = &asked["result"];
    assert_eq!(result["resultType"], "input_required", "{asked}");
    let elicited = &result["inputRequests"]["approval"];
    assert_eq!(elicited["method"], "elicitation/create");
    assert_eq!(elicited["params"]["mode"], "url");
    let decided = &result["_meta"]["dev.portcullis/decision"];
    assert_eq!(elicited["params"]["url"], decided["approve_url"]);
    let id = decided["approval"].as_str().unwrap();

    // The person has been there; the next round waits, and then goes on with what the first one asked.
    let state = result["requestState"].clone();
    let answers =
        json!({ "requestState": state, "inputResponses": { "approval": { "action": "accept" } } });
    let retry = tokio::spawn(modern(2, answers.clone()));
    office.approve(id).await;
    let done = retry.await.unwrap().unwrap().text().await.unwrap();
    assert!(done.contains("done: \\\"pay\\\""), "{done}");
    let reached = office.upstream.calls();
    assert_eq!(reached.len(), 1);
    let params = &reached[0].body["params"];
    assert!(
        params.get("requestState").is_none() && params.get("inputResponses").is_none(),
        "{params}"
    );
    // A state that was asked for these arguments is none for others.
    let mut other = answers;
    other["arguments"] = json!({ "amount": 6 });
    let foreign = modern(3, other).await.unwrap();
    assert_eq!(foreign.status(), 400);
}

#[tokio::test]
async fn an_older_client_that_opens_addresses_is_told_which_one_before_anything_is_done() {
    let office = Office::open(json!({})).await;
    let upstream = Stub::with_sessions(&["pay"]).await;
    office.org.server("vault", &upstream.url).await;
    let (_, token) = office.org.grant("older", "vault", "rules").await;
    let replica = office.installation.replica("one", None).await;
    office.enforced(1).await;
    let mut client = Raw::new(&replica.mcp(&office.org, "vault"), Some(&token));
    let hello = json!({ "jsonrpc": "2.0", "id": 0, "method": "initialize", "params": {
        "protocolVersion": "2025-11-25", "capabilities": { "elicitation": { "form": {}, "url": {} } },
        "clientInfo": { "name": "raw", "version": "1" } } });
    let met = client.post(&hello.to_string()).await;
    client.session = Some(met.headers["mcp-session-id"].to_str().unwrap().to_owned());

    let asked = client.call("pay", json!({})).await;
    assert_eq!(asked.status, 200);
    let error = &asked.json()["error"];
    assert_eq!(error["code"], -32042, "{asked:?}");
    let elicited = &error["data"]["elicitations"][0];
    let decided = &error["data"]["dev.portcullis/decision"];
    assert_eq!(elicited["mode"], "url");
    assert_eq!(elicited["url"], decided["approve_url"]);
    assert_eq!(elicited["elicitationId"], decided["approval"]);
    assert!(
        error["message"]
            .as_str()
            .unwrap()
            .starts_with("[APPROVAL REQUIRED]")
    );
    office.approve(decided["approval"].as_str().unwrap()).await;
    assert_eq!(client.call("pay", json!({})).await.text(), "done: \"pay\"");
    assert_eq!(upstream.calls().len(), 1);
}
