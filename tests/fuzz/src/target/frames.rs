//! Frames of the spool: any bytes are frames up to some place, and damage costs only what follows it.

use crate::parts::choice;
use data_plane::record::frame::{Found, Frames, HEAD, MAX_PAYLOAD, frame};

pub fn run(data: &[u8]) {
    let (found, good) = read(data);
    let framed: Vec<u8> = found
        .iter()
        .flat_map(|payload| frame(payload).expect("a frame"))
        .collect();
    assert_eq!(framed, data[..good]);

    let (at, data) = choice(data, u8::MAX);
    let (bits, data) = choice(data, u8::MAX);
    let payloads: Vec<&[u8]> = data.split(|byte| *byte == b'\n').collect();
    let mut framed: Vec<u8> = payloads
        .iter()
        .flat_map(|payload| frame(payload).expect("a frame"))
        .collect();
    let (found, good) = read(&framed);
    assert_eq!(
        (found, good),
        (
            payloads.iter().map(|payload| payload.to_vec()).collect(),
            framed.len()
        )
    );

    let at = usize::from(at) * framed.len() / 255;
    if at < framed.len() {
        framed[at] ^= bits;
        let (found, good) = read(&framed);
        assert!(
            found
                .iter()
                .zip(&payloads)
                .all(|(found, payload)| found == payload)
        );
        assert!(bits == 0 || good <= at, "a damaged frame passes");
        framed.truncate(at);
        let (found, good) = read(&framed);
        assert!(good <= at && found.len() <= payloads.len());
        assert!(
            found
                .iter()
                .zip(&payloads)
                .all(|(found, payload)| found == payload)
        );
    }
}

fn read(bytes: &[u8]) -> (Vec<Vec<u8>>, usize) {
    let mut frames = Frames::new(bytes, 0);
    let (mut found, mut payload) = (Vec::new(), Vec::new());
    while frames.next(&mut payload).expect("memory can be read") == Found::Frame {
        assert!(payload.len() <= MAX_PAYLOAD);
        found.push(payload.clone());
    }
    assert_eq!(
        frames.next(&mut payload).expect("memory can be read"),
        Found::End
    );
    let good = usize::try_from(frames.good()).expect("a short text");
    assert_eq!(
        good,
        found
            .iter()
            .map(|payload| HEAD + payload.len())
            .sum::<usize>()
    );
    (found, good)
}
