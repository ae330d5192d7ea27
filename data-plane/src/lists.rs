//! The tools a replica has met: what passed in `tools/list` besides what the bundle records, and the reading of a list
//! of our own accord.
//!
//! Here: what is known of a tool. Not here: whether it may be seen or called (`gate`).

mod class;
mod reread;
mod seen;

pub use reread::read_again;
pub use seen::{Met, Seen};

use crate::caller::Caller;
use bundle::Pinning;
use catalog::Trust;
use mcp::Entry;
use policy::{Category, CompiledSchema, Hints};
use std::sync::Arc;

/// A tool as this replica knows it, from the bundle or by its own eyes.
#[derive(Debug)]
pub struct Tool<'a> {
    caller: &'a Caller,
    name: &'a str,
    recorded: Option<&'a bundle::Tool>,
    met: Option<Arc<Met>>,
}

impl<'a> Tool<'a> {
    pub fn of(caller: &'a Caller, seen: &Seen, name: &'a str) -> Self {
        let server = caller.server().id;
        let recorded = caller.org.tool(server, name);
        let beside = recorded.map(|tool| tool.digest.as_str());
        Self {
            caller,
            name,
            recorded,
            // What is recorded since then is newer than what was seen.
            met: seen
                .tool(server, name)
                .filter(|met| met.beside.as_deref() == beside),
        }
    }

    pub const fn is_known(&self) -> bool {
        self.recorded.is_some() || self.met.is_some()
    }

    /// New or changed since the review, on a server that blocks such tools.
    pub fn is_changed(&self) -> bool {
        self.caller.server().pinning == Pinning::Block && self.differs()
    }

    /// The same, on a server that only warns of them.
    pub fn is_marked(&self) -> bool {
        self.caller.server().pinning == Pinning::Warn && self.differs()
    }

    fn differs(&self) -> bool {
        let Some(recorded) = self.recorded else {
            return true;
        };
        recorded.is_changed
            || self
                .met
                .as_ref()
                .is_some_and(|met| met.digest != recorded.digest)
    }

    /// SHA-256 of its definition, in hexadecimal digits: as it was last seen here, else as it is recorded.
    pub fn definition(&self) -> Option<&str> {
        match (&self.met, self.recorded) {
            (Some(met), _) => Some(&met.digest),
            (None, Some(tool)) => Some(&tool.digest),
            (None, None) => None,
        }
    }

    /// What people said of a tool they said of whatever it becomes; what was only read from its definition is read again
    /// from the one that was met.
    pub fn category(&self) -> Category {
        let met = || self.met.as_ref().and_then(|met| met.category);
        match self.recorded {
            Some(tool) if tool.is_read => met().unwrap_or(tool.category),
            Some(tool) => tool.category,
            None => met().unwrap_or(Category::Unknown),
        }
    }

    pub fn hints(&self) -> Hints {
        let hints = match (self.recorded, &self.met) {
            (Some(tool), _) => tool.hints,
            (None, Some(met)) => met.hints,
            (None, None) => bundle::Hints::default(),
        };
        Hints {
            read_only: hints.read_only_hint,
            destructive: hints.destructive_hint,
            idempotent: hints.idempotent_hint,
            open_world: hints.open_world_hint,
        }
    }

    /// The recorded schema; of a tool that only a replica has met, the one it came with.
    pub fn schema(&self) -> Option<&CompiledSchema> {
        match self.recorded {
            Some(_) => self.caller.org.schema(self.caller.server().id, self.name),
            None => self.met.as_ref().and_then(|met| met.schema()),
        }
    }

    /// Arguments that the tool wants repeated in headers: as it was last seen here, else as it is recorded.
    pub fn param_headers(&self) -> &[mcp::ParamHeader] {
        match (&self.met, self.recorded) {
            (Some(met), _) => &met.params,
            (None, Some(tool)) => &tool.param_headers,
            (None, None) => &[],
        }
    }
}

/// Remembers the tools of a page that passed. `text` is the page's own.
pub fn note<'e>(
    seen: &Seen,
    caller: &Caller,
    text: &str,
    entries: impl Iterator<Item = Entry<'e>>,
) {
    let server = caller.server();
    let trust = if server.is_trusted {
        Trust::Trusted
    } else {
        Trust::Untrusted
    };
    let recorded = |name: &str| caller.org.tool(server.id, name);
    seen.note(server.id, text, entries, trust, recorded);
}

/// Whether a call must not be judged before the list was read once more: where definitions are pinned, nothing older than
/// a minute tells what they are.
pub fn must_be_read(seen: &Seen, caller: &Caller) -> bool {
    let server = caller.server();
    server.pinning == Pinning::Block && seen.is_due(server.id)
}
