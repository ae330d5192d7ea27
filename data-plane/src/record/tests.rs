//! What the tests of this room share, and the tests of the recorder itself.

mod folder;

use std::sync::Mutex;
use std::time::{Duration, Instant};

use bundle::record::{Batch, Ending, Limiter, Outcome, Place, Stored, Verdict};
use ids::{CallId, GrantId, OrgId, ServerId};
use serde_json::value::RawValue;

use super::*;
pub use folder::Folder;

pub fn intent(number: u32) -> Intent {
    let mut random = [0; 10];
    random[6..].copy_from_slice(&number.to_be_bytes());
    Intent {
        id: CallId::new(1_790_000_000_000, random),
        at: 1_790_000_000_000,
        org: OrgId::new(1, [1; 10]),
        replica: "replica-1".into(),
        grant: GrantId::new(1, [2; 10]),
        server: ServerId::new(1, [3; 10]),
        method: "tools/call".into(),
        tool: Some("create_refund".into()),
        verdict: Verdict::Allow,
        rule: None,
        policy: None,
        bundle_version: 7,
        limiter: Limiter::None,
        argument_keys: ["amount", "currency"].into_iter().collect(),
        shadow: bundle::record::Shadows::default(),
        approval: None,
        charges: bundle::record::Charges::default(),
        client: None,
        protocol: Some("2025-11-25".into()),
        added_us: 40,
    }
}

pub fn open(options: SpoolOptions) -> Recorder {
    Recorder::open(options, Arc::new(|| 1_790_000_000_500)).expect("the folder is ours")
}

/// A control plane that remembers what it was sent, and answers as it is told.
#[derive(Clone, Default)]
pub struct Plane {
    pub batches: Arc<Mutex<Vec<Batch>>>,
    /// How many batches are still to be refused; their content is remembered all the same.
    pub refusing: Arc<AtomicUsize>,
    /// Where the records stand that it was sent, in order.
    pub places: Arc<Mutex<Vec<Place>>>,
}

impl Plane {
    pub fn post(&self) -> Post {
        let plane = self.clone();
        Arc::new(move |body| {
            let batch: Batch = serde_json::from_slice(&body).expect("a batch");
            let raw: Batch<Box<RawValue>> = serde_json::from_slice(&body).expect("a batch");
            // What goes ahead of the spool has none yet.
            let places = raw.records.iter().filter_map(|raw| Place::of(raw.get()));
            plane.places.lock().unwrap().extend(places);
            let stored = u32::try_from(batch.records.len()).unwrap();
            plane.batches.lock().unwrap().push(batch);
            let refuse = plane
                .refusing
                .fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| {
                    left.checked_sub(1)
                });
            Box::pin(async move {
                if refuse.is_ok() {
                    return Err(ShipError::Status {
                        status: 503,
                        retry_after: None,
                    });
                }
                Ok(Stored {
                    stored,
                    ..Stored::default()
                })
            })
        })
    }

    pub fn records(&self) -> Vec<Record> {
        self.batches
            .lock()
            .unwrap()
            .iter()
            .flat_map(|batch| batch.records.clone())
            .collect()
    }

    pub fn intents(&self) -> Vec<CallId> {
        let intents = self
            .records()
            .into_iter()
            .filter(|record| matches!(record, Record::Intent(_)));
        intents.map(|record| record.id()).collect()
    }

    pub fn outcomes(&self) -> Vec<Outcome> {
        let all = self.records().into_iter();
        all.filter_map(|record| {
            if let Record::Outcome(outcome) = record {
                Some(outcome)
            } else {
                None
            }
        })
        .collect()
    }
}

/// Ships until the spool is empty.
pub async fn ship_all(recorder: &Recorder, plane: &Plane) {
    let stop = tokio_util::sync::CancellationToken::new();
    recorder.flush().await.expect("the disk works");
    let shipper = recorder.shipper("replica-1", plane.post());
    let drained = shipper.drained();
    let running = tokio::spawn(shipper.run(stop.clone()));
    tokio::time::timeout(Duration::from_secs(30), drained)
        .await
        .expect("drained in time");
    stop.cancel();
    running.await.unwrap();
}

