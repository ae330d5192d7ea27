//! What was acknowledged is on record, however the process ends.

use std::collections::HashSet;
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bundle::record::{Batch, Ending, Intent, Limiter, Record, Stored, Verdict};
use data_plane::record::{Level, Recorder, SpoolOptions};
use ids::{CallId, GrantId, OrgId, ServerId};
use tokio_util::sync::CancellationToken;

const FOLDER: &str = "SPOOL_OF_THE_CHILD";

fn intent(task: u32, number: u32) -> Intent {
    let mut random = [0; 10];
    random[2..6].copy_from_slice(&task.to_be_bytes());
    random[6..].copy_from_slice(&number.to_be_bytes());
    Intent {
        id: CallId::new(1_790_000_000_000, random),
        at: 1_790_000_000_000,
        org: OrgId::new(1, [1; 10]),
        replica: "child".into(),
        grant: GrantId::new(1, [2; 10]),
        server: ServerId::new(1, [3; 10]),
        method: "tools/call".into(),
        tool: Some("create_refund".into()),
        verdict: Verdict::Allow,
        rule: None,
        policy: None,
        bundle_version: 1,
        limiter: Limiter::None,
        argument_keys: ["amount"].into_iter().collect(),
        shadow: bundle::record::Shadows::default(),
        approval: None,
        charges: bundle::record::Charges::default(),
        client: None,
        protocol: None,
        added_us: 1,
    }
}

fn open(folder: &Path) -> Recorder {
    let options = SpoolOptions {
        folder: folder.to_owned(),
        total: 1 << 30,
        segment: 256 << 10,
    };
    Recorder::open(options, Arc::new(|| 1_790_000_000_000)).expect("the folder is free")
}

/// Runs in a process of its own: calls without end, telling of each intent as soon as it was acknowledged.
#[test]
#[ignore = "the child of the tests below"]
fn child() {
    let folder = PathBuf::from(std::env::var_os(FOLDER).expect("started by a test below"));
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        let recorder = open(&folder);
        let tasks: Vec<_> = (0..8)
            .map(|task| tokio::spawn(calls(recorder.clone(), task)))
            .collect();
        for task in tasks {
            task.await.unwrap();
        }
    });
}

async fn calls(recorder: Recorder, task: u32) {
    for number in 0.. {
        let level = if number % 50 == 49 {
            Level::Host
        } else {
            Level::Process
        };
        let call = intent(task, number);
        let id = call.id;
        match recorder.intent(call, level).await {
            Ok(written) => {
                println!("\nwritten {id}");
                written.ended(Ending::Ok);
            }
            Err(closed) => {
                println!("\nclosed {closed}");
                tokio::task::yield_now().await;
            }
        }
    }
}

struct Spool(PathBuf);

impl Spool {
    fn new(name: &str) -> Self {
        let folder =
            std::env::temp_dir().join(format!("portcullis-record-{}-{name}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        Self(folder)
    }

    /// Starts the child, under `limits` of the shell.
    fn child(&self, limits: &str) -> Child {
        let command = format!("{limits}exec \"$0\" --exact child --ignored --nocapture");
        let this = std::env::current_exe().unwrap();
        Command::new("sh")
            .args(["-c", &command])
            .arg(this)
            .env(FOLDER, &self.0)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap()
    }

    /// What the shipper of a new process sends.
    fn records(&self) -> Vec<Record> {
        let found = Arc::new(Mutex::new(Vec::new()));
        let keep = Arc::clone(&found);
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        runtime.block_on(async {
            let recorder = open(&self.0);
            let shipper = recorder.shipper(
                "child",
                Arc::new(move |body| {
                    let batch: Batch = serde_json::from_slice(&body).unwrap();
                    keep.lock().unwrap().extend(batch.records);
                    Box::pin(async { Ok(Stored::default()) })
                }),
            );
            let (stop, drained) = (CancellationToken::new(), shipper.drained());
            let running = tokio::spawn(shipper.run(stop.clone()));
            tokio::time::timeout(Duration::from_mins(1), drained)
                .await
                .expect("shipped in time");
            stop.cancel();
            running.await.unwrap();
        });
        std::mem::take(&mut found.lock().unwrap())
    }
}

impl Drop for Spool {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// The ids in the whole lines of the child's output.
fn acknowledged(output: &str) -> Vec<CallId> {
    let whole = output.rfind('\n').map_or("", |end| &output[..end]);
    whole
        .lines()
        .filter_map(|line| line.strip_prefix("written "))
        .map(|id| id.parse().unwrap())
        .collect()
}

fn intents(records: &[Record]) -> HashSet<CallId> {
    records
        .iter()
        .filter(|record| matches!(record, Record::Intent(_)))
        .map(Record::id)
        .collect()
}

/// Lets the child print `lines` lines with `word`, kills it, and gives all it printed.
fn kill_after(mut child: Child, word: &str, lines: usize) -> String {
    let mut output = BufReader::new(child.stdout.take().unwrap());
    let (mut text, mut seen) = (String::new(), 0);
    while seen < lines {
        let from = text.len();
        assert_ne!(
            output.read_line(&mut text).unwrap(),
            0,
            "the child ended by itself: {text}"
        );
        seen += usize::from(text[from..].starts_with(word));
    }
    // SIGKILL: nothing of the child runs after this.
    child.kill().unwrap();
    child.wait().unwrap();
    output.read_to_string(&mut text).unwrap();
    text
}

#[test]
fn a_killed_process_loses_no_acknowledged_intent() {
    for (round, lines) in [50, 400, 1_500, 3_000].into_iter().enumerate() {
        let spool = Spool::new(&format!("killed-{round}"));
        let text = kill_after(spool.child(""), "written", lines);
        let told = acknowledged(&text);
        assert!(told.len() >= lines);
        let kept = intents(&spool.records());
        let lost: Vec<_> = told.iter().filter(|id| !kept.contains(id)).collect();
        assert!(
            lost.is_empty(),
            "of {} acknowledged intents {} are lost: {lost:?}",
            told.len(),
            lost.len()
        );
    }
}

#[test]
fn a_disk_that_takes_half_a_write_loses_no_acknowledged_intent() {
    // No file may grow beyond 64 KiB here: a write that crosses it is cut short and the next one fails.
    let spool = Spool::new("short");
    let text = kill_after(spool.child("trap '' XFSZ; ulimit -f 128; "), "closed", 3);
    let told = acknowledged(&text);
    assert!(!told.is_empty());
    let kept = intents(&spool.records());
    let lost: Vec<_> = told.iter().filter(|id| !kept.contains(id)).collect();
    assert!(
        lost.is_empty(),
        "of {} acknowledged intents {} are lost",
        told.len(),
        lost.len()
    );
}
