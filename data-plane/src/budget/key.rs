//! The names in Redis. Only UUIDs and hexadecimal digits enter them, so nothing an agent says can move a
//! key, and the organisation in braces keeps all keys of a call in one slot of a cluster. PURE.

use super::charge::Key;
use ids::{CallId, OrgId};

impl Key {
    pub fn ring(&self) -> String {
        self.named("rl")
    }

    pub fn lease(&self) -> String {
        self.named("cc")
    }

    fn named(&self, kind: &str) -> String {
        let limit = uuid::Uuid::from_bytes(self.limit);
        let subject = seal::to_hex(&self.subject);
        format!("{kind}:{{{}}}:{limit}:{subject}", self.org.uuid())
    }
}

pub(super) fn epoch(org: OrgId) -> String {
    format!("ep:{{{}}}", org.uuid())
}

/// Who has its budgets counted from the records, or compared with them.
pub(super) fn lead(org: OrgId, what: &str) -> String {
    format!("{}:{what}", epoch(org))
}

/// Of all organisations: since when this Redis knows anything, and who is behind with records.
pub(super) const MUSTER: [&str; 2] = ["ep:{all}", "ep:{all}:behind"];

pub(super) fn refunded(org: OrgId, call: CallId) -> String {
    format!("rf:{{{}}}:{}", org.uuid(), call.uuid())
}
