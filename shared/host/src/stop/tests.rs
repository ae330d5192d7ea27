use super::Stop;
use std::process::Command;
use std::time::Duration;
use tokio::time::timeout;

const SOON: Duration = Duration::from_secs(10);

#[tokio::test]
async fn clones_hear_each_other() {
    let stop = Stop::new();
    let other = stop.clone();
    assert!(!stop.is_stopped());
    other.stop();
    stop.stopped().await;
    assert!(stop.is_stopped());
}

#[tokio::test]
async fn a_child_hears_its_parent_and_is_not_heard_by_it() {
    let parent = Stop::new();
    let child = parent.child();
    child.stop();
    assert!(!parent.is_stopped());
    let child = parent.child();
    parent.stop();
    child.stopped().await;
}

#[tokio::test]
async fn a_signal_to_the_process_stops_it() {
    for signal in ["-TERM", "-INT"] {
        let stop = Stop::on_signals().expect("signals can be heard");
        // The shell's own: a machine may have no program of that name.
        let sent = Command::new("sh")
            .args(["-c", "kill \"$0\" \"$1\"", signal])
            .arg(std::process::id().to_string())
            .status()
            .expect("there is a shell");
        assert!(sent.success());
        timeout(SOON, stop.stopped()).await.expect(signal);
    }
}
