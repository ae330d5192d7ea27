//! Addresses: what may be dialled, against the registries' ranges as they are written.

use egress::{Allowed, Egress};
use ipnet::IpNet;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::LazyLock;

/// Not hosts of the public internet (the IANA special-purpose registries, multicast, reserved, one cloud's own).
static REFUSED: LazyLock<Vec<IpNet>> = LazyLock::new(|| {
    "0.0.0.0/8 10.0.0.0/8 100.64.0.0/10 127.0.0.0/8 168.63.129.16/32 169.254.0.0/16 172.16.0.0/12 192.0.0.0/24 \
     192.0.2.0/24 192.31.196.0/24 192.52.193.0/24 192.88.99.0/24 192.168.0.0/16 192.175.48.0/24 198.18.0.0/15 198.51.100.0/24 203.0.113.0/24 224.0.0.0/4 240.0.0.0/4 \
     ::/3 4000::/2 8000::/1 2001::/23 2001:db8::/32 2002::/16 2620:4f:8000::/48 3fff::/20"
        .split_whitespace()
        .map(|net| net.parse().expect("a network"))
        .collect()
});

pub fn run(data: &[u8]) {
    let Some((address, rest)) = address(data) else {
        return;
    };
    let refused = !is_public(address);
    assert_eq!(
        Egress::default().judge(address).is_err(),
        refused,
        "{address}"
    );
    if let IpAddr::V6(address) = address {
        assert!(refused || !carries_refused(address), "{address}");
    }
    // An exception opens what it names, and nothing that merely looks like it.
    if let Some((length, rest)) = rest.split_first()
        && let Some((named, _)) = self::address(rest)
        && let Ok(net) = IpNet::new(named, length % if named.is_ipv4() { 33 } else { 129 })
    {
        let judged = Egress::new(vec![net]).judge(address);
        assert_eq!(judged == Ok(Allowed::Exception), net.contains(&address));
        assert_eq!(judged.is_err(), refused && !net.contains(&address));
    }
}

pub fn is_public(address: IpAddr) -> bool {
    !REFUSED.iter().any(|net| net.contains(&address))
}

fn address(data: &[u8]) -> Option<(IpAddr, &[u8])> {
    let (kind, data) = data.split_first()?;
    if kind % 2 == 0 {
        let (octets, rest) = data.split_first_chunk::<4>()?;
        Some((Ipv4Addr::from(*octets).into(), rest))
    } else {
        let (octets, rest) = data.split_first_chunk::<16>()?;
        Some((Ipv6Addr::from(*octets).into(), rest))
    }
}

/// Mapped, compatible, translated (both prefixes), 6to4 or Teredo: an address in another's clothes.
fn carries_refused(address: Ipv6Addr) -> bool {
    let octets = address.octets();
    let four = |from: usize| {
        Ipv4Addr::new(
            octets[from],
            octets[from + 1],
            octets[from + 2],
            octets[from + 3],
        )
    };
    let segments = address.segments();
    let inside = match segments {
        [0, 0, 0, 0, 0, 0 | 0xffff, _, _] | [0, 0, 0, 0, 0xffff, 0, _, _] | [0x64, 0xff9b, ..] => {
            four(12)
        }
        [0x2002, ..] => four(2),
        [0x2001, 0, ..] => Ipv4Addr::from_bits(!four(12).to_bits()),
        _ => return false,
    };
    !is_public(inside.into())
}
