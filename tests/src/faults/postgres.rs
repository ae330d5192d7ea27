//! Postgres away, and Postgres that comes back in the middle of everything. Where `PORTCULLIS_TEST_POSTGRES` names a program
//! that takes `stop`, `start` and `crash` it is the server that goes; else the control plane's connections to it do.

use super::load::{Answer, Sent};
use super::world::World;
use super::{Row, Wanted};
use std::path::PathBuf;
use std::time::{Duration, Instant};
use testbed::{Fault, Process, until};
use tokio::process::Command;

/// No backlog of these rows takes longer.
const PATIENCE: Duration = Duration::from_mins(2);

async fn tell(word: &str) -> bool {
    let Some(program) = std::env::var_os("PORTCULLIS_TEST_POSTGRES") else {
        return false;
    };
    let status = Command::new(program).arg(word).status().await;
    assert!(status.is_ok_and(|status| status.success()), "{word}");
    true
}

pub async fn away(wanted: Wanted) -> Row {
    let world = World::new(wanted).await;
    let load = world.load(&["work", "pay", "denied"]);
    load.done(50).await;
    let from = Instant::now();
    let is_real = tell("stop").await;
    if !is_real {
        world.cables.postgres.set(Fault::Cut);
    }
    let gone = Instant::now();
    tokio::time::sleep(wanted.lasts).await;
    let back = Instant::now();
    if is_real {
        tell("start").await;
    } else {
        world.cables.postgres.heal();
    }
    let healed = Instant::now();
    let drained = drained(&world, &load).await;
    let sent = load.stop().await;
    let mut row = world.row("postgres-away", &sent).await;
    row.heal = Some(drained.took);
    row.tell(if is_real {
        "the server was stopped and started"
    } else {
        "the control plane's connections were cut"
    });
    row.tell(format!(
        "{} records came in {:.1} s: {:.0}/s, while {:.0}/s were made",
        drained.came,
        drained.took.as_secs_f64(),
        drained.rate(drained.came),
        drained.rate(drained.made),
    ));
    let strict: Vec<&Sent> = sent.iter().filter(|sent| sent.tool == "pay").collect();
    let meanwhile = strict.iter().filter(|sent| sent.is_within(gone, back));
    let wrong = meanwhile.filter(|sent| sent.answer != Answer::Refused(503, 1004));
    let wrong = wrong.count();
    row.rule(wrong == 0, || {
        format!("{wrong} strict calls were not refused with 1004 while Postgres was away")
    });
    let others = sent.iter().filter(|sent| {
        let is_error = matches!(sent.answer, Answer::Broken(_) | Answer::Refused(..));
        let is_strict_then = sent.tool == "pay" && sent.overlaps(from, healed + SOON);
        is_error && !is_strict_then
    });
    let others = others.count();
    row.rule(others == 0, || {
        format!("{others} errors of calls that need no Postgres, or not then")
    });
    verify(&world, &mut row).await;
    row
}

/// The pools of the control plane find out, and open anew.
const SOON: Duration = Duration::from_secs(10);

pub async fn restarted(wanted: Wanted) -> Row {
    let world = World::new(wanted).await;
    let load = world.load(&["work", "denied"]);
    load.done(50).await;
    let is_real = tell("crash").await;
    if is_real {
        tell("start").await;
    } else {
        world.cables.postgres.break_all();
    }
    let healed = Instant::now();
    let path = world.org.path("policies/jobs");
    until("a control plane that answers", || async {
        let (status, _) = world.org.rest.send(reqwest::Method::GET, &path, None).await;
        status.is_success().then_some(())
    })
    .await;
    let heal = healed.elapsed();
    load.done(50).await;
    let sent = load.stop().await;
    let mut row = world.row("postgres-restarted", &sent).await;
    row.heal = Some(heal);
    row.tell(if is_real {
        "the server was ended at once, and recovered"
    } else {
        "the control plane's connections were broken"
    });
    let errors = row.errors.values().sum::<usize>();
    row.rule(errors == 0, || format!("{errors} errors of callers"));
    verify(&world, &mut row).await;
    row
}

struct Drained {
    took: Duration,
    /// Records that were stored meanwhile.
    came: usize,
    /// Calls that were made meanwhile.
    made: usize,
}

impl Drained {
    fn rate(&self, count: usize) -> f64 {
        f64::from(u32::try_from(count).unwrap_or(u32::MAX)) / self.took.as_secs_f64()
    }
}

/// From now until all that was called before a look is on record at that look.
async fn drained(world: &World, load: &super::load::Load) -> Drained {
    let mut sql = world.database().await;
    let begun = Instant::now();
    let (before, first) = (world.count(&mut sql).await, load.ended());
    loop {
        let wanted = load.ended();
        let stored = world.count(&mut sql).await;
        // Calls that nobody was there to answer leave no record; here there are none.
        if stored >= wanted || begun.elapsed() > PATIENCE {
            return Drained {
                took: begun.elapsed(),
                came: stored - before,
                made: wanted - first,
            };
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// Whether what is exported holds together, as whoever keeps it would ask.
async fn verify(world: &World, row: &mut Row) {
    let export = world.org.path("calls/export?format=chain");
    let answer = reqwest::Client::new()
        .get(format!("{}{export}", world.installation.url()))
        .bearer_auth(world.org.rest.key())
        .send()
        .await;
    let text = answer.expect("the export").text().await.expect("its text");
    let folder = world.installation.folder();
    let file: PathBuf = folder.join("chain.jsonl");
    std::fs::write(&file, &text).expect("the export is kept");
    let output = Process::binary("portcullis")
        .args(["verify", "--key"])
        .arg(folder.join("keys/data-plane/bundle-verify.pem"))
        .arg(&file)
        .output()
        .expect("`portcullis verify`");
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    row.rule(output.status.success(), || {
        format!("`portcullis verify`: {said}")
    });
    let all: Vec<&str> = said.lines().collect();
    row.tell(format!("portcullis verify: {}", all.join("; ")));
}
