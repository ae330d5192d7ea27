//! What becomes of calls and records while parts fail: `faults [--seconds 30] [--rate 120] [--replicas 2] [--seed NUMBER]
//! [--row NAME]…`. `tests/faults` gives it what it needs.

use std::process::ExitCode;
use std::time::Duration;
use system_tests::faults::{ROWS, Row, Wanted, run};

#[tokio::main]
async fn main() -> ExitCode {
    let mut wanted = Wanted {
        seed: rand::random::<u32>().into(),
        lasts: Duration::from_secs(30),
        rate: 120,
        replicas: 2,
    };
    let mut rows: Vec<&str> = Vec::new();
    let mut arguments = std::env::args().skip(1);
    while let Some(name) = arguments.next() {
        let value = arguments.next().unwrap_or_default();
        let number = value.parse::<u32>().ok();
        let known = ROWS.iter().find(|row| **row == value);
        match (&*name, number, known) {
            ("--seconds", Some(number), _) => wanted.lasts = Duration::from_secs(number.into()),
            ("--rate", Some(number), _) => wanted.rate = number.max(1),
            ("--replicas", Some(number), _) => wanted.replicas = number.max(1) as usize,
            ("--seed", Some(number), _) => wanted.seed = number.into(),
            ("--row", _, Some(row)) => rows.push(row),
            _ => {
                eprintln!(
                    "faults [--seconds N] [--rate N] [--replicas N] [--seed N] [--row NAME]…\nrows: {}",
                    ROWS.join(", ")
                );
                return ExitCode::from(2);
            }
        }
    }
    if rows.is_empty() {
        rows = ROWS.to_vec();
    }
    host::descriptors::raise();
    println!("{wanted:?}\n{}", Row::HEAD);
    let mut is_good = true;
    for name in rows {
        let row = run(name, wanted).await;
        println!("{row}");
        is_good &= row.holds();
    }
    if is_good {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}
