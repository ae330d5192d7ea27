//! The suite as a program: which of its runs are compared, and one such run against one address.

use super::checks::{Check, read};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;
use tokio::process::Command;

/// A run takes seconds; one that takes this long hangs.
const PATIENCE: Duration = Duration::from_mins(5);

#[derive(Debug, Clone, Copy)]
pub struct Suite {
    pub name: &'static str,
    package: &'static str,
    arguments: &'static [&'static str],
    /// The server passes everything that the suite scores: its own word, by its exit status.
    pub is_scored: bool,
}

/// Both revisions by their frozen requirements and the suite that most people run, which are scored. And what nobody
/// scores: older revisions, drafts and extensions.
pub const SUITES: [Suite; 6] = [
    Suite {
        name: "2025-11-25",
        package: "conformance-0.2",
        arguments: &["--requirements", "2025-11-25"],
        is_scored: true,
    },
    Suite {
        name: "2026-07-28",
        package: "conformance-0.2",
        arguments: &["--requirements", "2026-07-28"],
        is_scored: true,
    },
    Suite {
        name: "0.1.16, default",
        package: "conformance-0.1",
        arguments: &[],
        is_scored: true,
    },
    Suite {
        name: "0.1.16, pending",
        package: "conformance-0.1",
        arguments: &["--suite", "pending"],
        is_scored: false,
    },
    Suite {
        name: "all scenarios",
        package: "conformance-0.2",
        arguments: &["--suite", "all"],
        is_scored: false,
    },
    Suite {
        name: "all of 2025-06-18",
        package: "conformance-0.2",
        arguments: &["--suite", "all", "--spec-version", "2025-06-18"],
        is_scored: false,
    },
];

#[derive(Debug)]
pub struct Outcome {
    pub checks: Vec<Check>,
    pub is_success: bool,
}

/// Runs the suite as `installed` has it against `url`; what it writes is left in `folder`.
pub async fn run(suite: Suite, installed: &Path, url: &str, folder: &Path) -> Outcome {
    std::fs::create_dir_all(folder).expect("the folder for results can be made");
    let log = std::fs::File::create(folder.join("said.log")).expect("a log can be written");
    let mut command = Command::new(installed.join("bin/node"));
    command
        .arg(
            installed
                .join("node_modules")
                .join(suite.package)
                .join("dist/index.js"),
        )
        .args(["server", "--url", url, "--output-dir"])
        .arg(folder)
        .args(suite.arguments)
        .stdin(Stdio::null())
        .stdout(log.try_clone().expect("a file has a second handle"))
        .stderr(log)
        .kill_on_drop(true);
    let ended = tokio::time::timeout(PATIENCE, command.status()).await;
    let status = ended
        .unwrap_or_else(|_| {
            panic!(
                "the suite `{}` does not end: {}",
                suite.name,
                folder.display()
            )
        })
        .unwrap_or_else(|error| panic!("cannot start {command:?}: {error}"));
    Outcome {
        checks: results(folder),
        is_success: status.success(),
    }
}

/// `server-ping-2026-11-22T12-37-44-421Z/checks.json` holds the checks of the scenario `ping`.
fn results(folder: &Path) -> Vec<Check> {
    let mut checks = Vec::new();
    let mut written: Vec<PathBuf> = std::fs::read_dir(folder)
        .expect("the folder for results can be read")
        .map(|entry| {
            entry
                .expect("an entry of the folder")
                .path()
                .join("checks.json")
        })
        .filter(|path| path.exists())
        .collect();
    written.sort();
    for path in written {
        let name = path
            .parent()
            .and_then(Path::file_name)
            .and_then(|name| name.to_str());
        let scenario = scenario(name.expect("a scenario's folder has a name"));
        let text = std::fs::read_to_string(&path).expect("results can be read");
        let found = read(scenario, &text);
        checks.extend(found.unwrap_or_else(|error| panic!("{}: {error}", path.display())));
    }
    checks
}

fn scenario(folder: &str) -> &str {
    const MOMENT: usize = "-2026-11-22T12-37-44-421Z".len();
    let named = folder.strip_prefix("server-").unwrap_or(folder);
    named
        .get(..named.len().saturating_sub(MOMENT))
        .unwrap_or(named)
}

#[cfg(test)]
mod tests {
    use super::scenario;

    #[test]
    fn a_scenario_is_named_by_its_folder_without_the_moment() {
        assert_eq!(
            scenario("server-server-sse-polling-2026-11-22T12-37-44-553Z"),
            "server-sse-polling"
        );
        assert_eq!(scenario("server-ping-2026-11-22T12-37-44-421Z"), "ping");
    }
}
