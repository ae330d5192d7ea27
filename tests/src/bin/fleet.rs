//! How quickly a fleet follows: `fleet [--orgs 1000] [--replicas 12] [--changes 200] [--restart-orgs 10000] [--seed NUMBER]`.
//! `tests/fleet` gives it what it needs.

use std::process::ExitCode;
use std::time::Duration;
use system_tests::fleet::{Times, Wanted, follow, from_disk};

const RESTARTS: usize = 5;

#[tokio::main]
async fn main() -> ExitCode {
    let mut wanted = Wanted {
        orgs: 1000,
        replicas: 12,
        changes: 200,
        seed: rand::random(),
    };
    let mut restart_orgs = 10_000;
    let mut arguments = std::env::args().skip(1);
    while let Some(name) = arguments.next() {
        let number = arguments.next().and_then(|text| text.parse::<usize>().ok());
        match (&*name, number) {
            ("--orgs", Some(number)) => wanted.orgs = number.max(1),
            ("--replicas", Some(number)) => wanted.replicas = number.max(1),
            ("--changes", Some(number)) => wanted.changes = number,
            ("--seed", Some(number)) => wanted.seed = number as u64,
            ("--restart-orgs", Some(number)) => restart_orgs = number,
            _ => {
                eprintln!(
                    "fleet [--orgs N] [--replicas N] [--changes N] [--restart-orgs N, 0: none] [--seed N]"
                );
                return ExitCode::from(2);
            }
        }
    }
    host::descriptors::raise();
    println!("{wanted:?}");
    let mut is_good = true;
    println!(
        "{:<34} {:>6} {:>9} {:>9} {:>9}  (ms)",
        "", "times", "p50", "p99", "max"
    );
    let second = Duration::from_secs(1);
    if wanted.changes > 0 {
        let followed = follow(wanted).await;
        is_good &= row("publish to enforced", &followed.published, second);
        is_good &= row("revoke to enforced", &followed.revoked, second / 2);
        let cut = &followed.revoked_without_feed;
        is_good &= row("revoke to enforced, feed cut", cut, second);
        is_good &= row("all replicas begun anew", &followed.storm, 30 * second);
        let (refused, made) = followed.next_limited;
        println!("feed cut, next call under a limit: {refused} of {made} refused");
        is_good &= refused == made;
    }
    if restart_orgs > 0 {
        let times = from_disk(restart_orgs, RESTARTS).await;
        is_good &= row(
            &format!("from disk, {restart_orgs} orgs"),
            &times,
            2 * second,
        );
    }
    if is_good {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

/// Whether ninety-nine of a hundred are within what is promised.
fn row(name: &str, times: &Times, most: Duration) -> bool {
    let fits = times.percentile(99) <= most;
    let verdict = if fits { "" } else { "  too long" };
    println!("{name:<34} {times}{verdict}");
    fits
}
