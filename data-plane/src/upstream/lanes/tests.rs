use super::*;
use egress::{Connector, Egress, Lookup};

fn lanes() -> Lanes {
    let connector = Connector {
        egress: Arc::new(Egress::default()),
        lookup: Lookup::system(),
        timeout: Duration::from_secs(1),
    };
    Lanes::new(
        Https::new(egress::platform_tls(), connector.clone()),
        Https::http1(egress::platform_tls(), connector),
    )
}

#[test]
fn what_stands_has_a_line_of_its_own_where_http_1_1_is_spoken() {
    let lanes = lanes();
    let (plain, tls) = (
        "http://mcp.example/".parse().unwrap(),
        "https://mcp.example/".parse().unwrap(),
    );
    assert!(lanes.line(&plain).is_some());
    assert!(lanes.line(&tls).is_none(), "nobody knows yet");
    lanes.heard(Version::HTTP_11);
    assert!(lanes.line(&tls).is_some());
    lanes.heard(Version::HTTP_2);
    assert!(lanes.line(&tls).is_none());
    assert!(lanes.line(&plain).is_some());
}

fn count(kind: &Kind) -> usize {
    kind.lanes.read().unwrap().len()
}

#[test]
fn a_full_lane_makes_another_and_one_that_is_free_again_is_used_again() {
    let lanes = lanes();
    let mut places: Vec<Place> = (0..33).map(|_| lanes.take(Lasting::Call).1).collect();
    assert_eq!(count(&lanes.calls), 3);
    places.remove(0);
    let _again = lanes.take(Lasting::Call);
    assert_eq!(count(&lanes.calls), 3);
}

#[test]
fn what_stands_never_takes_a_calls_place() {
    let lanes = lanes();
    let _standing: Vec<Place> = (0..9).map(|_| lanes.take(Lasting::Standing).1).collect();
    assert_eq!((count(&lanes.standing), count(&lanes.calls)), (3, 0));
}

#[test]
fn lanes_that_are_empty_go_and_those_in_use_stay() {
    let lanes = lanes();
    let mut places: Vec<Place> = (0..40).map(|_| lanes.take(Lasting::Call).1).collect();
    places.drain(..32);
    lanes.trim();
    assert_eq!(count(&lanes.calls), 3, "the last is in use");
    places.clear();
    lanes.trim();
    assert_eq!(count(&lanes.calls), 1);
}

#[test]
fn there_is_an_end_to_lanes_and_then_the_emptiest_is_shared() {
    let lanes = lanes();
    let places: Vec<Place> = (0..4 * MOST_LANES + 10)
        .map(|_| lanes.take(Lasting::Standing).1)
        .collect();
    assert_eq!(count(&lanes.standing), MOST_LANES);
    drop(places);
    lanes.trim();
    assert_eq!(count(&lanes.standing), 1);
}
