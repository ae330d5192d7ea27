//! What can be imported: our own file, full listings, and what the official registry of the protocol publishes. Pure.

use ::catalog::{Server, ServerEntry, shipped};
use serde_json::Value;

#[derive(Debug, thiserror::Error)]
pub enum Unreadable {
    #[error(transparent)]
    Ours(#[from] shipped::Fault),
    #[error(
        "it is none of what can be imported: expected a catalogue of `portcullis catalog build`, listings of one server a line, or a `server.json`"
    )]
    Unknown,
    #[error("line {line}: {why}")]
    Line { line: usize, why: String },
    #[error("server {number}: {why}")]
    Server { number: usize, why: String },
}

/// Everything in the file, or what is wrong with it.
pub fn read(text: &str) -> Result<Vec<ServerEntry>, Unreadable> {
    let first = text.lines().find(|line| !line.trim().is_empty());
    if first.is_some_and(shipped::is_ours) {
        return Ok(shipped::read(text)?);
    }
    if let Ok(whole) = serde_json::from_str::<Value>(text)
        && whole.get("tools").is_none()
    {
        return registry(&whole);
    }
    let is_listing = first
        .and_then(|line| serde_json::from_str::<Value>(line).ok())
        .is_some_and(|line| line.get("package").is_some());
    if !is_listing {
        return Err(Unreadable::Unknown);
    }
    let lines = text.lines().enumerate();
    lines
        .filter(|(_, line)| !line.trim().is_empty())
        .map(|(at, line)| {
            let server: Server = serde_json::from_str(line).map_err(|error| Unreadable::Line {
                line: at + 1,
                why: error.to_string(),
            })?;
            Ok(ServerEntry::of(&server))
        })
        .collect()
}

/// One `server.json`, a list of them, or a page of the registry's own answer.
fn registry(whole: &Value) -> Result<Vec<ServerEntry>, Unreadable> {
    let one = [whole.clone()];
    let servers = match whole.get("servers").unwrap_or(whole) {
        Value::Array(servers) => servers.as_slice(),
        _ => one.as_slice(),
    };
    let mut found = Vec::new();
    for (at, server) in servers.iter().enumerate() {
        // The registry wraps each, beside what it notes of it.
        let server = server.get("server").unwrap_or(server);
        let number = at + 1;
        let wrong = |why: String| Unreadable::Server { number, why };
        let name = text(server, &["name"]).ok_or_else(|| wrong("`name` is missing".to_owned()))?;
        let version = text(server, &["version"]).unwrap_or_default();
        let before = found.len();
        for package in list(server, "packages") {
            let kind = text(package, &["registryType", "registry_type", "registry_name"])
                .ok_or_else(|| wrong(format!("a package of `{name}` has no `registryType`")))?;
            let package_name = text(package, &["identifier", "name"])
                .ok_or_else(|| wrong(format!("a package of `{name}` has no `identifier`")))?;
            let transport = package.get("transport");
            found.push(ServerEntry {
                ecosystem: kind.to_lowercase(),
                package: package_name,
                version: text(package, &["version"]).unwrap_or_else(|| version.clone()),
                name: name.clone(),
                transport: transport
                    .and_then(|transport| text(transport, &["type"]))
                    .unwrap_or_else(|| "stdio".to_owned()),
                tokens: 0,
                tools: None,
            });
        }
        if let Some(remote) = list(server, "remotes").next()
            && found.len() == before
        {
            found.push(ServerEntry {
                ecosystem: "remote".to_owned(),
                package: name.clone(),
                version: version.clone(),
                name: name.clone(),
                transport: text(remote, &["type", "transport_type"])
                    .unwrap_or_else(|| "streamable-http".to_owned()),
                tokens: 0,
                tools: None,
            });
        }
        if found.len() == before {
            return Err(wrong(format!(
                "`{name}` has neither `packages` nor `remotes`"
            )));
        }
    }
    if found.is_empty() {
        return Err(Unreadable::Unknown);
    }
    Ok(found)
}

fn list<'v>(value: &'v Value, key: &str) -> impl Iterator<Item = &'v Value> {
    value
        .get(key)
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
}

/// The first of these members that is a text with something in it, visible and bounded.
fn text(value: &Value, keys: &[&str]) -> Option<String> {
    let text = keys.iter().find_map(|key| value.get(*key)?.as_str())?;
    let plain: String = ::catalog::neutralise(text)
        .chars()
        .filter(|letter| !letter.is_control())
        .take(256)
        .collect();
    (!plain.trim().is_empty()).then_some(plain)
}

#[cfg(test)]
mod tests;
