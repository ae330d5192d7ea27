//! The standing streams (GET) of sessions: a new one replaces the old.
//!
//! Clients give up an idle stream and open the next at once; whoever refused it for the first one's sake would lose them.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use tokio_util::sync::CancellationToken;

/// Organisation, server, grant and session in one digest.
pub type SessionKey = [u8; 32];

/// Bounded by the connections there are: each entry is an open stream.
#[derive(Debug, Default)]
pub struct Standing {
    open: Mutex<HashMap<SessionKey, Place>>,
}

#[derive(Debug, Clone)]
struct Place {
    leave: CancellationToken,
    left: CancellationToken,
}

/// A stream's place. Dropped, the next may have it.
#[derive(Debug)]
pub struct Stand {
    leave: CancellationToken,
    left: CancellationToken,
}

impl Stand {
    /// Done when another stream wants the place.
    pub async fn replaced(&self) {
        self.leave.cancelled().await;
    }
}

impl Drop for Stand {
    fn drop(&mut self) {
        self.left.cancel();
    }
}

impl Standing {
    /// Takes the place of this session, after the stream that had it has gone; nothing where another one wants it before that.
    pub async fn take(&self, key: SessionKey) -> Option<Stand> {
        let place = Place {
            leave: CancellationToken::new(),
            left: CancellationToken::new(),
        };
        let before = {
            let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
            // Those that have gone are cleared when the map would grow.
            if open.len() == open.capacity() {
                open.retain(|_, place| !place.left.is_cancelled());
            }
            open.insert(key, place.clone())
        };
        let stand = Stand {
            leave: place.leave,
            left: place.left,
        };
        let Some(before) = before else {
            return Some(stand);
        };
        before.leave.cancel();
        tokio::select! {
            () = before.left.cancelled() => Some(stand),
            () = stand.replaced() => {
                // Whoever comes next waits for this place, and so for the one before it.
                tokio::spawn(async move {
                    before.left.cancelled().await;
                    drop(stand);
                });
                None
            }
        }
    }
}

#[cfg(test)]
mod tests;
