//! `portcullis verify` as a pipeline runs it.

use bundle::chain::{Chain, Checkpoint, Export, Head, Line, Link, Outcome, Stored, next, start};
use ids::{CallId, OrgId};
use seal::SigningKey;
use std::path::PathBuf;
use std::process::{Command, Output};

/// PKCS#8 of a seed that is no secret: 32 times 7.
const KEY: &str = "-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEIAcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcH\n-----END PRIVATE KEY-----\n";

/// A folder of this test's own, gone when the test is.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path =
            std::env::temp_dir().join(format!("portcullis-verify-{}-{name}", std::process::id()));
        std::fs::create_dir_all(&path).unwrap();
        let key = SigningKey::from_pem(KEY).unwrap().verifying().unwrap();
        std::fs::write(path.join("key.pem"), key.to_pem()).unwrap();
        Self(path)
    }

    fn write(&self, name: &str, lines: &[Line]) {
        let text: Vec<_> = lines
            .iter()
            .map(|line| serde_json::to_string(line).unwrap() + "\n")
            .collect();
        std::fs::write(self.0.join(name), text.concat()).unwrap();
    }

    fn verify(&self, arguments: &[&str]) -> Output {
        Command::new(env!("CARGO_BIN_EXE_portcullis"))
            .arg("verify")
            .args(arguments)
            .current_dir(&self.0)
            .output()
            .expect("the command runs")
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// What is exported, its checkpoint second.
fn lines() -> Vec<Line> {
    let (org, key) = (OrgId::new(1, [1; 10]), SigningKey::from_pem(KEY).unwrap());
    let at = "2026-11-22T12:00:00.000000Z".to_owned();
    let chain = Chain {
        day: "2026-11-22".into(),
        writer: "one".into(),
    };
    let mut hash = start(org, &chain);
    let mut records = Vec::new();
    for seq in 1..=3_u8 {
        let record = Outcome {
            id: CallId::new(1, [seq; 10]),
            at: at.clone(),
            ended_at: Some(at.clone()),
            upstream_status: Some(200),
            latency_us: 5,
            added_us: 1,
            bytes: 9,
            outcome: "ok".into(),
            refunded: None,
        };
        hash = next(&hash, &record.digest());
        let link = Link {
            writer: "one".into(),
            seq: seq.into(),
            hash: seal::to_hex(&hash),
        };
        records.push(Line::Outcome(Stored {
            record,
            chain: Some(link),
            is_later: false,
        }));
    }
    let heads = vec![Head {
        chain,
        last: 3,
        hash: seal::to_hex(&hash),
    }];
    let checkpoint = Checkpoint {
        org,
        number: 1,
        at: at.clone(),
        previous: None,
        began: at,
        keeps_from: None,
        heads: heads.clone(),
    };
    let export = Line::Export(Export {
        org,
        checkpoints: 1,
        heads,
    });
    let checkpoint = Line::Checkpoint(checkpoint.sign(&key, "key"));
    [vec![export, checkpoint], records].concat()
}

#[test]
fn what_nobody_touched_ends_with_0() {
    let folder = Folder::new("clean");
    folder.write("file", &lines());
    let output = folder.verify(&["file", "--key", "key.pem"]);
    assert_eq!(
        said(&output),
        "3 records in 1 chains, 1 checkpoints, 0 faults\nsigned until 2026-11-22T12:00:00.000000Z\n"
    );
    assert_eq!(output.status.code(), Some(0));
}

#[test]
fn each_faulty_record_is_named_and_ends_with_1() {
    let folder = Folder::new("faulty");
    let mut lines = lines();
    if let Line::Outcome(stored) = &mut lines[2] {
        stored.record.outcome = "unknown".into();
    }
    lines.pop();
    folder.write("file", &lines);
    let output = folder.verify(&["file", "--key", "key.pem"]);
    let text = said(&output);
    let id = CallId::new(1, [1; 10]);
    assert!(
        text.contains(&format!(
            "{id} (outcome) [2026-11-22 one #1] changed: it is not what was stored here\n"
        )),
        "{text}"
    );
    assert!(text.contains("[2026-11-22 one #3] missing: "), "{text}");
    assert!(text.contains(" 2 faults\n"), "{text}");
    assert_eq!(output.status.code(), Some(1));
    let output = folder.verify(&["file", "--key", "key.pem", "--json"]);
    let report: serde_json::Value = serde_json::from_str(&said(&output)).unwrap();
    assert_eq!(report["faults"][0]["call"], id.to_string());
}

#[test]
fn a_checkpoint_that_was_kept_elsewhere_tells_of_what_was_cut_off() {
    let folder = Folder::new("kept");
    let mut lines = lines();
    folder.write("kept", &lines[1..2]);
    folder.write("file", &lines);
    let kept = ["file", "--key", "key.pem", "--kept", "kept"];
    assert_eq!(folder.verify(&kept).status.code(), Some(0));
    lines.truncate(4);
    lines.remove(1);
    if let Line::Export(export) = &mut lines[0] {
        export.heads.clear();
        export.checkpoints = 0;
    }
    folder.write("file", &lines);
    let output = folder.verify(&kept);
    assert!(
        said(&output).contains("checkpoint 1 was kept elsewhere"),
        "{}",
        said(&output)
    );
    assert_eq!(output.status.code(), Some(1));
}

#[test]
fn what_cannot_be_looked_at_ends_with_2() {
    let folder = Folder::new("nothing");
    folder.write("file", &lines());
    for arguments in [
        ["nowhere", "--key", "key.pem"],
        ["file", "--key", "nowhere"],
        ["file", "--key", "file"],
    ] {
        let output = folder.verify(&arguments);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        assert!(!output.stderr.is_empty());
    }
}
