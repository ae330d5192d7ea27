//! What stands inside the seals that clients carry: session ids (legacy) and request states (2026-07-28).
//!
//! Here: the layout of the plain bytes. Not here: the sealing (crate `seal`), the clock, and whether the bearer is the
//! one named inside: whoever opens a seal compares that.

use crate::revision::Revision;

/// Whom a seal was made for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bearer {
    pub org: [u8; 16],
    pub server: [u8; 16],
    pub grant: [u8; 16],
}

/// A legacy session: ours outside, the upstream's inside.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Session {
    pub bearer: Bearer,
    pub expires_ms: u64,
    pub revision: Revision,
    pub client_name: Option<String>,
    pub client_version: Option<String>,
    pub upstream: String,
    /// The client said that it opens addresses for its person.
    pub opens_urls: bool,
}

/// The state of a call in several rounds, as its server gave it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct State {
    pub bearer: Bearer,
    pub expires_ms: u64,
    /// Of method and arguments: the state belongs to this very question.
    pub digest: [u8; 32],
    /// Nothing where no rule held the call.
    pub approval: Option<Approval>,
    /// Empty where the state is the gateway's own.
    pub upstream: String,
}

/// How far a call in several rounds has come with people's approval.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Approval {
    /// The first round has spent it.
    Spent([u8; 16]),
    /// The client was given the address where people decide: the round is the gateway's own, of which no server knows.
    Asked([u8; 16]),
}

const SESSION: u8 = 1;
const STATE: u8 = 2;

/// Longer than this no name, version or session id is kept: a header must hold the sealed whole.
pub const LONGEST_NAME: usize = 128;
pub const LONGEST_SESSION: usize = 1024;
/// A state travels in bodies, so it may be longer.
pub const LONGEST_STATE: usize = 256 * 1024;

impl Session {
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut out = Writer::new(SESSION, &self.bearer, self.expires_ms);
        out.text(self.revision.as_str());
        out.maybe(self.client_name.as_deref().map(shortened));
        out.maybe(self.client_version.as_deref().map(shortened));
        out.text(&self.upstream);
        // Only where there is something to say: sessions of earlier versions end here.
        if self.opens_urls {
            out.0.push(1);
        }
        out.0
    }

    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let (mut reader, bearer, expires_ms) = Reader::new(SESSION, bytes)?;
        let mut session = Self {
            bearer,
            expires_ms,
            revision: Revision::parse(reader.text(LONGEST_NAME)?)?,
            client_name: reader.maybe(LONGEST_NAME)?.map(str::to_owned),
            client_version: reader.maybe(LONGEST_NAME)?.map(str::to_owned),
            upstream: reader.text(LONGEST_SESSION)?.to_owned(),
            opens_urls: false,
        };
        if !reader.is_done() {
            // The only byte that is ever written here: bytes have one meaning.
            (reader.array::<1>()? == [1]).then_some(())?;
            session.opens_urls = true;
        }
        reader.is_done().then_some(session)
    }
}

impl State {
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut out = Writer::new(STATE, &self.bearer, self.expires_ms);
        out.0.extend_from_slice(&self.digest);
        match &self.approval {
            Some(Approval::Spent(approval)) => {
                out.0.push(1);
                out.0.extend_from_slice(approval);
            }
            Some(Approval::Asked(approval)) => {
                out.0.push(2);
                out.0.extend_from_slice(approval);
            }
            None => out.0.push(0),
        }
        out.text(&self.upstream);
        out.0
    }

    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let (mut reader, bearer, expires_ms) = Reader::new(STATE, bytes)?;
        let state = Self {
            bearer,
            expires_ms,
            digest: reader.array()?,
            approval: match reader.array::<1>()? {
                [0] => None,
                [1] => Some(Approval::Spent(reader.array()?)),
                [2] => Some(Approval::Asked(reader.array()?)),
                _ => return None,
            },
            upstream: reader.text(LONGEST_STATE)?.to_owned(),
        };
        reader.is_done().then_some(state)
    }
}

/// The longest beginning that fits and ends between characters.
fn shortened(text: &str) -> &str {
    text.get(..text.floor_char_boundary(LONGEST_NAME))
        .unwrap_or("")
}

struct Writer(Vec<u8>);

impl Writer {
    fn new(kind: u8, bearer: &Bearer, expires_ms: u64) -> Self {
        let mut out = vec![kind];
        out.extend_from_slice(&bearer.org);
        out.extend_from_slice(&bearer.server);
        out.extend_from_slice(&bearer.grant);
        out.extend_from_slice(&expires_ms.to_be_bytes());
        Self(out)
    }

    fn text(&mut self, text: &str) {
        // Callers keep texts below the limits above, far below 2^32; a longer one would not be read back.
        let length = u32::try_from(text.len()).unwrap_or(u32::MAX);
        self.0.extend_from_slice(&length.to_be_bytes());
        self.0.extend_from_slice(text.as_bytes());
    }

    fn maybe(&mut self, text: Option<&str>) {
        self.0.push(u8::from(text.is_some()));
        if let Some(text) = text {
            self.text(text);
        }
    }
}

struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn new(kind: u8, bytes: &'a [u8]) -> Option<(Self, Bearer, u64)> {
        let mut reader = Self(bytes);
        if reader.array::<1>()? != [kind] {
            return None;
        }
        let bearer = Bearer {
            org: reader.array()?,
            server: reader.array()?,
            grant: reader.array()?,
        };
        let expires_ms = u64::from_be_bytes(reader.array()?);
        Some((reader, bearer, expires_ms))
    }

    fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (head, rest) = self.0.split_first_chunk::<N>()?;
        self.0 = rest;
        Some(*head)
    }

    fn text(&mut self, longest: usize) -> Option<&'a str> {
        let length = usize::try_from(u32::from_be_bytes(self.array()?)).ok()?;
        if length > longest {
            return None;
        }
        let (head, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        std::str::from_utf8(head).ok()
    }

    #[expect(
        clippy::option_option,
        reason = "outer: could it be read; inner: was there one"
    )]
    fn maybe(&mut self, longest: usize) -> Option<Option<&'a str>> {
        match self.array::<1>()? {
            [0] => Some(None),
            [1] => Some(Some(self.text(longest)?)),
            _ => None,
        }
    }

    fn is_done(&self) -> bool {
        self.0.is_empty()
    }
}

#[cfg(test)]
mod tests;
