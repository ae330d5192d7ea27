//! What a replica asks when the shared counters have lost their memory, and what it is told: how much of an organisation's
//! budgets is used by what is on record.

use crate::record::Charge;
use ids::OrgId;
use serde::{Deserialize, Serialize};

/// Sums in one answer; one budget has fewer.
pub const MOST_USED: usize = 5_000;

/// The body of `POST /v1/gateway/budgets`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Ask {
    pub org: OrgId,
    /// The last of the page before: what is told comes after all of its budget.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<Charge>,
}

/// In the order of the budgets; each one whole. `cost` is the sum of a slot.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Used {
    pub used: Vec<Charge>,
    pub is_all: bool,
}
