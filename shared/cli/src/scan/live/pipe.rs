//! Over the pipes of a command: a message a line.

use super::{MOST_BYTES, MOST_PAGES, initialize, initialized, left, page, result, take};
use anyhow::{Context as _, bail};
use catalog::Tool;
use serde_json::Value;
use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, sync_channel};
use std::thread;
use std::time::Instant;

/// A started server, which does not outlive the question.
struct Started {
    child: Child,
    input: ChildStdin,
    lines: Receiver<String>,
}

impl Drop for Started {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

pub(super) fn list(
    command: &str,
    args: &[String],
    env: &BTreeMap<String, String>,
    until: Instant,
) -> anyhow::Result<Vec<Tool>> {
    let mut server = start(command, args, env)?;
    server.tell(&initialize())?;
    result(server.hear(0, until)?)?;
    server.tell(&initialized())?;
    let (mut tools, mut cursor) = (Vec::new(), None);
    for id in 1..=MOST_PAGES {
        server.tell(&page(id, cursor.as_deref()))?;
        cursor = take(&result(server.hear(id, until)?)?, &mut tools)?;
        if cursor.is_none() {
            break;
        }
    }
    Ok(tools)
}

fn start(
    command: &str,
    args: &[String],
    env: &BTreeMap<String, String>,
) -> anyhow::Result<Started> {
    let mut child = Command::new(command)
        .args(args)
        .envs(env)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .with_context(|| format!("cannot start `{}`", super::super::plain(command)))?;
    let (Some(input), Some(output)) = (child.stdin.take(), child.stdout.take()) else {
        bail!("its pipes are not there");
    };
    // A line at a time, none longer than an answer may be; the thread ends with the pipe.
    let (say, lines) = sync_channel(64);
    thread::spawn(move || {
        let mut output = BufReader::new(output);
        loop {
            let mut line = Vec::new();
            let most = MOST_BYTES as u64;
            match output.by_ref().take(most).read_until(b'\n', &mut line) {
                Ok(1..) => {}
                _ => break,
            }
            if say
                .send(String::from_utf8_lossy(&line).into_owned())
                .is_err()
            {
                break;
            }
        }
    });
    Ok(Started {
        child,
        input,
        lines,
    })
}

impl Started {
    fn tell(&mut self, message: &Value) -> anyhow::Result<()> {
        writeln!(self.input, "{message}")
            .and_then(|()| self.input.flush())
            .context("it has ended")
    }

    /// The answer with this id; what else it says is passed over.
    fn hear(&self, id: usize, until: Instant) -> anyhow::Result<Value> {
        loop {
            let line = self
                .lines
                .recv_timeout(left(until)?)
                .map_err(|error| match error {
                    std::sync::mpsc::RecvTimeoutError::Timeout => {
                        anyhow::anyhow!("it took too long")
                    }
                    std::sync::mpsc::RecvTimeoutError::Disconnected => {
                        anyhow::anyhow!("it ended without an answer")
                    }
                })?;
            let Ok(message) = serde_json::from_str::<Value>(&line) else {
                continue;
            };
            let is_answer = message.get("result").is_some() || message.get("error").is_some();
            if is_answer && message.get("id") == Some(&Value::from(id)) {
                return Ok(message);
            }
        }
    }
}
