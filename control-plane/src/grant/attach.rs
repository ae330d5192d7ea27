//! From the names that are asked for to the servers, policies and versions of this organisation.

use super::{Pin, Wanted};
use crate::db::{DbError, OrgTx};
use crate::http::read::Faults;
use ids::{PolicyId, ServerId};
use std::collections::{HashMap, HashSet};
use uuid::Uuid;

pub const MOST: usize = 50;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attached {
    pub server: ServerId,
    pub policy: Option<(PolicyId, Pin)>,
}

/// Everything that cannot be attached is a fault at its place. Holds what it finds until the transaction ends, so that
/// nothing is attached to what goes meanwhile.
pub async fn resolve(
    tx: &mut OrgTx,
    wanted: &[Wanted],
    faults: &mut Faults,
) -> Result<Vec<Attached>, DbError> {
    if wanted.len() > MOST {
        faults.add(
            "/servers",
            format!("expected at most {MOST} servers, got {}", wanted.len()),
        );
        return Ok(Vec::new());
    }
    let servers = servers(tx, wanted).await?;
    let policies = policies(tx, wanted).await?;
    let versions = versions(tx, wanted, &policies).await?;
    let mut seen = HashSet::new();
    let mut attached = Vec::with_capacity(wanted.len());
    for (index, want) in wanted.iter().enumerate() {
        let mut add =
            |key: &str, detail: String| faults.add(format!("/servers/{index}/{key}"), detail);
        let server = servers.get(&want.server);
        match server {
            None => add(
                "server",
                format!("this organisation has no server `{}`", want.server),
            ),
            Some(server) if !seen.insert(*server) => {
                add("server", format!("`{}` stands twice", want.server));
            }
            Some(_) => {}
        }
        let policy = want
            .policy
            .as_ref()
            .map(|named| (named, policies.get(named)));
        let pin = want.version.unwrap_or(Pin::Latest);
        match (policy, want.version) {
            (None, Some(_)) => add("version", "a version of which `policy`?".to_owned()),
            (Some((named, None)), _) => add(
                "policy",
                format!("this organisation has no policy `{named}`"),
            ),
            (Some((named, Some(policy))), Some(Pin::At(number)))
                if !versions.contains(&(*policy, number)) =>
            {
                add(
                    "version",
                    format!("the policy `{named}` has no version `{number}`"),
                );
            }
            _ => {}
        }
        let policy =
            policy.and_then(|(_, found)| found.map(|policy| (PolicyId::from_uuid(*policy), pin)));
        attached.extend(server.map(|server| Attached {
            server: ServerId::from_uuid(*server),
            policy,
        }));
    }
    Ok(attached)
}

/// By the name that was asked for, which may be slug or id.
async fn servers(tx: &mut OrgTx, wanted: &[Wanted]) -> Result<HashMap<String, Uuid>, DbError> {
    let org = tx.org().uuid();
    let names: Vec<String> = wanted.iter().map(|want| want.server.clone()).collect();
    let ids: Vec<Uuid> = names
        .iter()
        .filter_map(|name| Some(name.parse::<ServerId>().ok()?.uuid()))
        .collect();
    let rows = sqlx::query!(
        "select id, slug from servers where org_id = $1 and (slug = any($2) or id = any($3)) for key share",
        org,
        &names,
        &ids,
    )
    .fetch_all(tx.sql())
    .await?;
    Ok(rows
        .into_iter()
        .flat_map(|row| {
            [
                (row.slug, row.id),
                (ServerId::from_uuid(row.id).to_string(), row.id),
            ]
        })
        .collect())
}

async fn policies(tx: &mut OrgTx, wanted: &[Wanted]) -> Result<HashMap<String, Uuid>, DbError> {
    let org = tx.org().uuid();
    let names: Vec<String> = wanted
        .iter()
        .filter_map(|want| want.policy.clone())
        .collect();
    let ids: Vec<Uuid> = names
        .iter()
        .filter_map(|name| Some(name.parse::<PolicyId>().ok()?.uuid()))
        .collect();
    let rows = sqlx::query!(
        "select id, slug from policies where org_id = $1 and (slug = any($2) or id = any($3)) for key share",
        org,
        &names,
        &ids,
    )
    .fetch_all(tx.sql())
    .await?;
    Ok(rows
        .into_iter()
        .flat_map(|row| {
            [
                (row.slug, row.id),
                (PolicyId::from_uuid(row.id).to_string(), row.id),
            ]
        })
        .collect())
}

/// Those of the pinned versions that there are.
async fn versions(
    tx: &mut OrgTx,
    wanted: &[Wanted],
    policies: &HashMap<String, Uuid>,
) -> Result<HashSet<(Uuid, u32)>, DbError> {
    let org = tx.org().uuid();
    let pinned = wanted.iter().filter_map(|want| match want.version {
        Some(Pin::At(number)) => Some((
            *policies.get(want.policy.as_ref()?)?,
            i32::try_from(number).ok()?,
        )),
        _ => None,
    });
    let (ids, numbers): (Vec<Uuid>, Vec<i32>) = pinned.unzip();
    let rows = sqlx::query!(
        "select policy_id, number from policy_versions
        where org_id = $1 and (policy_id, number) in (select * from unnest($2::uuid[], $3::integer[]))",
        org,
        &ids,
        &numbers,
    )
    .fetch_all(tx.sql())
    .await?;
    Ok(rows
        .into_iter()
        .filter_map(|row| Some((row.policy_id, u32::try_from(row.number).ok()?)))
        .collect())
}
