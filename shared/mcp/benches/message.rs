//! What reading costs: calls of two sizes, and a list of 800 tools of which a policy hides every other one, beside copying its
//! bytes. Prints a table of medians; `cargo bench --workspace --bench message`.

use mcp::{Page, reply, splice};
use std::hint::black_box;
use std::time::Instant;

fn call(length: usize) -> String {
    format!(
        r#"{{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{{"name":"tool_1","arguments":{{"amount":7,"currency":"EUR","text":"{}"}}}}}}"#,
        "x".repeat(length)
    )
}

fn list() -> String {
    let tool = |n: usize| {
        format!(
            r#"{{"name":"tool_{n}","description":"Does the {n}th thing,\nand says so.","inputSchema":{{"type":"object","properties":{{"path":{{"type":"string"}},"limit":{{"type":"integer","minimum":0}}}},"required":["path"]}}}}"#
        )
    };
    let tools: Vec<String> = (0..800).map(tool).collect();
    format!(
        r#"{{"jsonrpc":"2.0","id":1,"result":{{"tools":[{}]}}}}"#,
        tools.join(",")
    )
}

/// The median of many runs, in nanoseconds for one.
fn median(samples: usize, mut run: impl FnMut()) -> f64 {
    const EACH: u32 = 50;
    let mut times: Vec<f64> = (0..samples)
        .map(|_| {
            let begun = Instant::now();
            for _ in 0..EACH {
                run();
            }
            begun.elapsed().as_secs_f64() * 1e9 / f64::from(EACH)
        })
        .collect();
    times.sort_unstable_by(f64::total_cmp);
    times[times.len() / 2]
}

fn row(name: &str, text: &str, samples: usize, mut run: impl FnMut(&str)) {
    let time = median(samples, || run(black_box(text)));
    let copied = median(samples, || drop(black_box(black_box(text).to_owned())));
    println!(
        "{name:<26} {:>8} {time:>12.0} {:>14.1}",
        text.len(),
        time / copied
    );
}

fn read(text: &str) {
    let document = mcp::parse(text.as_bytes()).expect("a message");
    black_box(mcp::Body::of(&document).expect("a message"));
}

/// The list without every other tool.
fn cut(text: &str) {
    let document = reply::parse(text.as_bytes()).expect("a list");
    let page = Page::of(&document).expect("a list").expect("tools");
    let mut at = 0;
    let edits = page.cuts(|_| {
        at += 1;
        at % 2 == 0
    });
    black_box(splice(text, edits).expect("what is left"));
}

fn main() {
    // `cargo test --all-targets` only asks whether it runs.
    let samples = if std::env::args().any(|word| word == "--bench") {
        101
    } else {
        1
    };
    println!(
        "{:<26} {:>8} {:>12} {:>14}",
        "text", "bytes", "ns", "of copying it"
    );
    row("call of 1 KB", &call(900), samples, read);
    row("call of 100 KB", &call(102_300), samples, read);
    row("list of 800, half hidden", &list(), samples, cut);
}
