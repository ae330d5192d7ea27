//! Rows → bundle. Pure: the same rows give the same bytes. Holds only what the rows of its own organisation say, and where
//! people find this instance.

use super::rows::{AttachmentRow, GrantRow, Rows, ServerRow, ToolRow, VersionRow};
use crate::db::DbError;
use bundle::credential::Sealed;
use bundle::{
    Attachment, Capture, Grant, Hints, Org, OrgBundle, Pinning, PolicyVersion, Server, Timeouts,
    TokenDigest, Tool, Transport,
};
use ids::{GrantId, OrgId, PolicyId, ServerId};
use policy::Category;
use serde::Deserialize;
use serde_json::value::RawValue;
use std::collections::{BTreeMap, BTreeSet};
use time::OffsetDateTime;
use url::Url;
use uuid::Uuid;

/// Of definitions read from servers.
const DEEPEST_SCHEMA: usize = 256;

pub fn assemble(rows: &Rows, dashboard: &Url) -> Result<OrgBundle, DbError> {
    let checked = servers_that_check_arguments(rows);
    Ok(OrgBundle {
        org: Org {
            id: OrgId::from_uuid(rows.org.id),
            slug: stored(rows.org.slug.parse())?,
            is_open: rows.org.is_open,
            max_stale_ms: rows
                .org
                .max_stale_seconds
                .and_then(|s| u64::try_from(s).ok())
                .map(|s| s * 1000),
            dashboard: Some(dashboard.as_str().trim_end_matches('/').to_owned()),
            capture: rows.org.redact.clone().map(|redact| Capture { redact }),
        },
        version: stored(u64::try_from(rows.version))?,
        servers: rows
            .servers
            .iter()
            .map(|row| server(row, &rows.tools, checked.contains(&row.id)))
            .collect::<Result<_, _>>()?,
        policies: rows
            .versions
            .iter()
            .map(policy_version)
            .collect::<Result<_, _>>()?,
        grants: rows
            .grants
            .iter()
            .map(|row| grant(row, &rows.attachments))
            .collect::<Result<_, _>>()?,
    })
}

/// Schemas travel only to where a policy may look at them. A document that merely mentions the word costs bytes, no more.
fn servers_that_check_arguments(rows: &Rows) -> BTreeSet<Uuid> {
    let mentions: BTreeSet<(Uuid, i32)> = rows
        .versions
        .iter()
        .filter(|version| version.document.contains("arguments"))
        .map(|version| (version.policy_id, version.number))
        .collect();
    let attached = rows.attachments.iter().filter(|attachment| {
        attachment
            .policy_id
            .zip(attachment.number)
            .is_some_and(|version| mentions.contains(&version))
    });
    attached.map(|attachment| attachment.server_id).collect()
}

fn server(row: &ServerRow, tools: &[ToolRow], with_schemas: bool) -> Result<Server, DbError> {
    let ms = |stored: i64| u64::try_from(stored).unwrap_or(0);
    let tools = tools
        .iter()
        .filter(|tool| tool.server_id == row.id)
        .map(|row| tool(row, with_schemas));
    Ok(Server {
        id: ServerId::from_uuid(row.id),
        slug: stored(row.slug.parse())?,
        name: row.name.clone(),
        url: row.url.clone(),
        credential: row.credential.clone().map(Sealed::from_bytes),
        transport: transport(&row.transport),
        timeouts: Timeouts {
            connect_ms: ms(row.connect_ms),
            first_byte_ms: ms(row.first_byte_ms),
            call_first_byte_ms: ms(row.call_first_byte_ms),
            idle_ms: ms(row.idle_ms),
            whole_ms: ms(row.whole_ms),
        },
        pinning: pinning(&row.pinning),
        is_trusted: row.is_trusted,
        allows_sampling: row.allows_sampling,
        allows_elicitation: row.allows_elicitation,
        is_open: row.is_open,
        tools: row
            .last_discovered_at
            .map(|_| tools.collect::<Result<_, _>>())
            .transpose()?,
    })
}

pub(crate) fn pinning(word: &str) -> Pinning {
    match word {
        "off" => Pinning::Off,
        "warn" => Pinning::Warn,
        // An unknown word is the careful one.
        _ => Pinning::Block,
    }
}

