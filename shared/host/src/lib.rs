//! The manners of a process: what it reads at start, how it speaks (logs, spans, metrics), how it listens, how it stops.
//!
//! The only shared crate that does I/O. Knows nothing of organisations, policies or MCP.

pub mod clock;
pub mod descriptors;
pub mod env;
pub mod metrics;
pub mod ready;
pub mod serve;
pub mod stop;
pub mod telemetry;
pub mod tls;
