//! The command that measures the classifier, as a pipeline runs it.

use std::process::{Command, Output};

fn portcullis(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_portcullis"))
        .args(arguments)
        .current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."))
        .output()
        .expect("the command runs")
}

#[test]
fn the_score_is_printed_for_both_parts_and_names_no_held_back_tool() {
    let output = portcullis(&["catalog", "score", "--misses"]);
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    for line in [
        "=== tuned on, all: ",
        "=== held back, all: ",
        "dangerous misses",
        "=== poisoned descriptions: 200",
        "are reached by the held-back third",
    ] {
        assert!(said.contains(line), "{line}\nis not in\n{said}");
    }
    assert_eq!(output.status.code(), Some(0));

    let labels = concat!(env!("CARGO_MANIFEST_DIR"), "/../catalog/labels/tools.jsonl");
    let labels = std::fs::read_to_string(labels).expect("the labelled set");
    let held: Vec<catalog::label::Labelled> = labels
        .lines()
        .map(|line| serde_json::from_str(line).expect("a labelled tool"))
        .filter(catalog::label::Labelled::is_held_back)
        .collect();
    assert!(held.len() > 200);
    for tool in held {
        let named = format!("{} {}: ", tool.package, tool.definition.name);
        assert!(!said.contains(&named), "{named}");
    }
}

#[test]
fn a_listing_that_lacks_a_labelled_tool_is_said() {
    let output = portcullis(&[
        "catalog",
        "score",
        "--data",
        "shared/cli/tests/data/listing.jsonl",
    ]);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(said.contains("the listings have no tool `"), "{said}");
    assert_eq!(output.status.code(), Some(2));
}

#[test]
fn a_line_that_is_no_server_is_said_with_its_place() {
    let output = portcullis(&[
        "catalog",
        "score",
        "--data",
        "shared/cli/tests/data/cases.json",
    ]);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(
        said.contains("cases.json:1: not what is expected on a line"),
        "{said}"
    );
    assert_eq!(output.status.code(), Some(2));
}
