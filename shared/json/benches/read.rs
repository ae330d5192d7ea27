//! What reading strictly costs, beside reading to a tree with serde (`Value`) and beside merely finding the end of the
//! value (`RawValue`). Prints a table of medians and ratios; `cargo bench -p json`.

use json::{Limits, read};
use serde_json::Value;
use serde_json::value::RawValue;
use std::hint::black_box;
use std::time::Instant;

const LIMITS: Limits = Limits {
    bytes: 1 << 20,
    depth: 64,
    values: 1 << 20,
};

const CALL: &str = r#"{"jsonrpc":"2.0","id":7,"method":"tools/call","params":{"name":"create_refund","arguments":{"order":"A-1007","amount":12.50,"currency":"EUR","reason":"arrived \"broken\""},"_meta":{"progressToken":"p-7"}}}"#;

fn list() -> String {
    let tool = |n: usize| {
        format!(
            r#"{{"name":"tool_{n}","description":"Does the {n}th thing,\nand says so.","inputSchema":{{"type":"object","properties":{{"path":{{"type":"string"}},"limit":{{"type":"integer","minimum":0}}}},"required":["path"]}}}}"#
        )
    };
    let tools: Vec<String> = (0..200).map(tool).collect();
    format!(
        r#"{{"jsonrpc":"2.0","id":1,"result":{{"tools":[{}]}}}}"#,
        tools.join(",")
    )
}

/// The median of many runs, in nanoseconds.
fn median(text: &str, samples: usize, run: impl Fn(&[u8])) -> f64 {
    let each = (100_000 / text.len()).max(1);
    let mut times: Vec<f64> = (0..samples)
        .map(|_| {
            let begun = Instant::now();
            for _ in 0..each {
                run(black_box(text.as_bytes()));
            }
            begun.elapsed().as_secs_f64() * 1e9
        })
        .collect();
    times.sort_unstable_by(f64::total_cmp);
    times[times.len() / 2] / f64::from(u32::try_from(each).expect("a small number"))
}

fn main() {
    // `cargo test --all-targets` only asks whether it runs.
    let samples = if std::env::args().any(|word| word == "--bench") {
        301
    } else {
        1
    };
    let (list, wide) = (list(), format!("[{}]", vec!["-12.50"; 5_000].join(",")));
    println!(
        "{:<20} {:>8} {:>10} {:>18} {:>21}",
        "text", "bytes", "ns", "of serde_json Value", "of serde_json RawValue"
    );
    for (name, text) in [
        ("tools/call", CALL),
        ("tools/list of 200", &list),
        ("5,000 numbers", &wide),
    ] {
        let strict = median(text, samples, |bytes| drop(black_box(read(bytes, &LIMITS))));
        let value = median(text, samples, |bytes| {
            drop(black_box(serde_json::from_slice::<Value>(bytes)));
        });
        let raw = median(text, samples, |bytes| {
            drop(black_box(serde_json::from_slice::<&RawValue>(bytes)));
        });
        println!(
            "{name:<20} {:>8} {strict:>10.0} {:>18.2} {:>21.1}",
            text.len(),
            strict / value,
            strict / raw
        );
    }
}
