//! Acme with a desk of tools, and pages of it as a browser gets them.

use crate::fake::Fake;
use crate::world::page::{self, Page};
use crate::world::{Who, World};
use serde_json::{Value, json};
use std::sync::{Arc, Mutex};

pub struct Acme {
    pub world: World,
    pub ada: Who,
    pub fake: Fake,
}

pub fn desk() -> Value {
    json!([
        { "name": "list_customers", "description": "Lists them", "inputSchema": { "type": "object" }, "annotations": { "readOnlyHint": true } },
        { "name": "create_refund", "description": "Pays back", "annotations": { "readOnlyHint": false, "destructiveHint": false },
          "inputSchema": { "type": "object", "required": ["amount"], "properties": { "amount": { "type": "number", "minimum": 5 }, "reason": { "type": "string" } } } },
        { "name": "delete_customer", "inputSchema": { "type": "object" }, "annotations": { "destructiveHint": true } },
        { "name": "internal_reset", "inputSchema": { "type": "object" } },
    ])
}

impl Acme {
    /// With a server `desk`, and a policy `calls` whose draft is this document.
    pub async fn with(document: &Value) -> Self {
        let world = World::new().await;
        let ada = world.owner("acme").await;
        let fake = Fake::legacy(Arc::new(Mutex::new(desk()))).await;
        let server = json!({ "slug": "desk", "name": "Desk", "url": fake.url });
        world
            .post(&ada, "/v1/orgs/acme/servers", server)
            .await
            .expect(201);
        world
            .post(&ada, "/v1/orgs/acme/servers/desk/discover", json!({}))
            .await
            .expect(200);
        let policy = json!({ "slug": "calls", "name": "Calls", "document": document });
        world
            .post(&ada, "/v1/orgs/acme/policies", policy)
            .await
            .expect(201);
        Self { world, ada, fake }
    }

    pub async fn draft(&self) -> Value {
        let policy = self
            .world
            .get(&self.ada, "/v1/orgs/acme/policies/calls")
            .await
            .expect(200);
        policy["draft"]["document"].clone()
    }

    /// Below the policy's own page.
    pub async fn get(&self, path: &str) -> Page {
        page::get(&self.world, &self.ada, &below(path)).await
    }

    pub async fn post(&self, path: &str, fields: &[(&str, &str)]) -> Page {
        page::post(&self.world, &self.ada, &below(path), fields).await
    }
}

fn below(path: &str) -> String {
    format!("/acme/policies/calls{path}")
}
