//! The SQL of servers.

use super::{Auth, Server, Status, pinning_word};
use crate::app::App;
use crate::db::{DbError, OrgRead, OrgTx};
use crate::http::list::Page;
use crate::publish::{bundled_pinning, bundled_transport};
use bundle::credential::Sealed;
use bundle::{Timeouts, Transport};
use ids::{OrgId, ServerId, Slug};
use sqlx::PgConnection;
use time::OffsetDateTime;
use uuid::Uuid;

#[expect(clippy::struct_excessive_bools, reason = "each is a switch of its own")]
struct ServerRow {
    id: Uuid,
    slug: String,
    name: String,
    url: String,
    auth_type: String,
    auth_headers: Vec<String>,
    transport: String,
    connect_ms: i64,
    first_byte_ms: i64,
    call_first_byte_ms: i64,
    idle_ms: i64,
    whole_ms: i64,
    pinning: String,
    is_trusted: bool,
    allows_sampling: bool,
    allows_elicitation: bool,
    is_open: bool,
    status: String,
    status_detail: Option<String>,
    last_discovered_at: Option<OffsetDateTime>,
    etag: Uuid,
    created_at: OffsetDateTime,
    tool_count: i64,
    changed_count: i64,
}

impl ServerRow {
    fn server(self, app: &App, org: &Slug) -> Result<Server, DbError> {
        let slug: Slug = self
            .slug
            .parse()
            .map_err(|error| DbError::Stored(format!("{error}")))?;
        let ms = |stored: i64| u64::try_from(stored).unwrap_or(0);
        let status = Status::ALL
            .into_iter()
            .find(|status| status.word() == self.status);
        Ok(Server {
            id: ServerId::from_uuid(self.id),
            proxy_url: app.proxy_url(org, &slug),
            slug,
            name: self.name,
            url: self.url,
            auth: match self.auth_type.as_str() {
                "none" => Auth::None,
                _ => Auth::Headers {
                    headers: self.auth_headers,
                },
            },
            transport: bundled_transport(&self.transport),
            timeouts: Timeouts {
                connect_ms: ms(self.connect_ms),
                first_byte_ms: ms(self.first_byte_ms),
                call_first_byte_ms: ms(self.call_first_byte_ms),
                idle_ms: ms(self.idle_ms),
                whole_ms: ms(self.whole_ms),
            },
            pinning: bundled_pinning(&self.pinning),
            trusted: self.is_trusted,
            sampling: self.allows_sampling,
            elicitation: self.allows_elicitation,
            is_open: self.is_open,
            status: status.ok_or_else(|| DbError::Stored(format!("status `{}`", self.status)))?,
            status_detail: self.status_detail,
            tool_count: u32::try_from(self.tool_count).unwrap_or(u32::MAX),
            changed_count: u32::try_from(self.changed_count).unwrap_or(u32::MAX),
            waiting: None,
            tools: None,
            last_discovered_at: self.last_discovered_at,
            etag: self.etag,
            created_at: self.created_at,
        })
    }
}

/// The id of the server with this slug or id.
pub async fn id(
    sql: &mut PgConnection,
    org: OrgId,
    named: &str,
) -> Result<Option<ServerId>, DbError> {
    let row = sqlx::query!(
        "select id from servers where org_id = $1 and (slug = $2 or id = $3)",
        org.uuid(),
        named,
        named.parse::<ServerId>().ok().map(ServerId::uuid),
    )
    .fetch_optional(sql)
    .await?;
    Ok(row.map(|row| ServerId::from_uuid(row.id)))
}

