//! One client with one server: its door, and how each feature is seen. Ours and server-everything have other tools for the
//! same thing. What breaks is in `row/broken.rs`.

mod broken;

use super::Upstream;
use super::table::{self, Era, Feature, Peer};
use serde_json::{Value, json};
use std::sync::Arc;
use testbed::{Client, Door, Kind, Pending};
use tokio::sync::Mutex;

pub struct Row {
    pub index: usize,
    pub door: Door,
    way: &'static str,
    meets: (Kind, Peer, Era),
    client: Client,
    upstream: Arc<Upstream>,
    /// What this row subscribes to; nobody else does.
    uri: String,
    held: Mutex<Option<(String, Pending)>>,
}

/// What is gone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Gone {
    Nothing,
    /// The one at this place behind the door.
    Replica(usize),
    /// Every connection.
    Everything,
}

/// How a feature showed itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shown {
    Whole,
    /// The call that broke ended in an error, and the next one was answered.
    Told,
}

pub type Seen = Result<Shown, String>;

/// How often a resource changes before nobody hears of it.
const TRIES: usize = 20;

fn text(answer: &Value) -> String {
    let content = answer["result"]["content"].as_array();
    let texts = content.into_iter().flatten();
    texts
        .filter_map(|content| content["text"].as_str())
        .collect::<Vec<_>>()
        .join("\n")
}

fn is(holds: bool, what: impl std::fmt::Display) -> Seen {
    if holds {
        Ok(Shown::Whole)
    } else {
        Err(what.to_string())
    }
}

impl Row {
    /// Connects through a door of its own.
    pub async fn meet(
        way: &'static str,
        index: usize,
        meets: (Kind, Peer, Era),
        upstream: Arc<Upstream>,
        ports: &[u16],
        path: &str,
    ) -> Result<Self, String> {
        let (kind, peer, era) = meets;
        let door = Door::before(ports).await;
        let url = format!("{}{path}", door.url());
        let client = Client::connect(kind, &url, &upstream.token, era.name())
            .await
            .map_err(|error| error.to_string())?;
        let uri = match peer {
            // This one tells each session of what it subscribed to, whoever else did.
            Peer::Everything => "demo://resource/dynamic/text/1".to_owned(),
            Peer::Fastmcp | Peer::Rmcp => format!("memo://{way}-{index}"),
        };
        Ok(Self {
            index,
            door,
            way,
            meets,
            client,
            upstream,
            uri,
            held: Mutex::default(),
        })
    }

    pub fn name(&self) -> String {
        let (client, peer, era) = self.meets;
        format!("{} with {}, {}", client.name(), peer.slug(), era.name())
    }

