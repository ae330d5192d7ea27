//! An organisation with everything in it that the rows name, made when it is needed.

use super::ROLES;
use crate::world::{Who, World};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use testbed::Stub;

pub struct Org<'a> {
    pub world: &'a World,
    stub: &'a Stub,
    pub owner: &'a Who,
    pub slug: String,
    made: BTreeMap<&'static str, String>,
}

impl<'a> Org<'a> {
    pub async fn found(world: &'a World, stub: &'a Stub, owner: &'a Who, slug: String) -> Self {
        world
            .post(owner, "/v1/orgs", json!({ "slug": slug, "name": slug }))
            .await
            .expect(201);
        Self {
            world,
            stub,
            owner,
            made: BTreeMap::from([("{org}", slug.clone())]),
            slug,
        }
    }

    pub async fn post(&self, path: &str, body: Value) -> Value {
        let answer = self
            .world
            .post(self.owner, &format!("/v1/orgs/{}/{path}", self.slug), body)
            .await;
        assert!(answer.status.is_success(), "{path}: {}", answer.text);
        answer.json()
    }

    async fn get(&self, path: &str) -> Value {
        let path = format!("/v1/orgs/{}/{path}", self.slug);
        self.world.get(self.owner, &path).await.expect(200)
    }

    /// The text with its braces filled, and what they name made where it was not yet.
    pub async fn fill(&mut self, text: &str) -> String {
        let mut text = text.to_owned();
        for word in [
            "{member}",
            "{invitation}",
            "{key}",
            "{server}",
            "{tool}",
            "{policy}",
            "{grant}",
            "{call}",
            "{approval}",
            "{webhook}",
            "{delivery}",
            "{route}",
            "{url}",
            "{number}",
            "{version}",
            "{other}",
            "{etag}",
            "{digest}",
            "{waiting}",
            "{org}",
        ] {
            if text.contains(word) {
                if !self.made.contains_key(word) {
                    let made = self.make(word).await;
                    self.made.insert(word, made);
                }
                text = text.replace(word, &self.made[word]);
            }
        }
        text
    }

