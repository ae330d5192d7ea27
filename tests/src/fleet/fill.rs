//! Many organisations at once: rows as the control plane would have written them, each with a server, a policy that is
//! published, one grant that stays and some to be revoked. What is changed afterwards goes through the REST API.

use ids::token::{Token, TokenKind};
use ids::{GrantId, KeyId, MemberId, OrgId, PolicyId, ServerId, UserId};
use rand::RngExt;
use serde_json::{Value, json};
use sqlx::PgConnection;
use std::time::{Duration, Instant};
use testbed::{Installation, Rest};
use uuid::Uuid;

/// What does not go on for so long does not go on.
const PATIENCE: Duration = Duration::from_mins(1);
const SPARE: usize = 4;
const TOOLS: [&str; 2] = ["limited", "denied"];
/// Any time: rows have to be of some.
const MADE_MS: u64 = 1_790_000_000_000;

#[derive(Debug)]
pub struct Filled {
    pub tenants: Vec<Tenant>,
}

#[derive(Debug, Clone)]
pub struct Tenant {
    pub org: OrgId,
    pub slug: String,
    /// Of the grant that stays.
    pub token: String,
    /// Grants to revoke, with their tokens.
    pub spare: Vec<(String, String)>,
    /// The policy's newest version.
    pub number: u64,
    /// Its API key, an admin's.
    pub key: String,
    rest: Rest,
}

impl Tenant {
    /// Publishes another document; answers its number.
    pub async fn publish(&mut self) -> u64 {
        let base = format!("/v1/orgs/{}/policies/notes", self.slug);
        let document = document(self.number + 1);
        let draft = json!({ "document": document });
        self.rest.put(&format!("{base}/draft"), draft).await;
        let note = json!({ "note": "a change" });
        let version = self.rest.post(&format!("{base}/publish"), note).await;
        self.number = version["number"].as_u64().expect("a number");
        self.number
    }

    pub async fn revoke(&self, grant: &str) {
        let path = format!("/v1/orgs/{}/grants/{grant}/revoke", self.slug);
        self.rest.post(&path, json!({})).await;
    }
}

fn document(version: u64) -> Value {
    let limit =
        json!({ "counter": "c", "window": "hour", "max": 1_000_000 + version, "scope": "grant" });
    json!({ "version": "1", "default": "deny", "tools": { "limited": { "limits": [limit] } } })
}

fn chance() -> [u8; 10] {
    rand::rng().random()
}

/// A column of each table.
#[derive(Default)]
struct Columns {
    orgs: Vec<Uuid>,
    slugs: Vec<String>,
    members: Vec<Uuid>,
    keys: Vec<Uuid>,
    key_digests: Vec<Vec<u8>>,
    servers: Vec<Uuid>,
    policies: Vec<Uuid>,
    grant_orgs: Vec<Uuid>,
    grant_servers: Vec<Uuid>,
    grant_policies: Vec<Uuid>,
    grants: Vec<Uuid>,
    grant_digests: Vec<Vec<u8>>,
}

/// # Panics
/// Where the database does not take them.
pub async fn fill(installation: &Installation, upstream: &str, orgs: usize) -> Filled {
    let pepper = installation.folder().join("keys/control-plane/pepper.key");
    let pepper = std::fs::read_to_string(pepper).expect("the pepper");
    let pepper = seal::Pepper::from_hex(&pepper).expect("a pepper");
    let mut columns = Columns::default();
    let mut tenants = Vec::new();
    let rest = Rest::new(&installation.url(), None);
    for at in 0..orgs {
        let org = OrgId::new(MADE_MS, chance());
        let slug = format!("org-{at}");
        let (server, policy) = (
            ServerId::new(MADE_MS, chance()),
            PolicyId::new(MADE_MS, chance()),
        );
        let key = Token::new(TokenKind::ApiKey, rand::rng().random());
        columns.orgs.push(org.uuid());
        columns.slugs.push(slug.clone());
        columns
            .members
            .push(MemberId::new(MADE_MS, chance()).uuid());
        columns.keys.push(KeyId::new(MADE_MS, chance()).uuid());
        columns.key_digests.push(pepper.digest(key.expose()).into());
        columns.servers.push(server.uuid());
        columns.policies.push(policy.uuid());
        let mut grants: Vec<(String, String)> = Vec::new();
        for _ in 0..=SPARE {
            let grant = GrantId::new(MADE_MS, chance());
            let token = Token::new(TokenKind::Grant, rand::rng().random());
            columns.grant_orgs.push(org.uuid());
            columns.grant_servers.push(server.uuid());
            columns.grant_policies.push(policy.uuid());
            columns.grants.push(grant.uuid());
            columns
                .grant_digests
                .push(pepper.digest(token.expose()).into());
            grants.push((grant.to_string(), token.expose().to_owned()));
        }
        let (_, token) = grants.pop().expect("there is one more than spare ones");
        let rest = rest.with_key(key.expose().to_owned());
        tenants.push(Tenant {
            org,
            slug,
            token,
            spare: grants,
            number: 1,
            key: key.expose().to_owned(),
            rest,
        });
    }
    let mut sql = installation
        .database
        .connect(&installation.database.owner)
        .await;
    insert(&mut sql, &columns, upstream).await.expect("rows");
    Filled { tenants }
}

