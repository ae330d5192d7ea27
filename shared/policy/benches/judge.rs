//! What a judgement costs in a small policy and in the largest, where the entry is named and where it is one of many patterns,
//! and what compiling takes. Prints a table of medians; `cargo bench --workspace --bench judge`.

use policy::case::Context;
use std::hint::black_box;
use std::time::Instant;

const ARGUMENTS: &str = r#"{"amount":7,"currency":"EUR","note":"of a test"}"#;

/// So many entries, each with rules about arguments, and a limit for all.
fn document(entries: usize, selector: impl Fn(usize) -> String) -> String {
    let entry = |n: usize| {
        format!(
            r#""{}":{{"deny_if":[{{"conditions":[{{"path":"args.amount","op":"gt","value":50000}}]}},{{"conditions":[{{"path":"args.currency","op":"in","value":["XAU","XAG"]}}]}}]}}"#,
            selector(n)
        )
    };
    let entries: Vec<String> = (0..entries).map(entry).collect();
    format!(
        r#"{{"version":"1","default":"deny","all_tools":{{"limits":[{{"counter":"calls","window":"minute","max":1000}}]}},"tools":{{{}}}}}"#,
        entries.join(",")
    )
}

/// The median of many runs of `each` repetitions, in nanoseconds for one.
fn median(samples: usize, each: u32, mut run: impl FnMut()) -> f64 {
    let mut times: Vec<f64> = (0..samples)
        .map(|_| {
            let begun = Instant::now();
            for _ in 0..each {
                run();
            }
            begun.elapsed().as_secs_f64() * 1e9 / f64::from(each)
        })
        .collect();
    times.sort_unstable_by(f64::total_cmp);
    times[times.len() / 2]
}

fn main() {
    // `cargo test --all-targets` only asks whether it runs.
    let samples = if std::env::args().any(|word| word == "--bench") {
        101
    } else {
        1
    };
    let limits = json::Limits {
        bytes: 1 << 16,
        depth: 16,
        values: 1 << 16,
    };
    let arguments = json::read(ARGUMENTS.as_bytes(), &limits).expect("arguments");
    let context = Context::default();
    println!(
        "{:<22} {:>8} {:>12} {:>14}",
        "entries", "", "decide ns", "compile ms"
    );
    for entries in [20, 200, 2_000] {
        let last = entries - 1;
        for (kind, text, tool) in [
            (
                "named",
                document(entries, |n| format!("tool_{n}")),
                format!("tool_{last}"),
            ),
            (
                "patterns",
                document(entries, |n| format!("*_{n}_*")),
                format!("tool_{last}_x"),
            ),
        ] {
            let mut compiled = policy::compile(&text).expect("a policy");
            compiled.know([tool.as_str()]);
            let question = context.question(&tool, Some(&arguments.root));
            assert!(compiled.decide(&question).is_allow());
            let decide = median(samples, 1_000, || {
                black_box(compiled.decide(black_box(&question)));
            });
            let compile = median(samples.min(31), 1, || {
                drop(black_box(policy::compile(black_box(&text))));
            });
            println!(
                "{kind:<22} {entries:>8} {decide:>12.0} {:>14.2}",
                compile / 1e6
            );
        }
    }
}
