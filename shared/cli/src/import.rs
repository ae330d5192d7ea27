//! `catalog import`: the control plane's own command, run from here. It alone speaks to the database, as its owner, whose URL it
//! reads from the environment; this command stays without a database, and no request to a running plane can write the catalogue.

use crate::Report;
use anyhow::Context as _;
use std::path::{Path, PathBuf};
use std::process::Command;

const NAME: &str = "control-plane";

pub(crate) fn import(file: &Path) -> anyhow::Result<Report> {
    let program = beside().unwrap_or_else(|| PathBuf::from(NAME));
    let output = Command::new(&program)
        .args(["catalog", "import"])
        .arg(file)
        .output()
        .with_context(|| {
            format!(
                "cannot run `{}`; it is installed beside `portcullis`, or on the path",
                program.display()
            )
        })?;
    let said = String::from_utf8_lossy(&output.stderr);
    let told = said.trim();
    let why = told.strip_prefix("Error: ").unwrap_or(told);
    anyhow::ensure!(output.status.success(), "{why}");
    Ok(Report {
        text: String::from_utf8_lossy(&output.stdout).into_owned(),
        is_fine: true,
    })
}

/// The one of the same installation, which knows the same format.
fn beside() -> Option<PathBuf> {
    let own = std::env::current_exe().ok()?;
    let other = own.with_file_name(format!("{NAME}{}", std::env::consts::EXE_SUFFIX));
    other.is_file().then_some(other)
}
