//! What passed in tool lists, per server: enough of each tool to judge a call of it, bounded.

use super::class;
use bundle::Hints;
use catalog::Trust;
use ids::ServerId;
use json::Node;
use mcp::{Entry, ParamHeader};
use policy::CompiledSchema;
use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};
use std::sync::{Arc, OnceLock, PoisonError, RwLock};
use std::time::Duration;
use tokio::sync::{Mutex, MutexGuard};
use tokio::time::Instant;

/// More tools than this no server has here, and no more servers are remembered; what is forgotten is met again.
const MOST_TOOLS: usize = 5_000;
const MOST_SERVERS: usize = 10_000;
/// A longer schema is not kept, and arguments cannot be held against it; nor can they once a server's schemas weigh this
/// much together: what a server says here must not fill the memory of all.
const LONGEST_SCHEMA: usize = 64 * 1024;
const MOST_SCHEMA_BYTES: usize = 4 << 20;
const LONGEST_NAME: usize = 1_024;
/// How often a list is read of our own accord.
const PAUSE: Duration = Duration::from_mins(1);

#[derive(Debug)]
pub struct Met {
    /// Of the text as it stood: the same text need not be looked at again.
    mark: u64,
    /// SHA-256 of the definition's canonical form, as the control plane records it.
    pub digest: String,
    /// The digest that was recorded of the tool when it was seen; none where it was not recorded.
    pub beside: Option<Box<str>>,
    /// What the definition says, where that is not what the recorded one says.
    pub category: Option<policy::Category>,
    pub hints: Hints,
    pub params: Vec<ParamHeader>,
    schema_text: Option<Box<str>>,
    schema: OnceLock<Option<CompiledSchema>>,
}

impl Met {
    fn of(
        entry: &Entry<'_>,
        text: &str,
        mark: u64,
        room: usize,
        (trust, recorded): (Trust, Option<&bundle::Tool>),
    ) -> Self {
        let definition = entry.definition;
        let schema = definition.get("inputSchema");
        let digest = seal::to_hex(&seal::sha256(json::canonical(definition).as_bytes()));
        let hint = |key: &str| definition.get("annotations")?.get(key)?.as_bool();
        Self {
            mark,
            beside: recorded.map(|tool| tool.digest.as_str().into()),
            category: class::of(entry, trust, recorded, &digest),
            digest,
            hints: Hints {
                read_only_hint: hint("readOnlyHint"),
                destructive_hint: hint("destructiveHint"),
                idempotent_hint: hint("idempotentHint"),
                open_world_hint: hint("openWorldHint"),
            },
            params: schema.map(mcp::param_headers).unwrap_or_default(),
            schema_text: schema
                .map(|schema: &Node<'_>| schema.span.of(text))
                .filter(|schema| schema.len() <= LONGEST_SCHEMA.min(room))
                .map(Into::into),
            schema: OnceLock::new(),
        }
    }

    fn weight(&self) -> usize {
        self.schema_text.as_ref().map_or(0, |schema| schema.len())
    }

    /// Compiled when first asked for: most never are.
    pub fn schema(&self) -> Option<&CompiledSchema> {
        self.schema
            .get_or_init(|| CompiledSchema::compile(self.schema_text.as_deref()?).ok())
            .as_ref()
    }
}

#[derive(Debug, Default)]
struct Tools {
    named: HashMap<String, Arc<Met>>,
    /// All kept schemas together.
    weight: usize,
}

#[derive(Debug, Default)]
struct Server {
    tools: RwLock<Tools>,
    /// Held while the list is being read, so that of many callers one reads and the others wait for it.
    last_read: Mutex<Option<Instant>>,
    /// When a reading last ended, for those who only ask whether it is time.
    read_at: RwLock<Option<Instant>>,
}

#[derive(Debug, Default)]
pub struct Seen {
    servers: RwLock<HashMap<ServerId, Arc<Server>>>,
    marks: RandomState,
}

impl Seen {
    pub fn tool(&self, server: ServerId, name: &str) -> Option<Arc<Met>> {
        let server = self.known(server)?;
        let tools = server.tools.read().unwrap_or_else(PoisonError::into_inner);
        tools.named.get(name).cloned()
    }

    /// Remembers the tools of a page. `text` is the page's own; `recorded` tells what the bundle holds of each.
    pub fn note<'e, 'r>(
        &self,
        server: ServerId,
        text: &str,
        entries: impl Iterator<Item = Entry<'e>>,
        trust: Trust,
        recorded: impl Fn(&str) -> Option<&'r bundle::Tool>,
    ) {
        let server = self.server(server);
        for entry in entries {
            let recorded = recorded(entry.name);
            let mark = self.marks.hash_one((
                entry.definition.span.of(text),
                recorded.map(|tool| (&tool.digest, tool.category.word(), tool.is_read)),
                trust == Trust::Trusted,
            ));
            let room = {
                let tools = server.tools.read().unwrap_or_else(PoisonError::into_inner);
                let known = tools.named.get(entry.name);
                if known.is_some_and(|met| met.mark == mark) {
                    continue;
                }
                let replaced = known.map_or(0, |met| met.weight());
                (MOST_SCHEMA_BYTES + replaced).saturating_sub(tools.weight)
            };
            if entry.name.len() > LONGEST_NAME {
                continue;
            }
            let met = Arc::new(Met::of(&entry, text, mark, room, (trust, recorded)));
            let mut tools = server.tools.write().unwrap_or_else(PoisonError::into_inner);
            if tools.named.len() < MOST_TOOLS || tools.named.contains_key(entry.name) {
                tools.weight += met.weight();
                let replaced = tools.named.insert(entry.name.to_owned(), met);
                tools.weight -= replaced.map_or(0, |met| met.weight());
            }
        }
    }

    /// Runs `read` if the list has not been read for a minute; whoever comes meanwhile waits for it.
    pub async fn once_a_minute<F: Future<Output = ()>>(
        &self,
        server: ServerId,
        read: impl FnOnce() -> F,
    ) {
        let server = self.server(server);
        let mut last: MutexGuard<'_, Option<Instant>> = server.last_read.lock().await;
        if last.is_none_or(|last| last.elapsed() >= PAUSE) {
            // Before reading: a reader that is dropped half way has used its turn.
            *last = Some(Instant::now());
            read().await;
            let mut read_at = server
                .read_at
                .write()
                .unwrap_or_else(PoisonError::into_inner);
            *read_at = Some(Instant::now());
        }
    }

    /// Whether no reading of the list has ended within the last minute.
    pub fn is_due(&self, server: ServerId) -> bool {
        let Some(server) = self.known(server) else {
            return true;
        };
        let read_at = server
            .read_at
            .read()
            .unwrap_or_else(PoisonError::into_inner);
        read_at.is_none_or(|at| at.elapsed() >= PAUSE)
    }

    fn known(&self, id: ServerId) -> Option<Arc<Server>> {
        let servers = self.servers.read().unwrap_or_else(PoisonError::into_inner);
        servers.get(&id).cloned()
    }

    fn server(&self, id: ServerId) -> Arc<Server> {
        if let Some(known) = self.known(id) {
            return known;
        }
        let mut servers = self.servers.write().unwrap_or_else(PoisonError::into_inner);
        if servers.len() >= MOST_SERVERS
            && let Some(any) = servers.keys().next().copied()
        {
            servers.remove(&any);
        }
        Arc::clone(servers.entry(id).or_default())
    }
}

#[cfg(test)]
mod tests;
