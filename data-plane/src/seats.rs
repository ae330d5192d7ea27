//! Seats: how many calls and streams may be under way here at once, and how much of their messages may be held, for each
//! grant, each organisation, and altogether.
//!
//! What is free is shared by one rule: nobody may have more than what is left over for the others. So one organisation
//! gets half of the replica at most, two a third each, and whoever comes next always finds something. Judges nothing, knows
//! no messages.

mod scale;

pub use scale::{Scale, Weighed};

use ids::{GrantId, OrgId};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Most {
    pub grant: usize,
    pub org: usize,
    pub all: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    pub calls: Most,
    pub streams: Most,
    /// Of all messages that are being read or handed on. Each seat has [`FREE_BYTES`] besides.
    pub bytes: usize,
}

/// What a seat holds without asking: nearly every message with its tree.
pub const FREE_BYTES: usize = 8 * 1024;

impl Default for Limits {
    fn default() -> Self {
        Self {
            calls: Most {
                grant: 128,
                org: 1_024,
                all: 4_096,
            },
            streams: Most {
                grant: 256,
                org: 8_192,
                all: 32_768,
            },
            bytes: 64 << 20,
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Call,
    /// One that stands open: a GET, or a subscription.
    Stream,
}

/// Why there is no seat: whose share is used up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Busy {
    Grant,
    Org,
    Replica,
}

/// INVARIANT: what is noted here is what living [`Seat`]s and [`Weighed`]s hold; an organisation or a grant without any has
/// no entry.
#[derive(Debug, Clone)]
pub struct Seats(Arc<Room>);

#[derive(Debug)]
struct Room {
    limits: Limits,
    taken: Mutex<Taken>,
}

#[derive(Debug, Default)]
struct Taken {
    all: Use,
    orgs: HashMap<OrgId, OrgUse>,
}

#[derive(Debug, Default)]
struct OrgUse {
    all: Use,
    grants: HashMap<GrantId, Use>,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Use {
    pub calls: usize,
    pub streams: usize,
    pub bytes: usize,
}

impl Use {
    fn of(&mut self, kind: Kind) -> &mut usize {
        match kind {
            Kind::Call => &mut self.calls,
            Kind::Stream => &mut self.streams,
        }
    }

    fn is_none(self) -> bool {
        self == Self::default()
    }
}

impl Seats {
    pub fn new(limits: Limits) -> Self {
        Self(Arc::new(Room {
            limits,
            taken: Mutex::default(),
        }))
    }

    pub fn take(&self, kind: Kind, org: OrgId, grant: GrantId) -> Result<Seat, Busy> {
        let most = match kind {
            Kind::Call => self.0.limits.calls,
            Kind::Stream => self.0.limits.streams,
        };
        let mut taken = self.0.taken();
        let Taken { all, orgs } = &mut *taken;
        let free = most.all.saturating_sub(*all.of(kind));
        // Looked up before anything is made: a refusal leaves no trace.
        let (mut of_org, mut of_grant) = orgs.get(&org).map_or_else(Default::default, |held| {
            let of_grant = held.grants.get(&grant).copied().unwrap_or_default();
            (held.all, of_grant)
        });
        if free == 0 {
            return Err(Busy::Replica);
        }
        if *of_grant.of(kind) >= most.grant {
            return Err(Busy::Grant);
        }
        if *of_org.of(kind) >= most.org.min(free) {
            return Err(Busy::Org);
        }
        *all.of(kind) += 1;
        let held = orgs.entry(org).or_default();
        *held.all.of(kind) += 1;
        *held.grants.entry(grant).or_default().of(kind) += 1;
        drop(taken);
        Ok(Seat(Arc::new(Held {
            room: Arc::clone(&self.0),
            kind,
            org,
            grant,
            load: Mutex::default(),
        })))
    }

    /// For what this organisation holds beside its seats.
    pub fn scale(&self, org: OrgId) -> Scale {
        Scale::new(Arc::clone(&self.0), org)
    }

    /// What is taken altogether.
    pub fn used(&self) -> Use {
        self.0.taken().all
    }
}

impl Room {
    fn taken(&self) -> MutexGuard<'_, Taken> {
        // What is counted here is plain numbers: a panic in between leaves them whole.
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Changes what an organisation pays for; `false`: so much is not left for it.
    fn pay(&self, org: OrgId, before: usize, after: usize) -> bool {
        let mut taken = self.taken();
        let Taken { all, orgs } = &mut *taken;
        if let Some(more) = after.checked_sub(before) {
            let own = orgs.get(&org).map_or(0, |held| held.all.bytes);
            let free = self.limits.bytes.saturating_sub(all.bytes);
            let left = free.checked_sub(more);
            if left.is_none_or(|left| own + more > left) {
                return false;
            }
            if more > 0 {
                all.bytes += more;
                orgs.entry(org).or_default().all.bytes += more;
            }
        } else if let Some(of_org) = orgs.get_mut(&org) {
            let less = before - after;
            all.bytes -= less;
            of_org.all.bytes -= less;
            if of_org.all.is_none() {
                orgs.remove(&org);
            }
        }
        true
    }
}

/// What a seat holds: a question stays until its answer has been sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Load {
    Question,
    Answer,
    /// Answers of a batch that wait for the others.
    Gathered,
}

/// A place for one call or stream. Clones are the same place; it is free again when the last of them has gone.
#[derive(Debug, Clone)]
pub struct Seat(Arc<Held>);

#[derive(Debug)]
struct Held {
    room: Arc<Room>,
    kind: Kind,
    org: OrgId,
    grant: GrantId,
    load: Mutex<Weight>,
}

#[derive(Debug, Clone, Copy, Default)]
struct Weight {
    question: usize,
    answer: usize,
    gathered: usize,
}

impl Weight {
    /// Paid for, beyond what is free.
    const fn paid(self) -> usize {
        let all = self.question.saturating_add(self.answer);
        all.saturating_add(self.gathered).saturating_sub(FREE_BYTES)
    }
}

impl Seat {
    /// Says how much of this load there is now; `false`: so much is not left for its organisation.
    #[must_use]
    pub fn weigh(&self, load: Load, bytes: usize) -> bool {
        let held = &*self.0;
        let mut before = held.load.lock().unwrap_or_else(PoisonError::into_inner);
        let mut after = *before;
        match load {
            Load::Question => after.question = bytes,
            Load::Answer => after.answer = bytes,
            Load::Gathered => after.gathered = bytes,
        }
        let (paid, wanted) = (before.paid(), after.paid());
        if wanted == paid {
            *before = after;
            return true;
        }
        if !held.room.pay(held.org, paid, wanted) {
            return false;
        }
        *before = after;
        true
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        let load = self.load.get_mut();
        let bytes = load.unwrap_or_else(PoisonError::into_inner).paid();
        let mut taken = self.room.taken();
        let Taken { all, orgs } = &mut *taken;
        *all.of(self.kind) -= 1;
        all.bytes -= bytes;
        let Some(of_org) = orgs.get_mut(&self.org) else {
            return;
        };
        *of_org.all.of(self.kind) -= 1;
        of_org.all.bytes -= bytes;
        if let Some(of_grant) = of_org.grants.get_mut(&self.grant) {
            *of_grant.of(self.kind) -= 1;
            if of_grant.is_none() {
                of_org.grants.remove(&self.grant);
            }
        }
        if of_org.all.is_none() {
            orgs.remove(&self.org);
        }
    }
}

#[cfg(test)]
mod tests;
