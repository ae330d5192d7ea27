//! Replicas that are killed, one at random again and again, and begun anew on their spools.

use super::load::Answer;
use super::world::World;
use super::{Row, Wanted};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use std::time::{Duration, Instant};

/// Calls that go through between one kill and the next, where that takes longer than the pause.
const BETWEEN: usize = 50;
const PAUSE: Duration = Duration::from_secs(3);

/// When a replica was not there.
struct Away {
    replica: usize,
    from: Instant,
    to: Instant,
}

pub async fn row(wanted: Wanted) -> Row {
    let mut world = World::new(wanted).await;
    let mut random = StdRng::seed_from_u64(wanted.seed);
    let load = world.load(&["work", "move", "pay", "denied"]);
    let mut aways = Vec::new();
    let begun = Instant::now();
    while begun.elapsed() < wanted.lasts {
        load.done(BETWEEN).await;
        tokio::time::sleep(PAUSE.mul_f64(random.random())).await;
        let at = random.random_range(0..world.replicas.len());
        let from = Instant::now();
        world.replicas[at].process.kill();
        world.replicas[at].resume().await;
        let to = Instant::now();
        aways.push(Away {
            replica: at,
            from,
            to,
        });
    }
    load.done(BETWEEN).await;
    let sent = load.stop().await;
    let ended = Instant::now();
    let mut row = world.row("replicas-killed", &sent).await;
    row.heal = Some(ended.elapsed());
    row.tell(format!("{} kills", aways.len()));
    let longest = aways.iter().map(|away| away.to - away.from).max();
    row.tell(format!(
        "longest away: {:.1} s, with the start of its process",
        longest.unwrap_or_default().as_secs_f64()
    ));
    let elsewhere = sent.iter().filter(|sent| {
        let is_error = matches!(sent.answer, Answer::Broken(_) | Answer::Refused(..));
        let was_away =
            |away: &Away| away.replica == sent.replica && sent.overlaps(away.from, away.to);
        is_error && !aways.iter().any(was_away)
    });
    let elsewhere = elsewhere.count();
    row.rule(elsewhere == 0, || {
        format!("{elsewhere} errors of calls to replicas that were there")
    });
    row
}
