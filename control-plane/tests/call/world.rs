//! Organisations with a key for each role, a server and a grant; and a replica that ships records of their calls.

use crate::plane::{Answer, Who, World as Plane};
use axum::body::Body;
use axum::http::{Method, Request, Response, StatusCode};
use bundle::budget::{Ask, Used};
use bundle::record::{Ending, Intent, Limiter, Outcome, Record, Stored, Verdict};
use control_plane::access::Role;
use control_plane::app::App;
use host::clock::Clock;
use ids::{CallId, GrantId, OrgId, ServerId};
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use serde_json::{Value, json};
use sqlx::PgConnection;
use std::collections::HashMap;

/// 22 November 2026, noon: the plane's clock stands there.
pub const NOW: u64 = 1_795_348_800_000;

pub struct World {
    pub app: App,
    pub clock: Clock,
    plane: Plane,
    replica_key: EncodingKey,
}

pub struct Org {
    pub id: OrgId,
    pub slug: String,
    keys: HashMap<&'static str, String>,
    pub grant: GrantId,
    pub server: ServerId,
    pub server_slug: String,
}

impl Org {
    pub fn key(&self, role: Role) -> &str {
        &self.keys[role.as_str()]
    }

    pub fn path(&self, rest: &str) -> String {
        format!("/v1/orgs/{}/calls{rest}", self.slug)
    }
}

impl World {
    pub async fn new() -> Self {
        let plane = Plane::new().await;
        let replica_key = EncodingKey::from_ed_pem(plane.gateway_signing_pem.as_bytes()).unwrap();
        Self {
            app: plane.app.clone(),
            clock: plane.clock.clone(),
            plane,
            replica_key,
        }
    }

    /// A look at the database that no wall stops.
    pub async fn owner(&self) -> PgConnection {
        self.plane
            .database
            .connect(&self.plane.database.owner)
            .await
    }