/// The server of this slug or id, without its tools.
pub async fn one(
    sql: &mut PgConnection,
    app: &App,
    (org, slug): (OrgId, &Slug),
    named: &str,
) -> Result<Option<Server>, DbError> {
    let row = sqlx::query_as!(
        ServerRow,
        r#"select id, slug, name, url, auth_type, auth_headers, transport, connect_ms, first_byte_ms, call_first_byte_ms,
            idle_ms, whole_ms, pinning, is_trusted, allows_sampling, allows_elicitation, is_open, status, status_detail,
            last_discovered_at,
            etag, created_at,
            (select count(*) from tools where tools.org_id = $1 and tools.server_id = servers.id) as "tool_count!",
            (select count(*) from tools where tools.org_id = $1 and tools.server_id = servers.id
                and reviewed_digest is distinct from digest) as "changed_count!"
        from servers where org_id = $1 and (slug = $2 or id = $3)"#,
        org.uuid(),
        named,
        named.parse::<ServerId>().ok().map(ServerId::uuid),
    )
    .fetch_optional(sql)
    .await?;
    row.map(|row| row.server(app, slug)).transpose()
}

pub async fn list(
    tx: &mut OrgRead,
    app: &App,
    slug: &Slug,
    page: &Page<ServerId>,
    named: Option<&str>,
) -> Result<Vec<Server>, DbError> {
    let org = tx.org().uuid();
    let rows = sqlx::query_as!(
        ServerRow,
        r#"select id, slug, name, url, auth_type, auth_headers, transport, connect_ms, first_byte_ms, call_first_byte_ms,
            idle_ms, whole_ms, pinning, is_trusted, allows_sampling, allows_elicitation, is_open, status, status_detail,
            last_discovered_at,
            etag, created_at,
            (select count(*) from tools where tools.org_id = $1 and tools.server_id = servers.id) as "tool_count!",
            (select count(*) from tools where tools.org_id = $1 and tools.server_id = servers.id
                and reviewed_digest is distinct from digest) as "changed_count!"
        from servers where org_id = $1 and ($2::uuid is null or id < $2)
            and ($4::text is null or position(lower($4) in lower(name)) > 0 or position(lower($4) in slug) > 0)
        order by id desc limit $3"#,
        org,
        page.before.map(ServerId::uuid),
        page.fetch(),
        named,
    )
    .fetch_all(tx.sql())
    .await?;
    rows.into_iter().map(|row| row.server(app, slug)).collect()
}

/// Holds the row until the transaction ends, so that what was compared is what is changed.
pub async fn lock(tx: &mut OrgTx, named: &str) -> Result<Option<ServerId>, DbError> {
    let org = tx.org();
    let Some(server) = id(tx.sql(), org, named).await? else {
        return Ok(None);
    };
    let row = sqlx::query!(
        "select id from servers where org_id = $1 and id = $2 for update",
        org.uuid(),
        server.uuid()
    )
    .fetch_optional(tx.sql())
    .await?;
    Ok(row.map(|row| ServerId::from_uuid(row.id)))
}

/// How many there are. No other server is made or counted before the end of this transaction.
pub async fn count(tx: &mut OrgTx) -> Result<i64, DbError> {
    tx.alone().await?;
    let org = tx.org().uuid();
    let row = sqlx::query!(
        r#"select count(*) as "count!" from servers where org_id = $1"#,
        org
    )
    .fetch_one(tx.sql())
    .await?;
    Ok(row.count)
}

pub async fn insert(
    tx: &mut OrgTx,
    server: &Server,
    credential: Option<&Sealed>,
) -> Result<(), DbError> {
    let org = tx.org().uuid();
    let (auth_type, auth_headers) = auth_columns(&server.auth);
    let ms = |ms: u64| i64::try_from(ms).unwrap_or(i64::MAX);
    sqlx::query!(
        "insert into servers (id, org_id, slug, name, url, auth_type, auth_headers, credential, connect_ms,
            first_byte_ms, call_first_byte_ms, idle_ms, whole_ms, pinning, allows_sampling, allows_elicitation, etag,
            created_at, is_trusted)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19)",
        server.id.uuid(),
        org,
        server.slug.as_str(),
        server.name,
        server.url,
        auth_type,
        auth_headers,
        credential.map(Sealed::as_bytes),
        ms(server.timeouts.connect_ms),
        ms(server.timeouts.first_byte_ms),
        ms(server.timeouts.call_first_byte_ms),
        ms(server.timeouts.idle_ms),
        ms(server.timeouts.whole_ms),
        pinning_word(server.pinning),
        server.sampling,
        server.elicitation,
        server.etag,
        server.created_at,
        server.trusted,
    )
    .execute(tx.sql())
    .await?;
    Ok(())
}

