//! Policies: drafts, versions, checks and explanations, through the router.

mod acme;
mod check;
mod draft;
mod explain;
#[path = "../world/rows.rs"]
mod rows;
mod version;
#[path = "../world/mod.rs"]
mod world;
