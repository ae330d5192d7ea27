//! Tags: the proof, beside a text that stays readable, that we have seen it at a certain place. The same text at the same
//! place has the same tag, so what a tag names can be named again; a key of the ring that is no longer the newest still
//! knows its own.
//!
//! A tag is `version (4 bytes, big endian) ‖ HMAC-SHA-256, its first 16 bytes`. Tag keys are derived, so that no key
//! serves two ciphers.

use crate::envelope::KeyRing;
use aws_lc_rs::constant_time::verify_slices_are_equal;
use aws_lc_rs::hmac;

const VERSION: usize = 4;
const PROOF: usize = 16;
pub const TAG: usize = VERSION + PROOF;

pub(crate) struct TagKey(hmac::Key);

impl TagKey {
    pub(crate) fn derived(key: &[u8]) -> Self {
        let from = hmac::Key::new(hmac::HMAC_SHA256, key);
        let derived = hmac::sign(&from, b"portcullis tags\n");
        Self(hmac::Key::new(hmac::HMAC_SHA256, derived.as_ref()))
    }

    /// Each part with its length before it, so that no two lists of parts are the same bytes.
    fn proof(&self, parts: &[&[u8]]) -> [u8; PROOF] {
        let mut digest = hmac::Context::with_key(&self.0);
        for part in parts {
            digest.update(&(part.len() as u64).to_be_bytes());
            digest.update(part);
        }
        let whole = digest.sign();
        let mut proof = [0; PROOF];
        for (to, from) in proof.iter_mut().zip(whole.as_ref()) {
            *to = *from;
        }
        proof
    }
}

impl KeyRing {
    /// The tag of these parts, by the newest key.
    pub fn tag(&self, parts: &[&[u8]]) -> Option<[u8; TAG]> {
        let (version, key) = self.tag_key()?;
        let mut tag = [0; TAG];
        let bytes = version.to_be_bytes().into_iter().chain(key.proof(parts));
        for (to, from) in tag.iter_mut().zip(bytes) {
            *to = from;
        }
        Some(tag)
    }

    /// Whether this is the tag of these parts, by any key of the ring.
    pub fn is_tag(&self, tag: &[u8], parts: &[&[u8]]) -> bool {
        let Some((version, proof)) = tag.split_first_chunk::<VERSION>() else {
            return false;
        };
        self.tag_key_of(u32::from_be_bytes(*version))
            .is_some_and(|key| verify_slices_are_equal(&key.proof(parts), proof).is_ok())
    }
}

#[cfg(test)]
mod tests;
