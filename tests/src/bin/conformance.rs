//! Runs the official conformance suite against its reference server, directly and through the gateway, and compares:
//! `conformance INSTALLED [RESULTS]`. INSTALLED is what `tests/real/conformance/install` printed; RESULTS a folder that
//! keeps what the suite wrote.

#![allow(
    clippy::disallowed_methods,
    reason = "a loopback needs no manners, and what is started inherits this environment"
)]

use serde_json::json;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use system_tests::conformance::{Comparison, HEADING, Hop, SUITES, run};
use testbed::{Folder, Installation, Process, Raw, Replica, free_port, until};
use tokio::signal::unix::{SignalKind, signal};

#[tokio::main]
async fn main() -> ExitCode {
    let mut arguments = std::env::args_os().skip(1).map(PathBuf::from);
    let Some(installed) = arguments.next() else {
        eprintln!("conformance INSTALLED [RESULTS]");
        return ExitCode::from(2);
    };
    let mut terminate = signal(SignalKind::terminate()).expect("signals can be heard");
    // Whoever breaks off wants what was started to end, too: it ends with its values.
    tokio::select! {
        code = compare(&installed, arguments.next()) => code,
        _ = tokio::signal::ctrl_c() => ExitCode::from(130),
        _ = terminate.recv() => ExitCode::from(143),
    }
}

async fn compare(installed: &Path, results: Option<PathBuf>) -> ExitCode {
    let folder = Folder::new();
    let results = results.unwrap_or_else(|| folder.path().to_owned());
    let installation = Installation::start().await;
    // One of its own for each way: what one run leaves behind, the other does not find.
    let direct = Reference::start(installed, "direct", folder.path()).await;
    let upstream = Reference::start(installed, "upstream", folder.path()).await;
    let (hop, _replicas) = gateway(&installation, &upstream.url("127.0.0.1")).await;

    let tools = direct.tools().await;

    println!("{HEADING}");
    let (mut passed, mut faults) = (0, Vec::new());
    for (number, suite) in SUITES.into_iter().enumerate() {
        let results = |way: &str| results.join(format!("{number}-{way}"));
        let comparison = Comparison {
            suite,
            tools: &tools,
            directly: run(
                suite,
                installed,
                &direct.url("localhost"),
                &results("directly"),
            )
            .await,
            through: run(suite, installed, &hop.url, &results("through")).await,
        };
        println!("{comparison}");
        passed += comparison.passed();
        faults.extend(comparison.faults());
    }
    println!();
    for fault in &faults {
        println!("{fault}");
    }
    println!(
        "conformance through the gateway: {passed} passed, {} failed",
        faults.len()
    );
    if faults.is_empty() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

/// Two replicas, so that nothing works by what only one of them remembers, behind a hop that brings the token.
async fn gateway(installation: &Installation, upstream: &str) -> (Hop, [Replica; 2]) {
    let org = installation.org("acme").await;
    org.server("reference", upstream).await;
    let everything =
        json!({ "version": "1", "default": "allow", "methods": ["resources", "prompts"] });
    org.policy("everything", &everything).await;
    let (_, token) = org.grant("suite", "reference", "everything").await;
    let replicas = [
        installation.replica("one", None).await,
        installation.replica("two", None).await,
    ];
    until("the replicas to know the grant", || {
        org.enforced(replicas.len())
    })
    .await;
    let targets = replicas
        .each_ref()
        .map(|replica| replica.mcp(&org, "reference"));
    (Hop::start(&targets, &token).await, replicas)
}

/// The server that the Python SDK brings for the suite.
struct Reference {
    port: u16,
    _process: Process,
}

impl Reference {
    async fn start(installed: &Path, name: &str, folder: &Path) -> Self {
        let port = free_port();
        let mut command = Command::new(installed.join("venv/bin/python"));
        command
            .args([
                "-m",
                "mcp_everything_server",
                "--log-level",
                "WARNING",
                "--port",
                &port.to_string(),
            ])
            .current_dir(installed.join("server"))
            .env("PYTHONDONTWRITEBYTECODE", "1");
        let process = Process::start(&mut command, &folder.join(format!("{name}.log")));
        let reference = Self {
            port,
            _process: process,
        };
        let url = reference.url("127.0.0.1");
        until("the reference server", || async {
            reqwest::get(&url).await.ok()
        })
        .await;
        reference
    }

    /// The names of its tools.
    async fn tools(&self) -> BTreeSet<String> {
        let client = Raw::new(&self.url("localhost"), None).initialize().await;
        let list = client.request(1, "tools/list", json!({})).await.json();
        let tools = list["result"]["tools"]
            .as_array()
            .expect("the reference server has tools");
        let names = tools.iter().filter_map(|tool| tool["name"].as_str());
        names.map(str::to_owned).collect()
    }

    fn url(&self, host: &str) -> String {
        format!("http://{host}:{}/mcp", self.port)
    }
}
