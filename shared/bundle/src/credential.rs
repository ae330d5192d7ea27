//! An upstream's credential at rest and on its way: the headers it wants, sealed for one organisation and one server.

mod secrets;

pub use secrets::Secrets;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ids::{OrgId, ServerId};
use seal::{CannotOpen, KeyRing, Nonce, Secret};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::collections::BTreeMap;

/// Header names (lower case) and their values.
pub type Headers = BTreeMap<String, Secret>;

/// May a header of this name (lower case) be stored? Not those that shape the connection or the message.
pub fn may_be_stored(name: &str) -> bool {
    const OURS: &[&str] = &[
        "host",
        "connection",
        "upgrade",
        "te",
        "trailer",
        "transfer-encoding",
        "keep-alive",
        "expect",
        "accept",
        "accept-encoding",
        "last-event-id",
    ];
    const OURS_BY_PREFIX: &[&str] = &["content-", "mcp-", "proxy-"];
    !OURS.contains(&name) && !OURS_BY_PREFIX.iter().any(|prefix| name.starts_with(prefix))
}

/// A sealed set of headers. Moved to another organisation or server it cannot be opened.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Sealed(Vec<u8>);

fn bound_to(org: OrgId, server: ServerId) -> Vec<u8> {
    format!("portcullis credential\n{org}\n{server}\n").into_bytes()
}

impl Sealed {
    pub fn from_bytes(bytes: Vec<u8>) -> Self {
        Self(bytes)
    }

    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    pub fn seal(
        headers: &Headers,
        org: OrgId,
        server: ServerId,
        ring: &KeyRing,
        nonce: Nonce,
    ) -> Option<Self> {
        let plain: BTreeMap<&str, &str> = headers
            .iter()
            .map(|(name, value)| (name.as_str(), value.expose()))
            .collect();
        let text = zeroize::Zeroizing::new(serde_json::to_vec(&plain).ok()?);
        ring.seal(nonce, &bound_to(org, server), &text).map(Self)
    }

    pub fn open(
        &self,
        org: OrgId,
        server: ServerId,
        ring: &KeyRing,
    ) -> Result<Headers, CannotOpen> {
        let plain = ring.open(&bound_to(org, server), &self.0)?;
        serde_json::from_slice(&plain).map_err(|_| CannotOpen)
    }
}

impl Serialize for Sealed {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&STANDARD.encode(&self.0))
    }
}

impl<'de> Deserialize<'de> for Sealed {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        STANDARD
            .decode(text)
            .map(Self)
            .map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests;
