//! The SQL of what a call is judged by: the grant, the server, its tool.

use super::{GrantRow, ServerRow};
use crate::db::{DbError, OrgRead};
use crate::publish::{ToolRow, bundled_pinning, bundled_tool};
use ids::{GrantId, ServerId};
use uuid::Uuid;

pub async fn grant(tx: &mut OrgRead, named: &str) -> Result<Option<GrantRow>, DbError> {
    let org = tx.org().uuid();
    let Ok(id) = named.parse::<GrantId>() else {
        return Ok(None);
    };
    let row = sqlx::query!(
        "select name, labels, user_email from grants where org_id = $1 and id = $2",
        org,
        id.uuid()
    )
    .fetch_optional(tx.sql())
    .await?;
    row.map(|row| {
        let labels = serde_json::from_value(row.labels)
            .map_err(|error| DbError::Stored(error.to_string()))?;
        Ok(GrantRow {
            name: row.name,
            labels,
            user: row.user_email,
        })
    })
    .transpose()
}

pub async fn server(
    tx: &mut OrgRead,
    named: &str,
    tool: &str,
) -> Result<Option<ServerRow>, DbError> {
    let org = tx.org().uuid();
    let row = sqlx::query!(
        "select id, slug, pinning from servers where org_id = $1 and (slug = $2 or id = $3)",
        org,
        named,
        id_in(named),
    )
    .fetch_optional(tx.sql())
    .await?;
    let Some(row) = row else { return Ok(None) };
    let tool = sqlx::query_as!(
        ToolRow,
        "select server_id, name, definition, digest, reviewed_digest, category, standing_category
        from tools where org_id = $1 and server_id = $2 and name = $3",
        org,
        row.id,
        tool,
    )
    .fetch_optional(tx.sql())
    .await?;
    Ok(Some(ServerRow {
        id: ServerId::from_uuid(row.id),
        slug: row.slug,
        pinning: bundled_pinning(&row.pinning),
        tool: tool.map(|tool| bundled_tool(&tool, true)).transpose()?,
    }))
}

/// What `grant` has on `server`: none where it does not reach it, `Some(None)` where no published policy is attached.
pub async fn attached(
    tx: &mut OrgRead,
    grant: &str,
    server: ServerId,
) -> Result<Option<Option<String>>, DbError> {
    let org = tx.org().uuid();
    let Ok(grant) = grant.parse::<GrantId>() else {
        return Ok(None);
    };
    let row = sqlx::query!(
        r#"select policy_versions.document as "document?"
        from attachments
        left join policies on policies.org_id = $1 and policies.id = attachments.policy_id
        left join policy_versions on policy_versions.org_id = $1 and policy_versions.policy_id = policies.id
            and number = coalesce(pinned, published)
        where attachments.org_id = $1 and grant_id = $2 and server_id = $3"#,
        org,
        grant.uuid(),
        server.uuid(),
    )
    .fetch_optional(tx.sql())
    .await?;
    Ok(row.map(|row| row.document))
}

fn id_in(named: &str) -> Option<Uuid> {
    named.parse::<ServerId>().ok().map(ServerId::uuid)
}
