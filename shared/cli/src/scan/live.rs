//! Asking a server itself for its tools: by starting its command and speaking over its pipes, or at its URL. No tool is called.

mod http;
mod pipe;

use super::client::{Configured, Reach};
use anyhow::{Context as _, bail};
use catalog::{MOST_TOOLS, Tool};
use serde_json::{Value, json};
use std::io::{BufRead as _, IsTerminal as _, Write as _};
use std::time::{Duration, Instant};

/// Of one answer.
const MOST_BYTES: usize = 16 << 20;
const MOST_PAGES: usize = 200;

pub(super) fn list(server: &Configured, patience: u64, yes: bool) -> anyhow::Result<Vec<Tool>> {
    let until = Instant::now() + Duration::from_secs(patience);
    match &server.reach {
        Reach::Command { command, args, env } => {
            if !yes && !agreed(&server.name, &server.reach.plain())? {
                bail!("it was not started");
            }
            pipe::list(command, args, env, until)
        }
        Reach::Url { url, headers } => http::list(url, headers, until),
    }
}

/// Starting a command runs somebody's code: that is asked for, and silence means no.
fn agreed(name: &str, what: &str) -> anyhow::Result<bool> {
    let input = std::io::stdin();
    if !input.is_terminal() {
        bail!("a command is started only with `--yes`, or when somebody can be asked");
    }
    let mut out = std::io::stderr();
    write!(out, "`{}` {what}. Start it? [y/N] ", super::plain(name))?;
    out.flush()?;
    let mut line = String::new();
    input.lock().read_line(&mut line)?;
    Ok(matches!(line.trim(), "y" | "Y" | "yes"))
}

fn initialize() -> Value {
    json!({ "jsonrpc": "2.0", "id": 0, "method": "initialize", "params": {
        "protocolVersion": "2025-06-18", "capabilities": {},
        "clientInfo": { "name": "portcullis-scan", "version": env!("CARGO_PKG_VERSION") },
    } })
}

fn initialized() -> Value {
    json!({ "jsonrpc": "2.0", "method": "notifications/initialized" })
}

fn page(id: usize, cursor: Option<&str>) -> Value {
    let params = cursor.map_or_else(|| json!({}), |cursor| json!({ "cursor": cursor }));
    json!({ "jsonrpc": "2.0", "id": id, "method": "tools/list", "params": params })
}

/// The result of an answer, or what the server said instead.
fn result(mut answer: Value) -> anyhow::Result<Value> {
    if let Some(error) = answer.get("error") {
        let said = error.get("message").and_then(Value::as_str);
        let said: String = super::plain(said.unwrap_or("an error"))
            .chars()
            .take(200)
            .collect();
        bail!("it answered: {said}");
    }
    answer
        .get_mut("result")
        .map(Value::take)
        .context("it answered something else than the protocol has")
}

/// Takes the tools of a page, and gives the cursor of the next.
fn take(result: &Value, tools: &mut Vec<Tool>) -> anyhow::Result<Option<String>> {
    let listed = result
        .get("tools")
        .and_then(Value::as_array)
        .context("its answer has no list of tools")?;
    for tool in listed {
        if tools.len() >= MOST_TOOLS {
            return Ok(None);
        }
        // What is no tool at all is left out, as a client does.
        if let Ok(tool) = serde_json::from_value(tool.clone()) {
            tools.push(tool);
        }
    }
    let next = result.get("nextCursor").and_then(Value::as_str);
    Ok(next.filter(|next| !next.is_empty()).map(str::to_owned))
}

fn left(until: Instant) -> anyhow::Result<Duration> {
    let left = until.saturating_duration_since(Instant::now());
    if left.is_zero() {
        bail!("it took too long");
    }
    Ok(left)
}
