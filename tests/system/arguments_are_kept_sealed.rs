//! Arguments that an organisation has kept are read by those who may, and stand nowhere else.

use serde_json::json;
use std::path::Path;
use testbed::{Installation, Raw, Stub, until};

const CARD: &str = "canary-number-of-a-card-4111";
const NOTE: &str = "canary-note-beside-it-77f0";

fn holds(folder: &Path, text: &str) -> bool {
    std::fs::read_dir(folder).unwrap().any(|entry| {
        let path = entry.unwrap().path();
        if path.is_dir() {
            return holds(&path, text);
        }
        let bytes = std::fs::read(&path).unwrap_or_default();
        bytes
            .windows(text.len())
            .any(|window| window == text.as_bytes())
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_kept_of_a_call_is_sealed_from_the_replica_to_who_reads_it() {
    let installation = Installation::start().await;
    let upstream = Stub::start(&["work"]).await;
    let org = installation.org("acme").await;
    org.server("jobs", &upstream.url).await;
    org.policy("jobs", &json!({ "version": "1", "default": "allow" }))
        .await;
    let (_, token) = org.grant("agent", "jobs", "jobs").await;
    let keep = json!({ "is_on": true, "redact": ["args.card.number"] });
    let (status, said) = org
        .rest
        .send(reqwest::Method::PUT, &org.path("capture"), Some(&keep))
        .await;
    assert_eq!(status, 200, "{said}");
    let replica = installation.replica("one", None).await;
    until("the replica", || org.enforced(1)).await;

    let agent = Raw::new(&replica.mcp(&org, "jobs"), Some(&token));
    let arguments = json!({ "card": { "number": CARD }, "note": NOTE });
    assert_eq!(agent.call("work", arguments).await.status, 200);
    assert_eq!(upstream.calls().len(), 1);
    let kept = until("what was kept", || async {
        let calls = org.calls("").await;
        let path = format!("calls/{}/arguments", calls.first()?["id"].as_str()?);
        let (status, kept) = org
            .rest
            .send(reqwest::Method::GET, &org.path(&path), None)
            .await;
        (status == 200).then_some(kept)
    })
    .await;
    let text = format!(r#"{{"card":{{"number":"[left out]"}},"note":"{NOTE}"}}"#);
    assert_eq!(kept, json!({ "text": text, "is_cut": false }));
    let dump = installation.database.dump();
    let said = [installation.control_plane.said(), replica.process.said()];
    // Bytes are dumped in hexadecimal digits.
    let dump = String::from_utf8_lossy(&dump);
    for canary in [CARD, NOTE] {
        let digits: String = seal::to_hex(canary.as_bytes());
        assert!(
            !dump.contains(canary) && !dump.contains(&digits),
            "{canary}"
        );
        assert!(!holds(installation.folder(), canary), "{canary}");
        assert!(!said.iter().any(|said| said.contains(canary)), "{canary}");
    }
}
