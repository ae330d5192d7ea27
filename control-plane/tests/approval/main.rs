//! Approvals: what replicas ask, what people decide, and that a call spends one once.

#[path = "../world/mod.rs"]
mod world;

mod deciding;
mod desk;
mod spending;
mod taking_back;
