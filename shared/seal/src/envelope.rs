//! Sealing: AES-256-GCM with a ring of numbered keys, so that keys can be replaced while old texts still open.
//!
//! A sealed text is `version (4 bytes, big endian) ‖ nonce (12) ‖ ciphertext ‖ tag (16)`. The associated data is not in
//! it: whoever opens must know what the text was bound to (organisation, row, purpose), so a text moved elsewhere stays shut.

use crate::hex::from_hex;
use crate::tag::TagKey;
use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce as AeadNonce, UnboundKey};
use std::collections::BTreeMap;
use std::fmt;

/// Twelve random bytes, fresh for every sealing.
pub type Nonce = [u8; 12];

const VERSION: usize = 4;
const NONCE: usize = 12;

#[derive(Clone)]
pub struct KeyRing {
    keys: BTreeMap<u32, std::sync::Arc<Key>>,
    current: u32,
}

struct Key {
    seal: LessSafeKey,
    tag: TagKey,
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadKeyRing {
    #[error("expected lines of a version and 64 hexadecimal digits; line {0} is none")]
    Line(usize),
    #[error("expected at least one key")]
    Empty,
    #[error("version {0} stands twice")]
    Repeated(u32),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("cannot be opened: another key, another place, or changed")]
pub struct CannotOpen;

impl KeyRing {
    /// Lines of `VERSION HEX`; the last one is the key that seals.
    pub fn parse(text: &str) -> Result<Self, BadKeyRing> {
        let mut keys = BTreeMap::new();
        let mut current = None;
        for (index, line) in text
            .lines()
            .enumerate()
            .filter(|(_, line)| !line.trim().is_empty())
        {
            let key = line.split_once(' ').and_then(|(version, digits)| {
                let version: u32 = version.parse().ok()?;
                let bytes = zeroize::Zeroizing::new(from_hex(digits.trim())?);
                let key = Key {
                    seal: LessSafeKey::new(UnboundKey::new(&AES_256_GCM, &bytes).ok()?),
                    tag: TagKey::derived(&bytes),
                };
                Some((version, key))
            });
            let (version, key) = key.ok_or(BadKeyRing::Line(index + 1))?;
            if keys.insert(version, std::sync::Arc::new(key)).is_some() {
                return Err(BadKeyRing::Repeated(version));
            }
            current = Some(version);
        }
        Ok(Self {
            keys,
            current: current.ok_or(BadKeyRing::Empty)?,
        })
    }

    /// The version of the key that seals now.
    pub const fn current(&self) -> u32 {
        self.current
    }

    fn key(&self, version: u32) -> Option<&Key> {
        self.keys.get(&version).map(std::sync::Arc::as_ref)
    }

    /// The key that tags now, with its version.
    pub(crate) fn tag_key(&self) -> Option<(u32, &TagKey)> {
        Some((self.current, &self.key(self.current)?.tag))
    }

    pub(crate) fn tag_key_of(&self, version: u32) -> Option<&TagKey> {
        Some(&self.key(version)?.tag)
    }

    /// `None` only where the cipher itself refuses (a text of 2^36 bytes).
    pub fn seal(&self, nonce: Nonce, bound_to: &[u8], plain: &[u8]) -> Option<Vec<u8>> {
        let key = &self.keys.get(&self.current)?.seal;
        let mut body = plain.to_vec();
        key.seal_in_place_append_tag(
            AeadNonce::assume_unique_for_key(nonce),
            Aad::from(bound_to),
            &mut body,
        )
        .ok()?;
        let mut sealed = Vec::with_capacity(VERSION + NONCE + body.len());
        sealed.extend_from_slice(&self.current.to_be_bytes());
        sealed.extend_from_slice(&nonce);
        sealed.append(&mut body);
        Some(sealed)
    }

    pub fn open(
        &self,
        bound_to: &[u8],
        sealed: &[u8],
    ) -> Result<zeroize::Zeroizing<Vec<u8>>, CannotOpen> {
        let (version, rest) = sealed.split_first_chunk::<VERSION>().ok_or(CannotOpen)?;
        let (nonce, body) = rest.split_first_chunk::<NONCE>().ok_or(CannotOpen)?;
        let key = &self
            .key(u32::from_be_bytes(*version))
            .ok_or(CannotOpen)?
            .seal;
        let mut plain = zeroize::Zeroizing::new(body.to_vec());
        let length = key
            .open_in_place(
                AeadNonce::assume_unique_for_key(*nonce),
                Aad::from(bound_to),
                &mut plain,
            )
            .map_err(|_| CannotOpen)?
            .len();
        plain.truncate(length);
        Ok(plain)
    }
}

impl fmt::Debug for KeyRing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "KeyRing(versions {:?})",
            self.keys.keys().collect::<Vec<_>>()
        )
    }
}

#[cfg(test)]
mod tests;
