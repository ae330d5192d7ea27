//! Tokens: what an agent (`pcl_`, a grant) or a bot (`pck_`, an API key) presents.
//!
//! Four characters of prefix, 43 base62 characters that carry 256 random bits, and six that carry the CRC-32 (IEEE)
//! of the 47 before them: a typing error or a secret scanner is answered without a look-up.
//! Only a keyed digest of a token is ever stored (crate `seal`).

use std::fmt;

const ALPHABET: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
const PREFIX: usize = 4;
const RANDOM: usize = 43;
const CHECK: usize = 6;
const LENGTH: usize = PREFIX + RANDOM + CHECK;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TokenKind {
    Grant,
    ApiKey,
}

impl TokenKind {
    pub const fn prefix(self) -> &'static str {
        match self {
            Self::Grant => "pcl_",
            Self::ApiKey => "pck_",
        }
    }
}

/// A token in full. It is a secret: it has no `Display`, and its `Debug` says nothing of it.
#[derive(Clone, PartialEq, Eq)]
pub struct Token {
    kind: TokenKind,
    text: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a token: expected `pcl_` or `pck_`, 43 base62 characters and their checksum")]
pub struct BadToken;

impl Token {
    pub fn new(kind: TokenKind, random: [u8; 32]) -> Self {
        let mut text = String::with_capacity(LENGTH);
        text.push_str(kind.prefix());
        text.push_str(&base62(random));
        let check = checksum(&text);
        text.push_str(&check);
        Self { kind, text }
    }

    pub fn parse(text: &str) -> Result<Self, BadToken> {
        let kind = [TokenKind::Grant, TokenKind::ApiKey]
            .into_iter()
            .find(|kind| text.starts_with(kind.prefix()))
            .ok_or(BadToken)?;
        let plain = text.len() == LENGTH
            && text
                .bytes()
                .skip(PREFIX)
                .all(|byte| byte.is_ascii_alphanumeric());
        let (body, check) = text.split_at_checked(PREFIX + RANDOM).ok_or(BadToken)?;
        if !plain || checksum(body) != check {
            return Err(BadToken);
        }
        Ok(Self {
            kind,
            text: text.to_owned(),
        })
    }

    pub const fn kind(&self) -> TokenKind {
        self.kind
    }

    /// The secret itself, for the one answer that shows it and for its digest.
    pub fn expose(&self) -> &str {
        &self.text
    }

    /// The prefix and the first four characters: enough to recognise a token, far too few to guess it.
    pub fn hint(&self) -> &str {
        self.text.get(..PREFIX + 4).unwrap_or_default()
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[secret]")
    }
}

/// 256 bits as 43 digits, most significant first.
fn base62(mut number: [u8; 32]) -> String {
    let mut digits = [b'0'; RANDOM];
    for digit in digits.iter_mut().rev() {
        let mut remainder = 0_u32;
        for byte in &mut number {
            let value = (remainder << 8) | u32::from(*byte);
            *byte = u8::try_from(value / 62).unwrap_or(u8::MAX);
            remainder = value % 62;
        }
        *digit = letter(remainder);
    }
    digits.iter().map(|digit| char::from(*digit)).collect()
}

fn checksum(body: &str) -> String {
    let mut rest = crc32fast::hash(body.as_bytes());
    let mut digits = [b'0'; CHECK];
    for digit in digits.iter_mut().rev() {
        *digit = letter(rest % 62);
        rest /= 62;
    }
    digits.iter().map(|digit| char::from(*digit)).collect()
}

fn letter(value: u32) -> u8 {
    ALPHABET.get(value as usize).copied().unwrap_or(b'0')
}

#[cfg(test)]
mod tests;
