//! What to paste where, so that a client goes through the gateway. PURE.

use serde_json::{Map, Value, json};

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Snippet {
    pub title: &'static str,
    /// Where the text goes.
    pub place: &'static str,
    pub text: String,
}

/// For each of the usual clients. `servers` are names and proxy URLs.
pub fn all(servers: &[(String, String)], token: &str) -> Vec<Snippet> {
    let bearer = format!("Bearer {token}");
    let entries = |of: &dyn Fn(&str) -> Value| -> Value {
        let each = servers.iter().map(|(name, url)| (name.clone(), of(url)));
        Value::Object(each.collect::<Map<_, _>>())
    };
    let typed =
        |url: &str| json!({"type": "http", "url": url, "headers": {"Authorization": bearer}});
    let plain = |url: &str| json!({"url": url, "headers": {"Authorization": bearer}});
    // Claude Desktop reads commands from its file; `mcp-remote` is the one that speaks HTTP for it.
    let bridged = |url: &str| {
        json!({
            "command": "npx",
            "args": ["-y", "mcp-remote", url, "--header", "Authorization:${PORTCULLIS_AUTHORIZATION}"],
            "env": {"PORTCULLIS_AUTHORIZATION": bearer},
        })
    };
    let pretty = |value: Value| serde_json::to_string_pretty(&value).unwrap_or_default();
    let each = |line: &dyn Fn(&str, &str) -> String| -> String {
        let lines = servers.iter().map(|(name, url)| line(name, url));
        lines.collect::<Vec<_>>().join("\n")
    };
    vec![
        Snippet {
            title: "Claude Code",
            place: "In a terminal.",
            text: each(&|name, url| {
                format!(
                    "claude mcp add --transport http {name} {url} --header 'Authorization: {bearer}'"
                )
            }),
        },
        Snippet {
            title: "Cursor",
            place: "In .cursor/mcp.json of a project, or ~/.cursor/mcp.json.",
            text: pretty(json!({"mcpServers": entries(&plain)})),
        },
        Snippet {
            title: "VS Code",
            place: "In .vscode/mcp.json of a workspace.",
            text: pretty(json!({"servers": entries(&typed)})),
        },
        Snippet {
            title: "Claude Desktop",
            place: "In claude_desktop_config.json.",
            text: pretty(json!({"mcpServers": entries(&bridged)})),
        },
        Snippet {
            title: "Codex",
            place: "In ~/.codex/config.toml.",
            text: each(&|name, url| {
                format!(
                    "[mcp_servers.{name}]\nurl = \"{url}\"\nhttp_headers = {{ Authorization = \"{bearer}\" }}\n"
                )
            }),
        },
        Snippet {
            title: "curl",
            place: "Lists the tools.",
            text: each(&|_, url| {
                format!(
                    "curl -s {url} \\\n  -H 'Authorization: {bearer}' \\\n  -H 'Content-Type: application/json' \\\n  -H 'Accept: application/json, text/event-stream' \\\n  -d '{{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"tools/list\"}}'"
                )
            }),
        },
    ]
}

#[cfg(test)]
mod tests;