    async fn make(&mut self, word: &str) -> String {
        let id = |made: &Value| made["id"].as_str().unwrap().to_owned();
        match word {
            "{member}" => self.member().await,
            "{invitation}" => id(&self
                .post(
                    "invitations",
                    json!({ "email": "late@example.com", "role": "viewer" }),
                )
                .await),
            "{key}" => id(&self
                .post("api-keys", json!({ "name": "idle", "role": "viewer" }))
                .await),
            "{server}" => {
                let server = json!({ "slug": "desk", "name": "Desk", "url": self.stub.url, "auth": { "type": "none" } });
                self.post("servers", server).await;
                "desk".to_owned()
            }
            "{tool}" => {
                self.post("servers/desk/discover", json!({})).await;
                "search".to_owned()
            }
            "{policy}" => {
                self.post("policies", json!({ "slug": "rules", "name": "Rules" }))
                    .await;
                self.post("policies/rules/publish", json!({ "note": "one" }))
                    .await;
                let document =
                    json!({ "version": "1", "default": "deny", "tools": { "search": {} } });
                let path = format!("/v1/orgs/{}/policies/rules/draft", self.slug);
                self.world
                    .put(self.owner, &path, json!({ "document": document }))
                    .await
                    .expect(200);
                self.post("policies/rules/publish", json!({ "note": "two" }))
                    .await;
                "rules".to_owned()
            }
            "{grant}" => {
                let servers =
                    Box::pin(self.fill(r#"[{"server": "{server}", "policy": "{policy}"}]"#)).await;
                let servers: Value = serde_json::from_str(&servers).unwrap();
                id(&self
                    .post("grants", json!({ "name": "agent", "servers": servers }))
                    .await)
            }
            "{call}" => self.call().await,
            "{approval}" => self.approval().await,
            "{webhook}" => {
                let body = json!({ "name": "bot", "url": "https://hooks.example.com/x" });
                id(&self.post("webhooks", body).await)
            }
            "{delivery}" => {
                let path = Box::pin(self.fill("webhooks/{webhook}/test")).await;
                id(&self.post(&path, json!({})).await)
            }
            "{route}" => {
                let path = format!("/v1/orgs/{}/approval-routing", self.slug);
                let routing = json!({ "routes": [{ "severity": "high" }] });
                self.world.put(self.owner, &path, routing).await.expect(200);
                let rest = r#""rule":null,"mail":true,"webhooks":null,"escalate":null"#;
                format!(r#"{{"server":null,"severity":"high",{rest}}}"#)
            }
            "{url}" => self.stub.url.clone(),
            "{etag}" => {
                let policy = self.get("policies/rules").await;
                policy["draft"]["etag"].as_str().unwrap().to_owned()
            }
            "{digest}" => {
                let tools = self.get("servers/desk/tools").await;
                tools["items"][0]["digest"].as_str().unwrap().to_owned()
            }
            "{waiting}" => {
                let server = self.get("servers/desk").await;
                server["waiting"].as_str().unwrap().to_owned()
            }
            "{number}" | "{version}" => "1".to_owned(),
            "{other}" => "2".to_owned(),
            _ => panic!("{word} is not made here"),
        }
    }

    /// As an accepted invitation leaves one.
    async fn member(&self) -> String {
        let mut owner = self
            .world
            .database
            .connect(&self.world.database.owner)
            .await;
        let id = self.world.app.now().id(ids::MemberId::new);
        sqlx::query(
            "with made as (
                insert into users (id, email, name, created_at)
                values ($1, $2 || '-member@example.com', 'Member', now()) returning id
            )
            insert into members (id, org_id, user_id, role, created_at)
            select $1, orgs.id, made.id, 'viewer', now() from orgs, made where slug = $2",
        )
        .bind(id.uuid())
        .bind(&self.slug)
        .execute(&mut owner)
        .await
        .unwrap();
        id.to_string()
    }

    /// As a replica's record leaves it.
    async fn call(&self) -> String {
        let mut owner = self
            .world
            .database
            .connect(&self.world.database.owner)
            .await;
        let id = self.world.app.now().id(ids::CallId::new);
        sqlx::query("select make_call_day('2026-11-22')")
            .execute(&mut owner)
            .await
            .unwrap();
        sqlx::query(
            "insert into calls (org_id, at, id, judged_at, replica, grant_id, server_id, method, verdict, bundle_version,
                limiter, argument_keys, shadow, added_us)
            select id, to_timestamp($2 / 1000.0), $3, to_timestamp($2 / 1000.0), 'r', id, id, 'tools/call', 'allow', 1,
                'none', '{}', '[]', 1
            from orgs where slug = $1",
        )
        .bind(&self.slug)
        .bind(i64::try_from(id.unix_ms()).unwrap())
        .bind(id.uuid())
        .execute(&mut owner)
        .await
        .unwrap();
        self.arguments(&mut owner, id).await;
        id.to_string()
    }

    /// What its replica kept of the call's arguments.
    async fn arguments(&self, owner: &mut sqlx::PgConnection, id: ids::CallId) {
        let org: uuid::Uuid = sqlx::query_scalar("select id from orgs where slug = $1")
            .bind(&self.slug)
            .fetch_one(&mut *owner)
            .await
            .unwrap();
        let (ring, org) = (
            &self.world.app.keys().credentials,
            ids::OrgId::from_uuid(org),
        );
        let kept = bundle::record::Arguments::seal("{}", org, id, ring, [1; 12]).unwrap();
        sqlx::query(
            "insert into captured_arguments (org_id, at, id, sealed, is_cut)
            values ($1, to_timestamp($2 / 1000.0), $3, $4, false)",
        )
        .bind(org.uuid())
        .bind(i64::try_from(id.unix_ms()).unwrap())
        .bind(id.uuid())
        .bind(kept.sealed.as_bytes())
        .execute(owner)
        .await
        .unwrap();
    }

    /// As a replica asks for one, of a grant that is nobody's own here.
    async fn approval(&mut self) -> String {
        let grant = Box::pin(self.fill("{grant}")).await;
        let mut owner = self
            .world
            .database
            .connect(&self.world.database.owner)
            .await;
        sqlx::query("update grants set made_by = 'mem_gone'")
            .execute(&mut owner)
            .await
            .unwrap();
        let org = self.get("servers/desk").await;
        let policy = self.get("policies/rules").await;
        let org_id: uuid::Uuid = sqlx::query_scalar("select id from orgs where slug = $1")
            .bind(&self.slug)
            .fetch_one(&mut owner)
            .await
            .unwrap();
        let ask = json!({
            "org": ids::OrgId::from_uuid(org_id), "grant": grant, "server": org["id"], "tool": "search",
            "definition": "00".repeat(32), "category": "write", "arguments": {},
            "policy": { "id": policy["id"], "version": 1 }, "rule": "/tools/search/action", "approvers": 1,
            "timeout_s": 1800, "call": self.world.app.now().id(ids::CallId::new),
        });
        let replica = self.world.replica("r1");
        let path = "/v1/gateway/approvals/ask";
        let answer = self.world.post(&replica, path, ask).await.expect(200);
        answer["approval"].as_str().unwrap().to_owned()
    }

    pub async fn someone(&self, role: &str) -> Who {
        if role == "owner" {
            return self.owner.clone();
        }
        let made = self
            .post("api-keys", json!({ "name": role, "role": role }))
            .await;
        Who {
            key: Some(made["secret"].as_str().unwrap().to_owned()),
            ..Who::default()
        }
    }
}

/// Whether each role may.
pub fn marks(row: &str) -> Vec<(&'static str, bool)> {
    let marks: Vec<&str> = row.split(' ').collect();
    assert_eq!(marks.len(), ROLES.len());
    ROLES
        .into_iter()
        .zip(marks.into_iter().map(|mark| mark == "x"))
        .collect()
}
