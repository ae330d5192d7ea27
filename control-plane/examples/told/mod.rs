//! What a Postgres that logs every statement and every plan told of the last ones.

use std::collections::BTreeSet;
use std::io::{Read, Seek, SeekFrom};
use std::path::Path;

pub fn end_of(log: &Path) -> u64 {
    std::fs::metadata(log).expect("the log of Postgres").len()
}

/// What the database said of one page.
#[derive(Default)]
pub struct Told {
    /// Of all that was asked: reading, planning, running.
    pub ms: f64,
    pub statements: usize,
    pub scans: BTreeSet<String>,
}

impl Told {
    /// `big` are tables of which a reading from end to end is told.
    pub fn read(log: &Path, from: u64, big: &[&str]) -> Self {
        let mut file = std::fs::File::open(log).expect("the log of Postgres");
        file.seek(SeekFrom::Start(from)).unwrap();
        let mut text = String::new();
        file.read_to_string(&mut text).unwrap();
        let mut told = Self::default();
        for line in text.lines() {
            if let Some((_, rest)) = line.split_once("duration: ") {
                let Some((ms, what)) = rest.split_once(" ms") else {
                    continue;
                };
                // `auto_explain` says the time of running again, before its plan.
                if !what.trim_start().starts_with("plan:") {
                    told.ms += ms.parse::<f64>().unwrap();
                    told.statements += usize::from(
                        what.trim_start().starts_with("execute")
                            || what.trim_start().starts_with("statement"),
                    );
                }
            } else if let Some((_, rest)) = line.split_once("Seq Scan on ") {
                let table = rest.split_whitespace().next().unwrap_or_default();
                let parent = table
                    .trim_end_matches(|letter: char| letter.is_ascii_digit())
                    .trim_end_matches('_');
                if big.contains(&parent) || big.contains(&table) {
                    told.scans.insert(table.to_owned());
                }
            }
        }
        told
    }
}
