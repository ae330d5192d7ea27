//! The arguments of a call, where its organisation wants them kept: cut, and sealed for this organisation and call.

use crate::credential::Sealed;
use ids::{CallId, OrgId};
use seal::{CannotOpen, KeyRing, Nonce};
use serde::{Deserialize, Serialize};

/// No more of their text is kept, in bytes.
pub const MOST_ARGUMENTS: usize = 64 * 1024;

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Arguments {
    pub id: CallId,
    pub org: OrgId,
    /// Their text; not JSON any more where it was cut.
    pub sealed: Sealed,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_cut: bool,
}

fn bound_to(org: OrgId, call: CallId) -> Vec<u8> {
    format!("portcullis arguments\n{org}\n{call}\n").into_bytes()
}

impl Arguments {
    /// `None` only where the cipher itself refuses.
    pub fn seal(
        text: &str,
        org: OrgId,
        call: CallId,
        ring: &KeyRing,
        nonce: Nonce,
    ) -> Option<Self> {
        let mut end = text.len().min(MOST_ARGUMENTS);
        while !text.is_char_boundary(end) {
            end -= 1;
        }
        let kept = text.get(..end).unwrap_or_default();
        let sealed = ring.seal(nonce, &bound_to(org, call), kept.as_bytes())?;
        Some(Self {
            id: call,
            org,
            sealed: Sealed::from_bytes(sealed),
            is_cut: kept.len() < text.len(),
        })
    }

    /// Their text. Of another organisation or call they cannot be opened.
    pub fn open(&self, ring: &KeyRing) -> Result<String, CannotOpen> {
        let plain = ring.open(&bound_to(self.org, self.id), self.sealed.as_bytes())?;
        std::str::from_utf8(&plain)
            .map(str::to_owned)
            .map_err(|_| CannotOpen)
    }
}
