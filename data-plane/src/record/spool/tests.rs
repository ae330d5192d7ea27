use std::io::Write;

use super::*;
use crate::record::tests::{Folder, Plane, intent, open as open_recorder, ship_all};
use crate::record::{Level, Recorder};

/// What a process leaves behind that wrote `count` intents, with `segment` bytes a segment.
async fn left_behind(folder: &Folder, count: u32, segment: u64) {
    let recorder = open_recorder(SpoolOptions {
        segment,
        ..SpoolOptions::new(folder.path())
    });
    for number in 0..count {
        recorder.refused(intent(number)).await.unwrap();
    }
    close(recorder, folder).await;
}

/// Ends the recorder and waits until its threads let go of the folder.
async fn close(recorder: Recorder, folder: &Folder) {
    recorder.flush().await.unwrap();
    drop(recorder);
    let lock = File::open(folder.path().join("lock")).unwrap();
    tokio::task::spawn_blocking(move || lock.lock().unwrap())
        .await
        .unwrap();
}

async fn shipped(folder: &Folder) -> Vec<ids::CallId> {
    let recorder = open_recorder(SpoolOptions::new(folder.path()));
    let plane = Plane::default();
    ship_all(&recorder, &plane).await;
    close(recorder, folder).await;
    plane.intents()
}

fn numbers(range: std::ops::Range<u32>) -> Vec<ids::CallId> {
    range.map(|number| intent(number).id).collect()
}

#[tokio::test]
async fn a_new_process_ships_what_another_left() {
    let folder = Folder::new();
    left_behind(&folder, 20, 1_000).await;
    assert!(folder.files("seg").len() > 3);
    assert_eq!(shipped(&folder).await, numbers(0..20));
}

#[tokio::test]
async fn a_torn_tail_is_cut_and_the_rest_is_shipped() {
    let folder = Folder::new();
    left_behind(&folder, 5, 1 << 20).await;
    let newest = folder.files("seg").pop().unwrap();
    let length = fs::metadata(&newest).unwrap().len();
    OpenOptions::new()
        .write(true)
        .open(&newest)
        .unwrap()
        .set_len(length - 3)
        .unwrap();
    assert_eq!(shipped(&folder).await, numbers(0..4));
}

#[tokio::test]
async fn a_tail_of_zeros_is_cut() {
    let folder = Folder::new();
    left_behind(&folder, 5, 1 << 20).await;
    let newest = folder.files("seg").pop().unwrap();
    OpenOptions::new()
        .append(true)
        .open(&newest)
        .unwrap()
        .write_all(&[0; 8192])
        .unwrap();
    assert_eq!(shipped(&folder).await, numbers(0..5));
}

#[tokio::test]
async fn a_segment_that_was_only_begun_is_no_trouble() {
    for begun in [&b""[..], b"pcs", MAGIC] {
        let folder = Folder::new();
        left_behind(&folder, 3, 1 << 20).await;
        fs::write(folder.path().join("00000000000000000099.seg"), begun).unwrap();
        assert_eq!(shipped(&folder).await, numbers(0..3));
    }
}

#[tokio::test]
async fn a_damaged_segment_is_set_aside_and_the_others_are_shipped() {
    let folder = Folder::new();
    left_behind(&folder, 12, 1_000).await;
    let second = folder.files("seg").swap_remove(1);
    let mut bytes = fs::read(&second).unwrap();
    let last = bytes.len() - 1;
    bytes[last] ^= 1;
    fs::write(&second, &bytes).unwrap();

    let found = shipped(&folder).await;
    assert_eq!(found.len(), 11, "one record is lost, and no other");
    assert_eq!(
        folder.files("damaged").len(),
        1,
        "and what is left of it is kept"
    );
    // It counts as used, and its number is not given again.
    let spool = Spool::open(SpoolOptions::new(folder.path()), 0).unwrap();
    assert!(spool.used() >= bytes.len() as u64);
    assert!(spool.begin().unwrap().0 > 2);
}

#[tokio::test]
async fn something_else_than_a_segment_is_refused_and_not_cut() {
    let folder = Folder::new();
    let path = folder.path().join("00000000000000000001.seg");
    fs::write(&path, b"pcspool9 of tomorrow").unwrap();
    assert!(matches!(
        Spool::open(SpoolOptions::new(folder.path()), 0),
        Err(OpenError::Io { .. })
    ));
    assert_eq!(fs::read(&path).unwrap(), b"pcspool9 of tomorrow");
}

#[tokio::test]
async fn two_processes_cannot_share_a_folder() {
    let folder = Folder::new();
    let first = open_recorder(SpoolOptions::new(folder.path()));
    assert!(matches!(
        Spool::open(SpoolOptions::new(folder.path()), 0),
        Err(OpenError::InUse { .. })
    ));
    close(first, &folder).await;
    Spool::open(SpoolOptions::new(folder.path()), 0).expect("the first is gone");
}

