use std::sync::atomic::Ordering;

use super::*;
use crate::record::tests::{Folder, Plane, intent, open, ship_all};
use crate::record::{Level, SpoolOptions};

#[tokio::test(start_paused = true)]
async fn a_batch_is_sent_again_under_the_same_name_until_it_is_acknowledged() {
    let folder = Folder::new();
    let recorder = open(SpoolOptions::new(folder.path()));
    recorder.refused(intent(1)).await.unwrap();
    let plane = Plane::default();
    plane.refusing.store(4, Ordering::SeqCst);
    ship_all(&recorder, &plane).await;
    let batches = plane.batches.lock().unwrap().clone();
    assert_eq!(batches.len(), 5);
    assert!(batches.iter().all(|batch| *batch == batches[0]));
}

#[tokio::test(start_paused = true)]
async fn a_segment_is_deleted_only_when_all_of_it_was_acknowledged() {
    let folder = Folder::new();
    let recorder = open(SpoolOptions {
        segment: 500,
        ..SpoolOptions::new(folder.path())
    });
    for number in 0..10 {
        recorder.refused(intent(number)).await.unwrap();
    }
    let before = folder.files("seg").len();
    assert!(before >= 4);
    let piece = recorder.inner.spool.next_piece().unwrap();
    let load = piece.read(1, usize::MAX).unwrap();
    recorder.inner.spool.acknowledged(&piece, load.end);
    assert_eq!(
        folder.files("seg").len(),
        before,
        "half a segment is no segment"
    );
    let plane = Plane::default();
    plane.refusing.store(3, Ordering::SeqCst);
    ship_all(&recorder, &plane).await;
    assert_eq!(folder.files("seg").len(), 1, "the one being written");
    assert_eq!(recorder.inner.spool.backlog(), 0);
}

#[tokio::test]
async fn what_is_written_while_the_shipper_runs_is_shipped() {
    let folder = Folder::new();
    let recorder = open(SpoolOptions::new(folder.path()));
    let plane = Plane::default();
    let stop = CancellationToken::new();
    let running = tokio::spawn(
        recorder
            .shipper("replica-1", plane.post())
            .run(stop.clone()),
    );
    for number in 0..200 {
        recorder
            .intent(intent(number), Level::Process)
            .await
            .unwrap()
            .ended(bundle::record::Ending::Ok);
    }
    recorder.flush().await.unwrap();
    tokio::time::timeout(Duration::from_secs(30), recorder.inner.spool.shipped_all())
        .await
        .unwrap();
    assert_eq!(plane.intents().len(), 200);
    assert_eq!(plane.outcomes().len(), 200);
    stop.cancel();
    running.await.unwrap();
}

#[tokio::test]
async fn no_batch_is_larger_than_the_contract_says() {
    let folder = Folder::new();
    let recorder = open(SpoolOptions::new(folder.path()));
    let long = "\u{1}".repeat(256);
    for number in 0..2_500 {
        let mut large = intent(number);
        large.tool = Some(long.as_str().into());
        large.argument_keys = (0..8).map(|_| long.as_str()).collect();
        recorder
            .intent(large, Level::Process)
            .await
            .unwrap()
            .ended(bundle::record::Ending::Ok);
    }
    let sizes = Arc::new(std::sync::Mutex::new(Vec::new()));
    let (plane, seen) = (Plane::default(), Arc::clone(&sizes));
    let post = plane.post();
    let shipper = recorder.shipper(
        "replica-1",
        Arc::new(move |body: Bytes| {
            seen.lock().unwrap().push(body.len());
            post(body)
        }),
    );
    recorder.flush().await.unwrap();
    let (drained, stop) = (shipper.drained(), CancellationToken::new());
    let running = tokio::spawn(shipper.run(stop.clone()));
    tokio::time::timeout(Duration::from_mins(1), drained)
        .await
        .unwrap();
    stop.cancel();
    running.await.unwrap();
    assert_eq!(plane.intents().len(), 2_500);
    assert!(sizes.lock().unwrap().iter().all(|size| *size <= MAX_BATCH));
    assert!(
        plane
            .batches
            .lock()
            .unwrap()
            .iter()
            .all(|batch| batch.records.len() <= MAX_BATCH_RECORDS)
    );
}
