use super::super::tests::{Folder, Plane, intent, open, ship_all};
use super::super::{Level, Post, ShipError, SpoolClosed, SpoolOptions};
use bundle::record::{Batch, Ending, Record, Stored};
use bytes::Bytes;
use std::sync::{Arc, Mutex};
use tokio::sync::Semaphore;

/// A control plane that answers a batch for each permit that it is given.
#[derive(Clone)]
struct Slow {
    batches: Arc<Mutex<Vec<Batch>>>,
    permits: Arc<Semaphore>,
    /// Of each batch that many fewer are said to be stored.
    missing: u32,
}

impl Slow {
    fn new(permits: usize, missing: u32) -> Self {
        Self {
            batches: Arc::default(),
            permits: Arc::new(Semaphore::new(permits)),
            missing,
        }
    }

    fn post(&self) -> Post {
        let plane = self.clone();
        Arc::new(move |body: Bytes| {
            let batch: Batch = serde_json::from_slice(&body).expect("a batch");
            let stored = u32::try_from(batch.records.len()).unwrap() - plane.missing;
            plane.batches.lock().unwrap().push(batch);
            let permits = plane.permits.clone();
            Box::pin(async move {
                permits.acquire().await.expect("never closed").forget();
                Ok(Stored {
                    stored,
                    ..Stored::default()
                })
            })
        })
    }

    fn lengths(&self) -> Vec<usize> {
        let batches = self.batches.lock().unwrap();
        batches.iter().map(|batch| batch.records.len()).collect()
    }
}

#[tokio::test]
async fn a_strict_call_goes_on_once_its_intent_is_stored() {
    let folder = Folder::new();
    let recorder = open(SpoolOptions::new(folder.path()));
    let plane = Slow::new(0, 0);
    tokio::spawn(recorder.acknowledger("replica-1", plane.post()).run());
    let asking = recorder.clone();
    let call = tokio::spawn(async move { asking.intent(intent(1), Level::Strict).await });
    while plane.lengths().is_empty() {
        tokio::task::yield_now().await;
    }
    assert!(!call.is_finished(), "nobody said that it is stored");
    assert!(
        recorder.inner.spool.backlog() > 0,
        "the spool has it already"
    );
    plane.permits.add_permits(1);
    call.await.unwrap().unwrap().ended(Ending::Ok);
    assert_eq!(
        plane.batches.lock().unwrap()[0].records,
        [Record::Intent(Box::new(intent(1)))]
    );
}

#[tokio::test]
async fn what_arrives_together_is_one_batch() {
    let folder = Folder::new();
    let recorder = open(SpoolOptions::new(folder.path()));
    let plane = Slow::new(0, 0);
    tokio::spawn(recorder.acknowledger("replica-1", plane.post()).run());
    let ask = |number| {
        let recorder = recorder.clone();
        tokio::spawn(async move { recorder.intent(intent(number), Level::Strict).await })
    };
    let mut calls = vec![ask(0)];
    while plane.lengths().is_empty() {
        tokio::task::yield_now().await;
    }
    calls.extend((1..=50).map(ask));
    let queue = recorder.inner.strict.get().expect("there is one");
    while queue.max_capacity() - queue.capacity() < 50 {
        tokio::task::yield_now().await;
    }
    plane.permits.add_permits(2);
    for call in calls {
        call.await.unwrap().unwrap().ended(Ending::Ok);
    }
    assert_eq!(plane.lengths(), [1, 50]);
}

#[tokio::test]
async fn without_the_control_plane_a_strict_call_is_refused_and_on_record_as_not_made() {
    let folder = Folder::new();
    let recorder = open(SpoolOptions::new(folder.path()));
    let away: Post = Arc::new(|_| {
        Box::pin(async { Err(ShipError::Unreachable("connection refused".to_owned())) })
    });
    tokio::spawn(recorder.acknowledger("replica-1", away).run());
    let closed = recorder.intent(intent(1), Level::Strict).await.unwrap_err();
    assert_eq!(closed, SpoolClosed::Unacknowledged);
    // Others go on.
    recorder
        .intent(intent(2), Level::Host)
        .await
        .unwrap()
        .ended(Ending::Ok);
    let plane = Plane::default();
    ship_all(&recorder, &plane).await;
    assert_eq!(plane.intents(), [intent(1).id, intent(2).id]);
    let ends: Vec<_> = plane
        .outcomes()
        .iter()
        .map(|outcome| (outcome.id, outcome.outcome, outcome.upstream_status))
        .collect();
    assert_eq!(
        ends,
        [
            (intent(1).id, Ending::NotMade, None),
            (intent(2).id, Ending::Ok, None)
        ]
    );
}

#[tokio::test]
async fn a_batch_that_was_not_stored_whole_lets_nobody_go_on() {
    let folder = Folder::new();
    let recorder = open(SpoolOptions::new(folder.path()));
    let plane = Slow::new(1, 1);
    tokio::spawn(recorder.acknowledger("replica-1", plane.post()).run());
    let closed = recorder.intent(intent(1), Level::Strict).await.unwrap_err();
    assert_eq!(closed, SpoolClosed::Unacknowledged);
}

/// The clock stands still and leaps to the next timer where nobody has anything to do.
#[tokio::test(start_paused = true)]
async fn a_database_that_says_nothing_is_not_waited_for_without_end() {
    let folder = Folder::new();
    let recorder = open(SpoolOptions::new(folder.path()));
    let plane = Slow::new(0, 0);
    tokio::spawn(recorder.acknowledger("replica-1", plane.post()).run());
    for number in 0..2 {
        let closed = recorder
            .intent(intent(number), Level::Strict)
            .await
            .unwrap_err();
        assert_eq!(closed, SpoolClosed::Unacknowledged);
    }
}

#[tokio::test]
async fn where_nobody_asks_the_database_nothing_strict_goes_on() {
    let folder = Folder::new();
    let recorder = open(SpoolOptions::new(folder.path()));
    let closed = recorder.intent(intent(1), Level::Strict).await.unwrap_err();
    assert_eq!(closed, SpoolClosed::Unacknowledged);
}
