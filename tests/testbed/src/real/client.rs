//! Clients: one process each, any number of commands at the same time.

use super::{PATIENCE, Program};
use serde_json::{Value, json};
use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::io::AsyncWriteExt;
use tokio::process::{Child, ChildStdin};
use tokio::sync::{oneshot, watch};

/// What is asked for again and again is waited for no longer than this.
const A_LITTLE: Duration = Duration::from_secs(2);

/// The official clients, by language and line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    PythonV1,
    Python,
    TypescriptV1,
    Typescript,
    Rmcp,
}

/// A connected client.
#[derive(Debug)]
pub struct Client {
    pub server: Value,
    pub protocol: String,
    pub capabilities: Value,
    stdin: tokio::sync::Mutex<ChildStdin>,
    waiting: Waiting,
    said: watch::Receiver<Said>,
    next: AtomicU64,
    _child: Child,
}

type Waiting = Arc<Mutex<HashMap<u64, oneshot::Sender<Value>>>>;

/// What a client says besides its answers.
#[derive(Debug, Default)]
struct Said {
    steps: HashMap<u64, Vec<f64>>,
    updated: HashMap<String, usize>,
}

/// A command that is being carried out.
#[derive(Debug)]
pub struct Pending {
    pub id: u64,
    answer: oneshot::Receiver<Value>,
}

impl Pending {
    /// `{id, result}` or `{id, error}`.
    pub async fn answer(self) -> Value {
        match tokio::time::timeout(PATIENCE, self.answer).await {
            Ok(Ok(answer)) => answer,
            Ok(Err(_)) => gone("the client has ended"),
            Err(_) => gone("the client did not answer"),
        }
    }
}

fn gone(message: &str) -> Value {
    json!({ "error": { "code": null, "message": message, "data": null } })
}

impl Kind {
    pub const ALL: [Self; 5] = [
        Self::PythonV1,
        Self::Python,
        Self::TypescriptV1,
        Self::Typescript,
        Self::Rmcp,
    ];

    /// The v1 lines know nothing of 2026-07-28.
    pub const fn is_legacy_only(self) -> bool {
        matches!(self, Self::PythonV1 | Self::TypescriptV1)
    }

    pub const fn name(self) -> &'static str {
        match self {
            Self::PythonV1 => "python v1",
            Self::Python => "python v2",
            Self::TypescriptV1 => "typescript v1",
            Self::Typescript => "typescript v2",
            Self::Rmcp => "rmcp",
        }
    }

    const fn program(self) -> Program {
        match self {
            Self::PythonV1 => Program::PythonV1("client_v1.py"),
            Self::Python => Program::Python("client.py"),
            Self::TypescriptV1 => Program::Node("client.mjs"),
            Self::Typescript => Program::Node("client_v2.mjs"),
            Self::Rmcp => Program::Binary("rmcp_client"),
        }
    }

    fn arguments<'a>(self, url: &'a str, token: &'a str, era: &'a str) -> Vec<&'a str> {
        match self {
            Self::PythonV1 | Self::TypescriptV1 => vec![url, "--token", token],
            // Told the revision, this one takes it for granted; asked to find out, it discovers.
            Self::Python if era != "legacy" => vec![url, "--token", token, "--era", "auto"],
            Self::Python | Self::Typescript => vec![url, "--token", token, "--era", era],
            Self::Rmcp => vec![url, token, era],
        }
    }
}

impl Client {
    /// The official Python client. `era`: `auto`, `legacy` or `2026-07-28`.
    pub async fn python(url: &str, token: &str, era: &str) -> Self {
        Self::must(Kind::Python, url, token, era).await
    }

    /// The official TypeScript client (v1 line).
    pub async fn typescript(url: &str, token: &str) -> Self {
        Self::must(Kind::TypescriptV1, url, token, "legacy").await
    }

    async fn must(kind: Kind, url: &str, token: &str, era: &str) -> Self {
        Self::connect(kind, url, token, era)
            .await
            .unwrap_or_else(|error| panic!("{}: {error}", kind.name()))
    }

    /// Connects; otherwise says what the client said of it.
    pub async fn connect(kind: Kind, url: &str, token: &str, era: &str) -> Result<Self, Value> {
        Self::start(kind, &kind.arguments(url, token, era)).await
    }

