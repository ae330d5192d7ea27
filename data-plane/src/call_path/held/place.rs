//! The held calls that wait in this replica, by what their clients call them, so that a client of the older eras can take
//! one back: `notifications/cancelled` names the request. The modern era has no such word, and hangs up instead.

use crate::call::Call;
use crate::relay::SessionKey;
use ids::CallId;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use tokio_util::sync::CancellationToken;

/// A session, and the id of a request as its client wrote it.
type Name = (SessionKey, String);
type Waiting = HashMap<Name, Vec<(CallId, CancellationToken)>>;

/// Bounded by the seats there are: each entry is a call that has one.
#[derive(Debug, Default)]
pub struct HeldCalls {
    waiting: Arc<Mutex<Waiting>>,
}

/// A held call's place in the list, until it goes on to the server or is dropped.
#[derive(Debug)]
pub(super) struct Place {
    waiting: Arc<Mutex<Waiting>>,
    name: Name,
    call: CallId,
}

impl HeldCalls {
    /// None where the call is none that could be taken back by name.
    pub(super) fn take(&self, call: &Call, left: &CancellationToken) -> Option<Place> {
        let request = call.as_request().filter(|_| !call.era.is_modern())?;
        let name = (call.session_key(), request.id.clone());
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        let alike = waiting.entry(name.clone()).or_default();
        alike.push((call.id, left.clone()));
        Some(Place {
            waiting: Arc::clone(&self.waiting),
            name,
            call: call.id,
        })
    }

    /// Ends the wait of the request that goes by this id, and says whether one waited. Where the server gives no sessions,
    /// several requests of one grant may go by it, and cannot be told apart: all of them end, undone, and say so.
    pub fn take_back(&self, session: SessionKey, request: &str) -> bool {
        let name = (session, request.to_owned());
        let waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        let alike = waiting.get(&name);
        for (_, left) in alike.into_iter().flatten() {
            left.cancel();
        }
        alike.is_some()
    }
}

impl Place {
    /// From here on it is the server's to cancel.
    pub(super) fn leave(&self) {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(alike) = waiting.get_mut(&self.name) {
            alike.retain(|(call, _)| *call != self.call);
            if alike.is_empty() {
                waiting.remove(&self.name);
            }
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.leave();
    }
}
