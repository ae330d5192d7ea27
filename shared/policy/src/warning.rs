//! What a document means but may not have been meant: it can be published, and says so.

use crate::finding::{At, Findings};
use crate::policy::Policy;
use crate::word::Category;
use json::Node;

/// What is known of the server that a policy is written for.
#[derive(Debug, Clone, Default)]
pub struct ServerTools {
    pub tools: Vec<ServerTool>,
    /// For how long entries have been in shadow, counted over the published versions.
    pub shadows: Vec<ShadowAge>,
}

#[derive(Debug, Clone)]
pub struct ServerTool {
    pub name: String,
    pub category: Category,
    /// The recorded input schema.
    pub schema: Option<serde_json::Value>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShadowAge {
    /// The selector, or `all_tools`.
    pub entry: String,
    pub days: u32,
}

pub(crate) fn warn(
    _root: &Node<'_>,
    _policy: &Policy,
    _server: Option<&ServerTools>,
    _found: &mut Findings,
) {
    let _ = At::ROOT;
}
