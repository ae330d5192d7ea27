//! Budgets that are nearly used up, for people to see: the control plane is told of them with the next report.

use bundle::feed::{Fill, MOST_FILLS};
use ids::{GrantId, OrgId};
use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

/// Kept until the next report. Beyond it new ones are not kept: each comes again with the next call under it.
const MOST: usize = 4 * MOST_FILLS;

/// What was seen since the last report.
#[derive(Debug, Default)]
pub struct Fills(Mutex<HashMap<(OrgId, GrantId, String), Fill>>);

impl Fills {
    /// Of several budgets of one limit (`by`), the fullest is told of.
    pub fn saw(&self, fill: Fill) {
        let mut fills = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let name = (fill.org, fill.grant, fill.rule.clone());
        if let Some(known) = fills.get_mut(&name) {
            // Of another version of the policy, the newest word; else of several budgets the fuller.
            if known.max != fill.max || known.used <= fill.used {
                *known = fill;
            }
        } else if fills.len() < MOST {
            fills.insert(name, fill);
        }
    }

    /// The fullest of them, for one report; the rest is forgotten.
    pub fn take(&self) -> Vec<Fill> {
        let mut fills = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut taken: Vec<Fill> = fills.drain().map(|(_, fill)| fill).collect();
        drop(fills);
        taken.sort_by_key(|fill| {
            std::cmp::Reverse(u128::from(fill.used) * 1_000 / u128::from(fill.max.max(1)))
        });
        taken.truncate(MOST_FILLS);
        taken
    }
}

#[cfg(test)]
mod tests;
