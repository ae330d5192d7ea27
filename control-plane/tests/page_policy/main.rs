//! The policy builder, through the router: words for tools, rules by form, a call tried, and what would change.

mod entry;
#[path = "../server/fake.rs"]
mod fake;
mod site;
mod tools;
mod views;
#[path = "../world/mod.rs"]
mod world;