#[tokio::test]
async fn a_call_leaves_its_intent_and_its_outcome() {
    let folder = Folder::new();
    let recorder = open(SpoolOptions::new(folder.path()));
    let mut written = recorder.intent(intent(1), Level::Process).await.unwrap();
    written.answered(200);
    written.relayed(1_000);
    written.relayed(234);
    written.added(Duration::from_micros(60));
    written.ended(Ending::Ok);
    let plane = Plane::default();
    ship_all(&recorder, &plane).await;

    let records = plane.records();
    assert_eq!(records.len(), 2);
    assert_eq!(records[0], Record::Intent(Box::new(intent(1))));
    let outcome = plane.outcomes().remove(0);
    assert_eq!(
        (
            outcome.id,
            outcome.org,
            outcome.at,
            outcome.upstream_status,
            outcome.bytes,
            outcome.added_us,
            outcome.outcome
        ),
        (
            intent(1).id,
            intent(1).org,
            1_790_000_000_500,
            Some(200),
            1_234,
            100,
            Ending::Ok
        )
    );
    assert!(outcome.latency_us >= 40);
}

#[tokio::test]
async fn a_refused_call_leaves_one_record() {
    let folder = Folder::new();
    let recorder = open(SpoolOptions::new(folder.path()));
    recorder
        .refused(Intent {
            verdict: Verdict::Deny,
            ..intent(1)
        })
        .await
        .unwrap();
    let plane = Plane::default();
    ship_all(&recorder, &plane).await;
    assert_eq!(plane.records().len(), 1);
}

#[tokio::test]
async fn a_call_that_is_let_go_of_was_cancelled() {
    let folder = Folder::new();
    let recorder = open(SpoolOptions::new(folder.path()));
    let mut written = recorder.intent(intent(1), Level::Process).await.unwrap();
    written.answered(200);
    drop(written);
    let plane = Plane::default();
    ship_all(&recorder, &plane).await;
    let outcome = plane.outcomes().remove(0);
    assert_eq!(
        (outcome.outcome, outcome.upstream_status),
        (Ending::Cancelled, Some(200))
    );
}

#[tokio::test]
async fn a_call_that_is_let_go_of_while_its_intent_is_written_was_cancelled() {
    let folder = Folder::new();
    let recorder = open(SpoolOptions::new(folder.path()));
    let mut writing = Box::pin(recorder.intent(intent(1), Level::Host));
    // Handed to the writer, and no more.
    assert!(futures_util::poll!(&mut writing).is_pending());
    drop(writing);
    let plane = Plane::default();
    ship_all(&recorder, &plane).await;
    assert_eq!(plane.intents(), [intent(1).id]);
    assert_eq!(plane.outcomes()[0].outcome, Ending::Cancelled);
    assert_eq!(recorder.inner.open.load(Ordering::Relaxed), 0);
}

#[tokio::test]
async fn every_level_is_answered() {
    let folder = Folder::new();
    let recorder = open(SpoolOptions::new(folder.path()));
    tokio::spawn(
        recorder
            .acknowledger("replica-1", Plane::default().post())
            .run(),
    );
    for (number, level) in (0..).zip([Level::Process, Level::Host, Level::Strict]) {
        recorder
            .intent(intent(number), level)
            .await
            .unwrap()
            .ended(Ending::Ok);
    }
}

#[tokio::test]
async fn a_full_spool_admits_no_call_but_still_takes_outcomes() {
    let folder = Folder::new();
    let recorder = open(SpoolOptions {
        total: 64 << 10,
        segment: 4 << 10,
        folder: folder.path(),
    });
    let mut calls = Vec::new();
    let closed = loop {
        match recorder
            .intent(intent(u32::try_from(calls.len()).unwrap()), Level::Process)
            .await
        {
            Ok(written) => calls.push(written),
            Err(closed) => break closed,
        }
    };
    assert_eq!(closed, SpoolClosed::Full);
    let made = calls.len();
    assert!(made > 50, "{made} intents filled the spool");

    for call in calls {
        call.ended(Ending::Ok);
    }
    recorder.flush().await.unwrap();
    assert!(recorder.inner.spool.used() <= recorder.inner.spool.options().total);
    let plane = Plane::default();
    ship_all(&recorder, &plane).await;
    assert_eq!(
        (plane.intents().len(), plane.outcomes().len()),
        (made, made)
    );

    // Shipping makes room.
    recorder
        .intent(intent(1_000_000), Level::Process)
        .await
        .unwrap()
        .ended(Ending::Ok);
}

