//! The signed statement that names a bundle: which organisation, which version, which bytes.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ids::OrgId;
use seal::{SigningKey, VerifyingKey};
use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Statement {
    pub org: OrgId,
    pub version: u64,
    /// SHA-256 of the bundle's bytes, in hexadecimal digits: its address.
    pub sha256: String,
    /// The oldest [`crate::FORMAT`] that can read the bytes.
    pub format: u32,
}

/// Travels with the feed and lies beside the bytes on disk.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Signed {
    pub statement: Statement,
    /// Which key signed: two are good while one replaces the other.
    pub key: String,
    pub signature: String,
}

impl Statement {
    /// What is signed. The first line keeps the signature from meaning anything in another place.
    fn bytes(&self) -> Vec<u8> {
        let Self {
            org,
            version,
            sha256,
            format,
        } = self;
        format!("portcullis bundle\n{org}\n{version}\n{sha256}\n{format}\n").into_bytes()
    }

    pub fn sign(self, key: &SigningKey, key_id: &str) -> Signed {
        let signature = STANDARD.encode(key.sign(&self.bytes()));
        Signed {
            statement: self,
            key: key_id.to_owned(),
            signature,
        }
    }
}

impl Signed {
    pub(crate) fn is_good(&self, keys: &[VerifyingKey]) -> bool {
        let Ok(signature) = STANDARD.decode(&self.signature) else {
            return false;
        };
        keys.iter()
            .any(|key| key.id() == self.key && key.verifies(&self.statement.bytes(), &signature))
    }
}
