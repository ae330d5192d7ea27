//! The seals that clients carry: session ids (legacy) and request states (2026-07-28). Any replica can open them, a
//! restart forgets none, and in another grant's hands they are worth nothing.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use mcp::sealed::{Bearer, LONGEST_SESSION, LONGEST_STATE, Session, State};
use seal::{KeyRing, Nonce};

const SESSION: &[u8] = b"portcullis session\n";
const STATE: &[u8] = b"portcullis request state\n";
const SESSION_LIFE_MS: u64 = 7 * 24 * 3_600_000;
const STATE_LIFE_MS: u64 = 3_600_000;
/// Longer texts are none of ours; decoding them would cost for nothing.
const LONGEST_ID: usize = 4 * 1024;

/// Seals and opens. Clock and randomness are the caller's.
#[derive(Debug, Clone)]
pub struct Seals(KeyRing);

impl Seals {
    pub const fn new(keys: KeyRing) -> Self {
        Self(keys)
    }

    pub(super) const fn ring(&self) -> &KeyRing {
        &self.0
    }

    /// `None` where the upstream's id is longer than a header of ours could carry.
    pub fn session(&self, mut session: Session, now_ms: u64, nonce: Nonce) -> Option<String> {
        if session.upstream.len() > LONGEST_SESSION {
            return None;
        }
        session.expires_ms = now_ms.saturating_add(SESSION_LIFE_MS);
        let sealed = self.0.seal(nonce, SESSION, &session.to_bytes())?;
        Some(URL_SAFE_NO_PAD.encode(sealed))
    }

    /// The session that a client presents, if it is this bearer's and still good.
    pub fn open_session(&self, text: &[u8], bearer: &Bearer, now_ms: u64) -> Option<Session> {
        if text.len() > LONGEST_ID {
            return None;
        }
        let plain = self
            .0
            .open(SESSION, &URL_SAFE_NO_PAD.decode(text).ok()?)
            .ok()?;
        Session::from_bytes(&plain)
            .filter(|session| session.bearer == *bearer && session.expires_ms > now_ms)
    }

    pub fn state(&self, mut state: State, now_ms: u64, nonce: Nonce) -> Option<String> {
        if state.upstream.len() > LONGEST_STATE {
            return None;
        }
        state.expires_ms = now_ms.saturating_add(STATE_LIFE_MS);
        let sealed = self.0.seal(nonce, STATE, &state.to_bytes())?;
        Some(URL_SAFE_NO_PAD.encode(sealed))
    }

    /// The state that a retry brings back, if it is this bearer's, of this very question, and still good.
    pub fn open_state(
        &self,
        text: &str,
        bearer: &Bearer,
        digest: &[u8; 32],
        now_ms: u64,
    ) -> Option<State> {
        let plain = self
            .0
            .open(STATE, &URL_SAFE_NO_PAD.decode(text).ok()?)
            .ok()?;
        State::from_bytes(&plain).filter(|state| {
            state.bearer == *bearer && state.digest == *digest && state.expires_ms > now_ms
        })
    }
}

#[cfg(test)]
mod tests;