#[tokio::test]
async fn a_piece_holds_whole_records_within_its_bounds_and_at_least_one() {
    let folder = Folder::new();
    let recorder = open_recorder(SpoolOptions::new(folder.path()));
    for number in 0..10 {
        recorder
            .intent(intent(number), Level::Process)
            .await
            .unwrap()
            .ended(bundle::record::Ending::Ok);
    }
    recorder.flush().await.unwrap();
    let piece = recorder.inner.spool.next_piece().unwrap();
    assert_eq!(piece.read(3, usize::MAX).unwrap().records.len(), 3);
    assert_eq!(piece.read(usize::MAX, 1).unwrap().records.len(), 1);
    assert_eq!(
        piece.read(usize::MAX, usize::MAX).unwrap().records.len(),
        20
    );
    let load = piece.read(usize::MAX, 1_500).unwrap();
    assert!(load.records.iter().map(Vec::len).sum::<usize>() <= 1_500 && !load.damaged);
}

#[tokio::test]
async fn a_segment_after_which_no_number_is_left_is_said_and_nothing_is_lost() {
    let folder = Folder::new();
    left_behind(&folder, 3, 1 << 20).await;
    let segment = folder.files("seg").pop().unwrap();
    let last = folder.path().join(format!("{}.seg", u64::MAX));
    fs::rename(&segment, &last).unwrap();
    let said = match Spool::open(SpoolOptions::new(folder.path()), 0) {
        Err(OpenError::Io { source, .. }) => source.to_string(),
        other => panic!("{other:?}"),
    };
    assert!(
        said.contains("18446744073709551615.seg") && said.contains("no number"),
        "{said}"
    );
    // One before it is the last that can be followed.
    let before = folder.path().join(format!("{}.seg", u64::MAX - 2));
    fs::rename(&last, &before).unwrap();
    let spool = Spool::open(SpoolOptions::new(folder.path()), 0).unwrap();
    let (number, _file) = spool.begin().unwrap();
    assert_eq!(number, u64::MAX - 1);
    assert!(spool.begin().is_err(), "none is used twice");
    assert_eq!(spool.segment_count(), 2);
}

/// What the numbers of an opening's records are that were shipped, and what the opening says of itself then.
fn numbers_of(plane: &Plane, epoch: u64) -> Vec<u64> {
    let places = plane.places.lock().unwrap();
    let of = places.iter().filter(|place| place.epoch == epoch);
    of.map(|place| place.seq).collect()
}

#[tokio::test]
async fn records_are_numbered_without_a_gap_and_each_opening_begins_anew() {
    let folder = Folder::new();
    let options = || SpoolOptions {
        segment: 1_000,
        ..SpoolOptions::new(folder.path())
    };
    let first = Recorder::open(options(), std::sync::Arc::new(|| 1)).unwrap();
    for number in 0..6 {
        let written = first.intent(intent(number), Level::Process).await.unwrap();
        written.ended(bundle::record::Ending::Ok);
    }
    first.flush().await.unwrap();
    assert_eq!((first.spooled().epoch, first.spooled().last), (1, 12));
    assert!(!first.spooled().has_older);
    close(first, &folder).await;

    let second = Recorder::open(options(), std::sync::Arc::new(|| 2)).unwrap();
    assert!(second.spooled().has_older, "nothing was shipped yet");
    second.refused(intent(9)).await.unwrap();
    let plane = Plane::default();
    ship_all(&second, &plane).await;
    assert_eq!(numbers_of(&plane, 1), (1..=12).collect::<Vec<_>>());
    assert_eq!(numbers_of(&plane, 2), [1]);
    let last = bundle::feed::Spooled {
        epoch: 2,
        last: 1,
        has_older: false,
    };
    assert_eq!(second.spooled(), last);
}

#[tokio::test]
async fn records_cut_out_of_a_spool_leave_a_gap_in_the_numbers() {
    let folder = Folder::new();
    left_behind(&folder, 20, 1_000).await;
    let segments = folder.files("seg");
    fs::remove_file(&segments[1]).unwrap();
    let recorder = open_recorder(SpoolOptions::new(folder.path()));
    let plane = Plane::default();
    ship_all(&recorder, &plane).await;
    let mut numbers = plane.places.lock().unwrap().clone();
    numbers.sort();
    let (first, last) = (numbers[0], numbers[numbers.len() - 1]);
    assert_eq!((first.seq, last.seq), (1, 20));
    assert!(numbers.len() < 20, "{numbers:?}");
}
