//! What tests stand on: databases, processes, a whole installation of both planes, real MCP servers and clients.
//!
//! Nothing here knows what a test wants to prove. Whatever is started ends with the value that stands for it.

#![allow(
    clippy::disallowed_methods,
    reason = "a test's own environment says where its databases are, and its own loopback needs no manners"
)]

mod cable;
mod collector;
mod database;
mod door;
mod hatch;
mod installation;
mod mailbox;
mod process;
mod raw;
mod real;
mod redis;
mod rest;
mod stub;
mod wait;

pub use cable::{Cable, Fault, Way};
pub use collector::{Collector, Span};
pub use database::Database;
pub use door::Door;
pub use hatch::Hatch;
pub use installation::{Installation, Replica};
pub use mailbox::{Mailbox, Received};
pub use process::{Process, free_port, resident};
pub use raw::{Answer, Raw};
pub use real::{Client, Kind, Pending, Server};
pub use redis::Redis;
pub use rest::{Org, Rest};
pub use stub::{Seen, Stub};
pub use wait::{Folder, until};
