//! A spool folder that something else has written to: it opens or says why not, gives back whole records in their order,
//! and comes to an end.

use crate::folder::Folder;
use crate::parts::{choice, parts};
use data_plane::record::SpoolOptions;
use data_plane::record::frame::{Found, Frames, MAGIC, frame};
use data_plane::record::spool::Spool;
use std::collections::BTreeMap;

pub fn run(data: &[u8]) {
    let [first, second, third] = parts(data);
    let folder = Folder::new();
    let mut segments = BTreeMap::new();
    for (number, data) in (1..).zip([first, second, third]) {
        let (kind, data) = choice(data, 8);
        // The number is the order, whichever was written first.
        let number = if kind == 6 { u64::MAX - number } else { number };
        let name = match kind {
            5 => format!("{number}.damaged"),
            7 => "notes.seg".to_owned(),
            _ => format!("{number:020}.seg"),
        };
        let (bytes, records) = segment(kind, data);
        std::fs::write(folder.path().join(name), bytes).expect("written");
        segments.insert(number, records);
    }
    let written: Vec<Vec<u8>> = segments.into_values().flatten().collect();
    let Ok(spool) = Spool::open(SpoolOptions::new(folder.path().to_owned()), 0) else {
        return;
    };
    let mut last = 0;
    for _ in 0..1_000 {
        let Some(piece) = spool.next_piece() else {
            assert_eq!(spool.backlog(), 0);
            return;
        };
        let load = piece.read(2, 64).expect("the file can be read");
        for record in &load.records {
            // In the order they were written, each once.
            let at = written[last..]
                .iter()
                .position(|known| known == record)
                .expect("a record nobody wrote");
            last += at + 1;
        }
        if load.records.is_empty() {
            assert!(load.damaged);
            spool
                .set_aside(&piece, load.end)
                .expect("an old segment can be set aside");
        } else {
            spool.acknowledged(&piece, load.end);
        }
    }
    panic!("the spool never ends");
}

/// Frames of the lines of `data`, whole, cut, damaged or followed by something else, and the records in them.
fn segment(kind: u8, data: &[u8]) -> (Vec<u8>, Vec<Vec<u8>>) {
    if kind == 0 {
        let after = data.strip_prefix(MAGIC).unwrap_or_default();
        return (data.to_vec(), frames(after));
    }
    let mut bytes = MAGIC.to_vec();
    for line in data.split(|byte| *byte == b'\n') {
        bytes.extend(frame(line).expect("a frame"));
    }
    let mut records = frames(&bytes[MAGIC.len()..]);
    match kind {
        2 => bytes.truncate(data.len()),
        3 => {
            let at = data.iter().map(|byte| usize::from(*byte)).sum::<usize>() % bytes.len();
            bytes[at] ^= 0x10;
        }
        4 => {
            bytes.extend_from_slice(data);
            records = frames(&bytes[MAGIC.len()..]);
        }
        _ => {}
    }
    (bytes, records)
}

fn frames(bytes: &[u8]) -> Vec<Vec<u8>> {
    let mut frames = Frames::new(bytes, 0);
    let (mut records, mut payload) = (Vec::new(), Vec::new());
    while frames.next(&mut payload).expect("memory can be read") == Found::Frame {
        records.push(payload.clone());
    }
    records
}
