//! What was taken back, told beside the feed: through Redis, where it can only take away.
//!
//! Each carries the version of its organisation that it came with. Whoever holds that version, or a newer one, goes by
//! the bundle, which knows better; whoever holds an older one does without what was taken back. So nothing has to be
//! taken out again when a switch is lifted, and a Redis that lies can refuse, and never permit.

use ids::{GrantId, OrgId, ServerId};
use uuid::Uuid;

/// What an organisation does without.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Taken {
    /// Everything: its kill switch, or itself.
    Org,
    Grant(GrantId),
    Server(ServerId),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Revocation {
    pub org: OrgId,
    pub what: Taken,
    pub version: u64,
}

/// Of all organisations, in the order of telling: a stream, read by every replica.
pub const NEWS: &str = "rev:{news}";
/// More than this are not kept there.
pub const MOST_NEWS: usize = 100_000;
/// The fields of an entry.
pub const ENTRY: [&str; 3] = ["org", "what", "version"];
/// For how long it is told. A gateway that has heard nothing for longer goes by its bundle.
pub const TOLD_FOR_S: u64 = 31 * 86_400;

/// The hash of what was taken back from one organisation: [`Taken::field`] to version. Its braces keep it beside the
/// budgets of the organisation.
pub fn key(org: OrgId) -> String {
    format!("rev:{{{}}}", org.uuid())
}

impl Taken {
    /// Only UUIDs enter it.
    pub fn field(self) -> String {
        match self {
            Self::Org => "kill".to_owned(),
            Self::Grant(grant) => format!("g:{}", grant.uuid()),
            Self::Server(server) => format!("srv:{}", server.uuid()),
        }
    }

    pub fn parse(field: &str) -> Option<Self> {
        let id = |text: &str| Uuid::parse_str(text).ok();
        match field.split_once(':') {
            None => (field == "kill").then_some(Self::Org),
            Some(("g", text)) => id(text).map(GrantId::from_uuid).map(Self::Grant),
            Some(("srv", text)) => id(text).map(ServerId::from_uuid).map(Self::Server),
            Some(_) => None,
        }
    }
}

impl Revocation {
    /// The values of [`ENTRY`].
    pub fn entry(&self) -> [String; 3] {
        [
            self.org.uuid().to_string(),
            self.what.field(),
            self.version.to_string(),
        ]
    }

    /// Something that this program has no word for takes the whole organisation: until its bundle says better.
    pub fn read([org, what, version]: [&str; 3]) -> Option<Self> {
        Some(Self {
            org: OrgId::from_uuid(Uuid::parse_str(org).ok()?),
            what: Taken::parse(what).unwrap_or(Taken::Org),
            version: version.parse().ok()?,
        })
    }
}

#[cfg(test)]
mod tests;
