//! Which questions a server has asked on which session: only an answer to one of them goes upstream.
//!
//! Held by this replica: an answer that reaches another one is refused there. What is held is bounded for each organisation
//! by itself, the oldest giving way, so that the servers of one cannot push out the questions of another.

use ids::OrgId;
use std::collections::{HashMap, VecDeque};
use std::sync::{Mutex, PoisonError};

/// Of one organisation, with questions open.
const MOST_SESSIONS: usize = 1_024;
const MOST_QUESTIONS: usize = 64;
/// A longer id is nothing to remember; its question does not pass.
const LONGEST_ID: usize = 256;

/// Organisation, server, grant and session in one digest.
pub type SessionKey = [u8; 32];

/// Entries are removed when their last question is answered.
#[derive(Debug, Default)]
pub struct Asked {
    orgs: Mutex<HashMap<OrgId, Sessions>>,
}

#[derive(Debug, Default)]
struct Sessions {
    open: HashMap<SessionKey, Questions>,
    turn: u64,
}

#[derive(Debug, Default)]
struct Questions {
    ids: VecDeque<String>,
    last: u64,
}

impl Asked {
    /// Notes a question on its way to the client. `false`: it cannot be remembered, so it must not pass.
    pub fn note(&self, org: OrgId, key: SessionKey, id: &str) -> bool {
        if id.len() > LONGEST_ID {
            return false;
        }
        let mut orgs = self.orgs.lock().unwrap_or_else(PoisonError::into_inner);
        let sessions = orgs.entry(org).or_default();
        sessions.turn += 1;
        if sessions.open.len() >= MOST_SESSIONS
            && !sessions.open.contains_key(&key)
            && let Some(oldest) = sessions
                .open
                .iter()
                .min_by_key(|(_, asked)| asked.last)
                .map(|(key, _)| *key)
        {
            sessions.open.remove(&oldest);
        }
        let asked = sessions.open.entry(key).or_default();
        asked.last = sessions.turn;
        if asked.ids.len() >= MOST_QUESTIONS {
            asked.ids.pop_front();
        }
        asked.ids.push_back(id.to_owned());
        true
    }

    /// Takes the question that this answers; `false` where there is none.
    pub fn take(&self, org: OrgId, key: &SessionKey, id: &str) -> bool {
        let mut orgs = self.orgs.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(sessions) = orgs.get_mut(&org) else {
            return false;
        };
        let Some(asked) = sessions.open.get_mut(key) else {
            return false;
        };
        let Some(index) = asked.ids.iter().position(|known| mcp::same_id(known, id)) else {
            return false;
        };
        asked.ids.remove(index);
        if asked.ids.is_empty() {
            sessions.open.remove(key);
        }
        if sessions.open.is_empty() {
            orgs.remove(&org);
        }
        true
    }
}

#[cfg(test)]
mod tests;
