//! What a link carries that opens something once: 256 random bits in hexadecimal digits. Only its digest is stored.

use seal::Secret;
use serde::{Deserialize, Deserializer};

const LENGTH: usize = 64;

#[derive(Clone, PartialEq, Eq)]
pub struct Ticket(String);

impl Ticket {
    pub fn new(random: [u8; 32]) -> Self {
        Self(seal::to_hex(&random))
    }

    /// What cannot be a ticket is the ticket of nothing: it is looked up in vain, like any other that is wrong.
    pub fn of(text: &str) -> Self {
        let is_shaped = text.len() == LENGTH;
        Self(if is_shaped {
            text.to_owned()
        } else {
            String::new()
        })
    }

    pub fn digest(&self) -> [u8; 32] {
        seal::sha256(self.0.as_bytes())
    }

    /// The text itself, for the one mail or answer that shows it.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Debug for Ticket {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("[secret]")
    }
}

impl<'de> Deserialize<'de> for Ticket {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        // A secret: what is none is refused without being repeated.
        Secret::deserialize(from).map(|text| Self::of(text.expose()))
    }
}
