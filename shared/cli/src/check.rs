//! `policy check`: findings as a compiler prints them.

use crate::{Report, file};
use policy::{Finding, Level};
use std::fmt::Write as _;
use std::path::Path;

pub(crate) fn check(path: &Path, as_json: bool) -> anyhow::Result<Report> {
    let findings = policy::check(&file::read(path)?, None);
    let is_fine = findings.iter().all(|finding| finding.level != Level::Error);
    let text = if as_json {
        let mut text = serde_json::to_string_pretty(&findings)?;
        text.push('\n');
        text
    } else {
        spell(&findings, &path.display().to_string())
    };
    Ok(Report { text, is_fine })
}

/// `file:line:col: error[code]: message`, the pointer, and the hint where there is one.
pub(crate) fn spell(findings: &[Finding], name: &str) -> String {
    let mut out = String::new();
    let mut counts = [0, 0];
    for finding in findings {
        let level = match finding.level {
            Level::Error => {
                counts[0] += 1;
                "error"
            }
            Level::Warning => {
                counts[1] += 1;
                "warning"
            }
        };
        let Finding {
            line,
            column,
            code,
            message,
            ..
        } = finding;
        let _ = writeln!(out, "{name}:{line}:{column}: {level}[{code}]: {message}");
        if !finding.pointer.is_empty() {
            let _ = writeln!(out, "  at {}", finding.pointer);
        }
        if let Some(hint) = &finding.hint {
            let _ = writeln!(out, "  perhaps `{hint}`");
        }
    }
    let _ = writeln!(out, "{name}: {} errors, {} warnings", counts[0], counts[1]);
    out
}
