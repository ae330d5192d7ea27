//! The arguments of calls, where an organisation wants them kept: whether, for how long and without what; taking them in, reading
//! and forgetting them. A replica leaves out, covers and seals; what is stored is never plain, and stands in no chain.

pub mod act;
pub mod api;
pub mod keep;
pub mod page;
pub mod store;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Paths of what is left out.
pub const MOST_PATHS: usize = 100;
pub const LONGEST_PATH: usize = 500;
pub const LONGEST_DAYS: u32 = 3_650;
pub const USUAL_DAYS: u32 = 30;

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Capture {
    /// Whether arguments of calls are kept from now on.
    pub is_on: bool,
    /// What is left out of them before they leave a replica, as a policy's conditions spell it: `args.card.number`,
    /// `args.items[*].price`.
    #[serde(default)]
    pub redact: Vec<String>,
    /// For how many days those are kept that are there.
    #[serde(default = "usual_days")]
    pub keep_days: u32,
}

const fn usual_days() -> u32 {
    USUAL_DAYS
}

impl Default for Capture {
    fn default() -> Self {
        Self {
            is_on: false,
            redact: Vec::new(),
            keep_days: USUAL_DAYS,
        }
    }
}

/// What was kept of a call.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Captured {
    /// The arguments as JSON in its one spelling; where it was cut, the beginning of that.
    pub text: String,
    pub is_cut: bool,
}
