use proptest::collection::vec;
use proptest::prelude::*;

use super::*;

fn read_all(bytes: &[u8]) -> (Vec<Vec<u8>>, u64, Found) {
    let mut frames = Frames::new(bytes, 0);
    let (mut all, mut payload) = (Vec::new(), Vec::new());
    loop {
        match frames
            .next(&mut payload)
            .expect("reading from memory cannot fail")
        {
            Found::Frame => all.push(payload.clone()),
            end => return (all, frames.good(), end),
        }
    }
}

fn written(payloads: &[Vec<u8>]) -> Vec<u8> {
    payloads
        .iter()
        .flat_map(|payload| frame(payload).expect("short enough"))
        .collect()
}

#[test]
fn a_payload_longer_than_a_frame_may_be_is_not_framed() {
    assert!(frame(&vec![0; MAX_PAYLOAD]).is_some());
    assert!(frame(&vec![0; MAX_PAYLOAD + 1]).is_none());
}

#[test]
fn zeros_are_no_frame() {
    assert_eq!(read_all(&[0; 4096]), (vec![], 0, Found::Torn));
}

#[test]
fn a_length_beyond_the_bound_is_damage_and_allocates_nothing() {
    let mut bytes = vec![0xff; 4];
    bytes.extend_from_slice(&[0; 60]);
    let mut payload = Vec::new();
    assert_eq!(
        Frames::new(&*bytes, 0).next(&mut payload).unwrap(),
        Found::Torn
    );
    assert_eq!(payload.capacity(), 0);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn what_was_written_is_read(payloads in vec(vec(any::<u8>(), 0..200), 0..20)) {
        let bytes = written(&payloads);
        prop_assert_eq!(read_all(&bytes), (payloads, bytes.len() as u64, Found::End));
    }

    #[test]
    fn any_bytes_are_read_without_a_panic(bytes in vec(any::<u8>(), 0..4_000)) {
        let (frames, good, _) = read_all(&bytes);
        prop_assert!(good <= bytes.len() as u64);
        prop_assert_eq!(written(&frames), &bytes[..usize::try_from(good).unwrap()]);
    }

    #[test]
    fn a_torn_tail_costs_only_the_frames_it_tore(payloads in vec(vec(any::<u8>(), 0..200), 1..20), cut in any::<prop::sample::Index>()) {
        let bytes = written(&payloads);
        let cut = cut.index(bytes.len());
        let (frames, good, end) = read_all(&bytes[..cut]);
        let mut whole = 0;
        let kept = payloads.iter().take_while(|payload| { whole += HEAD + payload.len(); whole <= cut }).count();
        prop_assert_eq!(&frames[..], &payloads[..kept]);
        prop_assert_eq!(written(&frames).len() as u64, good);
        prop_assert_eq!(end == Found::End, good == cut as u64);
    }

    #[test]
    fn a_flipped_bit_is_never_read_as_a_record(payloads in vec(vec(any::<u8>(), 0..100), 1..10), at in any::<prop::sample::Index>(), bit in 0..8u8) {
        let mut bytes = written(&payloads);
        let at = at.index(bytes.len());
        bytes[at] ^= 1 << bit;
        let (frames, ..) = read_all(&bytes);
        prop_assert!(frames.len() < payloads.len());
        prop_assert_eq!(&frames[..], &payloads[..frames.len()]);
    }
}