#[tokio::test]
async fn a_disk_that_fails_stops_admission_and_one_that_works_again_resumes_it() {
    let folder = Folder::new();
    // Every group begins a segment, so that a folder that is gone is noticed at once.
    let recorder = open(SpoolOptions {
        total: 1 << 20,
        segment: 1,
        folder: folder.path(),
    });
    let owing = recorder.intent(intent(1), Level::Host).await.unwrap();
    recorder.flush().await.unwrap();
    let away = folder.path().with_extension("away");
    std::fs::rename(folder.path(), &away).unwrap();
    assert_eq!(
        recorder
            .intent(intent(2), Level::Process)
            .await
            .unwrap_err(),
        SpoolClosed::Disk
    );
    assert!(!recorder.is_open());
    assert_eq!(
        recorder.refused(intent(3)).await.unwrap_err(),
        SpoolClosed::Disk
    );
    owing.ended(Ending::Ok);

    std::fs::rename(&away, folder.path()).unwrap();
    let deadline = Instant::now() + Duration::from_secs(20);
    while recorder.intent(intent(4), Level::Process).await.is_err() {
        assert!(Instant::now() < deadline, "never resumed");
        tokio::task::yield_now().await;
    }
    let plane = Plane::default();
    ship_all(&recorder, &plane).await;
    assert_eq!(plane.intents(), [intent(1).id, intent(4).id]);
    assert!(
        plane
            .outcomes()
            .iter()
            .any(|outcome| outcome.id == intent(1).id && outcome.outcome == Ending::Ok)
    );
}

/// `/dev/null` takes whatever is written and can be synced by nobody.
#[tokio::test]
async fn a_sync_that_fails_refuses_who_waits_and_stops_admission_until_a_new_segment_was_synced() {
    let folder = Folder::new();
    let recorder = open(SpoolOptions::new(folder.path()));
    let null = std::fs::OpenOptions::new()
        .write(true)
        .open("/dev/null")
        .unwrap();
    assert!(null.sync_data().is_err());
    let (queue, to_sync) = mpsc::channel();
    let (answer, answered) = oneshot::channel();
    let syncer = sync::Syncer {
        spool: Arc::clone(&recorder.inner.spool),
        meter: Arc::clone(&recorder.inner.meter),
        queue: to_sync,
    };
    let file = Arc::new(null);
    let waiting = vec![answer];
    queue.send(sync::ToSync { file, waiting }).unwrap();
    drop(queue);
    syncer.run();
    assert_eq!(answered.await.unwrap(), Err(SpoolClosed::Disk));
    let deadline = Instant::now() + Duration::from_secs(20);
    while !recorder.is_open() {
        assert!(Instant::now() < deadline, "never resumed");
        tokio::task::yield_now().await;
    }
    // It was left for a segment of its own, which was proven to be kept.
    recorder
        .intent(intent(1), Level::Host)
        .await
        .unwrap()
        .ended(Ending::Ok);
}

#[test]
fn the_longest_outcome_fits_the_room_that_is_kept_for_it() {
    let outcome = Outcome {
        id: intent(1).id,
        at: u64::MAX,
        org: intent(1).org,
        upstream_status: Some(u16::MAX),
        latency_us: u64::MAX,
        added_us: u64::MAX,
        bytes: u64::MAX,
        outcome: Ending::UpstreamError,
        refunded: true,
    };
    // A segment may begin with it.
    let longest = writer::Item {
        record: payload(&Record::Outcome(outcome)),
        wait: Wait::No,
    }
    .length()
        + frame::MAGIC.len();
    assert!(longest as u64 <= OUTCOME, "{longest} bytes");
}

#[tokio::test]
async fn the_metrics_tell_how_deep_the_spool_is() {
    let folder = Folder::new();
    let recorder = open(SpoolOptions::new(folder.path()));
    let mut registry = Registry::default();
    recorder.register(&mut registry);
    recorder.refused(intent(1)).await.unwrap();
    let mut text = String::new();
    prometheus_client::encoding::text::encode(&mut text, &registry).unwrap();
    let value = |name: &str| {
        let line = text
            .lines()
            .find(|line| line.starts_with(name) && !line.starts_with('#'))
            .unwrap_or_else(|| panic!("{name} in {text}"));
        line.rsplit(' ').next().unwrap().parse::<u64>().unwrap()
    };
    assert!(value("spool_backlog_bytes ") > 300);
    assert!(value("spool_segments ") == 1);
    assert!(value("record_intents_total ") == 1);
    assert!(value("spool_closed ") == 0);
}