/// Writes the server as it is now; the credential only where a new one was given (`Some`, maybe of none).
pub async fn update(
    tx: &mut OrgTx,
    server: &Server,
    credential: Option<Option<&Sealed>>,
) -> Result<(), DbError> {
    let org = tx.org().uuid();
    let (auth_type, auth_headers) = auth_columns(&server.auth);
    let ms = |ms: u64| i64::try_from(ms).unwrap_or(i64::MAX);
    sqlx::query!(
        "update servers set slug = $3, name = $4, url = $5, auth_type = $6, auth_headers = $7,
            credential = case when $8 then $9 else credential end, connect_ms = $10, first_byte_ms = $11,
            call_first_byte_ms = $12, idle_ms = $13, whole_ms = $14, pinning = $15, allows_sampling = $16,
            allows_elicitation = $17, status = $18, status_detail = $19, etag = $20, transport = $21, is_trusted = $22
        where org_id = $1 and id = $2",
        org,
        server.id.uuid(),
        server.slug.as_str(),
        server.name,
        server.url,
        auth_type,
        auth_headers,
        credential.is_some(),
        credential.flatten().map(Sealed::as_bytes),
        ms(server.timeouts.connect_ms),
        ms(server.timeouts.first_byte_ms),
        ms(server.timeouts.call_first_byte_ms),
        ms(server.timeouts.idle_ms),
        ms(server.timeouts.whole_ms),
        pinning_word(server.pinning),
        server.sampling,
        server.elicitation,
        server.status.word(),
        server.status_detail,
        server.etag,
        server.transport.word(),
        server.trusted,
    )
    .execute(tx.sql())
    .await?;
    Ok(())
}

pub async fn delete(tx: &mut OrgTx, server: ServerId) -> Result<(), DbError> {
    let org = tx.org().uuid();
    sqlx::query!(
        "delete from servers where org_id = $1 and id = $2",
        org,
        server.uuid()
    )
    .execute(tx.sql())
    .await?;
    Ok(())
}

/// What a discovery starts from, and must find unchanged when it ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    pub id: ServerId,
    pub url: String,
    pub credential: Option<Sealed>,
    pub is_first: bool,
    pub is_trusted: bool,
}

pub async fn target(
    sql: &mut PgConnection,
    org: OrgId,
    server: ServerId,
) -> Result<Option<Target>, DbError> {
    let row = sqlx::query!(
        "select url, credential, last_discovered_at, is_trusted from servers where org_id = $1 and id = $2",
        org.uuid(),
        server.uuid(),
    )
    .fetch_optional(sql)
    .await?;
    Ok(row.map(|row| Target {
        id: server,
        url: row.url,
        credential: row.credential.map(Sealed::from_bytes),
        is_first: row.last_discovered_at.is_none(),
        is_trusted: row.is_trusted,
    }))
}

/// What the last discovery found; a transport where it found the tools. The etag stays: nobody's words were changed.
pub async fn mark(
    tx: &mut OrgTx,
    server: ServerId,
    status: Status,
    detail: Option<&str>,
    read_over: Option<Transport>,
) -> Result<(), DbError> {
    let (org, now) = (tx.org().uuid(), tx.now().time());
    sqlx::query!(
        "update servers set status = $3, status_detail = $4,
            last_discovered_at = case when $5::text is null then last_discovered_at else $6 end,
            transport = coalesce($5, transport)
        where org_id = $1 and id = $2",
        org,
        server.uuid(),
        status.word(),
        detail,
        read_over.map(Transport::word),
        now,
    )
    .execute(tx.sql())
    .await?;
    Ok(())
}

fn auth_columns(auth: &Auth) -> (&'static str, &[String]) {
    match auth {
        Auth::None => ("none", &[]),
        Auth::Headers { headers } => ("headers", headers),
    }
}
