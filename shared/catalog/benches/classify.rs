//! How many tools a second are read and judged on one core: from definitions as a server sends them to the answer.
//! Prints one line; `cargo bench -p catalog`.

use catalog::{Definition, Tool, Trust, classify};
use std::hint::black_box;
use std::time::Instant;

/// Of the length and shape that published tools have.
fn tools() -> Vec<Tool> {
    let verbs = [
        "get", "list", "create", "update", "delete", "run", "send", "search",
    ];
    (0..2000_usize)
        .map(|n| {
            let verb = verbs[n % verbs.len()];
            let parameters: Vec<String> = (0..8)
                .map(|p| format!(r#""parameter_{p}":{{"type":"string","description":"The {p}th thing that is asked for."}}"#))
                .collect();
            let text = format!(
                r#"{{"name":"acme_{verb}_record_{n}","description":"{verb} a record of the account. {}","inputSchema":{{"type":"object","properties":{{{}}},"required":["parameter_0"]}},"annotations":{{"readOnlyHint":false}}}}"#,
                "Use this when a record is meant, and another tool when not. ".repeat(6),
                parameters.join(",")
            );
            serde_json::from_str(&text).expect("a tool")
        })
        .collect()
}

fn main() {
    let tools = tools();
    let mut rates: Vec<f64> = (0..15)
        .map(|_| {
            let begun = Instant::now();
            for tool in &tools {
                black_box(classify(
                    &Definition::read(black_box(tool)),
                    Trust::Untrusted,
                ));
            }
            f64::from(u32::try_from(tools.len()).unwrap_or(u32::MAX))
                / begun.elapsed().as_secs_f64()
        })
        .collect();
    rates.sort_by(f64::total_cmp);
    println!(
        "{:.0} tools a second (median of {})",
        rates[rates.len() / 2],
        rates.len()
    );
}
