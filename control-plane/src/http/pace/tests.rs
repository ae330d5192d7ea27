use super::{BURST, EACH_MS, MOST, Pace};
use std::net::{IpAddr, Ipv4Addr};

const NOW: u64 = 1_795_348_800_000;

fn address(number: u32) -> IpAddr {
    Ipv4Addr::from(0x0a00_0000 + number).into()
}

#[test]
fn a_burst_goes_through_then_as_many_as_were_earned_back() {
    let pace = Pace::default();
    for _ in 0..BURST {
        pace.take(address(1), NOW).unwrap();
    }
    assert_eq!(pace.take(address(1), NOW), Err(1));
    assert_eq!(pace.take(address(2), NOW), Ok(()));
    assert_eq!(pace.take(address(1), NOW + EACH_MS), Ok(()));
    assert!(pace.take(address(1), NOW + EACH_MS).is_err());
    // Nothing is earned beyond the burst, however long one waits.
    for _ in 0..BURST {
        pace.take(address(1), NOW + 1_000_000_000).unwrap();
    }
    assert!(pace.take(address(1), NOW + 1_000_000_000).is_err());
}

#[test]
fn whoever_has_a_network_of_version_6_has_one_share_of_it() {
    let pace = Pace::default();
    for number in 0..BURST {
        let address: IpAddr = format!("2001:db8::{number:x}").parse().unwrap();
        pace.take(address, NOW).unwrap();
    }
    let one_more: IpAddr = "2001:db8::ffff:1".parse().unwrap();
    assert!(pace.take(one_more, NOW).is_err());
}

#[test]
fn many_addresses_do_not_fill_the_memory_and_do_not_free_one_that_asked_too_often() {
    let pace = Pace::default();
    for _ in 0..BURST {
        pace.take(address(0), NOW).unwrap();
    }
    for number in 1..=(u32::try_from(MOST).unwrap() * 2) {
        pace.take(address(number), NOW).unwrap();
    }
    assert!(pace.0.lock().unwrap().len() <= MOST);
    assert!(pace.take(address(0), NOW).is_err());
}
