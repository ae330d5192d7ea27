//! The held calls that wait in this replica, by what their clients call them, so that a client of the older eras can take
//! one back: `notifications/cancelled` names the request, and comes to any replica, which tells the others by way of the
//! control plane. The modern era has no such word, and hangs up instead.

use crate::call::Call;
use crate::gateway::Gateway;
use crate::relay::SessionKey;
use bundle::approval::{TakeBack, Waiter};
use ids::CallId;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;

/// Words to other replicas that are under way at once.
static ROOM: Semaphore = Semaphore::const_new(16);

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

/// Who waits is known by this to the other replicas.
fn digest((session, request): &Name) -> String {
    let mut text = session.to_vec();
    text.extend_from_slice(request.as_bytes());
    seal::to_hex(&seal::sha256(&text))
}

/// Has the other replicas end the wait of what goes by this name there, by and by. What is lost of it is lost: who
/// cancels is promised nothing.
pub fn take_back_elsewhere(app: &Arc<Gateway>, call: &Call, request: &str) {
    let Ok(room) = ROOM.try_acquire() else {
        tracing::warn!(
            "too many calls are being taken back; one of them goes on waiting elsewhere"
        );
        return;
    };
    let back = TakeBack {
        org: call.caller.org.bundle().org.id,
        name: digest(&(call.session_key(), request.to_owned())),
    };
    let app = Arc::clone(app);
    tokio::spawn(async move {
        let _room = room;
        if let Err(error) = app.control_plane.take_back(&back).await {
            tracing::warn!(%error, "other replicas were not told that a call is taken back");
        }
    });
}

impl Place {
    /// As the control plane is told of it.
    pub(super) fn waiter(&self) -> Waiter {
        Waiter {
            call: self.call,
            name: digest(&self.name),
        }
    }

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
