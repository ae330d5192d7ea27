use super::*;

fn judge(address: &str) -> Result<Allowed, Refused> {
    Egress::default().judge(address.parse().unwrap())
}

#[test]
fn public_addresses_are_dialled() {
    for address in [
        "1.1.1.1",
        "8.8.8.8",
        "172.15.255.255",
        "172.32.0.1",
        "100.63.255.255",
        "100.128.0.1",
        "11.0.0.1",
        "169.253.1.1",
        "198.17.0.1",
        "198.20.0.1",
        "223.255.255.255",
        "2606:4700::1111",
        "2a00:1450::1",
        "2003::1",
        "2001:200::1",
        "192.0.1.0",
        "192.0.3.0",
        "192.31.195.255",
        "192.52.194.0",
        "192.88.100.0",
        "192.175.49.0",
        "203.0.112.255",
        "203.0.114.0",
        "2620:4f:7fff::1",
        "2620:4f:8001::1",
        "3fff:1000::1",
    ] {
        assert_eq!(judge(address), Ok(Allowed::Public), "{address}");
    }
}

#[test]
fn every_other_range_is_refused_from_its_first_to_its_last_address() {
    for address in [
        "0.0.0.0",
        "0.255.255.255",
        "10.0.0.0",
        "10.255.255.255",
        "100.64.0.0",
        "100.127.255.255",
        "100.100.100.200",
        "127.0.0.1",
        "127.255.255.255",
        "168.63.129.16",
        "169.254.0.0",
        "169.254.169.254",
        "169.254.255.255",
        "172.16.0.0",
        "172.31.255.255",
        "192.0.0.1",
        "192.0.0.192",
        "192.0.2.1",
        "192.88.99.1",
        "192.168.0.0",
        "192.168.255.255",
        "198.18.0.0",
        "198.19.255.255",
        "198.51.100.7",
        "203.0.113.7",
        "224.0.0.1",
        "239.255.255.255",
        "240.0.0.0",
        "255.255.255.255",
        "::",
        "::1",
        "::2",
        "::7f00:1",
        "::ffff:127.0.0.1",
        "::ffff:8.8.8.8",
        "::ffff:0:127.0.0.1",
        "64:ff9b::7f00:1",
        "64:ff9b:1::1",
        "100::1",
        "2001::1",
        "2001:0:7f00:1::",
        "2001:10::1",
        "2001:20::1",
        "2001:db8::1",
        "2002:7f00:1::",
        "3fff::1",
        "3fff:fff::1",
        "5f00::1",
        "fc00::1",
        "fd00:ec2::254",
        "fdff::1",
        "fe80::1",
        "febf::1",
        "fec0::1",
        "ff02::1",
    ] {
        assert!(judge(address).is_err(), "{address}");
    }
}

#[test]
fn the_operators_exception_opens_its_own_range_and_no_other() {
    let egress = Egress::new(vec![
        "10.1.0.0/16".parse().unwrap(),
        "::1/128".parse().unwrap(),
    ]);
    let judge = |address: &str| egress.judge(address.parse().unwrap());
    assert_eq!(judge("10.1.2.3"), Ok(Allowed::Exception));
    assert_eq!(judge("::1"), Ok(Allowed::Exception));
    assert_eq!(judge("1.1.1.1"), Ok(Allowed::Public));
    assert!(judge("10.2.0.1").is_err());
    assert!(judge("::ffff:10.1.2.3").is_err());
    assert!(judge("127.0.0.1").is_err());
}

/// IANA's registries of special-purpose addresses (iana.org/assignments/iana-ipv4-special-registry, last updated
/// 2024-10-09, and iana-ipv6-special-registry, 2024-10-22), block by block, those called globally reachable among them.
const IANA: [&str; 51] = [
    "0.0.0.0/8",
    "0.0.0.0/32",
    "10.0.0.0/8",
    "100.64.0.0/10",
    "127.0.0.0/8",
    "169.254.0.0/16",
    "172.16.0.0/12",
    "192.0.0.0/24",
    "192.0.0.0/29",
    "192.0.0.8/32",
    "192.0.0.9/32",
    "192.0.0.10/32",
    "192.0.0.170/32",
    "192.0.0.171/32",
    "192.0.2.0/24",
    "192.31.196.0/24",
    "192.52.193.0/24",
    "192.88.99.0/24",
    "192.88.99.2/32",
    "192.168.0.0/16",
    "192.175.48.0/24",
    "198.18.0.0/15",
    "198.51.100.0/24",
    "203.0.113.0/24",
    "240.0.0.0/4",
    "255.255.255.255/32",
    "::1/128",
    "::/128",
    "::ffff:0:0/96",
    "64:ff9b::/96",
    "64:ff9b:1::/48",
    "100::/64",
    "100:0:0:1::/64",
    "2001::/23",
    "2001::/32",
    "2001:1::1/128",
    "2001:1::2/128",
    "2001:1::3/128",
    "2001:2::/48",
    "2001:3::/32",
    "2001:4:112::/48",
    "2001:10::/28",
    "2001:20::/28",
    "2001:30::/28",
    "2001:db8::/32",
    "2002::/16",
    "2620:4f:8000::/48",
    "3fff::/20",
    "5f00::/16",
    "fc00::/7",
    "fe80::/10",
];

#[test]
fn no_block_of_special_purpose_is_dialled_at_either_end() {
    let multicast_and_old = ["224.0.0.0/4", "ff00::/8", "fec0::/10", "::/96"];
    for block in IANA.iter().chain(&multicast_and_old) {
        let net: IpNet = block.parse().unwrap();
        for address in [net.network(), net.broadcast()] {
            let judged = Egress::default().judge(address);
            assert!(judged.is_err(), "{address} of {block}");
        }
    }
}

#[test]
fn a_way_into_ipv4_inside_an_ipv6_address_leads_nowhere() {
    let inner: Ipv4Addr = "127.0.0.1".parse().unwrap();
    let (high, low) = (0x7f00, 0x0001);
    for (kind, address) in [
        ("mapped", inner.to_ipv6_mapped()),
        ("compatible", Ipv6Addr::new(0, 0, 0, 0, 0, 0, high, low)),
        (
            "translated",
            Ipv6Addr::new(0, 0, 0, 0, 0xffff, 0, high, low),
        ),
        ("NAT64", Ipv6Addr::new(0x64, 0xff9b, 0, 0, 0, 0, high, low)),
        ("NAT64", Ipv6Addr::new(0x64, 0xff9b, 1, 0, 0, 0, high, low)),
        ("6to4", Ipv6Addr::new(0x2002, high, low, 0, 0, 0, 0, 1)),
        ("Teredo", Ipv6Addr::new(0x2001, 0, high, low, 0, 0, 0, 0)),
        ("Teredo", Ipv6Addr::new(0x2001, 0, 1, 1, 0, 0, !high, !low)),
    ] {
        assert!(Egress::default().judge(address.into()).is_err(), "{kind}");
    }
}
