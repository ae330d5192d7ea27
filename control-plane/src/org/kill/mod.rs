//! The kill switch: stops the calls of an organisation, a server or a grant at once, and lets them go on. Replicas learn of it
//! as of any change; agents are told 403.

pub mod act;
pub mod api;
pub mod page;
pub mod store;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Target {
    Org,
    Server,
    Grant,
}

#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Switch {
    pub target: Target,
    /// An id; of an organisation or a server also its slug. May be left out for the organisation itself.
    #[serde(default)]
    pub id: Option<String>,
    /// True stops, false lets go on.
    pub on: bool,
}

#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Switched {
    pub target: Target,
    /// The id of what was named.
    pub id: String,
    pub on: bool,
}
