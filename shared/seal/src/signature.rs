//! Ed25519 signatures (RFC 8032), with keys in PEM as `PKCS#8` (private) and `SubjectPublicKeyInfo` (public).

use aws_lc_rs::signature::{ED25519, Ed25519KeyPair, KeyPair, UnparsedPublicKey};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use std::fmt;

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("expected an Ed25519 key in PEM")]
pub struct BadKey;

pub struct SigningKey(Ed25519KeyPair);

#[derive(Clone)]
pub struct VerifyingKey([u8; 32]);

/// The `SubjectPublicKeyInfo` of Ed25519 (RFC 8410) up to its 32 bytes of key.
const PUBLIC_PREFIX: [u8; 12] = [
    0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00,
];

impl SigningKey {
    pub fn from_pem(pem: &str) -> Result<Self, BadKey> {
        Ed25519KeyPair::from_pkcs8(&body(pem, "PRIVATE KEY")?)
            .map(Self)
            .map_err(|_| BadKey)
    }

    pub fn sign(&self, message: &[u8]) -> [u8; 64] {
        let mut out = [0; 64];
        // INVARIANT: an Ed25519 signature has 64 bytes.
        out.copy_from_slice(self.0.sign(message).as_ref());
        out
    }

    pub fn verifying(&self) -> Result<VerifyingKey, BadKey> {
        self.0
            .public_key()
            .as_ref()
            .try_into()
            .map(VerifyingKey)
            .map_err(|_| BadKey)
    }
}

impl VerifyingKey {
    pub fn from_pem(pem: &str) -> Result<Self, BadKey> {
        let der = body(pem, "PUBLIC KEY")?;
        let key = der.strip_prefix(&PUBLIC_PREFIX).ok_or(BadKey)?;
        key.try_into().map(Self).map_err(|_| BadKey)
    }

    pub fn to_pem(&self) -> String {
        let der: Vec<u8> = PUBLIC_PREFIX.iter().chain(&self.0).copied().collect();
        format!(
            "-----BEGIN PUBLIC KEY-----\n{}\n-----END PUBLIC KEY-----\n",
            STANDARD.encode(der)
        )
    }

    pub fn verifies(&self, message: &[u8], signature: &[u8]) -> bool {
        UnparsedPublicKey::new(&ED25519, &self.0)
            .verify(message, signature)
            .is_ok()
    }

    /// Eight bytes of digest, to say which key signed.
    pub fn id(&self) -> String {
        crate::to_hex(crate::sha256(&self.0).first_chunk::<8>().unwrap_or(&[0; 8]))
    }
}

fn body(pem: &str, label: &str) -> Result<zeroize::Zeroizing<Vec<u8>>, BadKey> {
    let begin = format!("-----BEGIN {label}-----");
    let end = format!("-----END {label}-----");
    let inner = pem
        .split_once(&begin)
        .and_then(|(_, rest)| rest.split_once(&end))
        .ok_or(BadKey)?
        .0;
    let digits: String = inner.split_whitespace().collect();
    STANDARD
        .decode(digits)
        .map(zeroize::Zeroizing::new)
        .map_err(|_| BadKey)
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[secret]")
    }
}

impl fmt::Debug for VerifyingKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "VerifyingKey({})", self.id())
    }
}

#[cfg(test)]
mod tests;
