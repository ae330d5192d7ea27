//! A disk that is full: a replica on a small file system of its own, which something else fills.

use super::load::{Answer, Sent};
use super::world::World;
use super::{Row, Wanted};
use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;
use testbed::{Fault, Process, until};

/// Makes a small file system of its own, and becomes the replica on it.
const ON_ITS_OWN: &str =
    "mkdir -p \"$1\" && mount -t tmpfs -o size=24m,mode=700 none \"$1\" && exec \"$2\"";

/// Whether this user may make one.
fn may_mount() -> bool {
    let tried = Command::new("unshare")
        .args(["-Urm", "mount", "-t", "tmpfs", "none", "/mnt"])
        .output();
    tried.is_ok_and(|tried| tried.status.success())
}

pub async fn row(wanted: Wanted) -> Row {
    let mut world = World::empty(wanted).await;
    if !may_mount() {
        let mut row = Row {
            name: "disk-full".to_owned(),
            ..Row::default()
        };
        row.rule(false, || {
            "not run: `unshare -Urm` may not mount a file system here".to_owned()
        });
        return row;
    }
    let state = world.installation.state_of("small");
    let mut program = Process::binary("data-plane");
    let path = PathBuf::from(program.get_program());
    let unset: Vec<_> = program
        .get_envs()
        .map(|(name, _)| name.to_owned())
        .collect();
    program = Command::new("unshare");
    for name in unset {
        program.env_remove(name);
    }
    program
        .args(["-Urm", "sh", "-c", ON_ITS_OWN, "sh"])
        .arg(&state)
        .arg(path);
    let replica = world.start_as(program, "small");
    let id = replica.process.id();
    world.replicas.push(replica);
    world.is_followed().await;
    // Seen from outside through the process.
    let inside =
        PathBuf::from(format!("/proc/{id}/root")).join(state.strip_prefix("/").unwrap_or(&state));
    let ballast = inside.join("ballast");
    let load = world.load(&["work", "move", "denied"]);
    load.done(50).await;
    // What is shipped makes room: nothing is, meanwhile.
    world.cables.control_plane.set(Fault::Cut);
    fill(&ballast);
    let url = world.urls().remove(0);
    let client = reqwest::Client::new();
    until("a replica that has met its full disk", || async {
        let answer = client
            .get(format!("{}/readyz", world.replicas[0].url()))
            .send()
            .await;
        (answer.ok()?.status() == 503).then_some(())
    })
    .await;
    let from = Instant::now();
    tokio::time::sleep(wanted.lasts).await;
    let until_then = Instant::now();
    std::fs::remove_file(&ballast).expect("the ballast");
    world.cables.control_plane.heal();
    let mut number = 0;
    until("a call that goes through", || {
        number += 1;
        let (client, url, token) = (client.clone(), url.clone(), world.token.clone());
        async move {
            let key = format!("relief{number}");
            let answer = super::load::ask(&client, &url, &token, "work", &key).await;
            (answer == Answer::Done).then_some(())
        }
    })
    .await;
    let heal = until_then.elapsed();
    load.done(50).await;
    let sent = load.stop().await;
    let mut row = world.row("disk-full", &sent).await;
    row.heal = Some(heal);
    let meanwhile: Vec<&Sent> = sent
        .iter()
        .filter(|sent| sent.is_within(from, until_then))
        .collect();
    let through = meanwhile.iter().filter(|sent| sent.answer == Answer::Done);
    let through = through.count();
    row.rule(through == 0, || {
        format!("{through} calls went through on a full disk")
    });
    let refused = meanwhile
        .iter()
        .filter(|sent| sent.answer == Answer::Refused(503, 1004));
    row.tell(format!(
        "{} of {} calls meanwhile refused with 1004",
        refused.count(),
        meanwhile.len()
    ));
    row
}

/// Until there is no room.
fn fill(path: &Path) {
    let mut file = File::create(path).expect("a file beside the spool");
    for piece in [64 * 1024, 1024, 1] {
        while file.write_all(&vec![0; piece]).is_ok() {}
    }
}
