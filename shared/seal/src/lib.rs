//! Secrets and the few things done with them: sealing (AES-256-GCM), keyed digests and tags
//! (HMAC-SHA-256), signatures (Ed25519).
//!
//! Pure: nonces are handed in, keys are read elsewhere. What is sealed, and bound to what, the caller says.
#![cfg_attr(
    not(test),
    deny(
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::panic,
        clippy::indexing_slicing
    )
)]

mod digest;
mod envelope;
mod hex;
mod secret;
mod signature;
mod tag;

pub use digest::{Pepper, sha256};
pub use envelope::{BadKeyRing, CannotOpen, KeyRing, Nonce};
pub use hex::{from_hex, to_hex};
pub use secret::Secret;
pub use signature::{BadKey, SigningKey, VerifyingKey};
pub use tag::TAG;
