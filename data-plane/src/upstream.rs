//! The side toward MCP servers: the connections kept, whether a server that keeps failing is asked, the headers and
//! credentials sent, the answer read, the sealed sessions and the marked ids, older servers as new ones. What is sent, and
//! whether, is the gate's and the relay's; which addresses are dialled, and how answers are decoded, the crate `egress` knows.

pub mod answer;
pub mod bridge;
pub mod headers;
mod lanes;
pub mod line;
pub mod mark;
pub mod meter;
pub mod pool;
pub mod send;
pub mod session;
pub mod turn;
