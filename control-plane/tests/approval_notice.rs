//! Who is told that calls wait, and how often.

#[path = "world/rows.rs"]
mod rows;
mod world;

use control_plane::approval::notice;
use ids::CallId;
use serde_json::{Value, json};
use std::time::Duration;
use world::{Who, World};

struct Desk {
    world: World,
    owner: Who,
    approver: Who,
    ask: Value,
}

impl Desk {
    /// An agent of the person `user`, minted by the owner; and an approver, an auditor and a viewer.
    async fn open(user: &str) -> Self {
        let world = World::new().await;
        let owner = world.owner("acme").await;
        rows::server(
            &world,
            "acme",
            "desk",
            &[json!({ "name": "search", "inputSchema": { "type": "object" } })],
        )
        .await;
        let grant = json!({ "name": "agent", "user": user, "servers": [{ "server": "desk" }] });
        let grant = world
            .post(&owner, "/v1/orgs/acme/grants", grant)
            .await
            .expect(201);
        let org = world.get(&owner, "/v1/orgs/acme").await.expect(200);
        let server = world
            .get(&owner, "/v1/orgs/acme/servers/desk")
            .await
            .expect(200);
        let approver = world.member(&owner, "acme", "approver").await;
        for role in ["auditor", "viewer"] {
            world.member(&owner, "acme", role).await;
        }
        let ask = json!({
            "org": org["id"], "grant": grant["id"], "server": server["id"], "tool": "https://evil.example/x",
            "definition": "00".repeat(32), "category": "write", "policy": { "id": ids::PolicyId::new(1, [0; 10]), "version": 1 },
            "rule": "/tools/search/action", "approvers": 1, "timeout_s": 86_400,
        });
        Self {
            world,
            owner,
            approver,
            ask,
        }
    }

    /// Asks once for each of these numbers.
    async fn asks(&self, numbers: std::ops::Range<u32>) -> Vec<String> {
        let mut ids = Vec::new();
        for number in numbers {
            let mut ask = self.ask.clone();
            ask["arguments"] = json!({ "number": number });
            ask["call"] = json!(self.world.app.now().id(CallId::new));
            let replica = self.world.replica("r1");
            let answer = self
                .world
                .post(&replica, "/v1/gateway/approvals/ask", ask)
                .await
                .expect(200);
            ids.extend(answer["approval"].as_str().map(str::to_owned));
        }
        ids
    }

    /// To whom, and what, since the test began.
    async fn told(&self) -> Vec<(String, String)> {
        notice::tell(&self.world.app).await.unwrap();
        let mails = self.world.mails().await.into_iter();
        mails
            .filter(|mail| mail.text.subject.ends_with("for a decision"))
            .map(|mail| (mail.to, mail.text.body))
            .collect()
    }
}

#[tokio::test]
async fn who_may_decide_is_told_and_nobody_whose_own_grant_it_is() {
    let desk = Desk::open("nobody@example.com").await;
    let ids = desk.asks(0..1).await;
    let told = desk.told().await;
    let to: Vec<&str> = told.iter().map(|(to, _)| to.as_str()).collect();
    // The owner minted it; the others may not decide.
    assert_eq!(to, ["person-1@example.com"]);
    assert!(
        told[0].1.contains(&format!("/acme/approvals/{}\n", ids[0])),
        "{}",
        told[0].1
    );
    assert!(
        !told[0].1.contains("evil"),
        "what an agent may write is not in it"
    );
    let theirs = Desk::open("PERSON-1@example.com").await;
    theirs.asks(0..1).await;
    assert!(theirs.told().await.is_empty());
}

#[tokio::test]
async fn five_hundred_requests_of_one_grant_make_one_mail_and_a_full_inbox() {
    let desk = Desk::open("nobody@example.com").await;
    desk.asks(0..3).await;
    assert_eq!(desk.told().await.len(), 1);
    let opened = desk.asks(3..500).await;
    assert_eq!(
        opened.len(),
        7,
        "ten wait, and the rest is told that it is full"
    );
    assert_eq!(desk.told().await.len(), 1);
    desk.world.clock.advance(Duration::from_secs(599));
    assert_eq!(desk.told().await.len(), 1);
    // What came after the mail and still waits is told of when the pause is over.
    desk.world.clock.advance(Duration::from_secs(2));
    let told = desk.told().await;
    assert_eq!(told.len(), 2);
    assert!(
        told[0].1.contains("10 calls of the grant \"agent\""),
        "{}",
        told[0].1
    );
    desk.world.clock.advance(Duration::from_hours(1));
    assert_eq!(desk.told().await.len(), 2, "nothing new, no mail");
}

#[tokio::test]
async fn after_a_decision_the_next_call_is_told_of_at_once() {
    let desk = Desk::open("nobody@example.com").await;
    let ids = desk.asks(0..1).await;
    assert_eq!(desk.told().await.len(), 1);
    desk.world.clock.advance(Duration::from_secs(5));
    let path = format!("/v1/orgs/acme/approvals/{}/refuse", ids[0]);
    desk.world
        .post(&desk.approver, &path, json!({ "note": "no" }))
        .await
        .expect(200);
    desk.world.clock.advance(Duration::from_secs(5));
    desk.asks(1..2).await;
    assert_eq!(desk.told().await.len(), 2);
    let events = desk
        .world
        .get(&desk.owner, "/v1/orgs/acme/events?action=approval")
        .await
        .expect(200);
    assert_eq!(events["items"].as_array().unwrap().len(), 3);
}

#[tokio::test]
async fn a_call_that_waits_no_more_is_not_told_of() {
    let desk = Desk::open("nobody@example.com").await;
    let ids = desk.asks(0..2).await;
    let path = format!("/v1/orgs/acme/approvals/{}/withdraw", ids[0]);
    desk.world
        .post(&desk.owner, &path, json!({}))
        .await
        .expect(200);
    desk.world.clock.advance(Duration::from_secs(86_401));
    assert!(desk.told().await.is_empty());
}
