//! The `portcullis` command: what the dashboard says of a policy, said at a terminal and in a pipeline; and whether records are
//! those that were stored.
//!
//! Here: reading files and printing. Every answer is the policy crate's own, so that a policy that passes here passes
//! there. Exit status: 0 fine, 1 the policy, a case or a record is not, 2 it could not be looked at.

mod cases;
mod check;
mod explain;
mod file;
mod import;
mod measure;
mod scan;
mod shipped;
mod verify;

use clap::{Parser, Subcommand};
use std::io::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;

#[derive(Debug, Parser)]
#[command(
    name = "portcullis",
    version,
    about = "Rules for what agents may do with MCP servers"
)]
struct Arguments {
    #[command(subcommand)]
    subject: Subject,
}

#[derive(Debug, Subcommand)]
enum Subject {
    /// Check, explain and test policy documents
    #[command(subcommand)]
    Policy(Action),
    /// What tools can do: the catalogue, and the classifier behind it
    #[command(subcommand)]
    Catalog(Catalog),
    /// See which MCP servers this machine's clients can reach, and what their tools can do
    Scan(scan::Scan),
    /// Say of every record of a file whether it was changed, left out or added since it was stored
    Verify(verify::Verify),
}

#[derive(Debug, Subcommand)]
enum Catalog {
    /// Judge the labelled tools, print how often that was right, and fail where the targets are missed
    Score(measure::Measure),
    /// Look at poisoned descriptions, print how many are seen, and how often honest ones are taken for such; fail where a
    /// hidden character is not seen or not taken out
    Poisoned(measure::Poison),
    /// Renew what the labelled set keeps of the definitions
    Derive(measure::Derive),
    /// Make the shipped catalogue anew out of full listings
    Build(shipped::Build),
    /// Bring servers into the catalogue of an installation: a file of `build`, listings, or a `server.json`
    Import { file: PathBuf },
    /// Print the policy that is recommended for a server of the shipped catalogue, or for one tool of it
    Policy(shipped::Recommend),
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Say everything that is wrong with a document, and what may not have been meant
    Check {
        file: PathBuf,
        /// Print the findings as JSON
        #[arg(long)]
        json: bool,
    },
    /// Judge one call and tell every step
    Explain(explain::Call),
    /// Judge the cases in files and compare with what they expect
    Test {
        #[arg(required = true)]
        files: Vec<PathBuf>,
    },
}

/// What was printed, and whether all is well.
struct Report {
    text: String,
    is_fine: bool,
}

fn main() -> ExitCode {
    let report = match Arguments::parse().subject {
        Subject::Policy(Action::Check { file, json }) => check::check(&file, json),
        Subject::Policy(Action::Explain(call)) => explain::explain(&call),
        Subject::Policy(Action::Test { files }) => cases::test(&files),
        Subject::Catalog(Catalog::Score(measure)) => measure::score(&measure),
        Subject::Catalog(Catalog::Poisoned(poison)) => measure::poisoned(&poison),
        Subject::Catalog(Catalog::Derive(derive)) => measure::derive(&derive),
        Subject::Catalog(Catalog::Build(build)) => shipped::build(&build),
        Subject::Catalog(Catalog::Import { file }) => import::import(&file),
        Subject::Catalog(Catalog::Policy(recommend)) => shipped::recommend(&recommend),
        Subject::Scan(scan) => scan::scan(&scan),
        Subject::Verify(wish) => verify::verify(&wish),
    };
    match report {
        Ok(report) => {
            // A reader that has gone away, as `head` does, takes nothing from the verdict.
            let _ = std::io::stdout().write_all(report.text.as_bytes());
            if report.is_fine {
                ExitCode::SUCCESS
            } else {
                ExitCode::FAILURE
            }
        }
        Err(error) => {
            let _ = writeln!(std::io::stderr(), "error: {error:#}");
            ExitCode::from(2)
        }
    }
}