pub(crate) fn transport(word: &str) -> Transport {
    let known = Transport::ALL
        .into_iter()
        .find(|known| known.word() == word);
    known.unwrap_or_default()
}

/// The parts of a definition that judging may ask for.
#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct Definition {
    annotations: Option<Hints>,
    input_schema: Option<Box<RawValue>>,
}

pub(crate) fn tool(row: &ToolRow, with_schema: bool) -> Result<Tool, DbError> {
    // What a server sends as annotations may be of any shape; a shape that is none says nothing.
    let definition: Definition = serde_json::from_str(&row.definition).unwrap_or_default();
    Ok(Tool {
        name: row.name.clone(),
        digest: seal::to_hex(&row.digest),
        category: row
            .standing_category
            .as_deref()
            .or(row.category.as_deref())
            .map_or(Ok(Category::Unknown), category)?,
        is_read: row.category.is_none(),
        hints: definition.annotations.unwrap_or_default(),
        is_changed: row.reviewed_digest.as_ref() != Some(&row.digest),
        param_headers: definition
            .input_schema
            .as_deref()
            .map(param_headers)
            .unwrap_or_default(),
        input_schema: definition.input_schema.filter(|_| with_schema),
    })
}

/// A schema that cannot be read asks for nothing.
fn param_headers(schema: &RawValue) -> Vec<mcp::ParamHeader> {
    let text = schema.get().as_bytes();
    let limits = json::Limits {
        bytes: text.len(),
        depth: DEEPEST_SCHEMA,
        values: mcp::reply::MOST_VALUES,
    };
    json::read(text, &limits)
        .map(|schema| mcp::param_headers(&schema.root))
        .unwrap_or_default()
}

fn category(word: &str) -> Result<Category, DbError> {
    serde_json::from_value(serde_json::Value::String(word.to_owned()))
        .map_err(|_| DbError::Stored(format!("category `{word}`")))
}

fn policy_version(row: &VersionRow) -> Result<PolicyVersion, DbError> {
    Ok(PolicyVersion {
        id: PolicyId::from_uuid(row.policy_id),
        slug: stored(row.slug.parse())?,
        number: stored(u32::try_from(row.number))?,
        document: row.document.clone(),
    })
}

fn grant(row: &GrantRow, attachments: &[AttachmentRow]) -> Result<Grant, DbError> {
    let labels: BTreeMap<String, String> = serde_json::from_value(row.labels.clone())
        .map_err(|error| DbError::Stored(error.to_string()))?;
    let old = row
        .old_digest
        .as_ref()
        .zip(row.old_until)
        .map(|(digest, until)| TokenDigest {
            digest: seal::to_hex(digest),
            until: Some(unix_ms(until)),
        });
    let own = attachments
        .iter()
        .filter(|attachment| attachment.grant_id == row.id);
    Ok(Grant {
        id: GrantId::from_uuid(row.id),
        name: row.name.clone(),
        labels,
        user: row.user_email.clone(),
        is_open: row.is_open,
        expires_at: row.expires_at.map(unix_ms),
        tokens: std::iter::once(TokenDigest {
            digest: seal::to_hex(&row.digest),
            until: None,
        })
        .chain(old)
        .collect(),
        attachments: own.map(attachment).collect::<Result<_, _>>()?,
    })
}

fn attachment(row: &AttachmentRow) -> Result<Attachment, DbError> {
    let policy = match row.policy_id.zip(row.number) {
        Some((policy, number)) => {
            Some((PolicyId::from_uuid(policy), stored(u32::try_from(number))?))
        }
        None => None,
    };
    Ok(Attachment {
        server: ServerId::from_uuid(row.server_id),
        policy,
    })
}

fn unix_ms(time: OffsetDateTime) -> u64 {
    u64::try_from(time.unix_timestamp_nanos() / 1_000_000).unwrap_or(0)
}

fn stored<T, E: std::fmt::Display>(read: Result<T, E>) -> Result<T, DbError> {
    read.map_err(|error| DbError::Stored(error.to_string()))
}

#[cfg(test)]
mod tests;
