//! Shares of this process in what stands open long: one organisation has so many at most, and leaves the rest to the others.

use crate::problem::{Kind, Problem};
use ids::OrgId;
use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

#[derive(Debug)]
pub struct Shares {
    /// What takes them, in the plural.
    what: &'static str,
    all: usize,
    each: usize,
    taken: Mutex<BTreeMap<OrgId, usize>>,
}

/// Given back when it is dropped.
#[derive(Debug)]
pub struct Share {
    shares: &'static Shares,
    org: OrgId,
}

impl Shares {
    pub const fn new(what: &'static str, all: usize, each: usize) -> Self {
        Self {
            what,
            all,
            each,
            taken: Mutex::new(BTreeMap::new()),
        }
    }

    pub fn take(&'static self, org: OrgId) -> Result<Share, Problem> {
        let mut taken = self.taken();
        let all: usize = taken.values().sum();
        let own = taken.entry(org).or_default();
        let refused = if *own >= self.each {
            Some((
                Kind::TooManyRequests,
                format!(
                    "an organisation has at most {} {} at once",
                    self.each, self.what
                ),
            ))
        } else if all >= self.all {
            Some((
                Kind::Unavailable,
                format!("too many {} just now", self.what),
            ))
        } else {
            *own += 1;
            None
        };
        taken.retain(|_, own| *own > 0);
        match refused {
            None => Ok(Share { shares: self, org }),
            Some((kind, why)) => Err(Problem::new(kind, why).with_retry_after(30)),
        }
    }

    /// What is counted is whole at every moment.
    fn taken(&self) -> MutexGuard<'_, BTreeMap<OrgId, usize>> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        let mut taken = self.shares.taken();
        if let Some(own) = taken.get_mut(&self.org) {
            *own -= 1;
        }
        taken.retain(|_, own| *own > 0);
    }
}

#[cfg(test)]
mod tests;
