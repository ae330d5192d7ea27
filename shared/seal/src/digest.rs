//! Digests: plain ones name content, keyed ones stand for a token that is not stored.

use crate::hex::from_hex;
use aws_lc_rs::{digest, hmac};
use std::fmt;

pub fn sha256(bytes: &[u8]) -> [u8; 32] {
    let mut out = [0; 32];
    // INVARIANT: SHA-256 gives 32 bytes.
    out.copy_from_slice(digest::digest(&digest::SHA256, bytes).as_ref());
    out
}

/// The key of token digests, shared by both planes: a stolen table of digests is worthless without it.
#[derive(Clone)]
pub struct Pepper(hmac::Key);

impl Pepper {
    pub fn new(key: &[u8; 32]) -> Self {
        Self(hmac::Key::new(hmac::HMAC_SHA256, key))
    }

    /// From 64 hexadecimal digits.
    pub fn from_hex(text: &str) -> Option<Self> {
        let key: [u8; 32] = from_hex(text.trim())?.try_into().ok()?;
        Some(Self::new(&key))
    }

    pub fn digest(&self, text: &str) -> [u8; 32] {
        let mut out = [0; 32];
        out.copy_from_slice(hmac::sign(&self.0, text.as_bytes()).as_ref());
        out
    }
}

impl fmt::Debug for Pepper {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[secret]")
    }
}
