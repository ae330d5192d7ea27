use super::*;

#[test]
fn the_bounds_of_latencies_rise() {
    assert!(BOUNDS.windows(2).all(|pair| pair[0] < pair[1]));
}

#[test]
fn the_hour_of_a_time_is_its_beginning() {
    let at = OffsetDateTime::from_unix_timestamp(1_795_348_800 + 59 * 60 + 59).unwrap();
    assert_eq!(hour(at).unix_timestamp(), 1_795_348_800);
    assert_eq!(hour(hour(at)), hour(at));
}

#[test]
fn a_call_is_found_again_once_however_often_it_is_named() {
    let (org, at) = (Uuid::from_u128(1), OffsetDateTime::UNIX_EPOCH);
    let (one, other) = ((org, at, Uuid::from_u128(2)), (org, at, Uuid::from_u128(3)));
    let fresh = Fresh::of([one, other, one].into_iter());
    assert_eq!(fresh.ids, [one.2, other.2]);
}
