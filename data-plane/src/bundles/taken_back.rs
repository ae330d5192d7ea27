//! What was taken back and the bundles that are held do not know yet. It can only take away: whoever holds the version
//! that it came with, or a newer one, goes by that. PURE.

use bundle::revocation::{Revocation, Taken};
use ids::OrgId;
use std::collections::HashMap;
use std::sync::Arc;

/// Of one organisation. Beyond it, all of it waits for its bundle.
const MOST: usize = 10_000;

#[derive(Debug, Clone, Default)]
pub(super) struct TakenBack(HashMap<OrgId, Arc<HashMap<Taken, u64>>>);

impl TakenBack {
    /// `held`: the version of the bundle that is held of an organisation.
    pub fn add(&mut self, news: &[Revocation], held: impl Fn(OrgId) -> Option<u64>) {
        for one in news {
            // Of an organisation that is not held yet, an older bundle may still come.
            if held(one.org).is_some_and(|held| held >= one.version) {
                continue;
            }
            let taken = Arc::make_mut(self.0.entry(one.org).or_default());
            let version = taken.entry(one.what).or_default();
            *version = one.version.max(*version);
            if taken.len() > MOST {
                let newest = taken.values().copied().max().unwrap_or_default();
                *taken = HashMap::from([(Taken::Org, newest)]);
            }
        }
    }

    /// Forgets what a bundle of this version knows; answers whether there was something.
    pub fn settle(&mut self, org: OrgId, version: u64) -> bool {
        let Some(taken) = self.0.get_mut(&org) else {
            return false;
        };
        let before = taken.len();
        Arc::make_mut(taken).retain(|_, taken| *taken > version);
        let after = taken.len();
        if after == 0 {
            self.0.remove(&org);
        }
        after < before
    }

    pub fn concerns(&self, org: OrgId) -> bool {
        self.0.contains_key(&org)
    }

    /// Whether a bundle of this version is too old to know that this was taken back.
    pub fn has(&self, org: OrgId, what: Taken, version: u64) -> bool {
        let taken = self.0.get(&org).and_then(|taken| taken.get(&what));
        taken.is_some_and(|taken| *taken > version)
    }

    /// How many things of organisations that are held.
    pub fn count(&self, held: impl Fn(OrgId) -> bool) -> usize {
        let ours = self.0.iter().filter(|(org, _)| held(**org));
        ours.map(|(_, taken)| taken.len()).sum()
    }
}

#[cfg(test)]
mod tests;
