//! A bundle that a replica cannot trust leaves the last good one in force, and is shown; and the key that signs bundles can be
//! replaced, so that nothing is without a good signature in between or afterwards.

use serde_json::{Value, json};
use std::path::PathBuf;
use testbed::{Installation, Org, Process, Raw, Replica, Stub, free_port, until};

struct Keys {
    /// What the planes read.
    used: PathBuf,
    other: PathBuf,
}

impl Keys {
    fn new(installation: &Installation) -> Self {
        let other = installation.folder().join("other-keys");
        let made = Process::binary("control-plane")
            .arg("keys")
            .arg(&other)
            .status();
        assert!(made.unwrap().success(), "control-plane keys");
        Self {
            used: installation.folder().join("keys"),
            other,
        }
    }

    fn sign_with_the_other(&self) {
        let name = "control-plane/bundle-signing.pem";
        std::fs::copy(self.other.join(name), self.used.join(name)).unwrap();
    }

    /// Which keys replicas trust from their next start on.
    fn trust(&self, pems: &[&str]) {
        std::fs::write(
            self.used.join("data-plane/bundle-verify.pem"),
            pems.concat(),
        )
        .unwrap();
    }

    fn verifying(folder: &std::path::Path) -> String {
        std::fs::read_to_string(folder.join("data-plane/bundle-verify.pem")).unwrap()
    }
}

async fn refused(listen: &str) -> Option<u64> {
    let answer = reqwest::get(format!("http://{listen}/metrics"))
        .await
        .ok()?;
    let text = answer.text().await.ok()?;
    let line = text
        .lines()
        .find(|line| line.starts_with("portcullis_bundles_refused"))?;
    line.rsplit_once(' ')?.1.parse().ok()
}

async fn until_refused(listen: &str, count: u64) {
    until(&format!("{count} refused bundles"), || async {
        (refused(listen).await == Some(count)).then_some(())
    })
    .await;
}

async fn shown(org: &Org) -> Value {
    let answer = org.rest.get(&org.path("gateways")).await;
    answer["items"][0].clone()
}

async fn start_again(replica: &mut Replica) {
    replica.process.kill();
    replica.resume().await;
}

#[tokio::test]
async fn a_bundle_that_cannot_be_trusted_is_refused_and_shown_until_its_key_is_and_the_old_key_may_go()
 {
    let mut installation = Installation::start().await;
    let upstream = Stub::start(&["read_note"]).await;
    let orgs = [
        installation.org("busy").await,
        installation.org("quiet").await,
    ];
    let mut tokens = Vec::new();
    for org in &orgs {
        org.server("notes", &upstream.url).await;
        org.policy("notes", &json!({ "version": "1", "default": "allow" }))
            .await;
        tokens.push(org.grant("agent", "notes", "notes").await.1);
    }
    let listen = format!("127.0.0.1:{}", free_port());
    let variables = [("PORTCULLIS_METRICS_LISTEN", listen.as_str())];
    let (mut replica, _) = installation.replica_not_ready("one", None, &variables);
    for org in &orgs {
        until("the replica", || org.enforced(1)).await;
    }
    let clients = [0, 1].map(|at| Raw::new(&replica.mcp(&orgs[at], "notes"), Some(&tokens[at])));
    let statuses = || async {
        let mut done = Vec::new();
        for client in &clients {
            let answer = client.call("read_note", json!({})).await;
            done.push(answer.text().starts_with("done"));
        }
        done
    };
    assert_eq!(statuses().await, [true, true]);

    // Another key signs, which nobody trusts.
    let keys = Keys::new(&installation);
    let (old, new) = (Keys::verifying(&keys.used), Keys::verifying(&keys.other));
    installation.stop_control_plane();
    keys.sign_with_the_other();
    installation.resume_control_plane().await;
    until_refused(&listen, 2).await;
    let denies = json!({ "version": "1", "default": "deny" });
    orgs[0].publish("notes", &denies).await;
    let said = until("what the replica says", || async {
        let said = shown(&orgs[0]).await;
        let is_newest = said["newest_version"].as_u64() > said["applied_version"].as_u64();
        (is_newest && said["error"].is_string()).then_some(said)
    })
    .await;
    assert!(said["error"].as_str().unwrap().contains("key"), "{said}");
    assert_eq!(
        statuses().await,
        [true, true],
        "the last good ones are in force"
    );

    // Trusted beside the old one.
    keys.trust(&[&old, &new]);
    start_again(&mut replica).await;
    until("the replica", || orgs[0].enforced(1)).await;
    until_refused(&listen, 0).await;
    assert_eq!(shown(&orgs[0]).await["error"], Value::Null);
    assert_eq!(statuses().await, [false, true]);

    // And alone, with no control plane to ask: what had not changed was signed anew, too.
    until("the quiet one", || orgs[1].enforced(1)).await;
    keys.trust(&[&new]);
    installation.stop_control_plane();
    start_again(&mut replica).await;
    assert_eq!(statuses().await, [false, true]);
}
