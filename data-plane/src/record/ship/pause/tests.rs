use super::*;

#[test]
fn the_wait_grows_to_its_longest_and_begins_again_after_a_success() {
    let mut pause = Pause::default();
    let waits: Vec<_> = (0..40).map(|_| pause.after(None, 1.0)).collect();
    assert_eq!(waits[0], FIRST);
    assert!(waits.windows(2).all(|two| two[0] <= two[1]));
    assert_eq!(waits[39], LONGEST);
    pause.reset();
    assert_eq!(pause.after(None, 1.0), FIRST);
}

#[test]
fn chance_spreads_the_wait_over_its_upper_half() {
    assert_eq!(Pause::default().after(None, 0.0), FIRST / 2);
    assert_eq!(Pause::default().after(None, 1.0), FIRST);
}

#[test]
fn the_control_plane_may_ask_for_longer_but_not_for_ever() {
    assert_eq!(
        Pause::default().after(Some(Duration::from_secs(7)), 0.5),
        Duration::from_secs(7)
    );
    assert_eq!(
        Pause::default().after(Some(Duration::from_secs(7_000)), 0.5),
        ASKED
    );
}
