//! Who reaches which server, under which compiled policy; and what that says of a tool. PURE.

use super::store::{ToolRow, WayRow};
use super::{Entry, MOST_WAYS, Way};
use ids::{PolicyId, ServerId};
use policy::Policy;
use std::collections::HashMap;

const NO_POLICY: &str = "(no policy)";

/// What is known so far: as the stretches of tools come to other servers, it grows.
#[derive(Debug, Default)]
pub struct Reach {
    ways: HashMap<ServerId, Vec<WayRow>>,
    policies: HashMap<(PolicyId, i32), Policy>,
}

impl Reach {
    pub fn knows(&self, server: ServerId) -> bool {
        self.ways.contains_key(&server)
    }

    pub fn learn(&mut self, server: ServerId) {
        self.ways.entry(server).or_default();
    }

    /// Adds a way; answers the version whose document is still to come.
    pub fn add(&mut self, way: WayRow) -> Option<(PolicyId, i32)> {
        let version = way.policy.zip(way.number);
        self.ways.entry(way.server).or_default().push(way);
        version.filter(|version| !self.policies.contains_key(version))
    }

    pub fn compiled(&mut self, version: (PolicyId, i32), policy: Policy) {
        self.policies.insert(version, policy);
    }

    pub fn entry(&self, row: ToolRow) -> Entry {
        let rows = self.ways.get(&row.server).map_or(&[][..], Vec::as_slice);
        let mut covered = false;
        let mut ways = Vec::new();
        let mut grants = 0;
        for found in rows {
            let count = u64::try_from(found.grants).unwrap_or(0);
            grants += count;
            let (way, is_said) = self.way(found, &row, count);
            covered |= is_said;
            if ways.len() < MOST_WAYS {
                ways.push(way);
            }
        }
        let more_ways = u64::try_from(rows.len() - ways.len()).unwrap_or(0);
        Entry {
            server: row.server,
            server_slug: row.server_slug,
            tool: row.tool,
            category: row.category,
            source: row.source,
            severity: row.severity,
            signals: row.signals,
            is_changed: row.is_changed,
            is_blocked: row.is_blocked,
            covered,
            grants,
            ways,
            more_ways,
        }
    }

    fn way(&self, found: &WayRow, row: &ToolRow, grants: u64) -> (Way, bool) {
        let policy = found
            .policy
            .zip(found.number)
            .and_then(|version| self.policies.get(&version));
        let standing = policy.map(|policy| policy.standing(&row.tool, row.category));
        let way = Way {
            policy: found.policy,
            policy_slug: found.policy_slug.clone(),
            version: found.number.and_then(|number| u32::try_from(number).ok()),
            rule: standing
                .map_or(NO_POLICY, |standing| standing.rule)
                .to_owned(),
            action: standing
                .map_or("deny", |standing| standing.action.word())
                .to_owned(),
            shadow: standing.is_some_and(|standing| standing.is_shadow),
            conditional: standing.is_some_and(|standing| standing.is_conditional),
            grants,
            names: found.names.clone(),
        };
        (way, standing.is_some_and(|standing| standing.is_said))
    }
}
