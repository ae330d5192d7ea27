//! Codes as a second factor (TOTP, RFC 6238): SHA-1, six digits, thirty seconds, as every authenticator app knows them; and
//! recovery codes for who has lost theirs.

pub mod act;
pub mod api;
pub mod page;
mod qr;
pub mod store;

use aws_lc_rs::hmac;
use serde::Serialize;
use subtle::ConstantTimeEq;
use time::OffsetDateTime;
use utoipa::ToSchema;

const STEP_S: i64 = 30;
const ALPHABET: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
pub const RECOVERY_CODES: usize = 10;

/// A fresh secret, to be put into an app. Shown this once.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Enrolment {
    /// In base32.
    pub secret: String,
    /// For a QR code.
    pub uri: String,
}

impl Enrolment {
    fn new(secret: &[u8], email: &str, issuer: &str) -> Self {
        let (secret, issuer) = (base32(secret), encode(issuer));
        let uri = format!(
            "otpauth://totp/{issuer}:{}?secret={secret}&issuer={issuer}",
            encode(email)
        );
        Self { secret, uri }
    }
}

/// The step in which this code is good: the present one, or a neighbour, as clocks differ.
fn step_of(secret: &[u8], code: &str, now: OffsetDateTime) -> Option<i64> {
    let present = now.unix_timestamp() / STEP_S;
    // Each is computed and compared, whichever fits.
    let fits: Vec<i64> = (present - 1..=present + 1)
        .filter(|step| {
            code_at(secret, *step)
                .as_bytes()
                .ct_eq(code.as_bytes())
                .into()
        })
        .collect();
    fits.last().copied()
}

/// HOTP (RFC 4226) of the step.
fn code_at(secret: &[u8], step: i64) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, secret);
    let mac = hmac::sign(&key, &step.to_be_bytes());
    let mac = mac.as_ref();
    // INVARIANT: a SHA-1 has 20 bytes, so an offset of at most 15 has three more after it.
    let offset = usize::from(mac[19] & 0xF);
    let word = [
        mac[offset] & 0x7F,
        mac[offset + 1],
        mac[offset + 2],
        mac[offset + 3],
    ];
    format!("{:06}", u32::from_be_bytes(word) % 1_000_000)
}

/// 80 random bits in four groups of four: nothing that anybody guesses.
fn recovery_code(random: [u8; 10]) -> String {
    let text = base32(&random).to_lowercase();
    let groups: Vec<&str> = (0..4)
        .map(|group| &text[group * 4..group * 4 + 4])
        .collect();
    groups.join("-")
}

/// As it was shown, however it was typed.
fn tidy(code: &str) -> String {
    let kept = code.chars().filter(char::is_ascii_alphanumeric);
    kept.take(32).collect::<String>().to_lowercase()
}

fn base32(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len().div_ceil(5) * 8);
    let (mut held, mut bits) = (0_u16, 0_u32);
    for byte in bytes {
        held = held << 8 | u16::from(*byte);
        bits += 8;
        while bits >= 5 {
            bits -= 5;
            text.push(char::from(ALPHABET[usize::from(held >> bits & 31)]));
        }
        held &= (1 << bits) - 1;
    }
    if bits > 0 {
        text.push(char::from(ALPHABET[usize::from(held << (5 - bits) & 31)]));
    }
    text
}

fn encode(text: &str) -> String {
    url::form_urlencoded::byte_serialize(text.as_bytes())
        .collect::<String>()
        .replace('+', "%20")
}

#[cfg(test)]
mod tests;
