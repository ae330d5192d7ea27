//! The side toward MCP servers: which addresses are dialled, the connections kept, the headers and credentials sent, the
//! sealed sessions. What is sent, and whether, is the gate's and the relay's.

pub mod connect;
pub mod egress;
pub mod headers;
pub mod pool;
pub mod secrets;
pub mod session;
