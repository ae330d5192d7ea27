//! Checkpoints: signed statements of where each chain of an organisation had come to, each with the hash of the one before.

use super::{Chain, Hash, hash_of};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ids::OrgId;
use seal::{SigningKey, VerifyingKey};
use serde::{Deserialize, Serialize};

/// What is signed begins with this line, so that the signature means nothing in another place: bundles have the same key.
const DOMAIN: &str = "portcullis checkpoint\n";

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Checkpoint {
    pub org: OrgId,
    /// From 1, without gaps.
    pub number: u64,
    /// RFC 3339.
    pub at: String,
    /// The hash of the checkpoint before; none of the first.
    pub previous: Option<String>,
    /// When the first one was made: calls from then on are chained.
    pub began: String,
    /// The first day that is kept; the chains of days before went with their records. None: all are kept.
    pub keeps_from: Option<String>,
    /// The chains that have grown since the checkpoint before.
    pub heads: Vec<Head>,
}

/// The end of a chain.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Head {
    #[serde(flatten)]
    pub chain: Chain,
    /// The sequence of its last record, which is how many there are.
    pub last: i64,
    /// The hash of that record, in hexadecimal digits.
    pub hash: String,
}

/// A checkpoint as it is kept: the text that was signed, to the byte.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Signed {
    pub document: String,
    pub key: String,
    pub signature: String,
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Untrusted {
    #[error("none of the given keys has made its signature")]
    Signature,
    #[error("its text is no checkpoint: {0}")]
    Text(String),
}

impl Checkpoint {
    pub fn sign(&self, key: &SigningKey, key_id: &str) -> Signed {
        // A checkpoint has no part that JSON lacks.
        let document = serde_json::to_string(self).unwrap_or_default();
        let signature = STANDARD.encode(key.sign(format!("{DOMAIN}{document}").as_bytes()));
        Signed {
            document,
            key: key_id.to_owned(),
            signature,
        }
    }
}

impl Signed {
    /// What the next checkpoint says of this one.
    pub fn hash(&self) -> Hash {
        seal::sha256(format!("{DOMAIN}{}", self.document).as_bytes())
    }

    /// What it says, where one of these keys has signed it.
    pub fn open(&self, keys: &[VerifyingKey]) -> Result<Checkpoint, Untrusted> {
        let text = format!("{DOMAIN}{}", self.document);
        let signature = STANDARD.decode(&self.signature).unwrap_or_default();
        if !keys
            .iter()
            .any(|key| key.verifies(text.as_bytes(), &signature))
        {
            return Err(Untrusted::Signature);
        }
        self.read()
    }

    /// What it says, whoever says so.
    pub fn read(&self) -> Result<Checkpoint, Untrusted> {
        serde_json::from_str(&self.document).map_err(|error| Untrusted::Text(error.to_string()))
    }
}

impl Head {
    pub(super) fn bytes(&self) -> Option<Hash> {
        hash_of(&self.hash)
    }
}
