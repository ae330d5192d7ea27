//! `verify`: whether the records of a file are those that were stored. What a chain is, and what breaks one, is
//! `bundle::chain`'s.

use crate::Report;
use anyhow::Context as _;
use bundle::chain::{Line, Signed, Verifier};
use clap::Args;
use seal::VerifyingKey;
use std::fmt::Write as _;
use std::fs::File;
use std::io::{BufRead as _, BufReader, Read as _};
use std::path::{Path, PathBuf};

/// No line of a file is longer; a record is a tenth of it at most, a checkpoint of a thousand chains alike.
const LONGEST_LINE: u64 = 16 << 20;
/// Faults that are printed; the rest is counted.
const MOST: usize = 10_000;

#[derive(Debug, Args)]
pub(crate) struct Verify {
    /// What `GET /v1/orgs/{org}/calls/export?format=chain` answered
    file: PathBuf,
    /// The public key of the installation, `bundle-verify.pem`; several while one replaces the other
    #[arg(long, required = true)]
    key: Vec<PathBuf>,
    /// Checkpoints that were kept elsewhere (`format=checkpoints`): all of them must be in the file
    #[arg(long)]
    kept: Option<PathBuf>,
    /// Print the report as JSON
    #[arg(long)]
    json: bool,
}

pub(crate) fn verify(wish: &Verify) -> anyhow::Result<Report> {
    let mut keys = Vec::new();
    for path in &wish.key {
        let text = std::fs::read_to_string(path).with_context(|| named(path))?;
        let blocks = text
            .split_inclusive("-----END PUBLIC KEY-----")
            .filter(|block| !block.trim().is_empty());
        for block in blocks {
            keys.push(VerifyingKey::from_pem(block).with_context(|| named(path))?);
        }
        anyhow::ensure!(
            !keys.is_empty(),
            "{}: expected an Ed25519 key in PEM",
            named(path)
        );
    }
    let mut kept = Vec::new();
    if let Some(path) = &wish.kept {
        lines(path, |number, line| {
            kept.push(
                checkpoint(line).with_context(|| {
                    format!("{}:{number}: expected a checkpoint", path.display())
                })?,
            );
            Ok(())
        })?;
    }
    let mut verifier = Verifier::new(keys, kept);
    lines(&wish.file, |number, line| {
        verifier.line(number, line);
        Ok(())
    })?;
    let report = verifier.finish();
    let is_fine = report.is_clean();
    let text = if wish.json {
        let mut text = serde_json::to_string_pretty(&report)?;
        text.push('\n');
        text
    } else {
        spell(&report)
    };
    Ok(Report { text, is_fine })
}

fn checkpoint(line: &str) -> anyhow::Result<Signed> {
    match serde_json::from_str(line)? {
        Line::Checkpoint(signed) => Ok(signed),
        _ => anyhow::bail!("it is another line"),
    }
}

/// A line at a time, without the empty ones: the file may be larger than the memory.
fn lines(path: &Path, mut each: impl FnMut(u64, &str) -> anyhow::Result<()>) -> anyhow::Result<()> {
    let mut file = BufReader::new(File::open(path).with_context(|| named(path))?);
    let (mut line, mut number) = (String::new(), 0);
    loop {
        line.clear();
        number += 1;
        let read = (&mut file)
            .take(LONGEST_LINE)
            .read_line(&mut line)
            .with_context(|| format!("{}:{number}", path.display()))?;
        if read == 0 {
            return Ok(());
        }
        anyhow::ensure!(
            (read as u64) < LONGEST_LINE,
            "{}:{number}: a line is longer than {LONGEST_LINE} bytes",
            path.display()
        );
        if !line.trim().is_empty() {
            each(number, line.trim_end())?;
        }
    }
}

fn spell(report: &bundle::chain::Report) -> String {
    let mut out = String::new();
    for fault in report.faults.iter().take(MOST) {
        let _ = writeln!(out, "{fault}");
    }
    if report.faults.len() > MOST {
        let _ = writeln!(out, "… and {} more", report.faults.len() - MOST);
    }
    let bundle::chain::Report {
        records,
        chains,
        checkpoints,
        ..
    } = report;
    let _ = writeln!(
        out,
        "{records} records in {chains} chains, {checkpoints} checkpoints, {} faults",
        report.faults.len()
    );
    let _ = match &report.signed_until {
        Some(at) => writeln!(out, "signed until {at}"),
        None => writeln!(out, "nothing is signed yet"),
    };
    for (count, what) in [
        (
            report.before_chains,
            "from before there were chains: nothing is proven of them",
        ),
        (
            report.given_up,
            "of days that were given up: nothing is proven of them",
        ),
        (
            report.later,
            "came while the file was written, and were not looked at",
        ),
    ] {
        if count > 0 {
            let _ = writeln!(out, "{count} records {what}");
        }
    }
    if let Some(day) = &report.keeps_from {
        let _ = writeln!(out, "days before {day} were given up");
    }
    out
}

fn named(path: &Path) -> String {
    format!("`{}`", path.display())
}
