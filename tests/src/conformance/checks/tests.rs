use super::*;

fn check(scenario: &str, id: &str, status: Status) -> Check {
    Check {
        scenario: scenario.to_owned(),
        id: id.to_owned(),
        name: "Check".to_owned(),
        status,
        error: (status == Status::Failure).then(|| "because".to_owned()),
    }
}

fn worse(directly: &[Check], through: &[Check]) -> usize {
    let found = differences(directly, through);
    found
        .iter()
        .filter(|difference| difference.kind(&BTreeSet::new()) == Kind::Worse)
        .count()
}

#[test]
fn what_ends_alike_is_no_difference() {
    let run = [
        check("tools-list", "schema", Status::Success),
        check("tools-list", "schema", Status::Failure),
        check("ping", "schema", Status::Skipped),
    ];
    let mut turned = run.to_vec();
    turned.reverse();
    assert_eq!(differences(&run, &turned), []);
}

#[test]
fn a_check_that_fails_only_through_the_gateway_is_worse() {
    let directly = [
        check("ping", "a", Status::Success),
        check("ping", "b", Status::Failure),
    ];
    let through = [
        check("ping", "a", Status::Failure),
        check("ping", "b", Status::Failure),
    ];
    let found = differences(&directly, &through);
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].kind(&BTreeSet::new()), Kind::Worse);
    assert_eq!(found[0].check, "a (Check)");
    assert_eq!(found[0].error.as_deref(), Some("because"));
}

#[test]
fn a_check_that_did_not_run_is_worse_however_it_would_have_ended() {
    for status in [
        Status::Success,
        Status::Skipped,
        Status::Warning,
        Status::Failure,
    ] {
        assert_eq!(worse(&[check("ping", "a", status)], &[]), 1, "{status:?}");
    }
}

#[test]
fn one_time_fewer_is_worse_though_the_rest_ends_alike() {
    let twice = [
        check("ping", "a", Status::Success),
        check("ping", "a", Status::Success),
    ];
    assert_eq!(worse(&twice, &twice[..1]), 1);
    let once_bad = [
        check("ping", "a", Status::Success),
        check("ping", "a", Status::Failure),
    ];
    assert_eq!(worse(&twice, &once_bad), 1);
    assert_eq!(worse(&once_bad, &twice), 0, "better is no worse");
}

#[test]
fn a_failure_of_a_check_that_never_ran_directly_is_worse() {
    assert_eq!(worse(&[], &[check("ping", "a", Status::Failure)]), 1);
    assert_eq!(worse(&[], &[check("ping", "a", Status::Success)]), 0);
}

#[test]
fn the_same_check_of_another_scenario_is_another_check() {
    let directly = [check("ping", "a", Status::Success)];
    let through = [check("tools-list", "a", Status::Success)];
    assert_eq!(worse(&directly, &through), 1);
}

#[test]
fn what_is_for_information_only_is_kept_out() {
    let text = r#"[{"id":"log","name":"Log","status":"INFO"},
        {"id":"a","name":"A","status":"FAILURE","errorMessage":"because","details":{}}]"#;
    let checks = read("ping", text).unwrap();
    assert_eq!(checks.len(), 1);
    assert_eq!(checks[0].status, Status::Failure);
    assert_eq!(checks[0].error.as_deref(), Some("because"));
}

#[test]
fn a_status_that_nobody_knows_is_an_error() {
    assert!(read("ping", r#"[{"id":"a","name":"A","status":"PERHAPS"}]"#).is_err());
}

#[test]
fn a_check_of_a_tool_that_the_server_does_not_have_is_told_apart_and_one_that_it_has_is_not() {
    let failed = Check {
        error: Some("Unknown tool: greet".to_owned()),
        ..check("tasks", "a", Status::Failure)
    };
    let found = differences(&[check("tasks", "a", Status::Success)], &[failed]);
    assert_eq!(found[0].kind(&BTreeSet::new()), Kind::NoSuchTool);
    assert_eq!(found[0].kind(&["greet".to_owned()].into()), Kind::Worse);
}
