//! Servers, and what they say of what reached them.

use super::{PATIENCE, Program};
use serde_json::Value;
use std::path::Path;
use tokio::process::{Child, ChildStdin};
use tokio::sync::watch;

/// A server that has said where it listens.
#[derive(Debug)]
pub struct Server {
    pub url: String,
    said: watch::Receiver<Vec<Value>>,
    _child: Child,
    _stdin: ChildStdin,
}

impl Server {
    /// The npm package `@modelcontextprotocol/server-everything`; the legacy eras.
    pub async fn everything() -> Self {
        Self::start(Program::Node("everything.mjs"), &[]).await
    }

    /// The same over HTTP+SSE, as in 2024-11-05.
    pub async fn everything_over_sse() -> Self {
        Self::start(Program::Node("everything.mjs"), &["--sse"]).await
    }

    /// A `fastmcp` server of ours; both eras.
    pub async fn fastmcp(arguments: &[&str]) -> Self {
        Self::start(Program::Python("fastmcp_server.py"), arguments).await
    }

    /// A `fastmcp` server of ours whose tools are what this file says when they are listed.
    pub async fn of_file(tools: &Path) -> Self {
        let tools = tools.to_str().unwrap();
        Self::start(Program::Python("pulled_rug.py"), &["--tools", tools]).await
    }

    /// An `rmcp` server of ours; both eras.
    pub async fn rmcp() -> Self {
        Self::start(Program::Binary("rmcp_server"), &[]).await
    }

    /// A stdio server behind `fastmcp`'s proxy.
    pub async fn stdio(arguments: &[&str]) -> Self {
        Self::start(Program::Python("stdio_over_http.py"), arguments).await
    }

    /// The npm package `oidc-provider`, whose one client is sent back to `redirect`.
    pub async fn oidc(redirect: &str) -> Self {
        Self::start(Program::Node("oidc.mjs"), &["--redirect", redirect]).await
    }

    async fn start(program: Program, arguments: &[&str]) -> Self {
        let mut started = program.start(arguments);
        let first = started.first().await;
        let url = first["listening"]
            .as_str()
            .unwrap_or_else(|| panic!("{} said {first}", started.name))
            .to_owned();
        let (saying, said) = watch::channel(Vec::new());
        let mut lines = started.lines;
        tokio::spawn(async move {
            while let Ok(Some(line)) = lines.next_line().await {
                let line: Value = serde_json::from_str(&line).unwrap_or_default();
                saying.send_modify(|said| said.push(line));
            }
        });
        Self {
            url,
            said,
            _child: started.child,
            _stdin: started.stdin,
        }
    }

    /// The calls that have reached the server: `{called, arguments}`. Only servers of ours tell.
    pub fn calls(&self) -> Vec<Value> {
        self.said("called")
    }

    /// Everything of this kind that the server has said: `called`, `began`, `stopped`, `asked`.
    pub fn said(&self, kind: &str) -> Vec<Value> {
        let all = self.said.borrow();
        all.iter()
            .filter(|said| said.get(kind).is_some())
            .cloned()
            .collect()
    }

    /// Waits until `is_enough` of what was said of this kind; `false`: it did not come.
    pub async fn says(&self, kind: &str, is_enough: impl Fn(&[Value]) -> bool) -> bool {
        let mut said = self.said.clone();
        let come = said.wait_for(|all| {
            let of_kind: Vec<Value> = all
                .iter()
                .filter_map(|said| said.get(kind).cloned())
                .collect();
            is_enough(&of_kind)
        });
        matches!(tokio::time::timeout(PATIENCE / 4, come).await, Ok(Ok(_)))
    }
}
