//! An organisation whose agent asks, and whose people decide.

use crate::world::{Who, World};
use bundle::approval::{Answer, Ask, Waited};
use bundle::record::PolicyVersion;
use ids::{ApprovalId, CallId};
use serde_json::value::RawValue;
use serde_json::{Value, json};
use std::sync::Arc;

pub const MINUTES: u64 = 60;

/// An organisation with a server, a policy and an agent of its owner's, and people who may decide.
pub struct Desk {
    pub world: Arc<World>,
    pub owner: Who,
    pub one: Who,
    pub other: Who,
    pub ask: Ask,
}

impl Desk {
    pub async fn open() -> Self {
        let world = Arc::new(World::new().await);
        let owner = world.owner("acme").await;
        let server = json!({ "slug": "desk", "name": "Desk", "url": "https://mcp.example.org/mcp", "auth": { "type": "none" } });
        let server = world
            .post(&owner, "/v1/orgs/acme/servers", server)
            .await
            .expect(201);
        let policy = json!({ "slug": "rules", "name": "Rules" });
        let policy = world
            .post(&owner, "/v1/orgs/acme/policies", policy)
            .await
            .expect(201);
        let note = json!({ "note": "one" });
        let path = "/v1/orgs/acme/policies/rules/publish";
        world.post(&owner, path, note).await.expect(201);
        let grant =
            json!({ "name": "agent", "servers": [{ "server": "desk", "policy": "rules" }] });
        let grant = world
            .post(&owner, "/v1/orgs/acme/grants", grant)
            .await
            .expect(201);
        let org = world.get(&owner, "/v1/orgs/acme").await.expect(200);
        let (one, other) = (
            world.member(&owner, "acme", "approver").await,
            world.member(&owner, "acme", "admin").await,
        );
        let id = |made: &Value| made["id"].as_str().unwrap().to_owned();
        let ask = Ask {
            org: id(&org).parse().unwrap(),
            grant: id(&grant).parse().unwrap(),
            server: id(&server).parse().unwrap(),
            tool: "create_refund".to_owned(),
            definition: "ab".repeat(32),
            category: policy::Category::Financial,
            arguments: raw(r#"{"amount":900,"to":"ann"}"#),
            policy: PolicyVersion {
                id: id(&policy).parse().unwrap(),
                version: 1,
            },
            rule: "/tools/create_refund/action".to_owned(),
            message: Some("Over 100.00: a human decides.".to_owned()),
            approvers: 1,
            timeout_s: 30 * MINUTES,
            call: CallId::new(1, [0; 10]),
            client: None,
            round: None,
        };
        Self {
            world,
            owner,
            one,
            other,
            ask,
        }
    }

    /// The same call made anew.
    pub fn again(&self) -> Ask {
        Ask {
            call: self.world.app.now().id(CallId::new),
            ..self.ask.clone()
        }
    }

    pub fn with(&self, arguments: &str) -> Ask {
        Ask {
            arguments: raw(arguments),
            ..self.again()
        }
    }

    pub async fn ask(&self, ask: &Ask) -> Answer {
        let body = serde_json::to_value(ask).unwrap();
        let path = "/v1/gateway/approvals/ask";
        let answer = self.world.post(&self.world.replica("r1"), path, body).await;
        serde_json::from_value(answer.expect(200)).unwrap()
    }

    /// Opens a request, and answers its id.
    pub async fn waits(&self, ask: &Ask) -> ApprovalId {
        match self.ask(ask).await {
            Answer::Waiting { approval, .. } => approval,
            other => panic!("{other:?}"),
        }
    }

    pub async fn is_spent(&self, ask: &Ask) -> bool {
        matches!(self.ask(ask).await, Answer::Spent { .. })
    }

    pub async fn say(
        &self,
        who: &Who,
        id: ApprovalId,
        word: &str,
        body: Value,
    ) -> crate::world::Answer {
        let path = format!("/v1/orgs/acme/approvals/{id}/{word}");
        self.world.post(who, &path, body).await
    }

    pub async fn approve(&self, who: &Who, id: ApprovalId) -> Value {
        let body = json!({ "note": "fine" });
        self.say(who, id, "approve", body).await.expect(200)
    }

    pub async fn show(&self, id: ApprovalId) -> Value {
        let path = format!("/v1/orgs/acme/approvals/{id}");
        self.world.get(&self.one, &path).await.expect(200)
    }

    pub async fn events(&self) -> Vec<String> {
        let path = "/v1/orgs/acme/events?action=approval";
        let page = self.world.get(&self.owner, path).await.expect(200);
        let items = page["items"].as_array().unwrap().iter();
        let mut kinds: Vec<String> = items
            .map(|event| event["action"].as_str().unwrap().to_owned())
            .collect();
        kinds.reverse();
        kinds
    }

    pub async fn wait(&self, id: ApprovalId, patience_ms: u64) -> Waited {
        let body = json!({ "org": self.ask.org, "approval": id, "patience_ms": patience_ms });
        let path = "/v1/gateway/approvals/wait";
        let answer = self.world.post(&self.world.replica("r1"), path, body).await;
        serde_json::from_value(answer.expect(200)).unwrap()
    }
}

fn raw(text: &str) -> Box<RawValue> {
    RawValue::from_string(text.to_owned()).unwrap()
}
