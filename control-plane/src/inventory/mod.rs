//! Everything the organisation's agents can call, tool by tool: which grants reach it, under which rule, and what no policy
//! speaks of.

pub mod act;
pub mod api;
mod export;
mod filter;
pub mod page;
mod reach;
mod store;

pub use filter::{ExportInventory, Filter, ListInventory, Place};

use crate::http::described;
use crate::server::tool::Severity;
use crate::server::tool::class::Source;
use ids::{PolicyId, ServerId};
use policy::Category;
use serde::Serialize;
use utoipa::ToSchema;

/// Of the ways to one tool, so many are told; the rest is counted.
const MOST_WAYS: usize = 20;
/// Of the grants on one way, so many are named.
const MOST_NAMES: usize = 5;

#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Entry {
    #[schema(value_type = String)]
    pub server: ServerId,
    pub server_slug: String,
    pub tool: String,
    #[schema(schema_with = described::category)]
    pub category: Category,
    /// Whose word that is; null: nobody's.
    pub source: Option<Source>,
    pub severity: Severity,
    pub signals: Vec<String>,
    /// New or changed since it was accepted.
    pub is_changed: bool,
    /// Whether it is refused until it is accepted.
    pub is_blocked: bool,
    /// Whether an entry or `hide` of a policy on this server means it; else only `default` answers, or nobody is there to ask.
    pub covered: bool,
    /// Live grants that reach its server.
    pub grants: u64,
    pub ways: Vec<Way>,
    /// Ways that are not told here.
    pub more_ways: u64,
}

/// A policy version through which grants reach the tool, and what it says before it has seen an argument.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Way {
    #[schema(value_type = Option<String>)]
    pub policy: Option<PolicyId>,
    /// Null where the grants have no published policy here.
    pub policy_slug: Option<String>,
    pub version: Option<u32>,
    /// `/tools/SELECTOR`, `(hidden)`, `(default deny)`, `(default allow)` or `(no policy)`.
    pub rule: String,
    /// `allow`, `deny`, `hide` or `require_approval`.
    pub action: String,
    /// The entry only watches: calls pass.
    pub shadow: bool,
    /// Arguments, limits or people may still say no.
    pub conditional: bool,
    pub grants: u64,
    /// The first of them by name.
    pub names: Vec<String>,
}
