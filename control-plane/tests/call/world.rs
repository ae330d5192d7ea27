//! A database of the test's own, a control plane on it, organisations with a key for each role, and a replica.

use axum::body::Body;
use axum::http::{Method, Request, Response, StatusCode};
use bundle::record::{Ending, Intent, Limiter, Outcome, Record, Stored, Verdict};
use control_plane::access::Role;
use control_plane::app::{App, Site};
use control_plane::config::Config;
use control_plane::publish::Newest;
use control_plane::{http, keys, migrate};
use host::clock::{Clock, Random};
use http_body_util::BodyExt;
use ids::token::{Token, TokenKind};
use ids::{CallId, GrantId, KeyId, MemberId, OrgId, ServerId, UserId};
use seal::Secret;
use serde_json::{Value, json};
use sqlx::postgres::{PgConnectOptions, PgConnection};
use sqlx::{AssertSqlSafe, Connection, Executor};
use std::collections::HashMap;
use std::str::FromStr;
use std::sync::atomic::{AtomicU32, Ordering};
use tower::ServiceExt;

/// 2026-11-22T10:00:00Z.
pub const NOW: u64 = 1_795_341_600_000;

static NEXT: AtomicU32 = AtomicU32::new(0);

pub struct World {
    pub app: App,
    pub clock: Clock,
    router: axum::Router,
    random: Random,
    replica_key: jsonwebtoken::EncodingKey,
    server: PgConnectOptions,
    database: String,
}

pub struct Org {
    pub id: OrgId,
    pub slug: String,
    keys: HashMap<&'static str, Token>,
    pub grant: GrantId,
    pub server: ServerId,
    pub server_slug: String,
}

impl Org {
    pub fn key(&self, role: Role) -> &str {
        self.keys[role.as_str()].expose()
    }

    pub fn path(&self, rest: &str) -> String {
        format!("/v1/orgs/{}/calls{rest}", self.slug)
    }
}

impl World {
    pub async fn new() -> Self {
        #[expect(clippy::disallowed_methods, reason = "where the test finds its database")]
        let url = std::env::var("PORTCULLIS_TEST_DATABASE_URL")
            .expect("PORTCULLIS_TEST_DATABASE_URL names a Postgres whose superuser this test may be; deploy/test sets it");
        let server = PgConnectOptions::from_str(&url).expect("the test's database URL");
        let database = format!(
            "call_test_{}_{}",
            std::process::id(),
            NEXT.fetch_add(1, Ordering::Relaxed)
        );
        let mut owner = PgConnection::connect_with(&server)
            .await
            .expect("the test's Postgres answers");
        for role in ["portcullis_app", "portcullis_system"] {
            // Roles belong to the cluster: another test may make them at the same time.
            let make = format!(
                "do $$ begin create role {role}; exception when duplicate_object or unique_violation then null; end $$"
            );
            owner.execute(AssertSqlSafe(make)).await.unwrap();
        }
        owner
            .execute(AssertSqlSafe(format!("create database {database}")))
            .await
            .unwrap();
        let base = url::Url::parse(&url).unwrap();
        let url_as = |role: Option<&str>| {
            let mut url = base.clone();
            url.set_path(&database);
            if let Some(role) = role {
                // Row security looks at the current role, and so does the plane when it starts.
                url.query_pairs_mut()
                    .append_pair("options", &format!("-c role={role}"));
            }
            Secret::new(url.to_string().replace('+', "%20"))
        };
        migrate(&url_as(None)).await.unwrap();

        let folder = std::env::temp_dir().join(&database);
        let random = Random::seeded(7);
        keys::make(&folder, &random).unwrap();
        let signing = std::fs::read(folder.join("data-plane/gateway-signing.pem")).unwrap();
        let site = Site {
            public_url: "http://127.0.0.1:8080".parse().unwrap(),
            gateway_url: "http://127.0.0.1:8081".parse().unwrap(),
            is_local: true,
            egress_allow: Vec::new(),
        };
        let config = Config {
            listen: ([127, 0, 0, 1], 0).into(),
            metrics_listen: None,
            database_url: url_as(Some("portcullis_app")),
            database_system_url: url_as(Some("portcullis_system")),
            keys: keys::read(&folder.join("control-plane")).unwrap(),
            site,
            log: None,
            otlp: None,
        };
        std::fs::remove_dir_all(&folder).unwrap();
        let clock = Clock::set(NOW);
        let app = App::start(&config, clock.clone(), random.clone())
            .await
            .unwrap();
        let router = http::router(app.clone(), Newest::default());
        let replica_key = jsonwebtoken::EncodingKey::from_ed_pem(&signing).unwrap();
        Self {
            app,
            clock,
            router,
            random,
            replica_key,
            server,
            database,
        }
    }

    /// A look at the database that no wall stops.
    pub async fn owner(&self) -> PgConnection {
        PgConnection::connect_with(&self.server.clone().database(&self.database))
            .await
            .unwrap()
    }

