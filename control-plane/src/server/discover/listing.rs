//! Pages of `tools/list` → the tools to record. PURE. Tells what was odd; what could be read in two ways is refused.

use super::Bounds;
use super::wire::WireError;
use crate::server::tool::DEEPEST;
use bundle::Transport;
use json::{Limits, Node};
use mcp::{Entry, Page};
use std::collections::HashSet;

const LONGEST_NAME: usize = 256;
const LONGEST_CURSOR: usize = 16 * 1024;
/// So many names are told of each oddity; of the rest their number.
const TOLD: usize = 5;

/// A tool as its server defines it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    pub name: String,
    /// Byte for byte.
    pub definition: String,
    /// SHA-256 of the canonical form.
    pub digest: [u8; 32],
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Listing {
    /// In the server's order; no two of one name.
    pub tools: Vec<Found>,
    /// What was left out and why, in a sentence for people.
    pub odd: Option<String>,
    /// How it was read.
    pub transport: Transport,
}

pub struct Gathering {
    bounds: Bounds,
    tools: Vec<Found>,
    names: HashSet<String>,
    cursors: HashSet<String>,
    pages: usize,
    nameless: usize,
    unusable: Vec<String>,
    repeated: Vec<String>,
}

impl Gathering {
    pub fn new(bounds: Bounds) -> Self {
        Self {
            bounds,
            tools: Vec::new(),
            names: HashSet::new(),
            cursors: HashSet::new(),
            pages: 0,
            nameless: 0,
            unusable: Vec::new(),
            repeated: Vec::new(),
        }
    }

    /// Takes one page; answers the cursor of the next.
    pub fn take(&mut self, text: &[u8]) -> Result<Option<String>, WireError> {
        let document = mcp::reply::parse(text)?;
        if let Some(refusal) = document.refusals.first() {
            return Err(WireError::Unreadable(format!(
                "{} at `{}`",
                refusal.kind,
                short(&refusal.pointer)
            )));
        }
        let page =
            Page::of(&document)?.ok_or(WireError::unreadable("a tool list that is an error"))?;
        self.pages += 1;
        for entry in page.entries() {
            self.enter(&entry, document.text);
        }
        self.nameless += page.len() - page.entries().count();
        if self.tools.len() + self.odd_ones() > self.bounds.tools {
            return Err(WireError::TooMuch(format!(
                "more than {} tools",
                self.bounds.tools
            )));
        }
        let next = document
            .root
            .get("result")
            .and_then(|result| result.get("nextCursor"));
        let Some(next) = next.filter(|next| !next.is_null()) else {
            return Ok(None);
        };
        self.follow(next).map(Some)
    }

    fn enter(&mut self, entry: &Entry<'_>, text: &str) {
        let definition = entry.definition.span.of(text);
        if !is_nameable(entry.name) || !is_shallow(definition) {
            self.unusable.push(short(entry.name));
        } else if self.names.insert(entry.name.to_owned()) {
            self.tools.push(Found {
                name: entry.name.to_owned(),
                definition: definition.to_owned(),
                digest: seal::sha256(json::canonical(entry.definition).as_bytes()),
            });
        } else {
            self.repeated.push(short(entry.name));
        }
    }

    fn odd_ones(&self) -> usize {
        self.nameless + self.unusable.len() + self.repeated.len()
    }

    fn follow(&mut self, next: &Node<'_>) -> Result<String, WireError> {
        let cursor = next
            .as_str()
            .ok_or(WireError::unreadable("a cursor that is no string"))?;
        if cursor.len() > LONGEST_CURSOR {
            return Err(WireError::TooMuch(
                "a cursor of many thousand characters".to_owned(),
            ));
        }
        if !self.cursors.insert(cursor.to_owned()) {
            return Err(WireError::TooMuch("the same page comes again".to_owned()));
        }
        if self.pages >= self.bounds.pages {
            return Err(WireError::TooMuch(format!(
                "more than {} pages",
                self.bounds.pages
            )));
        }
        Ok(cursor.to_owned())
    }

    pub fn finish(self) -> Listing {
        let mut odd = Vec::new();
        if self.nameless > 0 {
            odd.push(format!("left out without a name: {}", self.nameless));
        }
        if !self.unusable.is_empty() {
            odd.push(format!(
                "left out, for their names or depth cannot be used: {}",
                some_of(&self.unusable)
            ));
        }
        if !self.repeated.is_empty() {
            odd.push(format!(
                "listed more than once, the first counts: {}",
                some_of(&self.repeated)
            ));
        }
        Listing {
            tools: self.tools,
            odd: (!odd.is_empty()).then(|| odd.join("; ")),
            transport: Transport::default(),
        }
    }
}

impl Listing {
    /// The sentence is made of the server's words: they pass `cover` before anyone reads them.
    pub(super) fn covered(self, cover: impl Fn(&str) -> Option<String>) -> Self {
        let odd = self
            .odd
            .map(|odd| cover(&odd).unwrap_or_else(|| "some entries were left out".to_owned()));
        Self { odd, ..self }
    }
}

fn is_nameable(name: &str) -> bool {
    (1..=LONGEST_NAME).contains(&name.chars().count()) && !name.chars().any(char::is_control)
}

fn is_shallow(definition: &str) -> bool {
    json::read(
        definition.as_bytes(),
        &Limits {
            bytes: definition.len(),
            depth: DEEPEST,
            values: mcp::reply::MOST_VALUES,
        },
    )
    .is_ok()
}

fn short(text: &str) -> String {
    text.chars()
        .filter(|letter| !letter.is_control())
        .take(64)
        .collect()
}

fn some_of(names: &[String]) -> String {
    let told: Vec<String> = names
        .iter()
        .take(TOLD)
        .map(|name| format!("`{name}`"))
        .collect();
    match names.len().saturating_sub(TOLD) {
        0 => told.join(", "),
        more => format!("{} and {more} more", told.join(", ")),
    }
}
