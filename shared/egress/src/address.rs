//! Which addresses may be dialled. PURE: an address in, a yes or the reason why not out.
//!
//! The address judged is the one dialled, after every spelling and every name has been resolved (`connect.rs`), so
//! there is no list of spellings here, only of ranges.

use ipnet::IpNet;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// The operator's exceptions; empty by default.
#[derive(Debug, Clone, Default)]
pub struct Egress {
    exceptions: Vec<IpNet>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{range} addresses are not dialled")]
pub struct Refused {
    pub range: &'static str,
}

/// How an address came to be allowed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Allowed {
    Public,
    /// By the operator, who knows this network: here plain http is his affair too.
    Exception,
}

impl Egress {
    pub const fn new(exceptions: Vec<IpNet>) -> Self {
        Self { exceptions }
    }

    pub const fn has_exceptions(&self) -> bool {
        !self.exceptions.is_empty()
    }

    pub fn judge(&self, address: IpAddr) -> Result<Allowed, Refused> {
        if self.exceptions.iter().any(|net| net.contains(&address)) {
            return Ok(Allowed::Exception);
        }
        let range = match address {
            IpAddr::V4(address) => refused_v4(address),
            IpAddr::V6(address) => refused_v6(address),
        };
        range.map_or(Ok(Allowed::Public), |range| Err(Refused { range }))
    }
}

/// (first address, prefix length, name): everything that is not the public internet of unicast hosts. That is IANA's
/// registry of special-purpose addresses, with those of its anycast services too, multicast, and what is not in any registry.
const V4: &[([u8; 4], u32, &str)] = &[
    ([0, 0, 0, 0], 8, "this-network"),
    ([10, 0, 0, 0], 8, "private"),
    ([100, 64, 0, 0], 10, "carrier-grade NAT"),
    ([127, 0, 0, 0], 8, "loopback"),
    // A cloud's host agent, reachable from its machines as if it were public.
    ([168, 63, 129, 16], 32, "metadata"),
    ([169, 254, 0, 0], 16, "link-local"),
    ([172, 16, 0, 0], 12, "private"),
    ([192, 0, 0, 0], 24, "protocol assignment"),
    ([192, 0, 2, 0], 24, "documentation"),
    ([192, 31, 196, 0], 24, "AS112 service"),
    ([192, 52, 193, 0], 24, "multicast tunnelling"),
    ([192, 88, 99, 0], 24, "6to4 relay"),
    ([192, 168, 0, 0], 16, "private"),
    ([192, 175, 48, 0], 24, "AS112 service"),
    ([198, 18, 0, 0], 15, "benchmarking"),
    ([198, 51, 100, 0], 24, "documentation"),
    ([203, 0, 113, 0], 24, "documentation"),
    ([224, 0, 0, 0], 4, "multicast"),
    ([240, 0, 0, 0], 4, "reserved"),
];

fn refused_v4(address: Ipv4Addr) -> Option<&'static str> {
    let bits = address.to_bits();
    V4.iter()
        .find(|(first, prefix, _)| {
            let shift = 32 - prefix;
            bits >> shift == u32::from_be_bytes(*first) >> shift
        })
        .map(|(_, _, name)| *name)
}

/// Inside `2000::/3`, the only range of public unicast addresses, these are not hosts of the internet either.
const V6: &[([u16; 3], u32, &str)] = &[
    ([0x2001, 0, 0], 23, "protocol assignment"),
    ([0x2001, 0xdb8, 0], 32, "documentation"),
    ([0x2002, 0, 0], 16, "6to4"),
    ([0x2620, 0x4f, 0x8000], 48, "AS112 service"),
    ([0x3fff, 0, 0], 20, "documentation"),
];

fn refused_v6(address: Ipv6Addr) -> Option<&'static str> {
    let segments = address.segments();
    if segments[0] & 0xe000 != 0x2000 {
        // Loopback, mapped, compatible, NAT64, link-local, unique local, multicast: none of them is global unicast.
        return Some(name_outside(address));
    }
    let high = |three: [u16; 3]| {
        u64::from(three[0]) << 32 | u64::from(three[1]) << 16 | u64::from(three[2])
    };
    let bits = high([segments[0], segments[1], segments[2]]);
    V6.iter()
        .find(|(first, prefix, _)| {
            let shift = 48 - prefix;
            bits >> shift == high(*first) >> shift
        })
        .map(|(_, _, name)| *name)
}

fn name_outside(address: Ipv6Addr) -> &'static str {
    let first = address.segments()[0];
    if address.is_loopback() {
        "loopback"
    } else if address.to_ipv4_mapped().is_some() {
        "IPv4-mapped"
    } else if address.segments().starts_with(&[0x64, 0xff9b]) {
        "NAT64"
    } else if address.is_unspecified() {
        "unspecified"
    } else if first & 0xfe00 == 0xfc00 {
        "unique local"
    } else if first & 0xffc0 == 0xfe80 {
        "link-local"
    } else if first & 0xff00 == 0xff00 {
        "multicast"
    } else {
        "reserved"
    }
}

#[cfg(test)]
mod tests;
