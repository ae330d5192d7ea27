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
