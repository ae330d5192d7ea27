//! What recording costs a call: the time from an intent to its being safe, by level and by how many calls are made at
//! once. Prints a table; `cargo bench -p data-plane --bench spool`.

use std::sync::Arc;
use std::time::{Duration, Instant};

use bundle::record::{Ending, Intent, Limiter, Verdict};
use data_plane::record::{Level, Recorder, SpoolOptions};
use ids::{CallId, GrantId, OrgId, ServerId};

fn intent(number: u64) -> Intent {
    Intent {
        id: CallId::new(number, [7; 10]),
        at: 1_790_000_000_000,
        org: OrgId::new(1, [1; 10]),
        replica: "bench".into(),
        grant: GrantId::new(1, [2; 10]),
        server: ServerId::new(1, [3; 10]),
        method: "tools/call".into(),
        tool: Some("create_refund".into()),
        verdict: Verdict::Allow,
        rule: None,
        policy: None,
        bundle_version: 1,
        limiter: Limiter::Shared,
        argument_keys: ["amount", "currency", "reason"].into_iter().collect(),
        shadow: bundle::record::Shadows::default(),
        approval: None,
        charges: bundle::record::Charges::default(),
        client: None,
        protocol: Some("2025-11-25".into()),
        added_us: 100,
    }
}

async fn measure(
    recorder: &Recorder,
    level: Level,
    at_once: u64,
    each: u64,
) -> (Vec<Duration>, Duration) {
    let begun = Instant::now();
    let tasks: Vec<_> = (0..at_once)
        .map(|task| {
            let recorder = recorder.clone();
            tokio::spawn(async move {
                let mut times = Vec::new();
                for number in 0..each {
                    let intent = intent(task * each + number);
                    let asked = Instant::now();
                    let written = recorder
                        .intent(intent, level)
                        .await
                        .expect("the disk takes it");
                    times.push(asked.elapsed());
                    written.ended(Ending::Ok);
                }
                times
            })
        })
        .collect();
    let mut times = Vec::new();
    for task in tasks {
        times.extend(task.await.expect("no panic"));
    }
    (times, begun.elapsed())
}

fn main() {
    let folder =
        std::env::temp_dir().join(format!("portcullis-bench-spool-{}", std::process::id()));
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .expect("a runtime");
    println!("level    at once   calls/s      p50      p99    worst");
    runtime.block_on(async {
        let options = SpoolOptions {
            total: 8 << 30,
            ..SpoolOptions::new(folder.clone())
        };
        let recorder = Recorder::open(options, Arc::new(|| 0)).expect("a folder of our own");
        for (level, name, rounds) in [
            (
                Level::Process,
                "process",
                [(1, 20_000), (16, 5_000), (256, 500)],
            ),
            (Level::Host, "host", [(1, 200), (16, 100), (256, 50)]),
        ] {
            for (at_once, each) in rounds {
                let (mut times, took) = measure(&recorder, level, at_once, each).await;
                times.sort_unstable();
                let at = |part: usize| times[(times.len() - 1) * part / 100];
                let rate = times.len() as u128 * 1_000_000 / took.as_micros().max(1);
                println!(
                    "{name:<8} {at_once:>7} {rate:>9} {:>8.0?} {:>8.0?} {:>8.0?}",
                    at(50),
                    at(99),
                    at(100)
                );
            }
        }
    });
    // The folder holds nothing but what this bench wrote.
    let _ = std::fs::remove_dir_all(&folder);
}