async fn insert(
    sql: &mut PgConnection,
    columns: &Columns,
    upstream: &str,
) -> Result<(), sqlx::Error> {
    let user = UserId::new(MADE_MS, chance()).uuid();
    sqlx::query("insert into users (id, email, name, created_at) values ($1, 'fleet@example.org', 'Fleet', now())")
        .bind(user)
        .execute(&mut *sql)
        .await?;
    let orgs = "insert into orgs (id, slug, name, created_at)
        select id, slug, slug, now() from unnest($1::uuid[], $2::text[]) as made (id, slug)";
    sqlx::query(orgs)
        .bind(&columns.orgs)
        .bind(&columns.slugs)
        .execute(&mut *sql)
        .await?;
    sqlx::query("insert into org_versions (org_id, version) select id, 1 from orgs")
        .execute(&mut *sql)
        .await?;
    let members = "insert into members (id, org_id, user_id, role, created_at)
        select id, org, $3, 'owner', now() from unnest($1::uuid[], $2::uuid[]) as made (id, org)";
    sqlx::query(members)
        .bind(&columns.members)
        .bind(&columns.orgs)
        .bind(user)
        .execute(&mut *sql)
        .await?;
    let keys = "insert into api_keys (id, org_id, name, role, digest, hint, made_by, created_at)
        select id, org, 'fleet', 'admin', digest, 'h', member, now()
        from unnest($1::uuid[], $2::uuid[], $3::bytea[], $4::uuid[]) as made (id, org, digest, member)";
    sqlx::query(keys)
        .bind(&columns.keys)
        .bind(&columns.orgs)
        .bind(&columns.key_digests)
        .bind(&columns.members)
        .execute(&mut *sql)
        .await?;
    let servers = "insert into servers (id, org_id, slug, name, url, auth_type, connect_ms, first_byte_ms,
            call_first_byte_ms, idle_ms, whole_ms, status, last_discovered_at, etag, created_at)
        select id, org, 'notes', 'notes', $3, 'none', 5000, 60000, 300000, 300000, 900000, 'ready', now(), id, now()
        from unnest($1::uuid[], $2::uuid[]) as made (id, org)";
    sqlx::query(servers)
        .bind(&columns.servers)
        .bind(&columns.orgs)
        .bind(upstream)
        .execute(&mut *sql)
        .await?;
    for (position, tool) in (0_i32..).zip(TOOLS) {
        let definition = json!({ "name": tool, "inputSchema": { "type": "object" } }).to_string();
        let digest = seal::sha256(definition.as_bytes());
        let tools = "insert into tools (org_id, server_id, name, position, definition, digest, reviewed_digest, first_seen_at)
            select org_id, id, $1, $2, $3, $4, $4, now() from servers";
        sqlx::query(tools)
            .bind(tool)
            .bind(position)
            .bind(&definition)
            .bind(&digest[..])
            .execute(&mut *sql)
            .await?;
    }
    policies(sql, columns).await?;
    grants(sql, columns).await?;
    sqlx::query("insert into dirty_orgs (org_id, since) select id, now() from orgs")
        .execute(&mut *sql)
        .await?;
    Ok(())
}

async fn policies(sql: &mut PgConnection, columns: &Columns) -> Result<(), sqlx::Error> {
    let document = document(1).to_string();
    let policies = "insert into policies (id, org_id, slug, name, draft, draft_etag, published, etag, created_at)
        select id, org, 'notes', 'notes', $3, id, 1, id, now() from unnest($1::uuid[], $2::uuid[]) as made (id, org)";
    sqlx::query(policies)
        .bind(&columns.policies)
        .bind(&columns.orgs)
        .bind(&document)
        .execute(&mut *sql)
        .await?;
    let versions = "insert into policy_versions (org_id, policy_id, number, document, digest, author, note, published_at)
        select org_id, id, 1, draft, $1, 'fleet', '', now() from policies";
    sqlx::query(versions)
        .bind(&seal::sha256(document.as_bytes())[..])
        .execute(&mut *sql)
        .await?;
    Ok(())
}

async fn grants(sql: &mut PgConnection, columns: &Columns) -> Result<(), sqlx::Error> {
    let grants = "insert into grants (id, org_id, name, digest, hint, made_by, etag, created_at)
        select id, org, 'agent', digest, 'h', 'fleet', id, now()
        from unnest($1::uuid[], $2::uuid[], $3::bytea[]) as made (id, org, digest)";
    sqlx::query(grants)
        .bind(&columns.grants)
        .bind(&columns.grant_orgs)
        .bind(&columns.grant_digests)
        .execute(&mut *sql)
        .await?;
    let attachments = "insert into attachments (org_id, grant_id, server_id, policy_id, position)
        select org, id, server, policy, 0
        from unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::uuid[]) as made (id, org, server, policy)";
    sqlx::query(attachments)
        .bind(&columns.grants)
        .bind(&columns.grant_orgs)
        .bind(&columns.grant_servers)
        .bind(&columns.grant_policies)
        .execute(&mut *sql)
        .await?;
    Ok(())
}

/// Waits until so many organisations are in force, counted once for each replica, as the replicas have said; each has it
/// on its disk by then.
///
/// # Panics
/// Where for a while no more come.
pub async fn applied(installation: &Installation, wanted: usize) {
    let database = &installation.database;
    let mut sql = database.connect(&database.owner).await;
    let (mut last, mut since) = (-1, Instant::now());
    loop {
        let count: i64 =
            sqlx::query_scalar("select count(*) from replica_acks where error is null")
                .fetch_one(&mut sql)
                .await
                .expect("a count");
        if usize::try_from(count).is_ok_and(|count| count >= wanted) {
            return;
        }
        if count > last {
            (last, since) = (count, Instant::now());
        }
        assert!(since.elapsed() < PATIENCE, "{count} of {wanted} came");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}
