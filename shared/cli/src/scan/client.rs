//! The configurations of clients: Claude Desktop, Claude Code, Cursor and VS Code. Read leniently: they are other programs' files.

use anyhow::{Context as _, bail};
use serde_json::{Map, Value};
use std::collections::BTreeMap;
use std::path::PathBuf;

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Configured {
    pub name: String,
    pub reach: Reach,
}

/// How the client reaches it. What may be secret is held for `--live`, and never shown.
#[derive(Clone, PartialEq, Eq)]
pub(super) enum Reach {
    Command {
        command: String,
        args: Vec<String>,
        env: BTreeMap<String, String>,
    },
    Url {
        url: String,
        headers: BTreeMap<String, String>,
    },
}

impl std::fmt::Debug for Reach {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str(&self.plain())
    }
}

impl Reach {
    /// The program or the host, and nothing that could be a secret: arguments and the rest of a URL often hold one.
    pub(super) fn plain(&self) -> String {
        match self {
            Self::Command { command, .. } => {
                let program = command.rsplit(['/', '\\']).next().unwrap_or(command);
                format!("starts {}", super::plain(program))
            }
            Self::Url { url, .. } => format!("asks {}", super::plain(&origin(url))),
        }
    }
}

/// Scheme and host of a URL, without whoever is named before the host.
fn origin(url: &str) -> String {
    let Some((scheme, rest)) = url.split_once("://") else {
        return "an address that is no URL".to_owned();
    };
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let host = authority.rsplit('@').next().unwrap_or_default();
    format!("{scheme}://{host}")
}

pub(super) fn usual_places() -> Vec<PathBuf> {
    let mut places: Vec<PathBuf> = [".mcp.json", ".cursor/mcp.json", ".vscode/mcp.json"]
        .iter()
        .map(PathBuf::from)
        .collect();
    if let Some(home) = std::env::home_dir() {
        let programs = home.join(match std::env::consts::OS {
            "macos" => "Library/Application Support",
            "windows" => "AppData/Roaming",
            _ => ".config",
        });
        places.extend([
            programs.join("Claude/claude_desktop_config.json"),
            programs.join("Code/User/mcp.json"),
            programs.join("Code/User/settings.json"),
            home.join(".claude.json"),
            home.join(".cursor/mcp.json"),
        ]);
    }
    places
}

/// Every server of a configuration, whichever client's it is.
pub(super) fn read(text: &str) -> anyhow::Result<Vec<Configured>> {
    let whole: Value = serde_json::from_str(&without_comments(text)).context("it is no JSON")?;
    let Value::Object(whole) = whole else {
        bail!("expected an object, as the configuration of a client is");
    };
    let mut found = Vec::new();
    // `mcpServers`: Claude Desktop, Claude Code, Cursor. `servers`, or `mcp.servers` among settings: VS Code.
    let under_mcp = whole.get("mcp").and_then(|mcp| mcp.get("servers"));
    let places = [
        whole.get("mcpServers"),
        whole.get("servers"),
        whole.get("mcp.servers"),
        under_mcp,
    ];
    for servers in places.into_iter().flatten().filter_map(Value::as_object) {
        add(servers, &mut found);
    }
    // Claude Code keeps those of one folder under its path.
    let projects = whole.get("projects").and_then(Value::as_object);
    for project in projects.into_iter().flat_map(Map::values) {
        if let Some(servers) = project.get("mcpServers").and_then(Value::as_object) {
            add(servers, &mut found);
        }
    }
    Ok(found)
}

fn add(servers: &Map<String, Value>, found: &mut Vec<Configured>) {
    for (name, server) in servers {
        let text = |key: &str| server.get(key).and_then(Value::as_str).map(str::to_owned);
        let reach = if let Some(command) = text("command") {
            let args = server.get("args").and_then(Value::as_array);
            Reach::Command {
                command,
                args: args
                    .into_iter()
                    .flatten()
                    .filter_map(Value::as_str)
                    .map(str::to_owned)
                    .collect(),
                env: texts(server.get("env")),
            }
        } else if let Some(url) = text("url").or_else(|| text("serverUrl")) {
            Reach::Url {
                url,
                headers: texts(server.get("headers")),
            }
        } else {
            continue;
        };
        let one = Configured {
            name: name.clone(),
            reach,
        };
        if !found.contains(&one) {
            found.push(one);
        }
    }
}

fn texts(value: Option<&Value>) -> BTreeMap<String, String> {
    let members = value.and_then(Value::as_object);
    members
        .into_iter()
        .flatten()
        .filter_map(|(key, value)| Some((key.clone(), value.as_str()?.to_owned())))
        .collect()
}

/// VS Code's files have comments and a comma before the end; both become white space.
fn without_comments(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text.strip_prefix('\u{feff}').unwrap_or(text);
    while let Some(letter) = rest.chars().next() {
        if letter == '"' {
            let end = string_end(rest);
            out.push_str(&rest[..end]);
            rest = &rest[end..];
        } else if rest.starts_with("//") {
            rest = &rest[rest.find('\n').unwrap_or(rest.len())..];
        } else if rest.starts_with("/*") {
            rest = rest.find("*/").map_or("", |end| &rest[end + 2..]);
            out.push(' ');
        } else {
            if matches!(letter, '}' | ']') {
                let kept = out.trim_end().len();
                if out[..kept].ends_with(',') {
                    out.truncate(kept - 1);
                }
            }
            out.push(letter);
            rest = &rest[letter.len_utf8()..];
        }
    }
    out
}

/// Behind the closing quote of the text that begins here.
fn string_end(text: &str) -> usize {
    let mut is_escaped = false;
    for (at, letter) in text.char_indices().skip(1) {
        match letter {
            _ if is_escaped => is_escaped = false,
            '\\' => is_escaped = true,
            '"' => return at + 1,
            _ => {}
        }
    }
    text.len()
}

#[cfg(test)]
mod tests;