    pub async fn org(&self, slug: &str) -> Org {
        let owner = self.plane.owner(slug).await;
        let shown = self
            .plane
            .get(&owner, &format!("/v1/orgs/{slug}"))
            .await
            .expect(200);
        let id: OrgId = shown["id"].as_str().unwrap().parse().unwrap();
        let mut keys = HashMap::new();
        for role in [
            Role::Admin,
            Role::Approver,
            Role::PolicyManager,
            Role::Auditor,
            Role::Viewer,
        ] {
            let body = json!({ "name": "key", "role": role });
            let made = self
                .plane
                .post(&owner, &format!("/v1/orgs/{slug}/api-keys"), body)
                .await
                .expect(201);
            keys.insert(role.as_str(), made["secret"].as_str().unwrap().to_owned());
        }
        let (now, mut sql, server_slug) =
            (self.app.now(), self.owner().await, format!("{slug}-files"));
        let (grant, server) = (now.id(GrantId::new), now.id(ServerId::new));
        // Straight into their tables: a real server would have to listen somewhere, and none is called.
        sqlx::query(
            "insert into servers (id, org_id, slug, name, url, auth_type, connect_ms, first_byte_ms,
                call_first_byte_ms, idle_ms, whole_ms, etag, created_at)
            values ($1, $2, $3, 'Files', 'https://files.example.org', 'none', 1, 1, 1, 1, 1, $4, now())",
        )
        .bind(server.uuid())
        .bind(id.uuid())
        .bind(&server_slug)
        .bind(now.etag())
        .execute(&mut sql)
        .await
        .unwrap();
        sqlx::query(
            "insert into grants (id, org_id, name, digest, hint, made_by, etag, created_at)
            values ($1, $2, 'agent', sha256($3::bytea), '', '', $4, now())",
        )
        .bind(grant.uuid())
        .bind(id.uuid())
        .bind(slug.as_bytes())
        .bind(now.etag())
        .execute(&mut sql)
        .await
        .unwrap();
        Org {
            id,
            slug: slug.to_owned(),
            keys,
            grant,
            server,
            server_slug,
        }
    }

    pub async fn open(&self, request: Request<Body>) -> Response<Body> {
        self.plane.open(request).await
    }

    pub async fn get(&self, path: &str, key: &str) -> (StatusCode, Value) {
        let (status, text) = self.get_text(path, key).await;
        (status, serde_json::from_str(&text).unwrap_or(Value::Null))
    }

    pub async fn put(&self, path: &str, key: &str, body: Value) -> (StatusCode, Value) {
        let who = Who {
            key: Some(key.to_owned()),
            ..Who::default()
        };
        let answer = self.plane.put(&who, path, body).await;
        (
            answer.status,
            serde_json::from_str(&answer.text).unwrap_or(Value::Null),
        )
    }

    pub async fn get_text(&self, path: &str, key: &str) -> (StatusCode, String) {
        let who = Who {
            key: Some(key.to_owned()),
            ..Who::default()
        };
        let answer = self.plane.get(&who, path).await;
        (answer.status, answer.text)
    }

    /// Posts a batch with this in `Authorization`.
    pub async fn post_as(&self, authorization: Option<&str>, batch: Value) -> Answer {
        self.post_to("/v1/gateway/records", authorization, batch)
            .await
    }

    async fn post_to(&self, path: &str, authorization: Option<&str>, body: Value) -> Answer {
        let headers: Vec<_> = authorization
            .map(|value| ("authorization", value))
            .into_iter()
            .collect();
        self.plane
            .send_with(&Who::default(), Method::POST, path, Some(body), &headers)
            .await
    }

    /// Posts this as the replica does.
    pub async fn as_replica(&self, path: &str, body: Value) -> Answer {
        let seconds = self.clock.unix_ms() / 1000;
        let claims = json!({
            "sub": "replica-1", "aud": "portcullis-control-plane", "iat": seconds, "exp": seconds + 60,
        });
        let token = encode(&Header::new(Algorithm::EdDSA), &claims, &self.replica_key).unwrap();
        self.post_to(path, Some(&format!("Bearer {token}")), body)
            .await
    }

    /// What the replica is told of an organisation's budgets.
    pub async fn used(&self, ask: &Ask) -> Used {
        let body = serde_json::to_value(ask).unwrap();
        let answer = self.as_replica("/v1/gateway/budgets", body).await;
        assert_eq!(answer.status, StatusCode::OK, "{}", answer.text);
        serde_json::from_str(&answer.text).unwrap()
    }

    /// Posts a batch of whatever is in `records`, as the replica does.
    pub async fn ship_raw(&self, records: Vec<Value>) -> (StatusCode, Value) {
        let batch = json!({ "id": "1/8-900", "replica": "replica-1", "records": records });
        let answer = self.as_replica("/v1/gateway/records", batch).await;
        (
            answer.status,
            serde_json::from_str(&answer.text).unwrap_or(Value::Null),
        )
    }

    pub async fn ship(&self, records: Vec<Record>) -> Stored {
        let records = records
            .iter()
            .map(|record| serde_json::to_value(record).unwrap())
            .collect();
        let (status, answer) = self.ship_raw(records).await;
        assert_eq!(status, StatusCode::OK, "{answer}");
        serde_json::from_value(answer).unwrap()
    }
}

/// The `number`th call of an organisation, `ms` after [`NOW`].
pub fn call_id(org: &Org, ms: u64, number: u32) -> CallId {
    let mut random = [0; 10];
    random[..4].copy_from_slice(&number.to_be_bytes());
    random[4..].copy_from_slice(&org.id.uuid().as_bytes()[10..]);
    CallId::new(NOW + ms, random)
}

pub fn intent(org: &Org, ms: u64, number: u32) -> Intent {
    Intent {
        id: call_id(org, ms, number),
        at: NOW + ms,
        org: org.id,
        replica: "replica-1".into(),
        grant: org.grant,
        server: org.server,
        method: "tools/call".into(),
        tool: Some("create_refund".into()),
        verdict: Verdict::Allow,
        rule: None,
        policy: None,
        bundle_version: 3,
        limiter: Limiter::Shared,
        argument_keys: ["amount", "currency"].into_iter().collect(),
        shadow: bundle::record::Shadows::default(),
        approval: None,
        charges: bundle::record::Charges::default(),
        client: None,
        protocol: Some("2025-11-25".into()),
        added_us: 250,
    }
}

pub fn ended(intent: &Intent, outcome: Ending) -> Record {
    Record::Outcome(Outcome {
        id: intent.id,
        at: intent.at + 12,
        org: intent.org,
        upstream_status: Some(200),
        latency_us: 12_500,
        added_us: 700,
        bytes: 4_321,
        outcome,
        refunded: false,
    })
}

pub fn made(intent: &Intent) -> Record {
    Record::Intent(Box::new(intent.clone()))
}
