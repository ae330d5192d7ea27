//! Whether the bytes that the gateway sends on say to others what it judged: generated bodies, the gateway's own
//! reading, and `serde_json`, Python's `json` and Node's `JSON.parse` on the same bytes.
//!
//! Every body follows from a seed and its number alone, so that a find can be had again.

mod bodies;
mod chance;
mod plain;
mod readers;
mod reading;

pub use bodies::Sent;

use bytes::Bytes;
use readers::{Reader, serde_agrees};
use reading::{Forwarded, Gate};
use std::collections::BTreeMap;
use std::fmt;

/// Read at once by the other readers.
const PORTION: u64 = 4_000;
/// More differences than these are counted, not kept.
const MOST_FINDS: usize = 20;

#[derive(Debug, Default)]
pub struct Report {
    pub seed: u64,
    pub generated: u64,
    /// Bodies of which something went on.
    pub forwarded: u64,
    /// What went on: of a batch, each element for itself.
    pub messages: u64,
    /// Of these, calls of tools.
    pub calls: u64,
    /// Of these, with slices of the gateway's own.
    pub spliced: u64,
    /// Why bodies did not go on.
    pub refused: BTreeMap<&'static str, u64>,
    /// Messages that a reader would not read because of a number beyond it.
    pub beyond: BTreeMap<&'static str, u64>,
    pub differences: u64,
    pub finds: Vec<Find>,
}

#[derive(Debug)]
pub struct Find {
    pub number: u64,
    pub reader: &'static str,
    pub said: String,
    pub expected: String,
    pub body: Vec<u8>,
}

/// Compares `count` bodies of this seed, from number `from` on.
pub fn run(seed: u64, from: u64, count: u64) -> anyhow::Result<Report> {
    let gate = Gate::open()?;
    let mut readers = Reader::both()?;
    let mut report = Report {
        seed,
        ..Report::default()
    };
    let mut number = from;
    while number < from + count {
        let until = (number + PORTION).min(from + count);
        let mut portion = Vec::new();
        for number in number..until {
            let sent = gate.sealed(bodies::body(seed, number));
            report.generated += 1;
            match gate.read(&sent) {
                Ok(all) => {
                    report.forwarded += 1;
                    portion.extend(all.into_iter().map(|one| (number, one)));
                }
                Err(why) => *report.refused.entry(why).or_default() += 1,
            }
        }
        compare(&portion, &mut readers, &mut report)?;
        number = until;
    }
    Ok(report)
}

fn compare(
    portion: &[(u64, Forwarded)],
    readers: &mut [Reader],
    report: &mut Report,
) -> anyhow::Result<()> {
    let sent: Vec<Bytes> = portion.iter().map(|(_, one)| one.bytes.clone()).collect();
    let sent = &sent;
    let answers: Vec<_> = std::thread::scope(|scope| {
        let asked: Vec<_> = readers
            .iter_mut()
            .map(|reader| scope.spawn(move || reader.read(sent)))
            .collect();
        let each = asked.into_iter();
        each.map(|asked| asked.join().expect("a reader's thread panicked"))
            .collect::<anyhow::Result<_>>()
    })?;
    for (at, (number, one)) in portion.iter().enumerate() {
        report.messages += 1;
        report.calls += u64::from(one.is_call);
        report.spliced += u64::from(one.is_spliced);
        let said = serde_agrees(&one.bytes, one);
        report.judge("serde_json", *number, one, said);
        for (reader, answers) in readers.iter().zip(&answers) {
            let said = reader.agrees(&answers[at], one);
            report.judge(reader.name, *number, one, said);
        }
    }
    Ok(())
}

/// What a reader made of a message that went on.
#[derive(Debug)]
pub enum Said {
    Same,
    /// Nothing, because of a number that it cannot hold.
    Beyond,
    Other {
        said: String,
        expected: String,
    },
}

impl Report {
    fn judge(&mut self, reader: &'static str, number: u64, one: &Forwarded, said: Said) {
        match said {
            Said::Same => {}
            Said::Beyond => *self.beyond.entry(reader).or_default() += 1,
            Said::Other { said, expected } => {
                self.differences += 1;
                if self.finds.len() < MOST_FINDS {
                    self.finds.push(Find {
                        number,
                        reader,
                        said,
                        expected,
                        body: one.bytes.to_vec(),
                    });
                }
            }
        }
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "seed {}", self.seed)?;
        writeln!(f, "{:>9} bodies generated", self.generated)?;
        writeln!(
            f,
            "{:>9} went on, as {} messages: {} calls of tools, {} with slices of the gateway's own",
            self.forwarded, self.messages, self.calls, self.spliced
        )?;
        for (why, count) in &self.refused {
            writeln!(f, "{count:>9} did not: {why}")?;
        }
        for (reader, count) in &self.beyond {
            writeln!(f, "{count:>9} hold a number beyond {reader}")?;
        }
        writeln!(f, "{:>9} differences", self.differences)?;
        for find in &self.finds {
            writeln!(
                f,
                "body {} of seed {}, read by {}:\n  sent     {}\n  judged   {}\n  was read {}",
                find.number,
                self.seed,
                find.reader,
                find.body.escape_ascii(),
                find.expected,
                find.said
            )?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
