//! Real MCP servers and official clients (the scripts in `tests/real`), driven by JSON lines.

use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};

/// Python and Node start slowly on a busy machine.
const PATIENCE: Duration = Duration::from_mins(2);

/// A server that has said where it listens.
#[derive(Debug)]
pub struct Server {
    pub url: String,
    calls: Arc<Mutex<Vec<Value>>>,
    _child: Child,
    _stdin: ChildStdin,
}

/// A connected client.
#[derive(Debug)]
pub struct Client {
    pub server: Value,
    pub protocol: String,
    _child: Child,
    stdin: tokio::sync::Mutex<ChildStdin>,
    lines: tokio::sync::Mutex<Lines<BufReader<ChildStdout>>>,
    next: AtomicU64,
}

impl Server {
    /// The npm package `@modelcontextprotocol/server-everything`.
    pub async fn everything() -> Self {
        Self::start("everything.mjs", &[]).await
    }

    /// The same over HTTP+SSE, as in 2024-11-05.
    pub async fn everything_over_sse() -> Self {
        Self::start("everything.mjs", &["--sse"]).await
    }

    /// A `fastmcp` server of ours; both eras.
    pub async fn fastmcp(arguments: &[&str]) -> Self {
        Self::start("fastmcp_server.py", arguments).await
    }

    /// A stdio server behind `fastmcp`'s proxy.
    pub async fn stdio(arguments: &[&str]) -> Self {
        Self::start("stdio_over_http.py", arguments).await
    }

    /// The npm package `oidc-provider`, whose one client is sent back to `redirect`.
    pub async fn oidc(redirect: &str) -> Self {
        Self::start("oidc.mjs", &["--redirect", redirect]).await
    }

    async fn start(script: &str, arguments: &[&str]) -> Self {
        let (child, stdin, mut lines) = spawn(script, arguments);
        let first = read(&mut lines, script).await;
        let url = first["listening"]
            .as_str()
            .unwrap_or_else(|| panic!("{script} said {first}"))
            .to_owned();
        let calls: Arc<Mutex<Vec<Value>>> = Arc::default();
        let heard = calls.clone();
        tokio::spawn(async move {
            while let Ok(Some(line)) = lines.next_line().await {
                let said: Value = serde_json::from_str(&line).unwrap_or_default();
                if said.get("called").is_some() {
                    heard.lock().unwrap().push(said);
                }
            }
        });
        Self {
            url,
            calls,
            _child: child,
            _stdin: stdin,
        }
    }

    /// The calls that have reached the server: `{called, arguments}`. Only servers of ours tell.
    pub fn calls(&self) -> Vec<Value> {
        self.calls.lock().unwrap().clone()
    }
}

impl Client {
    /// The official Python client. `era`: `auto`, `legacy` or `2026-07-28`.
    pub async fn python(url: &str, token: &str, era: &str) -> Self {
        Self::connect("client.py", &[url, "--token", token, "--era", era]).await
    }

    /// The official TypeScript client (v1 line).
    pub async fn typescript(url: &str, token: &str) -> Self {
        Self::connect("client.mjs", &[url, "--token", token]).await
    }

    async fn connect(script: &str, arguments: &[&str]) -> Self {
        let (child, stdin, mut lines) = spawn(script, arguments);
        let ready = read(&mut lines, script).await;
        assert_eq!(ready["ready"], true, "{script}: {ready}");
        Self {
            server: ready["server"].clone(),
            protocol: ready["protocol"].as_str().unwrap_or_default().to_owned(),
            _child: child,
            stdin: stdin.into(),
            lines: lines.into(),
            next: AtomicU64::new(1),
        }
    }

    /// One command, one answer: `{id, result}` or `{id, error}`.
    pub async fn act(&self, mut command: Value) -> Value {
        let mut lines = self.lines.lock().await;
        command["id"] = self.next.fetch_add(1, Ordering::Relaxed).into();
        let mut line = command.to_string();
        line.push('\n');
        self.stdin
            .lock()
            .await
            .write_all(line.as_bytes())
            .await
            .unwrap();
        let answer = read(&mut lines, "client").await;
        assert_eq!(answer["id"], command["id"], "an answer to another command");
        answer
    }

    pub async fn list(&self) -> Value {
        self.act(json!({ "do": "list" })).await
    }

    pub async fn call(&self, tool: &str, arguments: Value) -> Value {
        self.act(json!({ "do": "call", "name": tool, "arguments": arguments }))
            .await
    }
}

fn spawn(script: &str, arguments: &[&str]) -> (Child, ChildStdin, Lines<BufReader<ChildStdout>>) {
    let installed = PathBuf::from(std::env::var("PORTCULLIS_TEST_REAL").expect(
        "PORTCULLIS_TEST_REAL names the folder that `tests/real/install` prints; `deploy/test` sets it",
    ));
    let program = if Path::new(script)
        .extension()
        .is_some_and(|kind| kind == "py")
    {
        installed.join("venv/bin/python")
    } else {
        PathBuf::from("node")
    };
    let scripts = Path::new(env!("CARGO_MANIFEST_DIR")).join("../real");
    let mut child = Command::new(program)
        .arg(scripts.join(script))
        .args(arguments)
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::inherit())
        .kill_on_drop(true)
        .spawn()
        .unwrap_or_else(|error| panic!("cannot start {script}: {error}"));
    let stdin = child.stdin.take().unwrap();
    let lines = BufReader::new(child.stdout.take().unwrap()).lines();
    (child, stdin, lines)
}

async fn read(lines: &mut Lines<BufReader<ChildStdout>>, who: &str) -> Value {
    let line = tokio::time::timeout(PATIENCE, lines.next_line()).await;
    let line = line
        .unwrap_or_else(|_| panic!("{who} said nothing"))
        .unwrap();
    let line = line.unwrap_or_else(|| panic!("{who} has ended"));
    serde_json::from_str(&line).unwrap_or_else(|_| panic!("{who} said `{line}`"))
}
