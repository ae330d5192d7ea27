//! The command as a pipeline runs it: what it prints and how it ends.

use std::process::{Command, Output};

fn portcullis(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_portcullis"))
        .args(arguments)
        .current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data"))
        .output()
        .expect("the command runs")
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

#[test]
fn a_good_policy_checks_out() {
    let output = portcullis(&["policy", "check", "refunds.json"]);
    assert_eq!(said(&output), "refunds.json: 0 errors, 0 warnings\n");
    assert_eq!(output.status.code(), Some(0));
}

#[test]
fn every_error_of_a_bad_policy_is_said_at_once_with_its_place() {
    let output = portcullis(&["policy", "check", "broken.json"]);
    let said = said(&output);
    for line in [
        "broken.json:3:14: error[unknown_word]: `dney` is not known here; expected one of `deny`, `allow`",
        "  perhaps `deny`",
        "broken.json:5:12: error[unknown_key]: `entry` has no key `deny_iff`;",
        "  at /tools/a/deny_iff",
        "  perhaps `deny_if`",
        "broken.json:6:30: error[unreachable]: nothing reads `limits` beside the action `deny`",
        "broken.json:7:5: error[repeated_key]: the key stands twice in one object",
        "broken.json: 4 errors, 0 warnings",
    ] {
        assert!(said.contains(line), "{line}\nis not in\n{said}");
    }
    assert_eq!(output.status.code(), Some(1));
}

#[test]
fn findings_can_be_read_by_programs() {
    let output = portcullis(&["policy", "check", "--json", "broken.json"]);
    let findings: serde_json::Value = serde_json::from_slice(&output.stdout).expect("JSON");
    assert_eq!(findings[0]["pointer"], "/default");
    assert_eq!(findings[0]["level"], "error");
    assert_eq!(
        (&findings[0]["line"], &findings[0]["column"]),
        (&3.into(), &14.into())
    );
    assert_eq!(findings[0]["hint"], "deny");
}

#[test]
fn a_call_is_explained_step_by_step() {
    let call = [
        "policy",
        "explain",
        "refunds.json",
        "--tool",
        "create_refund",
        "--arguments",
    ];
    let output = portcullis(&[&call[..], &["{\"amount\": 60000}"]].concat());
    let text = said(&output);
    assert!(
        text.starts_with(
            "deny by /tools/create_refund/deny_if/args.amount-gt: Refunds stop at 500.00.\n"
        ),
        "{text}"
    );
    assert!(
        text.contains("`args.amount` is 60000, `gt`: true"),
        "{text}"
    );
    let output = portcullis(&[&call[..], &["{\"amount\": 7}", "--json"]].concat());
    let explained: serde_json::Value = serde_json::from_slice(&output.stdout).expect("JSON");
    assert_eq!(explained["verdict"], "allow");
    assert_eq!(explained["limits"][0]["cost"], 7);
    assert_eq!(output.status.code(), Some(0));
}

#[test]
fn arguments_that_are_no_json_are_said_to_be_none() {
    let output = portcullis(&[
        "policy",
        "explain",
        "refunds.json",
        "--tool",
        "t",
        "--arguments",
        "{\"a\":}",
    ]);
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stderr).contains("--arguments:1:6"));
}

#[test]
fn cases_pass_and_fail_with_a_trace() {
    let output = portcullis(&["policy", "test", "cases.json"]);
    assert_eq!(
        (said(&output).as_str(), output.status.code()),
        ("2 passed, 0 failed\n", Some(0))
    );
    let output = portcullis(&["policy", "test", "cases.json", "failing.json"]);
    let text = said(&output);
    assert!(
        text.contains(
            "FAILED failing.json: expects too much\n  verdict: expected allow, found deny\n"
        ),
        "{text}"
    );
    assert!(
        text.contains("  deny     (default deny): no entry matches\n"),
        "{text}"
    );
    assert!(text.ends_with("3 passed, 1 failed\n"), "{text}");
    assert_eq!(output.status.code(), Some(1));
}

#[test]
fn a_file_that_is_not_there_is_neither_a_pass_nor_a_failure() {
    let output = portcullis(&["policy", "test", "nowhere.json"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stderr).contains("`nowhere.json`"));
}
