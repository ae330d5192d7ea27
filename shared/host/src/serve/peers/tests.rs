use super::*;

fn at(address: &str) -> SocketAddr {
    SocketAddr::new(address.parse().unwrap(), 1)
}

#[test]
fn an_address_holds_no_more_than_its_share_and_gives_it_back() {
    let peers = Peers::new(2);
    let (one, two) = (peers.place(at("192.0.2.1")), peers.place(at("192.0.2.1")));
    assert!(one.is_some() && two.is_some());
    assert!(peers.place(at("192.0.2.1")).is_none());
    let other = peers.place(at("192.0.2.2"));
    assert!(other.is_some(), "another address has its own");
    drop(one);
    assert!(peers.place(at("192.0.2.1")).is_some());
    drop((two, other));
    assert!(
        peers.held.lock().unwrap().is_empty(),
        "nothing is kept of who has gone"
    );
}

#[test]
fn a_whole_ipv6_network_and_a_mapped_address_are_one() {
    let peers = Peers::new(1);
    let _first = peers.place(at("2001:db8:0:1::1")).unwrap();
    assert!(peers.place(at("2001:db8:0:1:ffff::2")).is_none());
    assert!(peers.place(at("2001:db8:0:2::1")).is_some());
    let _mapped = peers.place(at("::ffff:192.0.2.1")).unwrap();
    assert!(peers.place(at("192.0.2.1")).is_none());
}
