mod server;
mod shadow;
mod world;

mod memory;
mod outage;
mod redis;

pub(super) use server::Server;
pub(super) use world::{Agent, PATIENT, admitted, fleet, passed, refused, replica, replica_of};