    pub async fn org(&self, slug: &str) -> Org {
        let now = self.app.now();
        let mut sql = self.owner().await;
        let (org, user, member) = (
            now.id(OrgId::new),
            now.id(UserId::new),
            now.id(MemberId::new),
        );
        let (grant, server) = (now.id(GrantId::new), now.id(ServerId::new));
        for insert in [
            format!("insert into orgs (id, slug, name, created_at) values ('{}', '{slug}', '{slug}', now())", org.uuid()),
            format!("insert into org_versions (org_id, version) values ('{}', 0)", org.uuid()),
            format!("insert into users (id, email, name, password_hash, created_at) values ('{}', '{slug}@example.org', 'A', '', now())", user.uuid()),
            format!("insert into members (id, org_id, user_id, role, created_at) values ('{}', '{}', '{}', 'owner', now())", member.uuid(), org.uuid(), user.uuid()),
            format!("insert into servers (id, org_id, slug, name, url, auth_type, connect_ms, first_byte_ms, call_first_byte_ms, idle_ms, whole_ms, etag, created_at)
                values ('{}', '{}', '{slug}-files', 'Files', 'https://files.example.org', 'none', 1, 1, 1, 1, 1, '{}', now())", server.uuid(), org.uuid(), now.etag()),
            format!("insert into grants (id, org_id, name, digest, hint, made_by, etag, created_at)
                values ('{}', '{}', 'agent', sha256('{slug}'), '', '', '{}', now())", grant.uuid(), org.uuid(), now.etag()),
        ] {
            sql.execute(AssertSqlSafe(insert)).await.unwrap();
        }
        let mut keys = HashMap::new();
        for role in [
            Role::Admin,
            Role::Approver,
            Role::PolicyManager,
            Role::Auditor,
            Role::Viewer,
        ] {
            let token = Token::new(TokenKind::ApiKey, self.random.bytes());
            sqlx::query("insert into api_keys (id, org_id, name, role, digest, hint, made_by, created_at) values ($1, $2, 'key', $3, $4, '', $5, now())")
                .bind(now.id(KeyId::new).uuid())
                .bind(org.uuid())
                .bind(role.as_str())
                .bind(self.app.keys().pepper.digest(token.expose()).to_vec())
                .bind(member.uuid())
                .execute(&mut sql)
                .await
                .unwrap();
            keys.insert(role.as_str(), token);
        }
        Org {
            id: org,
            slug: slug.to_owned(),
            keys,
            grant,
            server,
            server_slug: format!("{slug}-files"),
        }
    }

    pub async fn send(&self, request: Request<Body>) -> Response<Body> {
        self.router.clone().oneshot(request).await.unwrap()
    }

    pub async fn get(&self, path: &str, key: &str) -> (StatusCode, Value) {
        let (status, text) = self.get_text(path, key).await;
        (status, serde_json::from_str(&text).unwrap_or(Value::Null))
    }

    pub async fn get_text(&self, path: &str, key: &str) -> (StatusCode, String) {
        let request = Request::get(path).header("authorization", format!("Bearer {key}"));
        let response = self.send(request.body(Body::empty()).unwrap()).await;
        let status = response.status();
        let bytes = response.into_body().collect().await.unwrap().to_bytes();
        (status, String::from_utf8(bytes.into()).unwrap())
    }

    /// Posts a batch of whatever is in `records`, as the replica does.
    pub async fn ship_raw(&self, records: Vec<Value>) -> (StatusCode, Value) {
        let seconds = self.clock.unix_ms() / 1000;
        let claims = json!({"sub": "replica-1", "aud": "portcullis-control-plane", "iat": seconds, "exp": seconds + 60});
        let token = jsonwebtoken::encode(
            &jsonwebtoken::Header::new(jsonwebtoken::Algorithm::EdDSA),
            &claims,
            &self.replica_key,
        )
        .unwrap();
        let batch = json!({"id": "1/8-900", "replica": "replica-1", "records": records});
        let request = Request::builder()
            .method(Method::POST)
            .uri("/v1/gateway/records")
            .header("content-type", "application/json");
        let request = request
            .header("authorization", format!("Bearer {token}"))
            .body(Body::from(batch.to_string()))
            .unwrap();
        let response = self.send(request).await;
        let status = response.status();
        let bytes = response.into_body().collect().await.unwrap().to_bytes();
        (
            status,
            serde_json::from_slice(&bytes).unwrap_or(Value::Null),
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

    /// The database goes with the world.
    pub async fn end(self) {
        let Self {
            app,
            router,
            server,
            database,
            ..
        } = self;
        drop((app, router));
        let mut owner = PgConnection::connect_with(&server).await.unwrap();
        owner
            .execute(AssertSqlSafe(format!(
                "drop database {database} with (force)"
            )))
            .await
            .unwrap();
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
    })
}

pub fn made(intent: &Intent) -> Record {
    Record::Intent(Box::new(intent.clone()))
}
