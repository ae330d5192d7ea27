//! Who has which slots, and which slot a key is in.

use crate::budget::line::Line;
use redis::{Client, ConnectionAddr, Value};
use std::collections::HashMap;
use std::sync::Arc;
use tokio_util::task::AbortOnDropHandle;

pub const SLOTS: u16 = 16_384;

#[derive(Default, Clone)]
pub struct Map {
    /// INVARIANT: ascending, and no two overlap.
    ranges: Vec<Range>,
    /// By host and port; also those that have no slot.
    pub nodes: HashMap<(String, u16), Arc<Node>>,
}

#[derive(Clone)]
struct Range {
    first: u16,
    last: u16,
    node: Arc<Node>,
}

pub struct Node {
    pub client: Client,
    pub line: Arc<Line>,
    _keeper: AbortOnDropHandle<()>,
}

/// Some slots, and where they are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Owned {
    pub first: u16,
    pub last: u16,
    pub host: String,
    pub port: u16,
}

impl Node {
    pub fn new(client: Client, line: Arc<Line>, keeper: AbortOnDropHandle<()>) -> Self {
        Self {
            client,
            line,
            _keeper: keeper,
        }
    }
}

impl Map {
    pub fn owner_of(&self, slot: u16) -> Option<Arc<Node>> {
        let after = self.ranges.partition_point(|range| range.first <= slot);
        let range = self.ranges.get(after.checked_sub(1)?)?;
        (slot <= range.last).then(|| range.node.clone())
    }

    /// Slots that somebody has already stay with them.
    pub fn own(&mut self, first: u16, last: u16, node: Arc<Node>) {
        let at = self.ranges.partition_point(|range| range.first < first);
        let before = at.checked_sub(1).and_then(|at| self.ranges.get(at));
        let is_free = before.is_none_or(|range| range.last < first)
            && self.ranges.get(at).is_none_or(|range| last < range.first);
        if is_free && first <= last {
            self.ranges.insert(at, Range { first, last, node });
        }
    }

    /// Every slot is somebody's who can be asked.
    pub fn is_open(&self) -> bool {
        let mut covered = 0;
        for range in &self.ranges {
            if range.first != covered || !*range.node.line.is_open().borrow() {
                return false;
            }
            covered = range.last.saturating_add(1);
        }
        covered == SLOTS
    }
}

/// What `CLUSTER SLOTS` says. A node without a name is the one that was asked; of one whose address nobody
/// knows, nothing is said.
pub fn read(told: &Value, asked: &ConnectionAddr) -> Vec<Owned> {
    let Value::Array(ranges) = told else {
        return Vec::new();
    };
    ranges
        .iter()
        .filter_map(|range| owned(range, asked))
        .collect()
}

fn owned(range: &Value, asked: &ConnectionAddr) -> Option<Owned> {
    let Value::Array(parts) = range else {
        return None;
    };
    let [
        Value::Int(first),
        Value::Int(last),
        Value::Array(primary),
        ..,
    ] = parts.as_slice()
    else {
        return None;
    };
    let [host, Value::Int(port), ..] = primary.as_slice() else {
        return None;
    };
    let host = match (host, asked) {
        (Value::BulkString(host), _) if !host.is_empty() && host != b"?" => {
            String::from_utf8(host.clone()).ok()?
        }
        (
            Value::BulkString(host),
            ConnectionAddr::Tcp(own, _) | ConnectionAddr::TcpTls { host: own, .. },
        ) if host.is_empty() => own.clone(),
        (Value::Nil, ConnectionAddr::Tcp(own, _) | ConnectionAddr::TcpTls { host: own, .. }) => {
            own.clone()
        }
        _ => return None,
    };
    Some(Owned {
        first: u16::try_from(*first).ok()?,
        last: u16::try_from(*last).ok().filter(|last| *last < SLOTS)?,
        host,
        port: u16::try_from(*port).ok()?,
    })
}

/// CRC-16 (XMODEM) of what stands in the first braces, or of the whole key.
pub fn slot_of(key: &str) -> u16 {
    let tag = key
        .split_once('{')
        .and_then(|(_, rest)| rest.split_once('}'))
        .map(|(tag, _)| tag)
        .filter(|tag| !tag.is_empty())
        .unwrap_or(key);
    crc16(tag.as_bytes()) % SLOTS
}

fn crc16(bytes: &[u8]) -> u16 {
    bytes.iter().fold(0, |crc, byte| {
        (0..8).fold(crc ^ (u16::from(*byte) << 8), |crc, _| {
            let shifted = crc << 1;
            if crc & 0x8000 == 0 {
                shifted
            } else {
                shifted ^ 0x1021
            }
        })
    })
}

#[cfg(test)]
mod tests;
