//! Reads the tools that a server lists now, by its own protocol. What is read, `act.rs` and `tool/` write down.
//!
//! The server may be anything, hostile too: everything read from it is bounded, in time, bytes, pages and tools.

mod act;
mod heard;
mod listing;
mod reach;
mod schedule;
mod talk;
mod wire;

pub use act::{add, discover, look};
pub use listing::{Found, Listing};
pub use reach::{Busy, Reach, Seat};
pub use schedule::{renew, run, tick};

use super::Status;
use bundle::credential::Headers;
use std::time::Duration;
use url::Url;
use wire::{Wire, WireError};

/// How much of a server's time and words is taken.
#[derive(Debug, Clone, Copy)]
pub struct Bounds {
    /// For the whole reading.
    pub reading: Duration,
    /// Of that, for learning whether it speaks the modern protocol.
    pub probe: Duration,
    /// For ending a session, after the reading.
    pub farewell: Duration,
    pub connect: Duration,
    /// Of all its answers together.
    pub bytes: usize,
    pub pages: usize,
    pub tools: usize,
}

impl Default for Bounds {
    /// Together not more than the thirty seconds that a discovery may take.
    fn default() -> Self {
        Self {
            reading: Duration::from_secs(28),
            probe: Duration::from_secs(10),
            farewell: Duration::from_secs(2),
            connect: Duration::from_secs(5),
            bytes: 16 * 1024 * 1024,
            pages: 200,
            tools: 5_000,
        }
    }
}

/// Why the tools could not be read, in a sentence for people. It quotes the server, bounded, and never a credential.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{told}")]
pub struct Failure {
    pub status: Status,
    pub told: String,
}

/// Reads all tools of the server at `url`, showing it `headers`.
pub async fn read(
    reach: &Reach,
    url: &Url,
    headers: &Headers,
    bounds: Bounds,
) -> Result<Listing, Failure> {
    let mut wire =
        Wire::new(reach, url, headers, bounds).map_err(|told| unreachable(told.to_owned()))?;
    let reading = tokio::time::timeout(bounds.reading, talk::tools(&mut wire, bounds)).await;
    wire.farewell(bounds.farewell).await;
    match reading {
        Err(_) => Err(unreachable(format!(
            "the server gave no complete answer within {:?}",
            bounds.reading
        ))),
        Ok(Err(error)) => Err(failure(&wire, error)),
        Ok(Ok(listing)) => Ok(Listing {
            transport: wire.transport(),
            ..listing.covered(|text| wire.quoted(text))
        }),
    }
}

fn unreachable(told: String) -> Failure {
    Failure {
        status: Status::Unreachable,
        told,
    }
}

fn failure(wire: &Wire, error: WireError) -> Failure {
    let said = |words: Option<String>| {
        words
            .and_then(|words| wire.quoted(&words))
            .map_or_else(String::new, |words| format!(": {words}"))
    };
    match error {
        WireError::NotConnected(why) => {
            unreachable(format!("the server could not be reached: {why}"))
        }
        WireError::Status { status, message } if matches!(status.as_u16(), 401 | 403) => Failure {
            status: Status::NeedsAuth,
            told: format!(
                "the server wants other credentials: it answered {status}{}",
                said(message)
            ),
        },
        WireError::Status { status, .. } if status.is_redirection() => unreachable(format!(
            "the server answered {status}: redirects are not followed; give the URL it leads to"
        )),
        WireError::Status { status, message } => {
            unreachable(format!("the server answered {status}{}", said(message)))
        }
        WireError::Refused {
            method,
            code,
            message,
        } => unreachable(format!(
            "the server refused `{method}` with error {code}{}",
            said(Some(message))
        )),
        WireError::Unreadable(what) => unreachable(format!(
            "the server answered with something unreadable: {what}"
        )),
        WireError::TooMuch(what) => {
            unreachable(format!("the server's answer has no end in sight: {what}"))
        }
    }
}

#[cfg(test)]
mod tests;
