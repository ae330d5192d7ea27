//! What an organisation holds without a seat, since it belongs to no call: what a bridged session keeps, a list that is read
//! of our own accord. It counts among the bytes of its organisation's messages.

use super::{FREE_BYTES, Room};
use ids::OrgId;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// One place of an organisation's where bytes are held. [`FREE_BYTES`] of them are free, as with a seat.
#[derive(Debug, Clone)]
pub struct Scale(Arc<Beside>);

#[derive(Debug)]
struct Beside {
    room: Arc<Room>,
    org: OrgId,
    held: Mutex<usize>,
}

/// Bytes that lie on a scale until this is dropped.
#[derive(Debug)]
pub struct Weighed {
    scale: Scale,
    bytes: usize,
}

const fn paid(held: usize) -> usize {
    held.saturating_sub(FREE_BYTES)
}

impl Scale {
    pub(super) fn new(room: Arc<Room>, org: OrgId) -> Self {
        Self(Arc::new(Beside {
            room,
            org,
            held: Mutex::default(),
        }))
    }

    /// Nothing yet.
    pub fn empty(&self) -> Weighed {
        Weighed {
            scale: self.clone(),
            bytes: 0,
        }
    }

    fn held(&self) -> MutexGuard<'_, usize> {
        self.0.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Weighed {
    /// Says how much there is now; `false`: so much is not left for the organisation.
    #[must_use]
    pub fn weigh(&mut self, bytes: usize) -> bool {
        let mut held = self.scale.held();
        let after = (*held - self.bytes).saturating_add(bytes);
        let beside = &self.scale.0;
        if !beside.room.pay(beside.org, paid(*held), paid(after)) {
            return false;
        }
        *held = after;
        drop(held);
        self.bytes = bytes;
        true
    }

    pub const fn bytes(&self) -> usize {
        self.bytes
    }

    /// So many of them by themselves.
    #[must_use]
    pub fn part(&mut self, bytes: usize) -> Self {
        let bytes = bytes.min(self.bytes);
        self.bytes -= bytes;
        Self {
            scale: self.scale.clone(),
            bytes,
        }
    }
}

impl Drop for Weighed {
    fn drop(&mut self) {
        // Less than before: there is room for it.
        let _ = self.weigh(0);
    }
}
