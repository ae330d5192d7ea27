//! Everything of one organisation that its bundle is made of, read at one version.

use crate::db::{DbError, SystemTx};
use ids::OrgId;
use time::OffsetDateTime;
use uuid::Uuid;

#[derive(Debug)]
pub struct OrgRow {
    pub id: Uuid,
    pub slug: String,
    pub is_open: bool,
    pub max_stale_seconds: Option<i32>,
    /// What is left out of arguments that are kept; none where none are.
    pub redact: Option<Vec<String>>,
}

#[expect(clippy::struct_excessive_bools, reason = "each is a switch of its own")]
#[derive(Debug)]
pub struct ServerRow {
    pub id: Uuid,
    pub slug: String,
    pub name: String,
    pub url: String,
    pub credential: Option<Vec<u8>>,
    pub transport: String,
    pub connect_ms: i64,
    pub first_byte_ms: i64,
    pub call_first_byte_ms: i64,
    pub idle_ms: i64,
    pub whole_ms: i64,
    pub pinning: String,
    pub is_trusted: bool,
    pub allows_sampling: bool,
    pub allows_elicitation: bool,
    pub is_open: bool,
    pub last_discovered_at: Option<OffsetDateTime>,
}

#[derive(Debug)]
pub struct ToolRow {
    pub server_id: Uuid,
    pub name: String,
    pub definition: String,
    pub digest: Vec<u8>,
    pub reviewed_digest: Option<Vec<u8>>,
    /// The organisation's own word.
    pub category: Option<String>,
    /// The one that counts, where the definition was read.
    pub standing_category: Option<String>,
}

#[derive(Debug)]
pub struct VersionRow {
    pub policy_id: Uuid,
    pub slug: String,
    pub number: i32,
    pub document: String,
}

#[derive(Debug)]
pub struct GrantRow {
    pub id: Uuid,
    pub name: String,
    pub labels: serde_json::Value,
    pub user_email: Option<String>,
    pub digest: Vec<u8>,
    pub old_digest: Option<Vec<u8>>,
    pub old_until: Option<OffsetDateTime>,
    pub expires_at: Option<OffsetDateTime>,
    pub is_open: bool,
}

#[derive(Debug)]
pub struct AttachmentRow {
    pub grant_id: Uuid,
    pub server_id: Uuid,
    pub policy_id: Option<Uuid>,
    /// The pinned version, else the published one; none where nothing is published yet.
    pub number: Option<i32>,
}

#[derive(Debug)]
pub struct Rows {
    pub version: i64,
    pub org: OrgRow,
    pub servers: Vec<ServerRow>,
    pub tools: Vec<ToolRow>,
    pub versions: Vec<VersionRow>,
    pub grants: Vec<GrantRow>,
    pub attachments: Vec<AttachmentRow>,
}

/// None where the organisation is gone.
///
/// Every change takes the next version, so rows read between two equal versions belong together.
pub async fn read(tx: &mut SystemTx, org: OrgId) -> Result<Option<Rows>, DbError> {
    loop {
        let Some(version) = version(tx, org).await? else {
            return Ok(None);
        };
        let Some(rows) = read_once(tx, org, version).await? else {
            return Ok(None);
        };
        if self::version(tx, org).await? == Some(version) {
            return Ok(Some(rows));
        }
    }
}

async fn version(tx: &mut SystemTx, org: OrgId) -> Result<Option<i64>, DbError> {
    let row = sqlx::query!(
        "select version from org_versions where org_id = $1",
        org.uuid()
    )
    .fetch_optional(tx.sql())
    .await?;
    Ok(row.map(|row| row.version))
}

async fn read_once(tx: &mut SystemTx, org: OrgId, version: i64) -> Result<Option<Rows>, DbError> {
    let id = org.uuid();
    let org = sqlx::query_as!(
        OrgRow,
        r#"select id, slug, is_open, max_stale_seconds, redact as "redact?"
        from orgs left join capture_settings on org_id = id and is_on where id = $1"#,
        id
    )
    .fetch_optional(tx.sql())
    .await?;
    let Some(org) = org else { return Ok(None) };
    let servers = sqlx::query_as!(
        ServerRow,
        "select id, slug, name, url, credential, transport, connect_ms, first_byte_ms, call_first_byte_ms, idle_ms,
            whole_ms, pinning, is_trusted, allows_sampling, allows_elicitation, is_open, last_discovered_at
        from servers where org_id = $1 order by id",
        id
    )
    .fetch_all(tx.sql())
    .await?;
    let tools = sqlx::query_as!(
        ToolRow,
        "select server_id, name, definition, digest, reviewed_digest, category, standing_category
        from tools where org_id = $1 order by server_id, position, name",
        id
    )
    .fetch_all(tx.sql())
    .await?;
    let grants = sqlx::query_as!(
        GrantRow,
        "select id, name, labels, user_email, digest, old_digest, old_until, expires_at, is_open
        from grants where org_id = $1 and revoked_at is null order by id",
        id
    )
    .fetch_all(tx.sql())
    .await?;
    let attachments = sqlx::query_as!(
        AttachmentRow,
        "select grant_id, server_id, attachments.policy_id, coalesce(pinned, policies.published) as number
        from attachments
        join grants on grants.org_id = $1 and grants.id = grant_id and revoked_at is null
        left join policies on policies.org_id = $1 and policies.id = attachments.policy_id
        where attachments.org_id = $1 order by grant_id, position, server_id",
        id
    )
    .fetch_all(tx.sql())
    .await?;
    let versions = sqlx::query_as!(
        VersionRow,
        "select distinct policy_versions.policy_id, policies.slug, number, document
        from attachments
        join grants on grants.org_id = $1 and grants.id = grant_id and revoked_at is null
        join policies on policies.org_id = $1 and policies.id = attachments.policy_id
        join policy_versions on policy_versions.org_id = $1 and policy_versions.policy_id = policies.id
            and number = coalesce(pinned, published)
        where attachments.org_id = $1 order by policy_versions.policy_id, number",
        id
    )
    .fetch_all(tx.sql())
    .await?;
    Ok(Some(Rows {
        version,
        org,
        servers,
        tools,
        versions,
        grants,
        attachments,
    }))
}