    /// A client that says that it asks its person nothing (`nothing`), or also to open addresses (`urls`); not `rmcp`.
    pub async fn eliciting(
        kind: Kind,
        url: &str,
        token: &str,
        era: &str,
        elicits: &str,
    ) -> Result<Self, Value> {
        let mut arguments = kind.arguments(url, token, era);
        arguments.extend(["--elicits", elicits]);
        Self::start(kind, &arguments).await
    }

    async fn start(kind: Kind, arguments: &[&str]) -> Result<Self, Value> {
        let mut started = kind.program().start(arguments);
        let ready = started.first().await;
        if ready["ready"] != true {
            return Err(ready);
        }
        let waiting = Waiting::default();
        let (saying, said) = watch::channel(Said::default());
        let mut lines = started.lines;
        let answers = Arc::clone(&waiting);
        tokio::spawn(async move {
            while let Ok(Some(line)) = lines.next_line().await {
                hear(&line, &answers, &saying);
            }
            // Whoever still waits learns that nothing will come.
            answers.lock().unwrap().clear();
        });
        Ok(Self {
            server: ready["server"].clone(),
            protocol: ready["protocol"].as_str().unwrap_or_default().to_owned(),
            capabilities: ready["capabilities"].clone(),
            stdin: started.stdin.into(),
            waiting,
            said,
            next: AtomicU64::new(1),
            _child: started.child,
        })
    }

    /// Begins a command.
    pub async fn begin(&self, mut command: Value) -> Pending {
        let id = self.next.fetch_add(1, Ordering::Relaxed);
        let (sender, answer) = oneshot::channel();
        self.waiting.lock().unwrap().insert(id, sender);
        command["id"] = id.into();
        let line = format!("{command}\n");
        // A client that has ended hears nothing, and its answer says so.
        let _ = self.stdin.lock().await.write_all(line.as_bytes()).await;
        Pending { id, answer }
    }

    /// One command, one answer: `{id, result}` or `{id, error}`.
    pub async fn act(&self, command: Value) -> Value {
        self.begin(command).await.answer().await
    }

    pub async fn list(&self) -> Value {
        self.act(json!({ "do": "list" })).await
    }

    pub async fn call(&self, tool: &str, arguments: Value) -> Value {
        self.act(json!({ "do": "call", "name": tool, "arguments": arguments }))
            .await
    }

    /// Begins a call whose steps are told. `patience` in seconds is for clients that notice a broken stream by nothing else.
    pub async fn begin_call(&self, tool: &str, arguments: Value, patience: Option<u64>) -> Pending {
        self.begin(json!({
            "do": "call", "name": tool, "arguments": arguments, "progress": true, "patience": patience,
        }))
        .await
    }

    /// Waits until this command has told so many steps; `false`: they did not come.
    pub async fn steps(&self, command: u64, count: usize) -> bool {
        self.waits(PATIENCE / 4, |said| {
            said.steps
                .get(&command)
                .is_some_and(|heard| heard.len() >= count)
        })
        .await
    }

    /// The steps that this command has told so far.
    pub fn progress(&self, command: u64) -> Vec<f64> {
        let said = self.said.borrow();
        said.steps.get(&command).cloned().unwrap_or_default()
    }

    /// How often the client was told that this resource changed.
    pub fn updates(&self, uri: &str) -> usize {
        self.said.borrow().updated.get(uri).copied().unwrap_or(0)
    }

    /// Waits a little until the client has been told more often than `before` that this resource changed.
    pub async fn is_told(&self, uri: &str, before: usize) -> bool {
        self.waits(A_LITTLE, |said| {
            said.updated.get(uri).is_some_and(|heard| *heard > before)
        })
        .await
    }

    async fn waits(&self, patience: Duration, is_there: impl FnMut(&Said) -> bool) -> bool {
        let mut said = self.said.clone();
        let come = said.wait_for(is_there);
        matches!(tokio::time::timeout(patience, come).await, Ok(Ok(_)))
    }
}

fn hear(line: &str, waiting: &Waiting, saying: &watch::Sender<Said>) {
    let line: Value = serde_json::from_str(line).unwrap_or_default();
    if let Some(uri) = line["updated"].as_str() {
        saying.send_modify(|said| *said.updated.entry(uri.to_owned()).or_default() += 1);
        return;
    }
    let Some(id) = line["id"].as_u64() else {
        return;
    };
    if let Some(step) = line.get("step") {
        let done = step[0].as_f64().unwrap_or(f64::NAN);
        saying.send_modify(|said| said.steps.entry(id).or_default().push(done));
    } else if let Some(answer) = waiting.lock().unwrap().remove(&id) {
        let _ = answer.send(line);
    }
}
