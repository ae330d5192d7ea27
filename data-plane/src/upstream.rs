//! The side toward MCP servers: the connections kept, the headers and credentials sent, the sealed sessions. What is
//! sent, and whether, is the gate's and the relay's; which addresses are dialled, the crate `egress` knows.

pub mod headers;
pub mod pool;
pub mod session;
