//! Whether an IP address lies in a range of its own family.

use crate::finding::Flaw;
use core::net::IpAddr;
use ipnet::IpNet;

pub(super) fn range(text: &str) -> Result<IpNet, Flaw> {
    text.parse::<IpNet>().map_err(|_| {
        let flaw = Flaw::new(
            "bad_cidr",
            format!("`{text}` is not a CIDR range; expected one like `10.0.0.0/8` or `fd00::/8`"),
        );
        match text.parse::<IpAddr>() {
            Ok(IpAddr::V4(_)) => flaw.hint(Some(&format!("{text}/32"))),
            Ok(IpAddr::V6(_)) => flaw.hint(Some(&format!("{text}/128"))),
            Err(_) => flaw,
        }
    })
}

/// IPv4 in IPv6 form counts as IPv6, so that one address never matches by two ranges.
pub(super) fn is_in(text: &str, ranges: &[IpNet]) -> bool {
    text.parse::<IpAddr>()
        .is_ok_and(|address| ranges.iter().any(|range| range.contains(&address)))
}
