//! What is known of the servers that a document is for: the tools they have, and what has long been in shadow.

use super::shadow::{self, Past};
use crate::db::{DbError, OrgRead};
use crate::publish::{ToolRow, bundled_tool};
use ::policy::{Category, ServerTool, ServerTools};
use ids::{OrgId, PolicyId, ServerId};
use sqlx::PgConnection;
use std::collections::BTreeMap;
use time::OffsetDateTime;
use uuid::Uuid;

/// A policy on more servers than these is for no tools in particular.
const MOST_SERVERS: i64 = 8;
/// How many versions back shadows are followed.
const MOST_PAST: i64 = 50;

/// As it is read; what it means takes time, and is made off the threads that answer requests.
#[derive(Debug)]
pub struct Known {
    tools: Vec<ToolRow>,
    past: Vec<Past>,
    now: OffsetDateTime,
}

impl Known {
    pub fn into_tools(self) -> ServerTools {
        let mut tools: BTreeMap<String, ServerTool> = BTreeMap::new();
        // A definition that cannot be read says nothing, and a draft is not the place to tell of it.
        for tool in self
            .tools
            .iter()
            .filter_map(|row| bundled_tool(row, true).ok())
        {
            let schema = tool
                .input_schema
                .and_then(|text| serde_json::from_str(text.get()).ok());
            let other = ServerTool {
                name: tool.name.clone(),
                category: tool.category,
                schema,
            };
            tools
                .entry(tool.name)
                .and_modify(|tool| agree(tool, &other))
                .or_insert(other);
        }
        ServerTools {
            tools: tools.into_values().collect(),
            shadows: shadow::ages(&self.past, self.now),
        }
    }
}

/// Two servers have a tool of this name: what they do not share is not known of it.
fn agree(tool: &mut ServerTool, other: &ServerTool) {
    if tool.category != other.category {
        tool.category = Category::Unknown;
    }
    if tool.schema != other.schema {
        tool.schema = None;
    }
}

/// Of the server that is named: none where there is no such server, `Some(None)` where its tools were never read.
pub async fn of_server(
    tx: &mut OrgRead,
    named: &str,
    now: OffsetDateTime,
) -> Result<Option<Option<Known>>, DbError> {
    let org = tx.org();
    let server = sqlx::query!(
        "select id, last_discovered_at from servers where org_id = $1 and (slug = $2 or id = $3)",
        org.uuid(),
        named,
        named.parse::<ServerId>().ok().map(ServerId::uuid),
    )
    .fetch_optional(tx.sql())
    .await?;
    let Some(server) = server else {
        return Ok(None);
    };
    if server.last_discovered_at.is_none() {
        return Ok(Some(None));
    }
    let tools = tools(tx.sql(), org, &[server.id]).await?;
    Ok(Some(Some(Known {
        tools,
        past: Vec::new(),
        now,
    })))
}

/// Of the servers where live grants have this policy; none where no tools of theirs were read.
pub async fn of_policy(
    sql: &mut PgConnection,
    org: OrgId,
    policy: PolicyId,
    now: OffsetDateTime,
) -> Result<Option<Known>, DbError> {
    let servers = sqlx::query_scalar!(
        "select distinct servers.id from attachments
        join grants on grants.org_id = $1 and grants.id = grant_id and revoked_at is null
        join servers on servers.org_id = $1 and servers.id = server_id and last_discovered_at is not null
        where attachments.org_id = $1 and policy_id = $2
        limit $3",
        org.uuid(),
        policy.uuid(),
        MOST_SERVERS + 1,
    )
    .fetch_all(&mut *sql)
    .await?;
    if servers.is_empty() || i64::try_from(servers.len()).is_ok_and(|count| count > MOST_SERVERS) {
        return Ok(None);
    }
    let tools = tools(sql, org, &servers).await?;
    let past = sqlx::query_as!(
        Past,
        "select published_at, case when strpos(document, 'shadow') > 0 then document end as document
        from policy_versions where org_id = $1 and policy_id = $2
        order by number desc limit $3",
        org.uuid(),
        policy.uuid(),
        MOST_PAST,
    )
    .fetch_all(sql)
    .await?;
    Ok(Some(Known { tools, past, now }))
}

async fn tools(
    sql: &mut PgConnection,
    org: OrgId,
    servers: &[Uuid],
) -> Result<Vec<ToolRow>, DbError> {
    let tools = sqlx::query_as!(
        ToolRow,
        "select server_id, name, definition, digest, reviewed_digest, category, standing_category
        from tools where org_id = $1 and server_id = any($2) order by server_id, position, name",
        org.uuid(),
        servers,
    )
    .fetch_all(sql)
    .await?;
    Ok(tools)
}
