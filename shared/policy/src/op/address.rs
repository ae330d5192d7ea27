//! Whether an IP address lies in a range of its own family.

use crate::finding::Flaw;
use core::net::IpAddr;
use ipnet::IpNet;

pub(super) fn range(text: &str) -> Result<IpNet, Flaw> {
    // A part with a zero in front is octal to some readers and decimal to others: it is no address.
    let is_address = text
        .split_once('/')
        .is_some_and(|(address, _)| address.parse::<IpAddr>().is_ok());
    let read = text.parse::<IpNet>().ok().filter(|_| is_address);
    read.ok_or_else(|| {
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

/// A range that is written with more than its prefix: `10.0.0.1/8` may have been meant for one address.
pub(super) fn flaw(range: IpNet) -> Option<Flaw> {
    let plain = range.trunc();
    (plain != range).then(|| {
        let message =
            format!("`{range}` is the whole range `{plain}`, not what stands before the `/` alone");
        Flaw::new("wide_cidr", message).hint(Some(&plain.to_string()))
    })
}

/// IPv4 in IPv6 form counts as IPv6, so that one address never matches by two ranges.
pub(super) fn is_in(text: &str, ranges: &[IpNet]) -> bool {
    text.parse::<IpAddr>()
        .is_ok_and(|address| ranges.iter().any(|range| range.contains(&address)))
}
