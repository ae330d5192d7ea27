//! Marks: ids of a server's making that a client carries and gives back. Toward the client they bear the proof of where
//! they were given; on the way back the proof is checked, and the server gets its own again.
//!
//! Nothing is remembered: any replica can check, a restart forgets none, and in another grant's hands, at another server
//! or on another session a marked id is worth nothing.

use super::session::Seals;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use mcp::sealed::Bearer;
use seal::TAG;

/// Longer ids are nobody's; what bears one does not pass.
const LONGEST: usize = 1_024;
/// A tag in base64, without padding.
const PROOF: usize = (TAG * 4).div_ceil(3);

/// What is named.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Named {
    /// A request of the server's. The raw id is JSON, as its server wrote it.
    Question,
    Task,
    /// Of a stream without a session.
    Event,
}

impl Named {
    const fn prefix(self) -> &'static str {
        match self {
            Self::Question => "q_",
            Self::Task => "t_",
            Self::Event => "e_",
        }
    }
}

/// Where an id was given. A task outlives the session it was made on; a question does not.
#[derive(Debug, Clone, Copy)]
pub struct Place<'a> {
    pub bearer: &'a Bearer,
    /// The server's own id of the session.
    pub session: Option<&'a str>,
}

impl Seals {
    /// `None`: this id cannot be marked, so what bears it must not pass.
    pub fn mark(&self, named: Named, place: Place<'_>, raw: &str) -> Option<String> {
        if raw.len() > LONGEST {
            return None;
        }
        let tag = self.ring().tag(&parts(named, place, raw))?;
        let proof = URL_SAFE_NO_PAD.encode(tag);
        Some(format!("{}{proof}.{raw}", named.prefix()))
    }

    /// The server's own id, if this is a marked one of this very place.
    pub fn unmark<'t>(&self, named: Named, place: Place<'_>, text: &'t str) -> Option<&'t str> {
        let (proof, raw) = text.strip_prefix(named.prefix())?.split_at_checked(PROOF)?;
        let raw = raw.strip_prefix('.').filter(|raw| raw.len() <= LONGEST)?;
        let tag = URL_SAFE_NO_PAD.decode(proof).ok()?;
        let is_ours = self.ring().is_tag(&tag, &parts(named, place, raw));
        is_ours.then_some(raw)
    }
}

fn parts<'p>(named: Named, place: Place<'p>, raw: &'p str) -> [&'p [u8]; 7] {
    let session = place.session.filter(|_| named == Named::Question);
    [
        named.prefix().as_bytes(),
        &place.bearer.org,
        &place.bearer.server,
        &place.bearer.grant,
        // No session is not a session without a name.
        if session.is_some() { b"session" } else { b"" },
        session.unwrap_or("").as_bytes(),
        raw.as_bytes(),
    ]
}

#[cfg(test)]
mod tests;
