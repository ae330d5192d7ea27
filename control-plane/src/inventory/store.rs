//! The SQL of the inventory: tools by the stretch, and who reaches their servers.

use super::{Filter, MOST_NAMES, Place};
use crate::db::{DbError, OrgRead};
use crate::server::tool::Severity;
use crate::server::tool::class::{self, Source};
use crate::server::tool::store::stored_category;
use ids::{PolicyId, ServerId};
use policy::Category;
use time::OffsetDateTime;
use uuid::Uuid;

#[derive(Debug)]
pub struct ToolRow {
    pub server: ServerId,
    pub server_slug: String,
    pub tool: String,
    pub category: Category,
    pub source: Option<Source>,
    pub severity: Severity,
    pub signals: Vec<String>,
    pub is_changed: bool,
    pub is_blocked: bool,
}

/// Grants with the same policy version on the same server.
#[derive(Debug)]
pub struct WayRow {
    pub server: ServerId,
    pub policy: Option<PolicyId>,
    pub policy_slug: Option<String>,
    pub number: Option<i32>,
    pub grants: i64,
    pub names: Vec<String>,
}

pub async fn tools(
    tx: &mut OrgRead,
    filter: &Filter,
    server: Option<ServerId>,
    after: Option<&Place>,
    most: i64,
) -> Result<Vec<ToolRow>, DbError> {
    let org = tx.org().uuid();
    let categories = filter.categories();
    let rows = sqlx::query!(
        // The page is found before it is told of which servers it is: the other way round all servers' tools are gone through.
        r#"select found.server_id, servers.slug, found.name, category, listed_category, read_category, signals, pinning,
            (reviewed_digest is distinct from digest) as "is_changed!"
        from (
            select server_id, name, category, listed_category, read_category, signals, reviewed_digest, digest from tools
            where org_id = $1 and ($2::uuid is null or server_id = $2) and (server_id, name) > ($3::uuid, $4::text)
                and ($5::text[] is null or coalesce(standing_category, category, 'unknown') = any($5))
                and ($6::uuid is null or exists (
                    select from attachments
                    where attachments.org_id = $1 and grant_id = $6 and attachments.server_id = tools.server_id))
            order by server_id, name limit $7
        ) as found
        join servers on servers.org_id = $1 and servers.id = found.server_id
        order by found.server_id, found.name"#,
        org,
        server.map(ServerId::uuid),
        // No server has this id, and no tool this name: everything comes after.
        after.map_or(Uuid::nil(), |place| place.server.uuid()),
        after.map_or("", |place| place.tool.as_str()),
        categories.as_deref(),
        filter.grant.map(ids::GrantId::uuid),
        most,
    )
    .fetch_all(tx.sql())
    .await?;
    rows.into_iter()
        .map(|row| {
            let (category, source) = class::decide(
                stored_category(row.category.as_deref())?,
                stored_category(row.listed_category.as_deref())?,
                stored_category(row.read_category.as_deref())?,
            );
            Ok(ToolRow {
                server: ServerId::from_uuid(row.server_id),
                server_slug: row.slug,
                tool: row.name,
                category,
                source,
                severity: Severity::of(category),
                signals: row.signals.split_whitespace().map(str::to_owned).collect(),
                is_changed: row.is_changed,
                is_blocked: row.is_changed && row.pinning == "block",
            })
        })
        .collect()
}

/// Who reaches these servers, grouped; the greatest groups first.
pub async fn ways(
    tx: &mut OrgRead,
    filter: &Filter,
    servers: &[Uuid],
    now: OffsetDateTime,
) -> Result<Vec<WayRow>, DbError> {
    let org = tx.org().uuid();
    let names = i32::try_from(MOST_NAMES).unwrap_or(i32::MAX);
    let rows = sqlx::query!(
        r#"select server_id, attachments.policy_id, policies.slug as "slug?", coalesce(pinned, published) as number,
            count(*) as "grants!", (array_agg(grants.name order by grants.name))[1:$4] as "names!: Vec<String>"
        from attachments
        join grants on grants.org_id = $1 and grants.id = grant_id and revoked_at is null
            and (expires_at is null or expires_at > $3)
        left join policies on policies.org_id = $1 and policies.id = attachments.policy_id
        where attachments.org_id = $1 and server_id = any($2) and ($5::uuid is null or grant_id = $5)
        group by 1, 2, 3, 4 order by 5 desc, 2, 4"#,
        org,
        servers,
        now,
        names,
        filter.grant.map(ids::GrantId::uuid),
    )
    .fetch_all(tx.sql())
    .await?;
    let ways = rows.into_iter().map(|row| WayRow {
        server: ServerId::from_uuid(row.server_id),
        policy: row.policy_id.map(PolicyId::from_uuid),
        policy_slug: row.slug,
        number: row.number,
        grants: row.grants,
        names: row.names,
    });
    Ok(ways.collect())
}

/// The documents of these versions.
pub async fn documents(
    tx: &mut OrgRead,
    wanted: &[(PolicyId, i32)],
) -> Result<Vec<((PolicyId, i32), String)>, DbError> {
    let org = tx.org().uuid();
    let policies: Vec<Uuid> = wanted.iter().map(|(policy, _)| policy.uuid()).collect();
    let numbers: Vec<i32> = wanted.iter().map(|(_, number)| *number).collect();
    let rows = sqlx::query!(
        "select policy_id, number, document from policy_versions
        where org_id = $1 and (policy_id, number) in (select * from unnest($2::uuid[], $3::integer[]))",
        org,
        &policies,
        &numbers,
    )
    .fetch_all(tx.sql())
    .await?;
    Ok(rows
        .into_iter()
        .map(|row| {
            (
                (PolicyId::from_uuid(row.policy_id), row.number),
                row.document,
            )
        })
        .collect())
}
