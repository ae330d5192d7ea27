//! Real MCP servers and official clients (the scripts in `tests/real`, and the binaries of this package's neighbour for
//! `rmcp`), driven by JSON lines. Here is how they are started; the rest is in `real/client.rs` and `real/server.rs`.

mod client;
mod server;

pub use client::{Client, Kind, Pending};
pub use server::Server;

use crate::process::Process;
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;
use tokio::io::{AsyncBufReadExt, BufReader, Lines};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};

/// Python and Node start slowly on a busy machine.
const PATIENCE: Duration = Duration::from_mins(2);

/// What is started: a script with the program that runs it, or a binary of ours.
#[derive(Debug, Clone, Copy)]
enum Program {
    Python(&'static str),
    PythonV1(&'static str),
    Node(&'static str),
    Binary(&'static str),
}

impl Program {
    const fn name(self) -> &'static str {
        match self {
            Self::Python(name) | Self::PythonV1(name) | Self::Node(name) | Self::Binary(name) => {
                name
            }
        }
    }

    fn command(self) -> Command {
        let script = |program: PathBuf, name: &str| {
            let scripts = Path::new(env!("CARGO_MANIFEST_DIR")).join("../real");
            let mut command = Command::new(program);
            command.arg(scripts.join(name));
            command
        };
        match self {
            Self::Python(name) => script(installed().join("venv/bin/python"), name),
            Self::PythonV1(name) => script(installed().join("v1/venv/bin/python"), name),
            Self::Node(name) => script(installed().join("bin/node"), name),
            Self::Binary(name) => Process::binary(name).into(),
        }
    }

    fn start(self, arguments: &[&str]) -> Started {
        let mut child = self
            .command()
            .args(arguments)
            .env("PYTHONDONTWRITEBYTECODE", "1")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::inherit())
            .kill_on_drop(true)
            .spawn()
            .unwrap_or_else(|error| panic!("cannot start {}: {error}", self.name()));
        let stdin = child.stdin.take().unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        Started {
            name: self.name(),
            child,
            stdin,
            lines,
        }
    }
}

#[derive(Debug)]
struct Started {
    name: &'static str,
    child: Child,
    stdin: ChildStdin,
    lines: Lines<BufReader<ChildStdout>>,
}

impl Started {
    /// The first thing that it says.
    async fn first(&mut self) -> Value {
        let line = tokio::time::timeout(PATIENCE, self.lines.next_line()).await;
        let line = line
            .unwrap_or_else(|_| panic!("{} said nothing", self.name))
            .unwrap();
        let line = line.unwrap_or_else(|| panic!("{} has ended", self.name));
        serde_json::from_str(&line).unwrap_or_else(|_| panic!("{} said `{line}`", self.name))
    }
}

fn installed() -> PathBuf {
    PathBuf::from(std::env::var("PORTCULLIS_TEST_REAL").expect(
        "PORTCULLIS_TEST_REAL names the folder that `tests/real/install` prints; `deploy/test` sets it",
    ))
}
