//! The way out: how both planes reach MCP servers whose URLs were typed by somebody else.
//!
//! Here: which addresses may be dialled, who waits for whose names, the connector that dials exactly the address it judged, TLS
//! over it and whom that trusts, where a server may send us on to, and the bounded decoding of what comes back compressed. Not
//! here: what is sent, pools, credentials. Depends on nothing of ours.

mod address;
mod connect;
mod decode;
mod endpoint;
mod https;
mod lookup;
mod tls;

pub use address::{Allowed, Egress, Refused};
pub use connect::{ConnectError, Connector, Stream};
pub use decode::{Decoder, Undecodable};
pub use endpoint::endpoint;
pub use https::Https;
pub use lookup::Lookup;
pub use tls::platform_tls;
