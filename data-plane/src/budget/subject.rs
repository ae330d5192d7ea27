//! Whose budget, and which: names of fixed length, whatever an agent writes into its arguments. PURE.

use ids::{GrantId, OrgId, PolicyId, ServerId};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Whose<'a> {
    Org(OrgId),
    Grant(GrantId),
    /// The person behind the grant.
    User(&'a str),
    Server(ServerId),
    Session(&'a str),
    Tool(ServerId, &'a str),
}

/// The budgets of one counter of one policy, in all its versions.
pub fn limit(policy: PolicyId, counter: &str) -> [u8; 16] {
    digest([policy.uuid().as_bytes(), counter.as_bytes()].into_iter())
}

/// One subject of a limit; `by` are the canonical values that split it further.
pub fn subject(whose: Whose<'_>, by: &[impl AsRef<str>]) -> [u8; 16] {
    let (scope, id, name): (&str, uuid::Uuid, &str) = match whose {
        Whose::Org(org) => ("org", org.uuid(), ""),
        Whose::Grant(grant) => ("grant", grant.uuid(), ""),
        Whose::User(user) => ("user", uuid::Uuid::nil(), user),
        Whose::Server(server) => ("server", server.uuid(), ""),
        Whose::Session(session) => ("session", uuid::Uuid::nil(), session),
        Whose::Tool(server, tool) => ("tool", server.uuid(), tool),
    };
    let fixed = [scope.as_bytes(), id.as_bytes(), name.as_bytes()];
    let by = by.iter().map(|value| value.as_ref().as_bytes());
    digest(fixed.into_iter().chain(by))
}

/// Each part is preceded by its length, so that no two lists of parts give one text.
fn digest<'a>(parts: impl Iterator<Item = &'a [u8]>) -> [u8; 16] {
    let mut text = Vec::new();
    for part in parts {
        text.extend_from_slice(&(part.len() as u64).to_be_bytes());
        text.extend_from_slice(part);
    }
    let mut half = [0; 16];
    let whole = seal::sha256(&text);
    half.copy_from_slice(&whole[..16]);
    half
}

#[cfg(test)]
mod tests;