    pub fn lacks(&self, feature: Feature) -> Option<&'static str> {
        table::lacks(self.meets.1, feature)
    }

    const fn is_everything(&self) -> bool {
        matches!(self.meets.1, Peer::Everything)
    }

    const fn is_modern(&self) -> bool {
        matches!(self.meets.2, Era::Modern)
    }

    pub fn is_what_it_should(&self) -> Seen {
        let (_, peer, era) = self.meets;
        let (server, protocol) = (&self.client.server["name"], &self.client.protocol);
        is(
            server == peer.name() && protocol == era.revision(),
            format_args!("{server} speaks {protocol}"),
        )
    }

    pub async fn shows(&self, feature: Feature, gone: Gone) -> Seen {
        match feature {
            Feature::Connect => self.is_what_it_should(),
            Feature::List => self.lists().await,
            Feature::Call => self.calls().await,
            Feature::Progress => self.reports_progress().await,
            Feature::Elicitation => self.elicits().await,
            Feature::Sampling => self.samples().await,
            Feature::Resources => self.reads().await,
            Feature::Subscription => self.subscribes().await,
            Feature::Prompts => self.prompts().await,
            Feature::Cancellation => self.cancels().await,
            Feature::Replica | Feature::OtherReplica | Feature::Restart | Feature::Broken => {
                self.goes_on(gone).await
            }
            Feature::NewsAfterwards => {
                let tries = self.lacks(feature).map_or(TRIES, |_| 2);
                self.is_told_afterwards(tries).await
            }
        }
    }

    async fn lists(&self) -> Seen {
        let answer = self.client.list().await;
        let tools = answer["result"]["tools"].as_array();
        let names: Vec<&str> = tools
            .into_iter()
            .flatten()
            .filter_map(|tool| tool["name"].as_str())
            .collect();
        is(
            names.len() >= 7 && names.contains(&"echo"),
            format_args!("{names:?}: {answer}"),
        )
    }

    async fn calls(&self) -> Seen {
        let (arguments, expected) = if self.is_everything() {
            (json!({ "message": "hällo" }), "Echo: hällo")
        } else {
            (json!({ "text": "hällo" }), "hällo")
        };
        let answer = self.client.call("echo", arguments).await;
        is(text(&answer) == expected, answer)
    }

    /// A call that reports two steps and, but for server-everything's, waits in between until it is released.
    async fn begin(&self, key: &str, patience: Option<u64>) -> Pending {
        let (tool, arguments) = if self.is_everything() {
            let arguments = json!({ "duration": 1, "steps": 4 });
            ("trigger-long-running-operation", arguments)
        } else {
            ("hold", json!({ "key": key }))
        };
        self.client.begin_call(tool, arguments, patience).await
    }

    /// Lets it go on, by a call beside it.
    async fn release(&self, key: &str) -> Seen {
        if self.is_everything() {
            return Ok(Shown::Whole);
        }
        let answer = self.client.call("release", json!({ "key": key })).await;
        is(text(&answer).starts_with("released"), answer)
    }

    fn has_ended(&self, key: &str, answer: &Value) -> Seen {
        let expected = if self.is_everything() {
            "Long running operation completed. Duration: 1 seconds, Steps: 4.".to_owned()
        } else {
            format!("held {key}")
        };
        is(text(answer) == expected, answer)
    }

    async fn reports_progress(&self) -> Seen {
        let key = format!("{} {} progress", self.way, self.index);
        let pending = self.begin(&key, None).await;
        is(
            self.client.steps(pending.id, 1).await,
            "no step while the call went on",
        )?;
        self.release(&key).await?;
        let id = pending.id;
        self.has_ended(&key, &pending.answer().await)?;
        let expected: &[f64] = if self.is_everything() {
            &[1.0, 2.0, 3.0, 4.0]
        } else {
            &[1.0, 2.0]
        };
        // A client may tell of a step after the answer that came behind it (`rmcp` hears each in a task of its own).
        self.client.steps(id, expected.len()).await;
        let steps = self.client.progress(id);
        is(steps == expected, format_args!("steps {steps:?}"))
    }

    async fn elicits(&self) -> Seen {
        let tool = if self.is_everything() {
            "trigger-elicitation-request"
        } else {
            "ask"
        };
        let answer = self.client.call(tool, json!({})).await;
        let said = text(&answer);
        is(said.contains("accept") && said.contains("Ada"), answer)
    }

    async fn samples(&self) -> Seen {
        let tool = if self.is_everything() {
            "trigger-sampling-request"
        } else {
            "sample"
        };
        let answer = self
            .client
            .call(tool, json!({ "prompt": "say something" }))
            .await;
        is(
            text(&answer).contains("sampled by the test's client"),
            answer,
        )
    }

    async fn reads(&self) -> Seen {
        let answer = self.client.act(json!({ "do": "resources" })).await;
        let listed = answer["result"]["resources"]
            .as_array()
            .is_some_and(|listed| !listed.is_empty());
        is(listed, &answer)?;
        let (uri, expected) = if self.is_everything() {
            ("demo://resource/dynamic/text/1", "Resource 1")
        } else {
            ("memo://one", "memo one")
        };
        let answer = self.client.act(json!({ "do": "read", "uri": uri })).await;
        let read = answer["result"]["contents"][0]["text"].as_str();
        is(read.is_some_and(|read| read.contains(expected)), &answer)
    }

    async fn subscribes(&self) -> Seen {
        let answer = self
            .client
            .act(json!({ "do": "subscribe", "uri": self.uri }))
            .await;
        is(answer.get("result").is_some(), &answer)?;
        self.is_told(TRIES).await
    }

    /// The resource is made to change, until the client hears of it: what changes while its stream is being opened anew is
    /// told to nobody.
    async fn is_told(&self, tries: usize) -> Seen {
        let before = self.client.updates(&self.uri);
        let tool = if self.is_everything() {
            "toggle-subscriber-updates"
        } else {
            "touch"
        };
        for _ in 0..tries {
            let answer = self.client.call(tool, json!({ "uri": self.uri })).await;
            is(answer.get("result").is_some(), &answer)?;
            if self.client.is_told(&self.uri, before).await {
                return Ok(Shown::Whole);
            }
        }
        Err("the client was not told".to_owned())
    }

    async fn prompts(&self) -> Seen {
        let answer = self.client.act(json!({ "do": "prompts" })).await;
        let (name, argument) = if self.is_everything() {
            ("args-prompt", "city")
        } else {
            ("greet", "name")
        };
        let listed = answer["result"]["prompts"].as_array();
        let has_it = listed.is_some_and(|all| all.iter().any(|prompt| prompt["name"] == name));
        is(has_it, &answer)?;
        let get = json!({ "do": "prompt", "name": name, "arguments": { argument: "Malmö" } });
        let answer = self.client.act(get).await;
        let said = answer["result"]["messages"][0]["content"]["text"].as_str();
        is(said.is_some_and(|said| said.contains("Malmö")), &answer)
    }

    async fn cancels(&self) -> Seen {
        let server = &self.upstream.server;
        let key = format!("{} {} cancelled", self.way, self.index);
        // server-everything does not say which of its calls was given up: one at a time, then.
        let _alone = self.upstream.cancelling.lock().await;
        let before = server.said("stopped").len();
        let pending = self.begin(&key, None).await;
        is(
            self.client.steps(pending.id, 1).await,
            "the call did not begin",
        )?;
        let given_up = json!({ "do": "cancel", "call": pending.id });
        let (cancelled, answer) = tokio::join!(self.client.act(given_up), pending.answer());
        is(cancelled.get("result").is_some(), &cancelled)?;
        is(answer.get("error").is_some(), &answer)?;
        let told = server.says("stopped", |stopped| {
            if self.is_everything() {
                stopped.len() > before
            } else {
                stopped.iter().any(|stopped| stopped == &key)
            }
        });
        is(told.await, "the server was not told")?;
        self.calls().await
    }
}
