mod cluster;
mod eight;
mod histories;
mod promotion;
mod server;
mod shadow;
mod size;
mod tls;
mod world;

mod memory;
mod outage;
mod redis;

pub(super) use server::Server;
use server::{folder, free_port};
pub(super) use world::{
    Agent, PATIENT, Records, admitted, connect, fleet, passed, refused, replica, replica_of,
    replica_with, wished,
};
